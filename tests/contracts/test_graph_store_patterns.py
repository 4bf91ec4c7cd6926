"""What every store remembers for rules over time: what fits leaves, what was found, how far streams have spoken."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from tests.graph_stores import STORES
from vidette import ids
from vidette.alerts import Judgement
from vidette.matches import Heard, LeafMatch, Match, PatternChange, PatternState, Said, Shed
from vidette.ports import GraphStore
from vidette.remembering import HeardOf, LeafMatches, LeafMatchesOf, Patterns, SaidOfRule
from vidette.streams import Stream

Open = Callable[[Path], GraphStore]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
YARD, GATE = (
    Stream(id=ids.stream_id(name), name=name, kind="live", uri=name, start=START) for name in ("yard", "gate")
)
DOOR = PatternState(rule="door", version="1", state="{}", wake=500)


def match(id_: str, start: int, end: int | None = None, **more: object) -> Match:
    said = {"subject": "ann", "streams": ("yard",), "zones": ("door", "hall"), "events": (id_,)}
    return Match(id=id_, start=start, end=end, **(said | more))  # type: ignore[arg-type]  fields of a match, by name


def fits(match_: Match | None, *, leaf: int = 0, of: PatternState = DOOR, id_: str = "") -> LeafMatch:
    return LeafMatch(rule=of.rule, version=of.version, leaf=leaf, id=match_.id if match_ else id_, match=match_)


def heard(stream: Stream, reach: int) -> Heard:
    return Heard(
        stream=stream.name,
        stream_id=stream.id,
        live=True,
        start=0,
        reach=reach,
        over=None,
        final=False,
        at=reach + 5,
        zones=("door",),
        lines=("line",),
    )


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    store = STORES[request.param](tmp_path)
    for stream in (YARD, GATE):
        store.open_stream(stream)
    yield store
    store.close()


def write(store: GraphStore, *leaves: LeafMatch, state: PatternState = DOOR, **more: object) -> None:
    change = PatternChange(state=state, **more)  # type: ignore[arg-type]  fields of a change, by name
    store.amend(lambda _: Judgement(patterns=(change,), leaves=leaves))


def found(store: GraphStore, since: int, of: PatternState = DOOR) -> list[LeafMatch]:
    return store.read(LeafMatches(rule=of.rule, version=of.version, since=since))


class TestLeaves:
    def test_what_holds_at_a_moment_or_after_comes_back_oldest_first(self, store: GraphStore) -> None:
        over, long, open_, later = match("a", 10, 20), match("b", 12, 900), match("c", 5), match("d", 40, 40)
        write(store, *map(fits, (over, long, open_, later)))
        assert [one.match for one in found(store, 21)] == [open_, long, later]
        assert [one.match for one in found(store, 20)] == [open_, over, long, later]

    def test_what_is_known_anew_is_put_in_place_of_what_was(self, store: GraphStore) -> None:
        write(store, fits(match("a", 10)))
        write(store, fits(match("a", 10, 30, zones=(), subject="bob")))
        write(store, fits(match("a", 10, 30, zones=(), subject="bob")))
        assert found(store, 0) == [fits(match("a", 10, 30, zones=(), subject="bob"))]

    def test_what_does_not_fit_any_more_is_gone(self, store: GraphStore) -> None:
        write(store, fits(match("a", 10)), fits(match("a", 10), leaf=1))
        write(store, fits(None, id_="a"))
        assert found(store, 0) == [fits(match("a", 10), leaf=1)]

    def test_events_are_found_in_every_rule(self, store: GraphStore) -> None:
        other = replace(DOOR, rule="other")
        write(store, fits(match("a", 10)), fits(match("b", 10)))
        write(store, fits(match("a", 10), of=other), state=other)
        assert store.read(LeafMatchesOf(ids=("a", "none"))) == [fits(match("a", 10)), fits(match("a", 10), of=other)]

    def test_an_answer_cites_no_event(self, store: GraphStore) -> None:
        answer = match("a", 10, 20, events=(), subject="", zones=())
        write(store, fits(answer))
        assert found(store, 0) == [fits(answer)]

    def test_what_is_shed_is_of_these_streams_and_before(self, store: GraphStore) -> None:
        old, held, elsewhere = match("a", 1, 9), match("b", 1, 10), match("c", 1, 2, streams=("gate",))
        write(store, *map(fits, (old, held, elsewhere)))
        write(store, shed=Shed(streams=("yard",), before=10))
        assert {one.id for one in found(store, 0)} == {"b", "c"}

    @settings(max_examples=25, deadline=None)
    @given(
        ends=st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(0, 50)), max_size=12),
        since=st.integers(0, 110),
    )
    def test_no_stretch_is_missed(self, ends: list[tuple[int, int | None]], since: int) -> None:
        store = EmbeddedStore(":memory:")
        stretches = [match(f"m{i}", at, None if long is None else at + long) for i, (at, long) in enumerate(ends)]
        write(store, *map(fits, stretches))
        expected = {one.id for one in stretches if one.end is None or one.end >= since}
        assert {one.id for one in found(store, since)} == expected
        store.close()


class TestFound:
    def test_what_was_said_comes_back_with_its_alert(self, store: GraphStore) -> None:
        first, second = Said(id="a", match=match("a", 10, 20), alert="x"), Said(id="b", match=match("b", 30))
        write(store, said=(first, second))
        assert store.read(SaidOfRule(rule="door", version="1")) == [first, second]
        assert store.read(SaidOfRule(rule="door", version="1", since=21)) == [second]
        assert store.read(SaidOfRule(rule="door", version="1", alert="x")) == [first]
        write(store, said=(Said(id="a", match=None), replace(second, match=match("b", 30, 40))))
        (left,) = store.read(SaidOfRule(rule="door", version="1"))
        assert left.match == match("b", 30, 40)


class TestStates:
    def test_those_that_are_due(self, store: GraphStore) -> None:
        never, late = replace(DOOR, rule="never", wake=None), replace(DOOR, rule="late", wake=501)
        for state in (DOOR, never, late):
            write(store, state=state)
        assert store.read(Patterns(due=500)) == [DOOR]
        assert store.read(Patterns(due=501)) == [DOOR, late]
        assert store.read(Patterns(rules=("never", "none"))) == [never]
        assert store.read(Patterns()) == [DOOR, late, never]

    def test_another_version_forgets_what_the_one_before_remembered(self, store: GraphStore) -> None:
        write(store, fits(match("a", 10)), said=(Said(id="a", match=match("a", 10)),))
        changed = replace(DOOR, version="2")
        write(store, state=changed)
        assert store.read(Patterns()) == [changed]
        assert found(store, 0) == found(store, 0, changed) == []
        assert store.read(SaidOfRule(rule="door", version="1")) == []


def test_how_far_streams_have_spoken(store: GraphStore) -> None:
    store.amend(lambda _: Judgement(heard=(heard(YARD, 10), heard(GATE, 20))))
    store.amend(lambda _: Judgement(heard=(heard(YARD, 15),)))
    assert store.read(HeardOf()) == [heard(GATE, 20), heard(YARD, 15)]


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "vidette.db")
    store.open_stream(YARD)
    said = Said(id="a", match=match("a", 10), alert="x")
    write(store, fits(match("a", 10)), said=(said,))
    store.amend(lambda _: Judgement(heard=(heard(YARD, 15),)))
    store.close()
    again = EmbeddedStore(tmp_path / "vidette.db")
    assert found(again, 0) == [fits(match("a", 10))]
    assert again.read(SaidOfRule(rule="door", version="1")) == [said]
    assert again.read(Patterns()) == [DOOR]
    assert again.read(HeardOf()) == [heard(YARD, 15)]
    again.close()
