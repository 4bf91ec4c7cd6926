"""Deep looks as memory keeps them: what they cost, what they answered, what each said of a thing, what the gate missed."""

from dataclasses import dataclass, field
from datetime import datetime

from vidette.models import Answer, Attributes, Label, Look, Run
from vidette.proportion import wilson
from vidette.queries import Filter, Query
from vidette.rows import VerdictRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What deep looks at one stream cost in one stretch of its media time, which begins at `start_s`.

    `looks` are segments that a model was asked about; the sums are of all that was asked. `examined`, `failed` and
    `dropped` are segments by what became of them, `gated` those that the gate left out, `pending` those still owed.
    `audited`: of the examined ones those that the gate had left out.
    """

    stream: str
    start: datetime
    start_s: float
    looks: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    wall_s: float = 0.0
    gpu_s: float = 0.0
    refused: int = 0
    examined: int = 0
    failed: int = 0
    dropped: int = 0
    gated: int = 0
    pending: int = 0
    audited: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs(Query[list[Cost]]):
    """Costs by stream and time, of segments that start in the window; of one run only, if it is named."""

    where: Filter = field(default_factory=Filter)
    run: str = ""
    bucket_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts(Query[list[VerdictRow]]):
    """Answers about segments that meet the window, by time; `question` is a part of its text, in any case of ASCII."""

    where: Filter = field(default_factory=Filter)
    question: str = ""
    answers: tuple[Answer, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What one look of one run said of an entity, about the media time from `start_s` on."""

    look: Look
    run: Run
    start_s: float
    label: Label
    name: str = ""
    description: str = ""
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOf(Query[list[Description]]):
    """Everything that was said of an entity, whatever it is taken for: the fast look first, then by run and time."""

    entity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAudit:
    """What segments that the gate left out, taken at random and examined all the same, tell of it; counts of segments.

    `passed` were let through, `gated` were not; of those examined, a model saw an event in `found` of `examined` that were
    let through, and in `missed` of `audited` that were not one of which the fast look knows nothing.
    """

    stream: str
    passed: int = 0
    examined: int = 0
    found: int = 0
    gated: int = 0
    audited: int = 0
    missed: int = 0

    @property
    def miss_rate(self) -> tuple[float, float]:
        """The 95 % interval of the share of gated segments in which there is something."""
        return wilson(self.missed, self.audited)

    @property
    def recall(self) -> tuple[float, float, float] | None:
        """Of segments in which there is something, the share that the gate lets through: likeliest, and 95 % interval.

        The interval is that of the miss rate, with what was let through taken as known. None where nothing was audited, or
        nothing was found anywhere.
        """
        if not self.audited or not self.examined:
            return None
        held = self.passed * self.found / self.examined
        low, high = self.miss_rate
        likeliest = _share(held, self.gated * self.missed / self.audited)
        worst, best = _share(held, self.gated * high), _share(held, self.gated * low)
        return None if likeliest is None else (likeliest, worst or 0.0, 1.0 if best is None else best)


def _share(held: float, lost: float) -> float | None:
    return held / (held + lost) if held + lost > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAudits(Query[list[GateAudit]]):
    """The audit of each stream's gate over the segments that start in the window, by name."""

    where: Filter = field(default_factory=Filter)
