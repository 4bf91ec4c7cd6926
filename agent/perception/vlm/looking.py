"""One look at a segment, whatever model answers: questions first where that may be all, then the report, then closer.

A step that can be left out is left out where it fails: what was answered before is never lost.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.perception.vlm import merging
from agent.perception.vlm.boxes.convention import Reach, in_shares, reach_of
from agent.perception.vlm.dialogue import Ask, Dialogue, Unreadable
from agent.perception.vlm.larger import Larger
from agent.perception.vlm.meaning import meant
from agent.perception.vlm.pictures import Shown, compared, shown
from agent.perception.vlm.prompt import Prompt, prompt_of
from agent.perception.vlm.question import Question, question_of
from agent.perception.vlm.reading import read, read_verdicts
from agent.perception.vlm.schema import MAX_CLOSER, MAX_QUESTIONS
from agent.perception.vlm.tiling import Want, asked_for
from vidette.errors import ModelError, NotAsked, TooMuch
from vidette.models import Verdict
from vidette.ports import MediaStore
from vidette.vision import LookReply, LookRequest

log = logging.getLogger(__name__)

ONLY_QUESTIONS = "only its questions were answered"
SILENT = "it told of none of the tracked things"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much a model is shown and may say in one question; `small_px`: what is smaller when sent is shown larger.

    `boxes`: the codec of its family, whose coordinates it may fall back to.
    """

    max_images: int = 8
    max_side: int = 768
    max_tokens: int = 1024
    tiles: int = 4
    small_px: int = 48
    boxes: str = ""


def looked(ask: Ask, request: LookRequest, media: MediaStore, bounds: Bounds, model: str) -> LookReply:
    """What the model of that name says of the segment, with the cost of all its answers. Raises ModelError."""
    look = _Look(Dialogue(ask, model), request, media, bounds)
    try:
        reply = look.reply()
    except ModelError as error:
        error.usage = look.dialogue.usage
        raise
    usage = look.dialogue.usage
    return replace(reply, usage=replace(usage, refused=usage.refused + look.refused))


class _Look:
    """The pictures of one look and what is still to be asked of them."""

    def __init__(self, dialogue: Dialogue, request: LookRequest, media: MediaStore, bounds: Bounds) -> None:
        self.dialogue, self._request, self._media, self._bounds = dialogue, request, media, bounds
        self.refused = 0
        self._prompt = prompt_of(request, bounds.max_images)
        self._compared = compared(self._prompt.references, media, bounds.max_side)
        self._shown = shown(
            self._prompt.pictures, media, bounds.max_side, self._prompt.tracks if self._prompt.drawn else None
        )
        self._check_parts()
        self._larger = Larger(self._prompt.pictures, self._shown, media, bounds.max_side, bounds.small_px)

    def reply(self) -> LookReply:
        request = self._request
        alone = request.effort == "verdicts"
        if alone and not request.questions:
            raise NotAsked("only questions may be asked now, and this stream has none; raise the bounds on looks")
        verdicts = self._verdicts() if alone or (request.describe == "asked" and request.questions) else ()
        if alone or (verdicts and all(one.answer == "no" for one in verdicts)):
            return LookReply(caption="", verdicts=verdicts, note=ONLY_QUESTIONS)
        try:
            reply = self._described()
        except ModelError as error:
            if not verdicts:
                raise
            return LookReply(caption="", verdicts=verdicts, note=f"{ONLY_QUESTIONS}: {error}")
        silent = bool(request.tracks) and not reply.entities and not reply.events
        return replace(
            reply, verdicts=merging.verdicts(verdicts, reply.verdicts), note=SILENT if silent else reply.note
        )

    def _check_parts(self) -> None:
        """Raises TooMuch where a part of what is asked about has no picture any more: it would not be seen."""
        times = [one.picture.keyframe.pts_s for one in self._shown]
        if not all(any(part.start_s <= at < part.end_s for at in times) for part in self._request.parts):
            raise TooMuch("pictures of a part are not in the media store any more")

    def _verdicts(self) -> tuple[Verdict, ...]:
        """The answers to all questions at once; unknown where they cannot be read, which asks for more."""
        questions = self._request.questions[:MAX_QUESTIONS]
        question = self._question(self._prompt, self._shown, verdicts=len(questions))
        try:
            said = self.dialogue.understood(question, lambda text: read_verdicts(text, len(questions)))
        except Unreadable:
            if self._request.effort == "verdicts":
                raise
            return ()
        rows = zip(questions, said.answers, said.confidence, strict=True)
        return tuple(Verdict(question=text, answer=answer, confidence=sure) for text, answer, sure in rows)

    def _described(self) -> LookReply:
        """The report, with what is small shown larger; and once more where the model asked to see something closer."""
        whole = self._request.effort == "full" and self._bounds.tiles > 0
        spare = self._room - sum(1 for one in self._shown if one.still)
        wants = self._larger.wants(self._prompt.tracks.values()) if whole and spare > 0 else []
        reply, closer = self._report(wants, min(spare, self._bounds.tiles))
        return self._closer(reply, closer) if whole and closer else reply

    def _closer(self, reply: LookReply, closer: Sequence[Want]) -> LookReply:
        """The reply with what one further question about parts of the pictures adds."""
        try:
            second, _ = self._report(closer, min(MAX_CLOSER, self._bounds.tiles))
        except ModelError as error:
            log.info("a closer look failed, the first one stays: %s", error)
            return reply
        return merging.merged(reply, second)

    def _report(self, wants: Sequence[Want], most: int) -> tuple[LookReply, list[Want]]:
        """What the model says of the pictures and of parts of them, and what it wants to see closer."""
        pictures, parts = self._with_parts(wants, most)
        prompt = replace(self._prompt, pictures=tuple(one.picture for one in (*pictures, *parts)))
        question = self._question(prompt, (*pictures, *parts))
        said, refused = self.dialogue.understood(question, lambda text: read(text, prompt.parts))
        said, strange = in_shares(said, self._reaches((*pictures, *parts)))
        reply, more = meant(said, self._request, prompt)
        self.refused += refused + strange + more
        if parts:  # what a picture and a part of it show was perhaps told twice
            reply = replace(reply, entities=merging.entities(reply.entities), events=merging.events(reply.events))
        return reply, self._larger.worth(asked_for(said.closer, prompt.pictures), prompt.pictures)

    def _reaches(self, pictures: Sequence[Shown]) -> dict[int, Reach]:
        """How far the family's own coordinates go in each picture that is sent."""
        sizes = {one.picture.number: one.still.size for one in pictures if one.still}
        found = {number: reach_of(self._bounds.boxes, shown_) for number, shown_ in sizes.items()}
        return {number: reach for number, reach in found.items() if reach}

    def _with_parts(self, wants: Sequence[Want], most: int) -> tuple[Sequence[Shown], Sequence[Shown]]:
        """The pictures and so many parts, in the room there is: the last pictures that nobody asked for give way."""
        parts = self._larger.parts(wants, min(most, self._room - 1))
        named = {one.picture.of for one in parts}
        sent = sorted((one.picture.number for one in self._shown if one.still), key=lambda number: number not in named)
        gone = set(sent[self._room - len(parts) :])
        return [one for one in self._shown if not gone & {one.picture.number, one.same_as}], parts

    @property
    def _room(self) -> int:
        """Pictures of the segment that fit into a question."""
        return max(1, self._bounds.max_images - sum(map(bool, self._compared)))

    def _question(self, prompt: Prompt, pictures: Sequence[Shown], verdicts: int = 0) -> Question:
        return question_of(
            prompt,
            self._compared,
            pictures,
            stream=self._request.stream_id,
            max_tokens=self._bounds.max_tokens,
            verdicts=verdicts,
        )
