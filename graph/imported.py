"""Imported captions as a stream and one deep observation of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from vidette import ids
from vidette.intervals import complement, union
from vidette.models import Assertion, Coverage, DeepState, Entity, EventType, FastState, Label, Observation, Role, Run
from vidette.streams import Stream


class Caption(Protocol):
    """A timed caption, as a reader of caption files gives it."""

    @property
    def start_s(self) -> float:
        """Media time from which it holds."""

    @property
    def end_s(self) -> float:
        """Media time up to which it holds."""

    @property
    def text(self) -> str:
        """What was said."""

    @property
    def type(self) -> EventType | None:
        """The event, where the file names one."""

    @property
    def label(self) -> Label | None:
        """The thing it is about, where the file names one."""


def observation_of(stream: Stream, captions: Sequence[Caption], *, revision: str) -> Observation:
    """One deep observation that says every caption; the same captions give the same ids.

    `revision` names the file's content (its SHA-256). A row without a type is an event `other` of its own; a
    row with one supports what it overlaps, as any deep look. Captioned stretches are `examined`, by whoever
    wrote them; nothing here watched the stream, so the rest of its time says `not_running`, `off`.
    """
    run = Run(id=ids.make_id("run", "import", revision), model="import", revision=revision)
    seen: Counter[tuple[str, int]] = Counter()
    assertions, entities = [], []
    for caption in captions:
        key = (caption.type or EventType.OTHER, ids.milliseconds(caption.start_s))
        said, entity = _said(stream, run, caption, seen[key])
        seen[key] += 1
        assertions.append(said)
        entities += [entity] if entity else []
    end_s = max([stream.duration_s or 0.0, *(caption.end_s for caption in captions)])
    return Observation(
        id=ids.make_id("observation", stream.id, "deep", run.id),
        stream_id=stream.id,
        look="deep",
        run=run,
        start_s=0.0,
        end_s=end_s,
        watermark_s=end_s,
        entities=tuple(entities),
        assertions=tuple(assertions),
        coverage=_coverage(stream.id, captions, end_s),
    )


def _said(stream: Stream, run: Run, caption: Caption, ordinal: int) -> tuple[Assertion, Entity | None]:
    type_ = caption.type or EventType.OTHER
    said = ids.assertion_id(stream.id, "deep", run.id, type_, "-", caption.start_s, ordinal)
    entity = None
    if caption.label:
        entity = Entity(id=ids.make_id("entity", said), stream_id=stream.id, label=caption.label)
    return (
        Assertion(
            id=said,
            stream_id=stream.id,
            look="deep",
            run_id=run.id,
            type=type_,
            start_s=caption.start_s,
            end_s=caption.end_s,
            confidence=1.0,
            caption=caption.text,
            of=None if caption.type else said,
            roles=(Role(role="subject", entity_id=entity.id),) if entity else (),
        ),
        entity,
    )


def _coverage(stream_id: str, captions: Iterable[Caption], end_s: float) -> tuple[Coverage, ...]:
    told = union((caption.start_s, caption.end_s) for caption in captions)
    rows = [(span, DeepState.EXAMINED) for span in told]
    rows += [(span, DeepState.OFF) for span in complement(told, (0.0, end_s))]
    return tuple(
        Coverage(
            stream_id=stream_id,
            start_s=span[0],
            end_s=span[1],
            state=FastState.NOT_RUNNING,
            deep=deep,
            reason="imported captions" if deep is DeepState.EXAMINED else "nothing watched it",
        )
        for span, deep in sorted(rows)
    )
