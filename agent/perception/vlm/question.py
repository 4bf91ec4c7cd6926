"""One question to any model: texts and pictures in the order in which it is shown them, and what form its answer has."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.perception.vlm.pictures import Shown, Still
from agent.perception.vlm.prompt import Prompt, caption_of, opening, wanted

_FEW_TOKENS, _TOKENS_EACH = 64, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked once. `parts`: texts and pictures, what is the same for all looks at a stream first.

    `captions`: so many are wanted in place of one, for as many segments. `times_s`: of each picture, seconds from the segment's start, None of one to compare with. `verdicts`: only so many
    answers to questions are wanted (0: a whole report); `max_tokens` bounds the answer. `stream`: who asks.
    """

    system: str
    parts: tuple[str | Still, ...]
    times_s: tuple[float | None, ...]
    max_tokens: int
    verdicts: int = 0
    stream: str = ""
    captions: int = 0


def question_of(
    prompt: Prompt,
    compared: Sequence[Still | None],
    pictures: Sequence[Shown],
    *,
    stream: str,
    max_tokens: int,
    verdicts: int = 0,
) -> Question:
    """The question of a prompt: `compared` are its references, None where one is gone."""
    parts: list[str | Still] = [prompt.place]
    times: list[float | None] = []
    for reference, still in zip(prompt.references, compared, strict=True):
        if still:
            parts += [reference.text, still, *([reference.says] if reference.says else [])]
            times.append(None)
    parts.append(opening())
    for one in pictures:
        parts.append(caption_of(one.picture, one.same_as))
        if one.still:
            parts.append(one.still)
            times.append(one.picture.at_s)
    few = min(max_tokens, _FEW_TOKENS + _TOKENS_EACH * verdicts)
    return Question(
        system=prompt.system,
        parts=(*parts, prompt.rest, wanted(verdicts=bool(verdicts))),
        times_s=tuple(times),
        max_tokens=few if verdicts else max_tokens,
        verdicts=verdicts,
        stream=stream,
        captions=0 if verdicts else prompt.parts,
    )
