"""What every write of one observation needs to know."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from graph.rows import Connection
from vidette.models import Entity, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An observation on its way into the store.

    `watch` numbers the watches of its stream, `run_seq` the runs; `numbers` those of the ids that it names, of which
    those from `first` on were never heard of before; `entities` says what each of its tracks is. `changed` collects the numbers of the events that it changes,
    `shaped` of those among them whose shapes are right already.
    """

    connection: Connection
    observation: Observation
    origin_ms: int
    watch: int
    run_seq: int
    numbers: dict[str, int]
    first: int
    entities: dict[str, Entity]
    changed: set[int] = field(default_factory=set)
    shaped: set[int] = field(default_factory=set)

    @property
    def moved(self) -> set[int]:
        """Numbers of the events that were there before it, or that were derived from it."""
        return self.changed - self.shaped

    def heard(self, ids: Iterable[str]) -> list[int]:
        """Numbers of those of the ids that were heard of before: only of these may there be rows."""
        return [seq for seq in {self.numbers[id_] for id_ in ids} if seq < self.first]
