"""The ledger: ids are stable, an event is said when it opens and when it closes, states go on equally."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.ledger import Ledger, Saying
from vidette.errors import StoreError
from vidette.models import EventType, Evidence, Role, State
from vidette.streams import Zone

STOPPED = Saying(
    type=EventType.OBJECT_STOPPED,
    caption="It stopped.",
    confidence=0.81234,
    box=(0.1, 0.2, 0.3, 0.4),
    zone="door",
    roles=(Role(role="subject", track_id="t"),),
    evidence=(Evidence(kind="snapshot", sha256="ab", uri="media:ab.jpg", pts_s=1.0, box=(0.0, 0.0, 1.0, 1.0)),),
    attributes={"count": 3},
)


def new():
    return Ledger("s", "r")


def test_an_instant_is_said_once_and_closed():
    ledger = new()
    key = ledger.happened(STOPPED, "t", 3.0)
    (said,) = ledger.drain()
    assert (said.id, said.of, said.start_s, said.end_s, said.state) == (key, key, 3.0, 3.0, State.CLOSED)
    assert (said.confidence, said.zone, said.box, said.roles) == (0.812, "door", STOPPED.box, STOPPED.roles)
    assert (said.stream_id, said.look, said.run_id, said.attributes) == ("s", "fast", "r", {"count": 3})
    assert ledger.drain() == ()


def test_an_event_that_goes_on_is_open_then_closed_under_one_id():
    ledger = new()
    key = ledger.begin(STOPPED, "t", 3.0)
    assert ledger.news
    (opened,) = ledger.drain()
    assert (opened.id, opened.of, opened.end_s, opened.state) == (key, key, None, State.OPEN)
    assert not ledger.news
    assert ledger.drain() == ()
    ledger.end(key, 9.0, caption="It went.", roles=(Role(role="taker", track_id="u"),))
    assert ledger.news
    (closed,) = ledger.drain()
    assert closed.id != key
    assert (closed.of, closed.start_s, closed.end_s, closed.state) == (key, 3.0, 9.0, State.CLOSED)
    assert closed.caption == "It went."
    assert [role.role for role in closed.roles] == ["subject", "taker"]


def test_an_event_that_began_and_ended_between_commits_is_said_once():
    ledger = new()
    key = ledger.begin(STOPPED, "t", 3.0)
    ledger.end(key, 4.0)
    (said,) = ledger.drain()
    assert (said.id, said.of, said.state) == (key, key, State.CLOSED)


def test_what_was_wrong_is_taken_back_where_it_had_been_said():
    ledger = new()
    unsaid = ledger.begin(STOPPED, "t", 3.0)
    ledger.retract(unsaid)
    assert ledger.drain() == ()
    said = ledger.begin(STOPPED, "t", 5.0)
    ledger.drain()
    ledger.retract(said)
    (back,) = ledger.drain()
    assert (back.of, back.state) == (said, State.RETRACTED)
    ledger.end(said, 9.0)
    assert ledger.drain() == ()


def test_an_end_is_never_before_its_start_and_unknown_ends_are_nothing():
    ledger = new()
    ledger.end("", 3.0)
    ledger.end("no such event", 3.0)
    ledger.retract("no such event")
    assert ledger.drain() == ()
    key = ledger.begin(STOPPED, "t", 3.0)
    ledger.end(key, 1.0)
    (said,) = ledger.drain()
    assert said.end_s == 3.0


def test_said_is_what_the_next_commit_will_say():
    ledger = new()
    ledger.happened(STOPPED, "t", 3.0)
    assert ledger.said == ledger.drain()
    assert ledger.said == ()


@given(st.text(max_size=8), st.floats(0, 1e6), st.text(max_size=8), st.floats(0, 1e6))
def test_ids_tell_subjects_and_times_apart_to_the_millisecond(one, one_s, other, other_s):
    first, second = new().happened(STOPPED, one, one_s), new().happened(STOPPED, other, other_s)
    same = one == other and round(one_s * 1000) == round(other_s * 1000)
    assert (first == second) == same


def test_ids_tell_streams_runs_and_types_apart():
    other = Saying(type=EventType.LOITERING, caption="", confidence=1.0)
    ids = {
        new().happened(STOPPED, "t", 1.0),
        Ledger("s2", "r").happened(STOPPED, "t", 1.0),
        Ledger("s", "r2").happened(STOPPED, "t", 1.0),
        new().happened(other, "t", 1.0),
    }
    assert len(ids) == 4


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12), st.integers(0, 12))
def test_a_stored_ledger_goes_on_equally(moves, cut):
    def played(handed_over):
        ledger, keys, said = new(), {}, []
        for at, (subject, opens) in enumerate(moves):
            if opens and subject not in keys:
                keys[subject] = ledger.begin(STOPPED, subject, float(at))
            elif not opens:
                ledger.end(keys.pop(subject, ""), float(at))
            if at == cut:
                said += ledger.drain()
                if handed_over:
                    state, ledger = ledger.state(), new()
                    ledger.restore(state)
        return said + list(ledger.drain())

    assert played(handed_over=True) == played(handed_over=False)


def test_a_damaged_state_is_refused():
    with pytest.raises(StoreError, match="OpenEvents"):
        new().restore('{"events": {"k": 3}}')


def test_what_stands_is_in_the_smallest_zone_about_its_foot():
    yard = Zone(id="z1", name="yard", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    dock = Zone(id="z2", name="dock", polygon=((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0)))
    ledger = Ledger("s", "r", (yard, dock))
    for box in ((0.6, 0.2, 0.8, 0.7), (0.1, 0.2, 0.2, 0.7)):
        ledger.happened(replace(STOPPED, zone=None, box=box), "t", box[0])
    ledger.happened(replace(STOPPED, zone=None, type=EventType.OBJECT_ENTERED, box=(0.6, 0.2, 0.8, 0.7)), "t", 3.0)
    assert [said.zone for said in ledger.drain()] == ["dock", "yard", None]
