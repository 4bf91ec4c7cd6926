"""A Filter as Cypher conditions: fixed text with parameters, nothing of the user's in the text."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from graph.cypher.driver import KEPT, Row, Transaction, one, rows
from graph.cypher.lasting import SHORT_MS, reaches
from graph.cypher.shapes import EVENTS, asked_of, shapes
from graph.cypher.tokens import tokens
from graph.rows import to_ms
from vidette.queries import Filter

_WORDS = 64
_FEW = 2_000
_LABELS = {"e": "Event", "t": "Track", "g": "Segment"}
KIND = (
    "(EXISTS { (k:Entity)-[:TAKES_PART]->(e) WHERE k.kind IN $kinds }"
    " OR EXISTS { (k:Entity)<-[:IS]-(:Track)-[:TAKES_PART {named: false}]->(e) WHERE k.kind IN $kinds })"
)
"""A thing of such a kind takes part in an event `e`."""


@dataclass(slots=True)
class Where:
    """Conditions on one node that must all hold, with their parameters; `start` is how it is found.

    `names` is what `start` finds, `before` what comes first. `ways`, where there are any, find it by index, each once:
    what comes before `start` again, which index is meant, and a condition. `walk` is the index along which the first in
    time are found without looking at all others, where the server would not know that many meet the conditions. `same` is
    a property that all have in common: an index of it and time is in the order of both.
    """

    start: str
    conditions: list[str] = field(default_factory=list)
    values: Row = field(default_factory=dict)
    names: str = ""
    before: str = ""
    walk: str = ""
    same: str = ""
    ways: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, condition: str, **values: Any) -> None:
        """One more condition."""
        self.conditions.append(condition)
        self.values.update(values)

    def also(self, condition: str, **values: Any) -> "Where":
        """These conditions and one more."""
        return replace(self, conditions=[*self.conditions, condition], values={**self.values, **values})

    @property
    def text(self) -> str:
        """How the node is found, and the WHERE clause."""
        return self._found("")

    def first(self, names: str, order: str) -> str:
        """The text, where only the first `$limit` in this order count: so each way finds no more of them."""
        timely = self.names and order.startswith(f" ORDER BY {self.names[0]}.start")
        if timely and self.same:
            down = " DESC" if " DESC" in order else ""
            order = order.replace(" ORDER BY ", f" ORDER BY {self.same}{down}, ")
        cut = f" WITH {names}{order} LIMIT $limit"
        return self._found(cut, self.walk if timely else "") + cut

    def _found(self, cut: str, walk: str = "") -> str:
        # An index of something and a time is used only where both are spoken of; every node has a start.
        given = [*self.conditions, f"{self.names[0]}.start IS NOT NULL"] if self.names else self.conditions
        if not self.ways:
            return self.before + self.start + walk + _all(given)
        found = [f"{self.before}{way}{self.start}{hint}{_all([met, *given])}{cut}" for way, hint, met in self.ways]
        return "CALL () { " + " UNION ALL ".join(f"{one} RETURN {self.names}" for one in found) + " }"


def _all(conditions: list[str]) -> str:
    return " WHERE " + " AND ".join(conditions) if conditions else ""


def stream_ids(transaction: Transaction, names: tuple[str, ...]) -> list[str]:
    """The streams of these names or ids, by name."""
    asked = "MATCH (s:Stream) WHERE s.id IN $names OR s.name IN $names RETURN s.id AS id ORDER BY s.name"
    return [row["id"] for row in rows(transaction, asked, names=list(names))]


def events(transaction: Transaction, asked: Filter) -> Where:
    """Conditions on events `e`."""
    where = _found("e", "Event", "event_words", asked)
    if not asked.retracted:
        where.add("e.state <> 'retracted'")
    _natured(where, asked)
    if asked.labels:
        where.add("any(label IN e.labels WHERE label IN $labels)", labels=[str(one) for one in asked.labels])
    _streams(transaction, where, "e", asked)
    window(where, "e", asked)
    if asked.kinds:
        where.add(KIND, kinds=list(asked.kinds))
    if asked.tracks:
        where.add("EXISTS { (k:Track)-[:TAKES_PART]->(e) WHERE k.id IN $tracks }", tracks=list(asked.tracks))
    _sure(where, "e", asked)
    if asked.ids:
        where.add("e.id IN $ids", ids=list(asked.ids))
    return where


def tracks(transaction: Transaction, asked: Filter) -> Where:
    """Conditions on tracks `t` and the things `n` that they are; a type, place or text asks for such an event of theirs."""
    where = Where("MATCH (t:Track)-[:IS]->(n:Entity)", names="t, n")
    where.add("t.present")
    _streams(transaction, where, "t", asked)
    window(where, "t", asked)
    for column, given in (("label", asked.labels), ("kind", asked.kinds)):
        if given:
            where.add(f"n.{column} IN ${column}s", **{f"{column}s": [str(one) for one in given]})
    _sure(where, "t", asked)
    if asked.moving:
        where.add("NOT t.still")
    for name, given_ids in (("ids", asked.ids), ("tracks", asked.tracks)):
        if given_ids:
            where.add(f"t.id IN ${name}", **{name: list(given_ids)})
    if asked.types or asked.zones or asked.lines or asked.text:
        _part_of(transaction, where, asked)
    return where


def _part_of(transaction: Transaction, where: Where, asked: Filter) -> None:
    """Such an event has the track in it; where they are few, or words are asked for, the events are looked up first."""
    if asked.text:
        inner = Where("")
        if not asked.retracted:
            inner.add("e.state <> 'retracted'")
        _natured(inner, asked)
        where.values |= {**inner.values, "phrase": phrase(asked)}
        found = "CALL db.index.fulltext.queryNodes('event_words', $phrase) YIELD node AS e" + _all(inner.conditions)
    else:
        given = asked_of(replace(asked, labels=()), None)
        where.values["given"] = given
        met = one(transaction, f"{KEPT}{shapes(given)} RETURN sum(h.count) AS count", given=given)
        if met and met["count"] > _FEW:
            where.add(f"EXISTS {{ (t)-[:TAKES_PART]->(e:Event) WHERE {EVENTS} }}")
            where.walk = f" USING INDEX t:Track({'stream_id, start' if asked.streams else 'start'})"
            return
        by_shape = "WITH h.key AS shape MATCH (e:Event) USING INDEX e:Event(shape, start)"
        found = f"{shapes(given)} {by_shape} WHERE e.shape = shape AND e.start IS NOT NULL"
    where.before = f"{found} MATCH (said:Track)-[:TAKES_PART]->(e) WITH collect(DISTINCT said.id) AS said "
    where.conditions.insert(0, "t.id IN said")


def segments(transaction: Transaction, asked: Filter) -> Where:
    """Conditions on segments `g`; things and types ask for segments in which these are seen."""
    where = _found("g", "Segment", "segment_words", asked)
    where.add("g.present")
    _streams(transaction, where, "g", asked)
    window(where, "g", asked)
    if asked.ids:
        where.add("g.id IN $ids", ids=list(asked.ids))
    if asked.tracks:
        where.add("EXISTS { (k:Track)-[:IN]->(g) WHERE k.id IN $tracks }", tracks=list(asked.tracks))
    for column, given in (("label", asked.labels), ("kind", asked.kinds)):
        if given:
            where.add(
                f"EXISTS {{ (k:Entity)<-[:IS]-(:Track)-[:IN]->(g) WHERE k.{column} IN ${column}s }}",
                **{f"{column}s": [str(one) for one in given]},
            )
    for column, given in (("type", asked.types), ("zone", asked.zones), ("line", asked.lines)):
        if given:
            where.add(
                "EXISTS { MATCH (v:Event {stream_id: g.stream_id}) WHERE v.state <> 'retracted' AND v.start_pts < g.end_pts"
                f" AND (v.end_pts IS NULL OR v.end_pts >= g.start_pts) AND v.{column} IN ${column}s }}",
                **{f"{column}s": [str(one) for one in given]},
            )
    return where


def entities(transaction: Transaction, asked: Filter) -> Where:
    """Conditions on entities `n`: one of its tracks matches, or an event that it takes part in."""
    where = Where("MATCH (n:Entity)")
    where.add("n.present")
    _streams(transaction, where, "n", asked)
    for column, given in (("label", asked.labels), ("kind", asked.kinds)):
        if given:
            where.add(f"n.{column} IN ${column}s", **{f"{column}s": [str(one) for one in given]})
    if asked.ids:
        where.add("n.id IN $ids", ids=list(asked.ids))
    theirs = replace(asked, labels=(), kinds=(), ids=())
    if theirs in (Filter(), Filter(streams=asked.streams), Filter(streams=asked.streams, retracted=True)):
        return where
    those = {row["id"] for row in _of_tracks(transaction, theirs)} | {
        row["id"] for row in _of_events(transaction, theirs)
    }
    where.add("n.id IN $those", those=list(those))
    return where


def _of_tracks(transaction: Transaction, asked: Filter) -> list[Row]:
    where = tracks(transaction, asked)
    return rows(transaction, where.text + " RETURN DISTINCT n.id AS id", **where.values)


def _of_events(transaction: Transaction, asked: Filter) -> list[Row]:
    where = events(transaction, asked)
    taking = (
        " CALL (e) { MATCH (n:Entity)-[:TAKES_PART]->(e) RETURN n.id AS id"
        " UNION MATCH (n:Entity)<-[:IS]-(:Track)-[:TAKES_PART {named: false}]->(e) RETURN n.id AS id }"
    )
    return rows(transaction, f"{where.text} WITH e{taking} RETURN DISTINCT id", **where.values)


def _found(variable: str, label: str, index: str, asked: Filter) -> Where:
    """How nodes are found: by their words, where such are asked."""
    if not asked.text:
        return Where(f"MATCH ({variable}:{label})", names=variable)
    start = f"CALL db.index.fulltext.queryNodes('{index}', $phrase) YIELD node AS {variable}, score"
    return Where(start, values={"phrase": phrase(asked)})


def phrase(asked: Filter) -> str:
    """The Lucene query: stems of letters and digits alone, so that no text is query syntax; `""` matches nothing."""
    joined = (" OR " if asked.any_word else " AND ").join(f'"{stem}"' for stem in stems(asked))
    return joined or '"\u0000"'


def stems(asked: Filter) -> list[str]:
    """The words asked for, each as it is indexed: one stem, or several with a space between."""
    found = re.findall(r"\w+", asked.text.replace("\0", " "))[:_WORDS]
    return [stem for word in found if (stem := tokens(word))]


def _natured(where: Where, asked: Filter) -> None:
    for column, given in (("type", asked.types), ("zone", asked.zones), ("line", asked.lines)):
        if given:
            _among(where, f"e.{column}", f"{column}s", [str(one) for one in given])


def _among(where: Where, property_: str, name: str, given: list[str]) -> None:
    """One of these; of one alone an index of it and time is in the order of time. Streams, which come last, are most."""
    if len(given) == 1:
        where.same = where.same if name == "lines" else property_
        where.add(f"{property_} = ${name}", **{name: given[0]})
    else:
        where.add(f"{property_} IN ${name}", **{name: given})


def _streams(transaction: Transaction, where: Where, variable: str, asked: Filter) -> None:
    if asked.streams:
        _among(where, f"{variable}.stream_id", "streams", stream_ids(transaction, asked.streams))


def _sure(where: Where, variable: str, asked: Filter) -> None:
    if asked.min_confidence > 0:
        where.add(f"{variable}.confidence >= $sure", sure=asked.min_confidence)


def window(where: Where, variable: str, asked: Filter) -> None:
    """Rows that meet [since, until) and [from_s, to_s); an instant meets the window that holds it."""
    since, until = _instant(asked.since), _instant(asked.until)
    for start, end, low, high, name in (
        ("start", "end", since, until, "instant"),
        ("start_pts", "end_pts", asked.from_s, asked.to_s, "media"),
    ):
        if high is not None:
            where.add(f"{variable}.{start} < ${name}_high", **{f"{name}_high": high})
        if low is None:
            continue
        if asked.starts_inside:
            where.add(f"{variable}.{start} >= ${name}_low", **{f"{name}_low": low})
        elif where.names and not where.ways:
            _reaching(where, variable, start, end, low, name)
        else:
            met = f"({variable}.{end} > ${name}_low OR {variable}.{start} >= ${name}_low OR {variable}.{end} IS NULL)"
            where.add(met, **{f"{name}_low": low})


def _reaching(where: Where, variable: str, start: str, end: str, low: float, name: str) -> None:
    """Rows that begin in the window, or before it and last into it: short ones shortly before, long ones by their size."""
    unit = 1 if name == "instant" else 0.001
    begun, lasts = f"{variable}.{start} < $low", f"({variable}.{end} > $low OR {variable}.{end} IS NULL)"
    where.ways = [
        ("", "", f"{variable}.{start} >= $low"),
        ("", "", f"{variable}.{start} > $near AND {begun} AND {variable}.long IS NULL AND {lasts}"),
        (
            "UNWIND $reaches AS reach ",
            f" USING INDEX SEEK {variable}:{_LABELS[variable]}(long, {start})",
            f"{variable}.long = reach.size AND {variable}.{start} > reach.low AND {begun} AND {lasts}",
        ),
    ]
    where.values |= {"low": low, "near": low - 2 * unit * SHORT_MS, "reaches": reaches(low, unit)}


def _instant(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)
