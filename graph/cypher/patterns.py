"""What rules over time remember, written to a Neo4j server: what fits their leaves, what they found, how far streams have spoken."""

from graph.cypher.driver import Row, Transaction, do, one
from graph.patterning import GOES_ON
from vidette import codec
from vidette.alerts import Judgement
from vidette.errors import StoreError
from vidette.matches import LeafMatch, Match, PatternChange


def write_patterns(transaction: Transaction, judgement: Judgement) -> None:
    """Keep what rules over time remember from now on."""
    heard = [{"id": one.stream_id, "body": codec.encode(one).decode()} for one in judgement.heard]
    do(transaction, "UNWIND $rows AS r MATCH (s:Stream {id: r.id}) SET s.heard_json = r.body", rows=heard)
    for change in judgement.patterns:
        _write_change(transaction, change)
    _write_leaves(transaction, judgement.leaves)


def pattern_key(rule: str, version: str) -> str:
    """What tells a version of a rule from others."""
    return f"{rule}|{version}"


def _write_change(transaction: Transaction, change: PatternChange) -> None:
    state = change.state
    key = pattern_key(state.rule, state.version)
    do(
        transaction,
        "MERGE (p:Pattern {key: $key}) SET p.rule = $rule, p.version = $version, p.wake = $wake, p.state_json = $state",
        key=key,
        rule=state.rule,
        version=state.version,
        wake=state.wake,
        state=state.state,
    )
    _forget(transaction, change, key)
    gone = [f"{key}|{one.id}" for one in change.said if one.match is None]
    do(transaction, "MATCH (m:SaidMatch) WHERE m.key IN $keys DETACH DELETE m", keys=gone)
    given = [
        {
            "key": f"{key}|{one.id}",
            "pattern": key,
            "id": one.id,
            "until": _until(one.match),
            "alert_id": one.alert,
            "body_json": codec.encode(one.match).decode(),
        }
        for one in change.said
        if one.match is not None
    ]
    do(transaction, "UNWIND $rows AS r MERGE (m:SaidMatch {key: r.key}) SET m = r", rows=given)


def _forget(transaction: Transaction, change: PatternChange, key: str) -> None:
    """What is too old to matter, and all that other versions of the rule remembered."""
    if change.shed is not None:
        do(
            transaction,
            "MATCH (m:LeafMatch {pattern: $pattern}) WHERE m.until < $before AND m.stream IN $streams DETACH DELETE m",
            pattern=key,
            before=change.shed.before,
            streams=list(change.shed.streams),
        )
    do(
        transaction,
        "MATCH (p:Pattern {rule: $rule}) WHERE p.version <> $version WITH p, p.key AS key DETACH DELETE p"
        " WITH key MATCH (m:LeafMatch|SaidMatch {pattern: key}) DETACH DELETE m",
        rule=change.state.rule,
        version=change.state.version,
    )


def _write_leaves(transaction: Transaction, found: tuple[LeafMatch, ...]) -> None:
    """The last word on each stands."""
    last = {f"{pattern_key(one.rule, one.version)}|{one.leaf}|{one.id}": one for one in found}
    gone = [key for key, one in last.items() if one.match is None]
    do(transaction, "MATCH (m:LeafMatch) WHERE m.key IN $keys DETACH DELETE m", keys=gone)
    given = [_leaf(key, one, one.match) for key, one in last.items() if one.match is not None]
    made = (
        "UNWIND $rows AS r MATCH (p:Pattern {key: r.pattern}) MERGE (m:LeafMatch {key: r.key}) SET m = r"
        " RETURN count(m) AS count"
    )
    if given and (one(transaction, made, rows=given) or {}).get("count") != len(given):
        raise StoreError("what fits a leaf of a rule that is not in memory; write the rule's state with it")


def _leaf(key: str, found: LeafMatch, match: Match) -> Row:
    return {
        "key": key,
        "pattern": pattern_key(found.rule, found.version),
        "leaf": found.leaf,
        "id": found.id,
        "start": match.start,
        "until": _until(match),
        "subject": match.subject,
        "stream": match.streams[0],
        "zones": list(match.zones),
        "cited": bool(match.events),
    }


def _until(match: Match) -> int:
    return GOES_ON if match.end is None else match.end
