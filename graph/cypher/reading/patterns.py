"""What rules over time remember."""

from graph.cypher.driver import Row, Transaction, rows
from graph.cypher.patterns import pattern_key
from graph.cypher.where import Where
from graph.patterning import GOES_ON
from vidette import codec
from vidette.matches import Heard, LeafMatch, Match, PatternState, Said
from vidette.remembering import HeardOf, LeafMatches, LeafMatchesOf, Patterns, SaidOfRule


def read_heard(transaction: Transaction, _query: HeardOf) -> list[Heard]:
    """How far each stream has spoken."""
    found = rows(transaction, "MATCH (s:Stream) WHERE s.heard_json IS NOT NULL RETURN s.heard_json AS body")
    return sorted((codec.decode(Heard, row["body"]) for row in found), key=lambda one: one.stream)


def read_patterns(transaction: Transaction, query: Patterns) -> list[PatternState]:
    """What rules remember, by rule and version."""
    where = Where("MATCH (p:Pattern)")
    if query.rules:
        where.add("p.rule IN $rules", rules=list(query.rules))
    if query.due is not None:
        where.add("p.wake <= $due", due=query.due)
    found = rows(transaction, f"{where.text} RETURN p{{.*}} AS p ORDER BY p.rule, p.version", **where.values)
    return [
        PatternState(
            rule=row["p"]["rule"], version=row["p"]["version"], state=row["p"]["state_json"], wake=row["p"].get("wake")
        )
        for row in found
    ]


def read_leaf_matches(transaction: Transaction, query: LeafMatches) -> list[LeafMatch]:
    """What fits the leaves of one rule."""
    found = rows(
        transaction,
        "MATCH (m:LeafMatch {pattern: $pattern}) WHERE m.until >= $since RETURN m{.*} AS m ORDER BY m.start, m.id, m.leaf LIMIT $limit",
        pattern=pattern_key(query.rule, query.version),
        since=query.since,
        limit=query.limit,
    )
    return [_leaf(row["m"]) for row in found]


def read_leaf_matches_of(transaction: Transaction, query: LeafMatchesOf) -> list[LeafMatch]:
    """What leaves these events fit."""
    found = rows(
        transaction,
        "MATCH (m:LeafMatch) WHERE m.id IN $ids RETURN m{.*} AS m ORDER BY m.id, m.rule, m.version, m.leaf",
        ids=list(query.ids),
    )
    return [_leaf(row["m"]) for row in found]


def _leaf(node: Row) -> LeafMatch:
    match = Match(
        id=node["id"],
        start=node["start"],
        end=None if node["until"] == GOES_ON else node["until"],
        subject=node["subject"],
        streams=(node["stream"],),
        zones=tuple(node["zones"]),
        events=(node["id"],) if node["cited"] else (),
    )
    rule, _, version = node["pattern"].partition("|")
    return LeafMatch(rule=rule, version=version, leaf=node["leaf"], id=node["id"], match=match)


def read_said_matches(transaction: Transaction, query: SaidOfRule) -> list[Said]:
    """What a rule has found."""
    where = Where("MATCH (m:SaidMatch {pattern: $pattern})")
    where.add("m.until IS NOT NULL")
    where.values["pattern"] = pattern_key(query.rule, query.version)
    if query.since is not None:
        where.add("m.until >= $since", since=query.since)
    if query.alert is not None:
        where.add("m.alert_id = $alert", alert=query.alert)
    asked = f"{where.text} RETURN m{{.*}} AS m ORDER BY m.until, m.id LIMIT $limit"
    found = rows(transaction, asked, **where.values, limit=query.limit)
    return [
        Said(id=row["m"]["id"], match=codec.decode(Match, row["m"]["body_json"]), alert=row["m"].get("alert_id"))
        for row in found
    ]
