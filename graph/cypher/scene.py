"""What every write of one observation to a Neo4j server needs to know."""

from dataclasses import dataclass, field

from graph.cypher.driver import Transaction
from vidette.models import Entity, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An observation on its way into the store.

    `watch` numbers the watches of its stream, `turn` the observations that were settled of it, `run_seq` the runs;
    `entities` says what each of its tracks is. `changed` collects the ids of the events that it changes.
    """

    transaction: Transaction
    observation: Observation
    origin_ms: int
    watch: int
    turn: int
    run_seq: int
    entities: dict[str, Entity]
    changed: set[str] = field(default_factory=set)
