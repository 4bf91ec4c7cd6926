"""What every write of one observation needs to know."""

from dataclasses import dataclass, field

from graph.rows import Connection
from vidette.models import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An observation on its way into the store.

    `watch` numbers the watches of its stream, `run_seq` the runs; `changed` collects the ids of the events that
    it changes, `shaped` of those among them whose shapes are right already.
    """

    connection: Connection
    observation: Observation
    origin_ms: int
    watch: int
    run_seq: int
    changed: set[str] = field(default_factory=set)
    shaped: set[str] = field(default_factory=set)
