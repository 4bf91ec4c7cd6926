"""Looks of families without a chat template: a few set tasks a picture, made one reply.

How each family is asked is from its authors: PaliGemma's prefixes (big_vision), Florence-2's task tokens and Kosmos-2's
`<grounding>` (their processors), BLIP-2's `Question: … Answer:`, Fuyu's captions and VQAv2 questions (their cards).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from agent.perception.detect.linking import things
from agent.perception.detect.words import DEFAULT, named
from agent.perception.reply import clean
from agent.perception.vlm.boxes.codecs import CODECS
from agent.perception.vlm.boxes.florence2 import polygons, readings
from agent.perception.vlm.boxes.found import Found
from agent.perception.vlm.families import Family
from agent.perception.vlm.local.asked import Answered, Asked
from agent.perception.vlm.looking import ONLY_QUESTIONS
from agent.perception.vlm.prompt import Picture, Prompt
from agent.perception.vlm.schema import MAX_QUESTIONS
from vidette.errors import ModelError, NotAsked
from vidette.geometry import Point, area, iou
from vidette.models import Verdict
from vidette.ports import Image
from vidette.vision import Detection, LookReply, LookRequest, SeenText

_CAPTION, _MANY, _WORD = 128, 512, 16  # tokens of an answer
_SURE = 0.5  # of a word that comes without a number
_TOKEN = re.compile(r"<[^<>]{1,40}>")
_MARKS = str.maketrans("<>|", "   ")  # of which tokens are made
_LINES = 32
_OUTLINES = 4  # each costs a call
_FITS = 0.5  # overlap of a box and what was outlined in it
_Ask = Callable[[Asked], Answered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """How a family is asked; what is empty it cannot do. `{}` stands for what is looked for, a box, or the question."""

    caption: str
    detect: str = ""
    outline: str = ""
    read: str = ""
    answer: str = ""


TASKS = {
    "blip-2": Tasks(caption="a photo of", answer="Question: {} Answer:"),
    "florence2": Tasks(
        caption="<MORE_DETAILED_CAPTION>",
        detect="<OD>",
        outline="<REGION_TO_SEGMENTATION>{}",
        read="<OCR_WITH_REGION>",
    ),
    "fuyu": Tasks(
        caption="Generate a coco-style caption.\n",
        answer="Answer the following VQAv2 question based on the image. {}\n",
    ),
    "kosmos-2": Tasks(
        caption="<grounding>An image of", detect="<grounding>An image of", answer="<grounding>Question: {} Answer:"
    ),
    "paligemma": Tasks(caption="caption en", detect="detect {}", read="ocr", answer="answer en {}"),
}
"""By model type."""


def task_reply(
    ask: _Ask, request: LookRequest, prompt: Prompt, images: Sequence[Image], family: Family
) -> tuple[LookReply, int]:
    """The reply of a family that knows set tasks, and how much of what it said was refused.

    `images`: one for each of `prompt.pictures`, in their order. The middle one is described, and the largest things in it
    are outlined; in all of them things are looked for, and text is read where the family can. Questions are answered
    picture by picture, until one says yes.
    Raises NotAsked where only questions may be asked and there are none, ModelError for a family without tasks or an
    answer that says nothing, and as `ask` does.
    """
    tasks = next((TASKS[kind] for kind in family.model_types if kind in TASKS), None)
    if tasks is None or not images:
        raise ModelError(f"{family.name!r} has no set tasks for {len(images)} pictures; choose another model")
    look = _Look(ask, request, prompt, images, family, tasks)
    return look.reply(), look.refused


class _Look:
    """The pictures of one look; what was asked of one is not asked again."""

    def __init__(
        self, ask: _Ask, request: LookRequest, prompt: Prompt, images: Sequence[Image], family: Family, tasks: Tasks
    ) -> None:
        self._ask, self._request, self._tasks = ask, request, tasks
        self._shown = list(zip(prompt.pictures, images, strict=True))
        self._codec = CODECS.get(family.boxes)
        self._said: dict[tuple[int, str], Answered] = {}
        self._middle = len(self._shown) // 2
        self._regions = family.boxes == "florence2"
        self.refused = 0

    def reply(self) -> LookReply:
        """In the order of looking.py: questions alone, or first, or beside the rest."""
        alone = self._request.effort == "verdicts"
        if alone and not (self._request.questions and self._tasks.answer):
            raise NotAsked(
                "only questions may be asked now, and here are none that this model answers; raise the bounds"
            )
        verdicts = self._verdicts()
        first = alone or (self._request.describe == "asked" and verdicts)
        if alone or (first and all(one.answer == "no" for one in verdicts)):
            return LookReply(caption="", verdicts=verdicts, note=ONLY_QUESTIONS)
        caption = self._caption()
        pictures = [(one.keyframe.pts_s, self._detections(number)) for number, (one, _) in enumerate(self._shown)]
        entities = things(pictures, self._request.tracks)
        if not clean(caption, 1) and not entities:
            raise ModelError("the model said nothing of the segment; another one may do better")
        return LookReply(caption=caption, entities=entities, text=tuple(self._texts()), verdicts=verdicts)

    def _answer(self, number: int, words: str, most: int) -> Answered:
        picture, image = self._shown[number]
        if (number, words) not in self._said:
            self._said[number, words] = self._ask(
                Asked(
                    parts=(0, words),
                    images=(image,),
                    times_s=(picture.at_s,),
                    max_tokens=most,
                    stream=self._request.stream_id,
                )
            )
        return self._said[number, words]

    def _caption(self) -> str:
        """Of the middle picture; one that was cut off ends with `…`."""
        same = self._tasks.caption == self._tasks.detect
        said = self._answer(self._middle, self._tasks.caption, _MANY if same else _CAPTION)
        words = " ".join(_TOKEN.sub("", said.text).split())
        return f"{words}…" if said.cut and words else words

    def _detections(self, number: int) -> list[Detection]:
        if not self._tasks.detect or self._codec is None:
            return []
        words = self._tasks.detect.replace("{}", " ; ".join(DEFAULT))
        size = _size(self._shown[number][1])
        found, refused = self._codec.decode(self._answer(number, words, _MANY).text, size, size)
        self.refused += refused
        if self._tasks.outline and number == self._middle and self._request.effort == "full":
            found = self._outlined(number, found)
        return [_detection(one, self._shown[number][0]) for one in found]

    def _outlined(self, number: int, found: list[Found]) -> list[Found]:
        """The largest few with their outlines; one that lies elsewhere is refused."""
        largest = sorted(found, key=lambda one: -area(one.box))[:_OUTLINES]
        shapes = {one.box: self._outline(number, one) for one in largest}
        self.refused += sum(not polygon for polygon in shapes.values())
        return [replace(one, polygon=shapes.get(one.box, ())) for one in found]

    def _outline(self, number: int, one: Found) -> tuple[Point, ...]:
        assert self._codec is not None
        size = _size(self._shown[number][1])
        place = self._codec.encode([replace(one, label="")], size, size)
        said = self._answer(number, self._tasks.outline.replace("{}", place), _MANY).text
        shapes, _ = polygons(said)
        best = max(shapes, key=lambda shape: iou(shape.box, one.box), default=None)
        return best.polygon if best is not None and iou(best.box, one.box) >= _FITS else ()

    def _texts(self) -> Iterator[SeenText]:
        if not self._tasks.read:
            return
        for number, (picture, _) in enumerate(self._shown):
            said = self._answer(number, self._tasks.read, _MANY).text
            lines, refused = _read(said) if self._regions else _lines(said)
            self.refused += refused
            yield from (SeenText(at_s=picture.keyframe.pts_s, text=one) for one in lines)

    def _verdicts(self) -> tuple[Verdict, ...]:
        return tuple(self._verdict(question) for question in self._request.questions[:MAX_QUESTIONS])

    def _verdict(self, question: str) -> Verdict:
        """Yes where one picture says so, no where all do; else unknown."""
        if not self._tasks.answer:
            return Verdict(question=question, answer="unknown", confidence=0.0)
        words = self._tasks.answer.replace("{}", clean(question.translate(_MARKS), 500))
        answers = set()
        for number, (picture, _) in enumerate(self._shown):
            answer = _word(self._answer(number, words, _WORD).text)
            if answer == "yes":
                return Verdict(question=question, answer="yes", confidence=_SURE, at_s=picture.keyframe.pts_s)
            answers.add(answer)
        if answers == {"no"}:
            return Verdict(question=question, answer="no", confidence=_SURE)
        return Verdict(question=question, answer="unknown", confidence=0.0)


def _size(image: Image) -> tuple[int, int]:
    return image.shape[1], image.shape[0]


def _word(text: str) -> str:
    """`yes` or `no` where the answer is this word alone; else nothing."""
    word = _TOKEN.sub(" ", text).strip(" \t\n.").lower()
    return word if word in {"yes", "no"} else ""


def _read(text: str) -> tuple[list[str], int]:
    """Text that has places."""
    found, refused = readings(text)
    return [one.label for one in found], refused


def _lines(text: str) -> tuple[list[str], int]:
    """Text without places; lines beyond the most are refused."""
    lines = (" ".join(_TOKEN.sub(" ", line).split()) for line in text.splitlines())
    said = [line for line in lines if line]
    return said[:_LINES], max(0, len(said) - _LINES)


def _detection(found: Found, picture: Picture) -> Detection:
    """In the whole frame, also where the picture is a part of it."""
    label, kind = named(found.label)
    part = picture.part
    box = part.to_frame(found.box) if part else found.box
    polygon = tuple(part.to_frame((x, y, x, y))[:2] for x, y in found.polygon) if part else found.polygon
    return Detection(label=label, kind=kind, box=box, confidence=found.confidence, polygon=polygon)
