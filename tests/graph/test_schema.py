"""Files of earlier versions are brought to this one with all they hold; a large store reads as a small one does."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph import schema
from graph.embedded import EmbeddedStore
from graph.reading import finding
from vidette import ids
from vidette.models import Assertion, EventType, Evidence, Label, Observation, Role, Run, State, Track
from vidette.moments import Rejoined
from vidette.queries import AssertionsOf, Count, Events, Filter, Streams, Timeline, Tracks, WholeGraph
from vidette.streams import Stream

START = datetime(2026, 1, 1, tzinfo=UTC)
FAST, DEEP = Run(id="fast", model="fast", revision="1"), Run(id="deep", model="vlm", revision="1")
ENTERED, STAY = EventType.OBJECT_ENTERED, EventType.LOITERING
YARD = Stream(id=ids.stream_id("yard"), name="yard", kind="file", uri="x.mp4", start=START)
GATE = Stream(id=ids.stream_id("gate"), name="gate", kind="file", uri="y.mp4", start=START + timedelta(hours=1))


def said(id_: str, stream: Stream, type_: EventType, start: float, end: float | None, **more: Any) -> Assertion:
    given: dict[str, Any] = {"look": "fast", "run_id": "fast", "of": id_, "confidence": 0.5, "caption": f"{id_} seen"}
    fixed: dict[str, Any] = {"id": id_, "stream_id": stream.id, "type": type_, "start_s": start, "end_s": end}
    return Assertion(**{**fixed, **given, **more})


def observation(stream: Stream, sequence: int, *assertions: Assertion, **more: Any) -> Observation:
    given: dict[str, Any] = {"look": "fast", "run": FAST, "start_s": 0.0, "end_s": 9.0, "sequence": sequence}
    named = f"{stream.name}-{sequence}"
    return Observation(**{"id": named, "stream_id": stream.id, "assertions": assertions, **given, **more})


def subject(track: str) -> tuple[Role, ...]:
    return (Role(role="subject", track_id=track),)


# A file as version 1 left it: two streams, an event with a person and a picture, one retracted, one with deep support,
# one that a deep look founded.
_AS_1 = """
INSERT INTO streams VALUES ('yard', 'yard', 'file', 'x.mp4', 0, 'option', NULL, 0, 0, 0);
INSERT INTO streams VALUES ('gate', 'gate', 'file', 'y.mp4', 3600000, 'option', NULL, 0, 0, 0);
INSERT INTO runs VALUES (1, 'fast', 'fast', '1', '', '{}');
INSERT INTO runs VALUES (2, 'deep', 'vlm', '1', '', '{}');
INSERT INTO tracks VALUES (1, 't', 'yard', 'fast', 'person', 2000, 9000, 2.0, 9.0, 13, 0.5, '{}', NULL, 1);
INSERT INTO tracks VALUES (2, 'u', 'yard', 'fast', 'animal', 2000, 9000, 2.0, 9.0, 13, 0.5, '{}', NULL, 0);
INSERT INTO tracks VALUES (3, 'v', 'yard', 'fast', 'animal', 2000, 9000, 2.0, 9.0, 13, 0.5, '{}', NULL, 0);
INSERT INTO entities VALUES ('n', 'yard', 'person', '', '', '{}', NULL, 1);
INSERT INTO entities VALUES ('m', 'yard', 'animal', '', '', '{}', NULL, 0);
INSERT INTO identities VALUES ('t', 'n', 1.0, 'track', 'fast');
INSERT INTO identities VALUES ('u', 'm', 1.0, 'track', 'fast');
INSERT INTO identities VALUES ('v', 'm', 1.0, 'track', 'fast');
INSERT INTO assertions VALUES (4, 'in', 'yard', 'fast', 'fast', 'object_entered', 'in', 2000, 2000, 2.0, 2.0, 0, 0.5, 'a person entered', NULL, $in);
INSERT INTO assertions VALUES (5, 'no', 'yard', 'fast', 'fast', 'loitering', 'no', 3000, 4000, 3.0, 4.0, 10, 0.5, 'nobody', NULL, $no);
INSERT INTO assertions VALUES (6, 'seen', 'yard', 'deep', 'deep', 'object_entered', NULL, 2000, 3000, 2.0, 3.0, 10, 0.5, 'somebody in red walks in', NULL, $seen);
INSERT INTO assertions VALUES (7, 'fire', 'gate', 'deep', 'deep', 'fire', NULL, 3601000, 3602000, 1.0, 2.0, 10, 0.5, 'flames', NULL, $fire);
INSERT INTO events VALUES (11, 'in', 'yard', 'fast', 0, 0, 'object_entered', 2000, 2000, 2.0, 2.0, 0, 0.5, 'a person entered', 'a person entered' || char(10) || 'somebody in red walks in', NULL, 'door', NULL, 'closed', '{}');
INSERT INTO events VALUES (12, 'no', 'yard', 'fast', 0, 0, 'loitering', 3000, 4000, 3.0, 4.0, 10, 0.5, 'nobody', 'nobody', NULL, NULL, NULL, 'retracted', '{}');
INSERT INTO events VALUES (13, 'fire', 'gate', 'deep', 1, 0, 'fire', 3601000, 3602000, 1.0, 2.0, 10, 0.5, 'flames', 'flames', NULL, NULL, NULL, 'closed', '{}');
INSERT INTO says VALUES ('in', 'in');
INSERT INTO says VALUES ('no', 'no');
INSERT INTO says VALUES ('seen', 'in');
INSERT INTO says VALUES ('fire', 'fire');
INSERT INTO takes_part VALUES ('in', 0, 'subject', 't', NULL);
INSERT INTO shown_in VALUES ('in', 0, 'snapshot', 'aa', 'media/aa.jpg', 2.0, '[0.1,0.2,0.3,0.4]');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    from vidette import codec

    path = tmp_path / "v.db"
    origin = replace(YARD, id="yard"), replace(GATE, id="gate")
    bodies = {
        "$in": said("in", origin[0], ENTERED, 2, 2, zone="door", roles=subject("t")),
        "$no": said("no", origin[0], STAY, 3, 4, state=State.RETRACTED),
        "$seen": said("seen", origin[0], ENTERED, 2, 3, look="deep", run_id="deep", of=None),
        "$fire": said("fire", origin[1], EventType.FIRE, 1, 2, look="deep", run_id="deep", of=None),
    }
    script = _AS_1
    for mark, one in bodies.items():
        script = script.replace(mark, "'" + codec.encode(one).decode() + "'")
    connection = sqlite3.connect(path)
    connection.executescript(schema.STEPS[0])
    connection.executescript(script)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    return path


def test_a_file_of_version_1_keeps_all_it_holds(old: Path) -> None:
    store = EmbeddedStore(old)
    entered, fire = store.read(Events())
    assert (entered.id, entered.tracks, [one.label for one in entered.entities]) == ("in", ("t",), [Label.PERSON])
    box = (0.1, 0.2, 0.3, 0.4)
    assert entered.evidence == (Evidence(kind="snapshot", sha256="aa", uri="media/aa.jpg", pts_s=2.0, box=box),)
    assert ([run.id for run in entered.runs], [run.id for run in fire.runs]) == (["fast", "deep"], ["deep"])
    assert [one.id for one in store.read(AssertionsOf(event_id="in"))] == ["in", "seen"]
    assert [one.id for one in store.read(Events(where=Filter(text="red")))] == ["in"]
    assert [one.id for one in store.read(Events(where=Filter(labels=(Label.PERSON,), zones=("door",))))] == ["in"]
    assert [one.id for one in store.read(Events(where=Filter(retracted=True)))] == ["in", "no", "fire"]
    assert {row.name: (row.events, row.tracks) for row in store.read(Streams())} == {"gate": (1, 0), "yard": (1, 1)}
    assert (store.read(Count(of="events")), store.read(Count(of="events", where=Filter(retracted=True)))) == (2, 3)
    assert store.read(Rejoined()) == ("m",)
    kinds = {edge.type for edge in store.read(WholeGraph()).edges}
    assert {"SAYS", "TAKES_PART", "IS"} <= kinds
    store.close()
    with sqlite3.connect(old) as plain:
        assert plain.execute("PRAGMA user_version").fetchone()[0] == len(schema.STEPS)
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
        assert plain.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    plain.close()


def test_a_file_of_version_1_goes_on(old: Path) -> None:
    store = EmbeddedStore(old)
    stream = Stream(id="yard", name="yard", kind="file", uri="x.mp4", start=datetime(1970, 1, 1, tzinfo=UTC))
    store.open_stream(stream, again=True)
    assert store.read(Count(of="events", where=Filter(streams=("yard",)))) == 1  # what the deep look said by itself
    store.settle(observation(stream, 0, said("in", stream, ENTERED, 2, 2, zone="door", roles=subject("t"))))
    (entered,) = store.read(Events(where=Filter(streams=("yard",))))
    assert (entered.id, [run.id for run in entered.runs]) == ("in", ["fast", "deep"])
    assert store.read(Count(of="events", where=Filter(labels=(Label.PERSON,)))) == 1
    store.close()


@pytest.fixture
def many() -> Iterator[EmbeddedStore]:
    """Two streams with events at few instants, so that there are many ties, of some types, zones and labels."""
    store = EmbeddedStore(":memory:")
    for stream in (YARD, GATE):
        store.open_stream(stream)
        labels = (Label.PERSON, Label.VEHICLE, Label.ANIMAL)
        tracks = tuple(
            Track(id=f"{stream.name}{at}", stream_id=stream.id, label=label, start_s=0, end_s=9, confidence=1, path=())
            for at, label in enumerate(labels)
        )
        told = [
            said(
                ids.make_id(stream.name, number),
                stream,
                ENTERED if number % 3 else STAY,
                number // 4,
                None if number == 5 else number // 4 + (number % 7) * 100 * (number % 3 == 0),
                zone="door" if number % 5 == 0 else None,
                line="gate" if number % 7 == 0 else None,
                state=State.RETRACTED if number % 11 == 0 else State.CLOSED,
                caption=f"a person number{number % 10} walks" + (" slowly" if number % 13 == 0 else ""),
                roles=subject(f"{stream.name}{number % 3}") if number % 2 else (),
            )
            for number in range(240)
        ]
        store.settle(observation(stream, 0, *told, tracks=tracks))
    yield store
    store.close()


WHERES = (
    Filter(),
    Filter(retracted=True),
    Filter(streams=("yard",)),
    Filter(types=(STAY,), zones=("door",)),
    Filter(labels=(Label.PERSON, Label.ANIMAL)),
    Filter(labels=(Label.FLAME,)),
    Filter(lines=("gate",), streams=(GATE.id, "yard")),
    Filter(since=START + timedelta(seconds=20), until=START + timedelta(seconds=45)),
    Filter(since=START + timedelta(seconds=40)),
    Filter(until=START + timedelta(seconds=40), types=(STAY,)),
    Filter(since=START + timedelta(seconds=30), until=START + timedelta(seconds=31), starts_inside=True),
    Filter(since=START + timedelta(hours=1, seconds=20), streams=("gate",), labels=(Label.VEHICLE,)),
    Filter(text="person"),
    Filter(text="slowly"),
    Filter(text="person slowly", streams=("yard",)),
    Filter(text="person", since=START + timedelta(seconds=20), until=START + timedelta(seconds=45)),
    Filter(text="number3 slowly", any_word=True),
    Filter(min_confidence=0.4, zones=("door",)),
)


class TestFinding:
    """However few events may be walked, sorted or ranked, the answer is the same."""

    @pytest.mark.parametrize("where", WHERES)
    @pytest.mark.parametrize("order", ["start", "-start"])
    def test_by_time(self, many: EmbeddedStore, where: Filter, order: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        every = many.read(Events(where=Filter(retracted=True), limit=1000))
        wanted = [one for one in every if _holds(one, where)]
        wanted.sort(key=lambda one: (one.start, one.id), reverse=order == "-start")
        assert len(wanted) == many.read(Count(of="events", where=where))
        for near, most in ((20_000, 10_000), (7, 5), (1, 1)):
            monkeypatch.setattr(finding, "_NEAR", near)
            monkeypatch.setattr(finding, "_LOOKED", near)
            monkeypatch.setattr(finding, "_MANY", most)
            for limit in (1, 3, 10, 1000):
                found = many.read(Events(where=where, order=order, limit=limit))
                assert [one.id for one in found] == [one.id for one in wanted[:limit]], (near, most, limit)

    def test_rank_of_common_words_is_among_the_newest(
        self, many: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(finding, "_MANY", 50)
        common = many.read(Events(where=Filter(text="person"), order="rank", limit=20))
        assert len(common) == 20
        either = many.read(Events(where=Filter(text="person slowly", any_word=True), order="rank", limit=1000))
        slow = many.read(Events(where=Filter(text="slowly"), limit=1000))
        assert {one.id for one in either[: len(slow)]} == {one.id for one in slow}
        assert len(either) > len(slow)
        both = many.read(Events(where=Filter(text="person slowly", streams=("gate",)), order="rank", limit=1000))
        assert {one.id for one in both} == {one.id for one in slow if one.stream == "gate"}

    def test_a_timeline_counts_each_once(self, many: EmbeddedStore) -> None:
        bars = many.read(Timeline(of="events", bucket_s=10, where=Filter(types=(STAY,))))
        assert sum(bar.count for bar in bars) == many.read(Count(of="events", where=Filter(types=(STAY,))))
        assert bars[0].start == START


def _holds(one: Any, where: Filter) -> bool:
    """What the documentation of `Filter` says, over rows."""
    words = where.text.split()
    held = [word in one.caption.split() for word in words]
    began_before = where.since is not None and not where.starts_inside and one.start < where.since
    return all(
        (
            where.retracted or one.state is not State.RETRACTED,
            not where.streams or one.stream in where.streams or ids.stream_id(one.stream) in where.streams,
            not where.types or one.type in where.types,
            not where.zones or one.zone in where.zones,
            not where.lines or one.line in where.lines,
            not where.labels or any(thing.label in where.labels for thing in one.entities),
            where.until is None or one.start < where.until,
            where.since is None
            or one.start >= where.since
            or (began_before and (one.end is None or one.end > where.since)),
            not words or (any(held) if where.any_word else all(held)),
            one.confidence >= where.min_confidence,
        )
    )


WINDOWS = (
    Filter(),
    Filter(since=START + timedelta(seconds=30)),
    Filter(since=START + timedelta(seconds=30), until=START + timedelta(seconds=50)),
    Filter(since=START + timedelta(seconds=30), until=START + timedelta(seconds=20)),
    Filter(until=START + timedelta(seconds=25)),
    Filter(since=START + timedelta(seconds=40), starts_inside=True),
)


@pytest.mark.parametrize("where", WINDOWS)
@pytest.mark.parametrize("order", ["start", "-start"])
def test_tracks_of_a_window_by_time(where: Filter, order: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some reach into the window, one of them for a day, one has not ended; however they are looked for."""
    lengths = (3, 30, 70, None, 90_000)
    store = EmbeddedStore(":memory:")
    store.open_stream(YARD)
    tracks = [
        Track(
            id=f"t{at}",
            stream_id=YARD.id,
            label=Label.PERSON,
            start_s=at // 2 * 3,
            end_s=None if lengths[at % 5] is None else at // 2 * 3 + lengths[at % 5],
            confidence=1,
            path=(),
        )
        for at in range(50)
    ]
    told = [said(f"e{one.id}", YARD, ENTERED, one.start_s, one.start_s, roles=subject(one.id)) for one in tracks[::2]]
    store.settle(observation(YARD, 0, *told, tracks=tuple(tracks)))
    every = store.read(Tracks(limit=99))
    wanted = sorted((one for one in every if _meets(one, where)), key=lambda one: (one.start, one.id))
    wanted = wanted[::-1] if order == "-start" else wanted
    for few in (0, 10_000):
        monkeypatch.setattr(finding, "_FEW", few)
        for limit in (1, 4, 99):
            found = store.read(Tracks(where=where, order=order, limit=limit))
            assert [one.id for one in found] == [one.id for one in wanted[:limit]]
            asked = replace(where, types=(ENTERED,))
            entered = [one.id for one in wanted if int(one.id[1:]) % 2 == 0]
            assert [one.id for one in store.read(Tracks(where=asked, order=order, limit=limit))] == entered[:limit]
    store.close()


def _meets(one: Any, where: Filter) -> bool:
    begins = where.since is None or one.start >= where.since
    reaches = not where.starts_inside and where.since is not None and (one.end is None or one.end > where.since)
    return (where.until is None or one.start < where.until) and (begins or reaches)


def test_what_a_file_is_is_read_at_one_moment(tmp_path: Path) -> None:
    """Another process may be making it: tables without the header that says whose they are would be another program's."""
    connection = sqlite3.connect(tmp_path / "v.db", isolation_level=None)
    told: list[str] = []
    connection.set_trace_callback(told.append)
    assert schema.version(connection) == 0
    assert (told[0], told[-1], len(told)) == ("BEGIN", "ROLLBACK", 5)
    connection.close()
