"""Assertions as rows: most of one are columns of its own and rows beside it, the rest is a little JSON."""

import json
from collections import defaultdict

from graph.names import listed
from graph.rows import Connection, Row, dump, to_box
from vidette.models import Assertion, EventType, Evidence, Role, State


def rest_of(said: Assertion) -> str:
    """JSON of what has no column, left out where it is as usual."""
    rest = {"box": said.box, "zone": said.zone, "line": said.line, "attributes": said.attributes or None}
    state = {} if said.state is State.CLOSED else {"state": said.state}
    return dump({**{name: value for name, value in rest.items() if value is not None}, **state})


def assertions_of(connection: Connection, found: list[Row]) -> list[Assertion]:
    """The assertions in rows of `assertions`, as they were said; times are to the millisecond."""
    if not found:
        return []
    seqs = [row["seq"] for row in found]
    roles, evidence = roles_of(connection, seqs), _evidence(connection, listed(seqs))
    ids = _ids(connection, found)
    return [_assertion(row, ids, roles.get(row["seq"], ()), evidence.get(row["seq"], ())) for row in found]


def _ids(connection: Connection, found: list[Row]) -> dict[str, dict[int | None, str]]:
    """Ids by number: of the events and segments that assertions name, and of their runs."""
    out: dict[str, dict[int | None, str]] = {}
    for table, columns in (("names", ("of_seq", "segment_seq")), ("runs", ("run_seq",))):
        wanted = listed({row[column] for row in found for column in columns} - {None})
        asked = f"SELECT seq, id FROM {table} WHERE seq IN (SELECT value FROM json_each(?))"  # noqa: S608  names from this file
        out[table] = {row["seq"]: row["id"] for row in connection.execute(asked, (wanted,))}
    return out


def _assertion(
    row: Row, ids: dict[str, dict[int | None, str]], roles: tuple[Role, ...], evidence: tuple[Evidence, ...]
) -> Assertion:
    rest = json.loads(row["rest_json"])
    return Assertion(
        id=row["id"],
        stream_id=row["stream_id"],
        look=row["look"],
        run_id=ids["runs"][row["run_seq"]],
        type=EventType(row["type"]),
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        confidence=row["confidence"],
        caption=row["caption"],
        of=ids["names"].get(row["of_seq"]),
        state=State(rest.get("state") or State.CLOSED),
        box=tuple(rest["box"]) if rest.get("box") else None,
        zone=rest.get("zone"),
        line=rest.get("line"),
        segment_id=ids["names"].get(row["segment_seq"]),
        roles=roles,
        evidence=evidence,
        attributes=rest.get("attributes") or {},
    )


def roles_of(connection: Connection, seqs: list[int]) -> dict[int, tuple[Role, ...]]:
    """The roles in assertions, by their numbers."""
    if not seqs:
        return {}
    found = connection.execute(
        "SELECT t.assertion_seq, t.role, k.id AS track_id, n.id AS entity_id FROM takes_part t"
        " LEFT JOIN names k ON k.seq = t.track_seq LEFT JOIN names n ON n.seq = t.entity_seq"
        " WHERE t.assertion_seq IN (SELECT value FROM json_each(?)) ORDER BY t.assertion_seq, t.place",
        (listed(seqs),),
    )
    out: dict[int, list[Role]] = defaultdict(list)
    for row in found:
        role = Role(role=row["role"], track_id=row["track_id"], entity_id=row["entity_id"])
        out[row["assertion_seq"]].append(role)
    return {seq: tuple(roles) for seq, roles in out.items()}


def _evidence(connection: Connection, seqs: str) -> dict[int, tuple[Evidence, ...]]:
    found = connection.execute(
        "SELECT * FROM shown_in WHERE assertion_seq IN (SELECT value FROM json_each(?)) ORDER BY assertion_seq, place",
        (seqs,),
    )
    out: dict[int, list[Evidence]] = defaultdict(list)
    for row in found:
        box = to_box(row["box_json"])
        shown = Evidence(kind=row["kind"], sha256=row["sha256"], uri=row["uri"], pts_s=row["pts"], box=box)
        out[row["assertion_seq"]].append(shown)
    return {seq: tuple(shown) for seq, shown in out.items()}
