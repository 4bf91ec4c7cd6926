"""What every write of one observation to a Neo4j server needs to know."""

from dataclasses import dataclass, field

from graph.cypher.driver import Transaction
from graph.cypher.known import Known
from vidette.models import Entity, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An observation on its way into the store.

    `known` is what was there before, `run_seq` numbers the runs, `entities` says what each of its tracks is. `changed`
    collects the ids of the events that it changes; among them `moved`, which other deep assertions say now, and `retold`,
    whose things are known as something else.
    """

    transaction: Transaction
    observation: Observation
    known: Known
    run_seq: int
    entities: dict[str, Entity]
    changed: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    retold: set[str] = field(default_factory=set)

    @property
    def origin_ms(self) -> int:
        """When the stream's media time 0 was, in milliseconds since 1970."""
        return int(self.known.stream["start"])

    @property
    def watch(self) -> int:
        """Numbers the watches of the stream."""
        return int(self.known.stream["watch"])

    @property
    def turn(self) -> int:
        """Numbers the observations that were settled of the stream."""
        return int(self.known.stream["turn"])
