"""Any order and repetition of deep looks, beside fast ones in order: the same memory."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graph_stores import STORES
from tests.yard import DEEP, FIRE, FIRST, LEFT, YARD, covered, deep, deep_said, event_ids, fast, part, said
from vidette.alerts import Case, Judgement
from vidette.models import DeepState, FastState, Observation, State
from vidette.ports import Reader
from vidette.queries import AssertionsOf, Count, CoverageIn, Events, Filter

TIME = st.integers(0, 24).map(lambda half: half / 2)
SUBJECT = st.sampled_from([(), (), part("van"), part("dog")])
TYPE = st.sampled_from([FIRE, LEFT])
DEEP_ROW = st.tuples(TYPE, TIME, TIME, SUBJECT)
FAST_ROW = st.tuples(TYPE, TIME, st.one_of(st.none(), TIME), SUBJECT, st.sampled_from([None, 1.0, 6.0]), st.booleans())


def looks_of(rows: list[Any]) -> list[Observation]:
    out = []
    for number, (type_, start, length, roles) in enumerate(rows):
        name = f"{'zyxwvutsrqpo'[number]}-deep"
        run = DEEP if number % 2 else replace(DEEP, id="run-other", revision="8")
        one = replace(
            deep_said(name, type_, start, start + length, roles=roles, caption=f"seen {number}"), run_id=run.id
        )
        state = list(DeepState)[number % len(DeepState)]
        row = covered(start, start + length, FastState.NOT_RUNNING, state, f"because {number}")
        out.append(deep(f"look-{number}", one, run=run, coverage=(row,)))
    return out


def fasts_of(rows: list[Any]) -> list[Observation]:
    """Each event opens in its own observation; later ones close, shrink or retract it."""
    opened, moved = [], []
    for number, (type_, start, length, roles, again, retracted) in enumerate(rows):
        end = None if length is None else start + length
        name = f"{'acegikmo'[number]}-fast"
        opened.append(said(name, type_, start, end, roles=roles))
        if again is not None:
            state = State.RETRACTED if retracted else State.CLOSED
            moved.append(said(f"{name}-2", type_, start, start + again, of=name, state=state, roles=roles))
    rows_ = [covered(0, 6, FastState.WATCHED, DeepState.PENDING), covered(6, 20, FastState.BLIND, DeepState.GATED)]
    return [
        fast(number, assertions=(one,), coverage=(rows_[number % 2],)) for number, one in enumerate([*opened, *moved])
    ]


ANY_ROWS = (st.lists(DEEP_ROW, max_size=7), st.lists(FAST_ROW, max_size=3), st.data())


@settings(max_examples=60, deadline=None)
@given(*ANY_ROWS)
def test_order_and_repetition_of_deep_looks_change_nothing(
    deep_rows: list[Any], fast_rows: list[Any], data: st.DataObject
) -> None:
    order, shuffled = in_two_orders(deep_rows, fast_rows, data)
    assert settled("embedded in memory", order) == settled("embedded in memory", shuffled)


@settings(max_examples=8, deadline=None)
@given(*ANY_ROWS)
def test_nor_does_the_store_that_keeps_it(deep_rows: list[Any], fast_rows: list[Any], data: st.DataObject) -> None:
    order, shuffled = in_two_orders(deep_rows, fast_rows, data)
    assert settled("embedded in memory", order) == settled("neo4j", shuffled)


def in_two_orders(
    deep_rows: list[Any], fast_rows: list[Any], data: st.DataObject
) -> tuple[list[Observation], list[Observation]]:
    """Fast looks in their order, then deep ones; and deep ones in any order, some again, among the fast ones."""
    looks, fasts = looks_of(deep_rows), fasts_of(fast_rows)
    shuffled = data.draw(
        st.permutations([*looks, *data.draw(st.lists(st.sampled_from(looks or fasts or [FIRST]), max_size=3))])
    )
    return [*fasts, *looks], merged(data, [one for one in shuffled if one.look == "deep"], fasts)


def merged(data: st.DataObject, looks: list[Observation], fasts: list[Observation]) -> list[Observation]:
    places = sorted(data.draw(st.lists(st.integers(0, len(looks)), min_size=len(fasts), max_size=len(fasts))))
    out = list(looks)
    for shift, (place, one) in enumerate(zip(places, fasts, strict=True)):
        out.insert(place + shift, one)
    return out


def settled(kind: str, observations: list[Observation]) -> list[object]:
    store = STORES[kind](Path())
    try:
        store.open_stream(YARD)
        for one in observations:
            store.settle(one)
        events = store.read(Events(where=Filter(retracted=True)))
        supports = {event.id: sorted(one.id for one in store.read(AssertionsOf(event_id=event.id))) for event in events}
        found = {word: event_ids(store, text=f"seen {word}", retracted=True) for word in range(7)}
        plain = [replace(event, runs=tuple(sorted(event.runs, key=lambda run: run.id))) for event in events]
        return [plain, supports, found, store.read(CoverageIn())]
    finally:
        store.close()


@pytest.mark.parametrize("kind", STORES)
def test_the_judge_is_told_that_a_deep_event_became_a_fast_one(kind: str, tmp_path: Path) -> None:
    cases: list[Case] = []

    class Listener:
        def judge(self, case: Case, read: Reader) -> Judgement:
            cases.append(case)
            held = read(Events(where=Filter(ids=tuple(event.id for event in case.events), retracted=True)))
            assert {event.id for event in held} == {event.id for event in case.events}
            return Judgement()

    store = STORES[kind](tmp_path)
    store.open_stream(YARD)
    store.settle(deep("look", deep_said("smoke", FIRE, 1, 3)), Listener())
    store.settle(fast(0, assertions=(said("flame", FIRE, 1, 4),)), Listener())
    told = [{event.id: event.state for event in case.events} for case in cases]
    assert told == [{"smoke": State.CLOSED}, {"flame": State.CLOSED, "smoke": State.RETRACTED}]
    assert event_ids(store, retracted=True) == ["flame"]
    assert store.read(Count(of="events")) == 1
    assert [one.id for one in store.read(AssertionsOf(event_id="flame"))] == ["flame", "smoke"]
    store.close()
