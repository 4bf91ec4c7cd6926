"""Coverage rows on a Neo4j server: one lane a look, each tiling what it spoke of."""

from collections.abc import Mapping

from graph.covering import RULES, disjoint, of_row
from graph.cypher import totals
from graph.cypher.driver import Row, Transaction, do, rows
from graph.cypher.scene import Scene
from vidette.intervals import clipped, merge
from vidette.models import LOOKS, Coverage, Look

Lanes = dict[tuple[str, str], list[Coverage]]
"""What looks say, by id of stream and look."""


def write(scene: Scene) -> None:
    """Merge the observation's rows into its lane, reading only what touches them."""
    transaction, stream_id, look = scene.transaction, scene.observation.stream_id, scene.observation.look
    for at, group in enumerate(disjoint(scene.observation.coverage)):
        low, high = group[0].start_s, group[-1].end_s
        old = touching(transaction, stream_id, look, low, high) if at else _met(scene.known.coverage, low)
        merged = merge(old, group, RULES[look])
        gone = [row for row in old if row not in merged]
        do(
            transaction,
            "MATCH (c:Coverage) WHERE c.key IN $keys DETACH DELETE c",
            keys=[_key(row, look) for row in gone],
        )
        fresh = [_row(row, look, scene.origin_ms) for row in merged if row not in old]
        do(transaction, "UNWIND $rows AS r CREATE (c:Coverage) SET c = r", rows=fresh)
        if look == "fast":
            totals.add_watched(transaction, stream_id, merged, old)


def touching(transaction: Transaction, stream_id: str, look: str, low: float, high: float) -> list[Coverage]:
    """Rows of a lane that meet or border on [low, high], in order: the last that begins before it, and those inside."""
    before = "MATCH (c:Coverage {stream_id: $id, look: $look}) WHERE c.start_pts < $low RETURN c ORDER BY c.start_pts DESC LIMIT 1"
    inside = (
        "MATCH (c:Coverage {stream_id: $id, look: $look}) WHERE c.start_pts >= $low AND c.start_pts <= $high"
        " RETURN c ORDER BY c.start_pts"
    )
    asked = {"id": stream_id, "look": look, "low": low, "high": high}
    found = [*rows(transaction, before, **asked), *rows(transaction, inside, **asked)]
    return _met([one["c"] for one in found], low)


def lanes(transaction: Transaction, spans: Mapping[str, tuple[float, float]]) -> Lanes:
    """What each look says of stretches of streams (media seconds, by id), cut to them: by id and look, in order."""
    asked: list[Row] = [
        {"id": id_, "look": look, "low": low, "high": high} for id_, (low, high) in spans.items() for look in LOOKS
    ]
    found = rows(
        transaction,
        "UNWIND $rows AS a CALL (a) { MATCH (c:Coverage {stream_id: a.id, look: a.look}) WHERE c.start_pts < a.low"
        " RETURN c ORDER BY c.start_pts DESC LIMIT 1 UNION ALL"
        " MATCH (c:Coverage {stream_id: a.id, look: a.look}) WHERE c.start_pts >= a.low AND c.start_pts < a.high RETURN c }"
        " RETURN c{.*} AS c ORDER BY c.start_pts",
        rows=asked,
    )
    out: Lanes = {(one["id"], one["look"]): [] for one in asked}
    for row in found:
        low, high = spans[row["c"]["stream_id"]]
        said = of_row(row["c"])
        cut = clipped(said, low, high)
        if cut.end_s > cut.start_s:
            out[said.stream_id, row["c"]["look"]].append(cut)
    return out


def _met(nodes: list[Row], low: float) -> list[Coverage]:
    return [row for row in map(of_row, nodes) if row.end_s >= low]


def _key(row: Coverage, look: str) -> str:
    return f"{row.stream_id}|{look}|{round(row.start_s * 1000)}"


def _row(row: Coverage, look: Look, origin_ms: int) -> Row:
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
    do(
        transaction,
        "MATCH (c:Coverage {stream_id: $id, look: 'fast'}) WHERE c.start_pts IS NOT NULL DETACH DELETE c",
        id=stream_id,
    )
