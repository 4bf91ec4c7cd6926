"""How many records of each kind there are, and what they say: two memories of one tally hold the same."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graph.dump.records import KINDS

_MODULUS = 1 << 256


@dataclass(slots=True)
class Tally:
    """Counts and digests a kind. A digest is the sum of the SHA-256 of all records modulo 2^256: no order matters."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def add(self, kind: str, line: bytes) -> None:
        """Count one record, as it is written."""
        self.counts[kind] += 1
        self.sums[kind] = (self.sums[kind] + int.from_bytes(hashlib.sha256(line).digest(), "big")) % _MODULUS

    @property
    def digests(self) -> dict[str, str]:
        """64 hexadecimal digits a kind of which there is any."""
        return {kind: f"{self.sums[kind]:064x}" for kind in KINDS if self.counts[kind]}

    def differ(self, other: "Tally") -> Iterator[str]:
        """In what they differ, a phrase a kind."""
        for kind in KINDS:
            if self.counts[kind] != other.counts[kind]:
                yield f"{kind}: {self.counts[kind]} and {other.counts[kind]}"
            elif self.sums[kind] != other.sums[kind]:
                yield f"{kind}: {self.counts[kind]} each, not all the same"


def present(counts: Mapping[str, int]) -> dict[str, int]:
    """Kinds of which there is any."""
    return {kind: counts[kind] for kind in KINDS if counts.get(kind)}
