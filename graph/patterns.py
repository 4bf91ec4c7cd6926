"""Writing what rules over time remember: what fits their leaves, what they found, and how far each stream has spoken."""

from graph.patterning import GOES_ON
from graph.rows import Connection, Value, dump, many, upsert, upsert_all
from vidette import codec
from vidette.alerts import Judgement
from vidette.matches import LeafMatch, Match, PatternChange

_IDS = "(SELECT value FROM json_each(?))"


def write_patterns(connection: Connection, judgement: Judgement) -> None:
    """Keep what rules over time remember from now on."""
    for one in judgement.heard:
        row: dict[str, Value] = {"stream_id": one.stream_id, "body_json": codec.encode(one).decode()}
        upsert(connection, "heard", "stream_id", row)
    for change in judgement.patterns:
        _write_change(connection, change)
    for found in judgement.leaves:
        _write_leaf(connection, found)


def _write_change(connection: Connection, change: PatternChange) -> None:
    state = change.state
    row: dict[str, Value] = {
        "rule": state.rule, "version": state.version, "wake": state.wake, "state_json": state.state
    }  # fmt: skip
    upsert(connection, "patterns", "rule, version", row)
    number = _number(connection, state.rule, state.version)
    _forget(connection, change, number)
    gone = many(one.id for one in change.said if one.match is None)
    if gone != "[]":
        connection.execute(f"DELETE FROM said_matches WHERE pattern = ? AND id IN {_IDS}", (number, gone))  # noqa: S608  fixed text
    rows: list[dict[str, Value]] = [
        {
            "pattern": number,
            "id": one.id,
            "until": _until(one.match),
            "alert_id": one.alert,
            "body_json": codec.encode(one.match).decode(),
        }
        for one in change.said
        if one.match is not None
    ]
    upsert_all(connection, "said_matches", "pattern, id", rows)


def _forget(connection: Connection, change: PatternChange, number: int) -> None:
    """What is too old to matter, and all that other versions of the rule remembered."""
    state, shed = change.state, change.shed
    if shed is not None:
        old = f"DELETE FROM leaf_matches WHERE pattern = ? AND until < ? AND stream IN {_IDS}"  # noqa: S608  fixed text
        connection.execute(old, (number, shed.before, many(shed.streams)))
    others = "SELECT seq FROM patterns WHERE rule = ? AND version != ?"
    for (other,) in connection.execute(others, (state.rule, state.version)).fetchall():
        connection.execute("DELETE FROM leaf_matches WHERE pattern = ?", (other,))
        connection.execute("DELETE FROM said_matches WHERE pattern = ?", (other,))
        connection.execute("DELETE FROM patterns WHERE seq = ?", (other,))


def _write_leaf(connection: Connection, found: LeafMatch) -> None:
    number, match = _number(connection, found.rule, found.version), found.match
    if match is None:
        connection.execute(
            "DELETE FROM leaf_matches WHERE pattern = ? AND leaf = ? AND id = ?", (number, found.leaf, found.id)
        )
        return
    row: dict[str, Value] = {
        "pattern": number,
        "leaf": found.leaf,
        "id": found.id,
        "start": match.start,
        "until": _until(match),
        "subject": match.subject,
        "stream": match.streams[0],
        "zones_json": dump(match.zones),
        "cited": int(bool(match.events)),
    }
    upsert(connection, "leaf_matches", "pattern, leaf, id", row)


def _number(connection: Connection, rule: str, version: str) -> int:
    asked = "SELECT seq FROM patterns WHERE rule = ? AND version = ?"
    return int(connection.execute(asked, (rule, version)).fetchone()[0])


def _until(match: Match) -> int:
    return GOES_ON if match.end is None else match.end
