"""What a model said in its own terms (seconds of the segment, t1, picture 2) in those of memory."""

from agent.perception.vlm.prompt import Prompt
from agent.perception.vlm.schema import Said, SaidEntity, SaidEvent, SaidTogether, SaidVerdict
from vidette.geometry import Box
from vidette.models import EventType, Label, Verdict
from vidette.vision import LookReply, LookRequest, SeenEntity, SeenEvent, SeenText


def meant(said: Said, request: LookRequest, prompt: Prompt) -> tuple[LookReply, int]:
    """The reply, and how many boxes, pictures, tracks and questions in it were refused, being none of those asked of."""
    sense = _Sense(request, prompt)
    reply = LookReply(
        caption=said.caption,
        entities=tuple(map(sense.entity, said.entities)),
        events=tuple(map(sense.event, said.events)),
        text=tuple(SeenText(at_s=sense.at(one.frame) or sense.first_s, text=one.text) for one in said.text),
        verdicts=sense.verdicts(said.verdicts),
        captions=tuple(said.captions) if isinstance(said, SaidTogether) else (),
    )
    return reply, sense.refused


class _Sense:
    """The terms of one question; counts what is none of them."""

    def __init__(self, request: LookRequest, prompt: Prompt) -> None:
        self._request, self._tracks = request, prompt.tracks
        self._times = {one.number: one.keyframe.pts_s for one in prompt.pictures}
        self._parts = {one.number: one.part for one in prompt.pictures if one.part is not None}
        self._from_s = request.segment.start_s
        self.first_s = next(iter(self._times.values()), self._from_s)
        self.refused = 0

    def entity(self, said: SaidEntity) -> SeenEntity:
        return SeenEntity(
            label=Label(said.label),
            description=said.description,
            track_id=self._track(said.track),
            box=self._box(said.box, said.frame),
            attributes={one.name: one.value for one in said.attributes},
            at_s=self.at(said.frame),
        )

    def event(self, said: SaidEvent) -> SeenEvent:
        tracks = (self._track(name) for name in said.tracks)
        return SeenEvent(
            type=EventType(said.type),
            start_s=self._from_s + said.start_s,
            end_s=self._from_s + said.end_s,
            confidence=said.confidence,
            caption=said.caption,
            track_ids=tuple(track for track in tracks if track),
            box=self._box(said.box, said.frame),
            at_s=self.at(said.frame),
        )

    def verdicts(self, said: list[SaidVerdict]) -> tuple[Verdict, ...]:
        """One for each question: unknown where none was given, or two that differ."""
        return tuple(
            self._verdict(text, [one for one in said if one.question == number])
            for number, text in enumerate(self._request.questions, 1)
        )

    def at(self, number: int) -> float | None:
        """Media time of a picture; None for 0 and for one that was not shown."""
        if number and number not in self._times:
            self.refused += 1
        return self._times.get(number)

    def _verdict(self, question: str, said: list[SaidVerdict]) -> Verdict:
        if len({one.answer for one in said}) != 1:
            self.refused += len(said)
            return Verdict(question=question, answer="unknown", confidence=0.0)
        one = said[0]
        return Verdict(question=question, answer=one.answer, confidence=one.confidence, at_s=self.at(one.frame))

    def _track(self, name: str) -> str | None:
        if name and name not in self._tracks:
            self.refused += 1
        track = self._tracks.get(name)
        return track.id if track else None

    def _box(self, sides: list[float], number: int) -> Box | None:
        """A box in the whole frame, also where it was given in a part of it."""
        if not sides:
            return None
        if len(sides) != 4 or sides[2] <= sides[0] or sides[3] <= sides[1]:
            self.refused += 1
            return None
        box = sides[0], sides[1], sides[2], sides[3]
        part = self._parts.get(number)
        return part.to_frame(box) if part is not None else box
