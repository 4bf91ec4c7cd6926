"""A Filter as SQL conditions: fixed text with bound parameters, nothing of the user's in the text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from graph.reach import near_instant, near_media
from graph.rows import Value, many, to_ms
from vidette.queries import Filter

_WORDS = 64
_IN = "(SELECT value FROM json_each(?))"


@dataclass(slots=True)
class Where:
    """Conditions that must all hold, with their parameters in order."""

    conditions: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def add(self, condition: str, *values: Value) -> None:
        """One more condition."""
        self.conditions.append(condition)
        self.values.extend(values)

    def also(self, condition: str, *values: Value) -> "Where":
        """These conditions and one more."""
        return Where([*self.conditions, condition], [*self.values, *values])

    def split(self, column: str) -> "tuple[Where, Where]":
        """The conditions that begin with a column, and the others."""
        own, rest = Where(), Where()
        left = list(self.values)
        for condition in self.conditions:
            taken, left = left[: condition.count("?")], left[condition.count("?") :]
            (own if condition.startswith(column) else rest).add(condition, *taken)
        return own, rest

    def among(self, column: str, values: Iterable[str], wrap: str = "") -> None:
        """The column is one of the values, where there are any; `wrap` encloses the condition at its `{}`."""
        listed = many(values)
        if listed != "[]":
            self.add((wrap or "{}").replace("{}", f"{column} IN {_IN}"), listed)

    def named(self, column: str, ids: Iterable[str], wrap: str = "") -> None:
        """The column is the number of one of the ids, where there are any; `wrap` as for `among`."""
        listed = many(ids)
        if listed != "[]":
            numbers = f"(SELECT seq FROM names WHERE id IN {_IN})"  # noqa: S608  fixed text
            self.add((wrap or "{}").replace("{}", f"{column} IN {numbers}"), listed)

    @property
    def text(self) -> str:
        """The WHERE clause."""
        return " WHERE " + " AND ".join(self.conditions) if self.conditions else ""


def streams(where: Where, table: str, asked: Filter) -> None:
    """Rows of the named streams (names or ids)."""
    if asked.streams:
        listed = many(asked.streams)
        ids = f"(SELECT id FROM streams WHERE id IN {_IN} OR name IN {_IN})"  # noqa: S608  fixed text
        where.add(f"{table}.stream_id IN {ids}", listed, listed)


def window(where: Where, table: str, asked: Filter, *, by_index: bool = True) -> None:
    """Rows that meet [since, until) and [from_s, to_s); an instant meets the window that holds it.

    `by_index` names them by index too: not worth it where other conditions leave few to look at.
    """
    since, until = _instant(asked.since), _instant(asked.until)
    _side(where, table, "start", '"end"', since, until, asked.starts_inside, by_index)
    _side(where, table, "start_pts", "end_pts", asked.from_s, asked.to_s, asked.starts_inside, by_index)


def _instant(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _side(
    where: Where,
    table: str,
    start: str,
    end: str,
    low: float | None,
    high: float | None,
    inside: bool,
    by_index: bool,
) -> None:
    if high is not None:
        where.add(f"{table}.{start} < ?", high)
    if low is None:
        return
    if inside:
        where.add(f"{table}.{start} >= ?", low)
        return
    where.add(f"({table}.{end} > ? OR {table}.{start} >= ? OR {table}.{end} IS NULL)", low, low)
    if not by_index:
        return
    # The same rows by index: only those near enough to reach into the window.
    end_of = 1e300 if high is None else high
    near, values = near_instant(table, low, end_of) if start == "start" else near_media(table, low, end_of)
    where.add(f"{table}.seq IN ({near})", *values)


def moments(where: Where, table: str, asked: Filter) -> None:
    """Pictures, which are of one moment each, inside [since, until) and [from_s, to_s)."""
    for column, side, at in (
        ("at", ">=", _instant(asked.since)),
        ("at", "<", _instant(asked.until)),
        ("pts", ">=", asked.from_s),
        ("pts", "<", asked.to_s),
    ):
        if at is not None:
            where.add(f"{table}.{column} {side} ?", at)


def words(where: Where, table: str, asked: Filter) -> None:
    """Rows whose captions hold the words; text without a word matches nothing."""
    if asked.text:
        name = f"{table[:-1]}_words"
        where.add(f"{table}.seq IN (SELECT rowid FROM {name} WHERE {name} MATCH ?)", phrase(asked))  # noqa: S608  a name from this file


def phrase(asked: Filter) -> str:
    """The FTS5 query: each word a quoted string, so that no text is query syntax (sqlite.org/fts5.html §3)."""
    found = re.findall(r"\w+", asked.text.replace("\0", " "))[:_WORDS]
    return (" OR " if asked.any_word else " ").join(f'"{word}"' for word in found) or '""'


def shapes(asked: Filter) -> Where:
    """Conditions on `shapes`: of such a stream, type, place, and label of a thing in it."""
    where = Where()
    streams(where, "shapes", asked)
    where.among("shapes.type", asked.types)
    where.among("shapes.zone", asked.zones)
    where.among("shapes.line", asked.lines)
    where.among("label", asked.labels, "shapes.id IN (SELECT shape FROM shape_labels WHERE {})")
    if not asked.retracted:
        where.add("shapes.live")
    return where


def shaped(where: Where, asked: Filter, column: str = "events.shape") -> None:
    """Events whose shape is one of those few."""
    those = shapes(asked)
    if those.conditions:
        where.add(f"{column} IN (SELECT shapes.id FROM shapes{those.text})", *those.values)  # noqa: S608  fixed text


def reaching(asked: Filter, since: datetime) -> Where:
    """Events that began before a window and reach into it, of such shapes."""
    where = Where()
    shaped(where, asked, "+events.shape")  # the plus keeps to the other index: these are few
    low = to_ms(since)
    high = low if asked.until is None else min(low, to_ms(asked.until))
    near, values = near_instant("events", low, high)
    where.add(f"events.seq IN ({near})", *values)
    where.add('(events."end" > ? OR events."end" IS NULL)', low)
    return where


def takes_part(where: Where, asked: Filter) -> None:
    """Events in which such a track or kind takes part."""
    part = (
        "EXISTS (SELECT 1 FROM says JOIN takes_part t ON t.assertion_seq = says.assertion_seq"
        " LEFT JOIN identities i ON i.track_seq = t.track_seq"
        " JOIN entities n ON n.seq = coalesce(t.entity_seq, i.entity_seq) WHERE says.event_seq = events.seq AND {})"
    )
    where.among("n.kind", asked.kinds, part)
    where.named(
        "t.track_seq",
        asked.tracks,
        "events.seq IN (SELECT says.event_seq FROM takes_part t"
        " JOIN says ON says.assertion_seq = t.assertion_seq WHERE {})",
    )


def has_nature(asked: Filter) -> bool:
    """Whether the filter asks for something that only events have."""
    return bool(asked.types or asked.zones or asked.lines or asked.text)


def sure(where: Where, table: str, asked: Filter) -> None:
    """Rows at least so confident."""
    if asked.min_confidence > 0:
        where.add(f"{table}.confidence >= ?", asked.min_confidence)


def events(asked: Filter, *, by_index: bool = True) -> Where:
    """Conditions on `events`; `by_index` as for `window`."""
    where = Where()
    shaped(where, asked)
    window(where, "events", asked, by_index=by_index)
    words(where, "events", asked)
    takes_part(where, asked)
    sure(where, "events", asked)
    where.named("events.seq", asked.ids)
    return where


def tracks(asked: Filter, *, few: bool = False) -> Where:
    """Conditions on `tracks`; a type, zone, line or text asks for tracks that take part in such an event.

    `few`: not many events are of that type and place.
    """
    where = Where()
    where.add("tracks.present")
    streams(where, "tracks", asked)
    window(where, "tracks", asked)
    known = "EXISTS (SELECT 1 FROM identities i JOIN entities n ON n.seq = i.entity_seq WHERE i.track_seq = tracks.seq AND {})"
    where.among("n.label", asked.labels, known)
    where.among("n.kind", asked.kinds, known)
    sure(where, "tracks", asked)
    if asked.moving:
        where.add("coalesce(json_extract(tracks.attributes_json, '$.still'), 0) = 0")
    where.named("tracks.seq", asked.ids)
    where.named("tracks.seq", asked.tracks)
    if has_nature(asked):
        inner = Where()
        shaped(inner, replace(asked, streams=(), labels=()))
        words(inner, "events", asked)
        # Words are rare: from them to the tracks. The rest is common: from each track to its events.
        few = few or bool(asked.text)
        inner.add("t.track_seq IS NOT NULL" if few else "t.track_seq = tracks.seq")
        joined = (
            "tracks.seq IN (SELECT t.track_seq" if few else "EXISTS (SELECT 1",
            " FROM events JOIN says ON says.event_seq = events.seq"
            " JOIN takes_part t ON t.assertion_seq = says.assertion_seq",
        )
        where.add("".join((*joined, inner.text, ")")), *inner.values)
    return where


def segments(asked: Filter) -> Where:
    """Conditions on `segments`; things and types ask for segments in which these are seen."""
    where = Where()
    where.add("segments.present")
    streams(where, "segments", asked)
    window(where, "segments", asked)
    words(where, "segments", asked)
    where.named("segments.seq", asked.ids)
    seen = "segments.seq IN (SELECT s.segment_seq FROM segment_tracks s WHERE {})"
    where.named("s.track_seq", asked.tracks, seen)
    known = (
        "EXISTS (SELECT 1 FROM segment_tracks s JOIN identities i ON i.track_seq = s.track_seq"
        " JOIN entities n ON n.seq = i.entity_seq WHERE s.segment_seq = segments.seq AND {})"
    )
    where.among("n.label", asked.labels, known)
    where.among("n.kind", asked.kinds, known)
    for column, values in (("type", asked.types), ("zone", asked.zones), ("line", asked.lines)):
        where.among(
            f"e.{column}",
            values,
            "EXISTS (SELECT 1 FROM events e WHERE e.stream_id = segments.stream_id AND e.state != 'retracted'"
            " AND e.start_pts < segments.end_pts AND (e.end_pts >= segments.start_pts OR e.end_pts IS NULL) AND {})",
        )
    return where
