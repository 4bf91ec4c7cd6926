from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.settle import TOLERANCE_MS, Event, Happening, closure, fold, happening, overlap, subjects, supports
from vidette.models import Assertion, EventType, Role, State

NAMES = st.integers(0, 10_000).map(lambda number: f"{number:05d}")


@st.composite
def happenings(draw: st.DrawFn, prefix: str) -> list[Happening]:
    out = []
    for name in draw(st.lists(NAMES, max_size=9, unique=True)):
        start = draw(st.integers(0, 30)) * 250
        end = start + max(1, draw(st.integers(0, 12)) * 250)
        subjects_ = frozenset(draw(st.sampled_from([(), (), ("a",), ("b",), ("a", "b")])))
        out.append(Happening(id=prefix + name, start=start, end=end, subjects=subjects_))
    return out


def one(id_: str, start: float, end: float, *tracks: str) -> Happening:
    return Happening(id=id_, start=start, end=end, subjects=frozenset(tracks))


@given(happenings("g"), happenings("d"), st.randoms())
def test_order_and_repetition_change_nothing(given_: list[Happening], deep: list[Happening], random) -> None:
    shuffled = [*deep, *deep]
    random.shuffle(shuffled)
    moved = list(given_)
    random.shuffle(moved)
    unique = list({said.id: said for said in shuffled}.values())
    assert supports(moved, unique) == supports(given_, deep)


@given(happenings("g"), happenings("d"))
def test_each_supports_one_event_that_it_touches(given_: list[Happening], deep: list[Happening]) -> None:
    placed = supports(given_, deep)
    everyone = {said.id: said for said in [*given_, *deep]}
    assert placed.keys() == {said.id for said in deep}
    for said in deep:
        event = everyone[placed[said.id]]
        slack = TOLERANCE_MS if event in given_ else 0
        assert overlap(said, event) + slack > 0
        assert event in given_ or placed[event.id] == event.id


@given(happenings("g"), happenings("d"))
def test_an_event_is_founded_only_where_none_is_near(given_: list[Happening], deep: list[Happening]) -> None:
    placed = supports(given_, deep)
    for said in deep:
        if placed[said.id] != said.id:
            continue
        near = [event for event in given_ if overlap(said, event) + TOLERANCE_MS > 0]
        assert all(said.subjects and event.subjects and event.subjects.isdisjoint(said.subjects) for event in near)


@given(happenings("g"), happenings("d"), st.integers(0, 30), st.integers(0, 10))
def test_what_touches_is_enough(given_: list[Happening], deep: list[Happening], at: int, length: int) -> None:
    low, high = at * 250.0, (at + length) * 250.0
    near = closure(lambda w: [said for said in deep if said.start < w[1] and said.end > w[0]], (low, high))
    whole = supports(given_, deep)
    assert supports(given_, near.values()) == {said: whole[said] for said in near}


@given(happenings("d"))
def test_closure_reaches_along_a_chain_and_no_further(deep: list[Happening]) -> None:
    near = closure(lambda w: [said for said in deep if said.start < w[1] and said.end > w[0]], (1000.0, 2000.0))
    for said in deep:
        touches = overlap(said, one("w", 1000, 2000)) > 0 or any(
            overlap(said, other) > 0 for other in near.values() if other.id != said.id
        )
        assert (said.id in near) == touches


@pytest.mark.parametrize(
    ("given_", "deep", "event"),
    [
        ([one("a", 0, 4000), one("b", 5000, 20_000)], one("d", 3000, 10_000), "b"),
        ([one("b", 0, 4000), one("a", 6000, 10_000)], one("d", 2000, 8000), "a"),
        ([one("a", 0, 4000)], one("d", 4499, 8000), "a"),
        ([one("a", 0, 4000)], one("d", 4500, 8000), "d"),
        ([one("a", 0, 9000, "van")], one("d", 0, 9000, "dog"), "d"),
        ([one("a", 0, 9000, "van")], one("d", 0, 9000), "a"),
        ([one("a", 0, 9000), one("b", 0, 1000, "dog")], one("d", 0, 9000, "dog"), "a"),
        ([one("a", 0, float("inf"))], one("d", 10**9, 10**9 + 1), "a"),
    ],
)
def test_which_given_event(given_: list[Happening], deep: Happening, event: str) -> None:
    assert supports(given_, [deep]) == {"d": event}


def test_one_without_a_subject_supports_one_that_has_one() -> None:
    deep = [one("early", 0, 5000), one("late", 3000, 9000, "van")]
    assert supports([], deep) == {"early": "late", "late": "late"}


SAID = Assertion(
    id="a",
    stream_id="s",
    look="fast",
    run_id="r",
    type=EventType.LOITERING,
    start_s=1.0,
    end_s=None,
    confidence=0.4,
    caption="waits",
    of="a",
    state=State.OPEN,
    box=(0.0, 0.0, 0.5, 0.5),
    zone="gate",
    attributes={"direction": "in"},
)


def test_the_first_assertion_is_the_event() -> None:
    event = fold(None, SAID)
    assert (event.id, event.start_s, event.end_s, event.state) == ("a", 1.0, None, State.OPEN)


def test_later_ones_move_all_but_its_id_and_start() -> None:
    later = replace(SAID, id="b", start_s=2.0, end_s=9.0, state=State.CLOSED, confidence=0.9, caption="waited 8 s")
    event = fold(fold(None, SAID), replace(later, box=None, zone=None, attributes={"by": "van"}))
    expected = Event(
        id="a",
        stream_id="s",
        type=EventType.LOITERING,
        start_s=1.0,
        end_s=9.0,
        confidence=0.9,
        caption="waited 8 s",
        state=State.CLOSED,
        box=(0.0, 0.0, 0.5, 0.5),
        zone="gate",
        line=None,
        attributes={"direction": "in", "by": "van"},
    )
    assert event == expected


def test_the_subject_is_the_subject_role_or_all_that_take_part() -> None:
    roles = (Role(role="subject", track_id="a"), Role(role="bringer", track_id="b"), Role(role="bag", entity_id="e"))
    assert subjects(roles) == {"a"}
    assert subjects(roles[1:]) == {"b"}
    assert subjects(()) == frozenset()


def test_without_an_end_it_is_an_instant() -> None:
    instant, stay = happening("a", 1.0, None, ()), happening("a", 1.0, 3.5, ())
    assert (instant.start, instant.end, stay.end) == (1000, 1001, 3500)
