"""What rules over time remember."""

import json

from graph.patterning import GOES_ON
from graph.rows import Connection, Row, Value, many
from vidette import codec
from vidette.matches import Heard, LeafMatch, Match, PatternState, Said
from vidette.remembering import HeardOf, LeafMatches, LeafMatchesOf, Patterns, SaidOfRule

_NUMBER = "(SELECT seq FROM patterns WHERE rule = ? AND version = ?)"
_IDS = "(SELECT value FROM json_each(?))"


def read_heard(connection: Connection, _: HeardOf) -> list[Heard]:
    """How far each stream has spoken."""
    found = connection.execute("SELECT body_json FROM heard")
    return sorted((codec.decode(Heard, row[0]) for row in found), key=lambda one: one.stream)


def read_patterns(connection: Connection, query: Patterns) -> list[PatternState]:
    """What rules remember, by rule and version."""
    where, values = [], list[Value]()
    if query.rules:
        where.append(f"rule IN {_IDS}")
        values.append(many(query.rules))
    if query.due is not None:
        where.append("wake <= ?")
        values.append(query.due)
    text = " WHERE " + " AND ".join(where) if where else ""
    found = connection.execute("".join(("SELECT * FROM patterns", text, " ORDER BY rule, version")), values)
    return [
        PatternState(rule=row["rule"], version=row["version"], state=row["state_json"], wake=row["wake"])
        for row in found
    ]


_LEAVES = "SELECT l.*, p.rule, p.version FROM leaf_matches l JOIN patterns p ON p.seq = l.pattern WHERE "


def read_leaf_matches(connection: Connection, query: LeafMatches) -> list[LeafMatch]:
    """What fits the leaves of one rule."""
    asked = "".join((_LEAVES, "l.pattern = ", _NUMBER, " AND l.until >= ? ORDER BY l.start, l.id, l.leaf LIMIT ?"))
    return [_leaf(row) for row in connection.execute(asked, (query.rule, query.version, query.since, query.limit))]


def read_leaf_matches_of(connection: Connection, query: LeafMatchesOf) -> list[LeafMatch]:
    """What leaves these events fit."""
    found = connection.execute(
        "".join((_LEAVES, "l.id IN ", _IDS, " ORDER BY l.id, p.rule, p.version, l.leaf")), (many(query.ids),)
    )
    return [_leaf(row) for row in found]


def _leaf(row: Row) -> LeafMatch:
    match = Match(
        id=row["id"],
        start=row["start"],
        end=None if row["until"] == GOES_ON else row["until"],
        subject=row["subject"],
        streams=(row["stream"],),
        zones=() if row["zones_json"] == "[]" else tuple(json.loads(row["zones_json"])),
        events=(row["id"],) if row["cited"] else (),
    )
    return LeafMatch(rule=row["rule"], version=row["version"], leaf=row["leaf"], id=row["id"], match=match)


def read_said_matches(connection: Connection, query: SaidOfRule) -> list[Said]:
    """What a rule has found."""
    where, values = [f"pattern = {_NUMBER}"], list[Value]((query.rule, query.version))
    if query.since is not None:
        where.append("until >= ?")
        values.append(query.since)
    if query.alert is not None:
        where.append("alert_id = ?")
        values.append(query.alert)
    asked = f"SELECT * FROM said_matches WHERE {' AND '.join(where)} ORDER BY until, id LIMIT ?"  # noqa: S608  fixed text
    found = connection.execute(asked, (*values, query.limit))
    return [Said(id=row["id"], match=codec.decode(Match, row["body_json"]), alert=row["alert_id"]) for row in found]
