"""Coverage rows on a Neo4j server: one lane a look, each tiling what it spoke of."""

from collections.abc import Iterable

from graph.covering import RULES, disjoint
from graph.cypher.driver import Transaction, do, rows
from vidette.intervals import merge
from vidette.models import Coverage, DeepState, FastState, Look


def write(transaction: Transaction, stream_id: str, origin_ms: int, look: Look, given: Iterable[Coverage]) -> None:
    """Merge rows into a lane, reading only what touches them."""
    for group in disjoint(given):
        old = touching(transaction, stream_id, look, group[0].start_s, group[-1].end_s)
        merged = merge(old, group, RULES[look])
        gone = [row for row in old if row not in merged]
        do(
            transaction,
            "MATCH (c:Coverage) WHERE c.key IN $keys DETACH DELETE c",
            keys=[_key(row, look) for row in gone],
        )
        fresh = [_row(row, look, origin_ms) for row in merged if row not in old]
        do(
            transaction,
            "MATCH (s:Stream {id: $id}) UNWIND $rows AS r CREATE (c:Coverage) SET c = r CREATE (c)-[:OF]->(s)",
            id=stream_id,
            rows=fresh,
        )


def touching(transaction: Transaction, stream_id: str, look: str, low: float, high: float) -> list[Coverage]:
    """Rows of a lane that meet or border on [low, high], in order: the last that begins before it, and those inside."""
    before = "MATCH (c:Coverage {stream_id: $id, look: $look}) WHERE c.start_pts < $low RETURN c ORDER BY c.start_pts DESC LIMIT 1"
    inside = (
        "MATCH (c:Coverage {stream_id: $id, look: $look}) WHERE c.start_pts >= $low AND c.start_pts <= $high"
        " RETURN c ORDER BY c.start_pts"
    )
    asked = {"id": stream_id, "look": look, "low": low, "high": high}
    found = [*rows(transaction, before, **asked), *rows(transaction, inside, **asked)]
    return [row for row in map(_of, (one["c"] for one in found)) if row.end_s >= low]


def _of(node: dict[str, object]) -> Coverage:
    return Coverage(
        stream_id=str(node["stream_id"]),
        start_s=float(str(node["start_pts"])),
        end_s=float(str(node["end_pts"])),
        state=FastState(str(node["state"])),
        deep=DeepState(str(node["deep"])),
        reason=str(node["reason"]),
    )


def _key(row: Coverage, look: str) -> str:
    return f"{row.stream_id}|{look}|{round(row.start_s * 1000)}"


def _row(row: Coverage, look: Look, origin_ms: int) -> dict[str, object]:
    return {
        "key": _key(row, look),
        "stream_id": row.stream_id,
        "look": look,
        "start_pts": row.start_s,
        "end_pts": row.end_s,
        "start": origin_ms + round(row.start_s * 1000),
        "end": origin_ms + round(row.end_s * 1000),
        "state": str(row.state),
        "deep": str(row.deep),
        "reason": row.reason,
    }


def retract(transaction: Transaction, stream_id: str) -> None:
    """Forget what the fast look covered; what deep looks examined stays."""
    do(transaction, "MATCH (c:Coverage {stream_id: $id, look: 'fast'}) DETACH DELETE c", id=stream_id)
