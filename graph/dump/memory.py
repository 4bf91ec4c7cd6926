"""The side of a store that gives all it holds, and takes it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from graph.dump.records import KINDS, AnyRecord
from vidette.errors import StoreError

K = TypeVar("K")


class Holding(Protocol):
    """What a memory holds, as long as it is looked at."""

    def counts(self) -> dict[str, int]:
        """How many records of each kind there are."""

    def read(self, kind: str) -> Iterator[AnyRecord]:
        """The records of a kind, one at a time, in an order that is the same every time."""


class Memory(Protocol):
    """A memory from or into which all is moved. Every method raises StoreError where it fails."""

    address: str
    """Where it is, without secrets."""

    def holding(self, *, half: bool = False) -> AbstractContextManager[Holding]:
        """Look at all of it; at one moment, where the store can do that. One that is moved into is refused unless `half`."""

    def begin(self, source: str, *, resume: bool) -> dict[str, int] | None:
        """Be moved into from `source`; -> how many records of each kind came before, None: all of it, some time ago.

        Nobody else opens it until `end`. Raises StoreError where it holds anything, but for what came from that source
        and is to go on (`resume`).
        """

    def write(self, kind: str, records: Sequence[AnyRecord], before: int) -> None:
        """Add records of a kind of which there were so many before, all or none."""

    def follow(self) -> Iterator[int]:
        """Derive what is in no record, once all are there; -> as it goes, of how many events."""

    def end(self) -> None:
        """All is there: others may open it."""

    def close(self) -> None:
        """Give back what is held open."""


def there(known: Mapping[str, K], what: str, id_: str) -> K:
    """What is known of an id. Raises StoreError where a record names what was not written before it."""
    if id_ not in known:
        raise StoreError(f"{what} {id_!r} is named before it is there; take a whole dump")
    return known[id_]


def may_begin(
    source: str, half: tuple[str, dict[str, int]] | None, held: dict[str, int], *, resume: bool
) -> dict[str, int] | None:
    """What `Memory.begin` gives, of a memory that is `half` moved into from somewhere, or `held` so much."""
    if half is not None:
        if half[0] != source:
            raise StoreError("it holds half of another dump; empty it, or name another")
        if not resume:
            raise StoreError("it holds half of this already; go on with --resume, or empty it")
        return dict.fromkeys(KINDS, 0) | half[1]
    kind = next((kind for kind in KINDS if held[kind]), None)
    if kind is None:
        return dict.fromkeys(KINDS, 0)
    if resume:
        return None
    raise StoreError(f"it holds something already ({held[kind]} of {kind}); name an empty memory")
