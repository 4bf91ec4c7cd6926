"""Something that comes in over the edge of a camera's picture is told at once, and better when it is known better."""

from dataclasses import replace

import pytest

from agent.perception.ledger import Ledger
from agent.perception.presence import Presence, Seen
from graph.embedded import EmbeddedStore
from vidette.models import EventType, Label, Observation, Run, State
from vidette.queries import Events, Filter
from vidette.settings import FastSettings
from vidette.streams import Stream

SEEN = Seen(
    number=1, id="t1", label=Label.OBJECT, colour="grey", origin="border", birth_s=2.0, seen_s=2.8, put_s=2.8,
    still_s=0.0, confidence=0.45, path=((2.0, (0.0, 0.4, 0.1, 0.6)), (2.8, (0.2, 0.4, 0.3, 0.6))),
)  # fmt: skip


@pytest.fixture
def stream(start):
    return Stream(id="s", name="s", kind="live", uri="rtsp://x", start=start)


@pytest.fixture
def start():
    from datetime import UTC, datetime

    return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def told(stream, tmp_path):
    """Says things with a presence; -> the events that memory holds after each saying."""
    store, run = EmbeddedStore(tmp_path / "v.db"), Run(id="r", model="m", revision="1")
    store.open_stream(stream)
    ledger = Ledger("s", "r")
    presence = Presence(stream, FastSettings(), ledger, lambda *_: ())

    def after(say):
        say(presence)
        after.sequence += 1
        store.settle(
            Observation(
                id=f"o{after.sequence}", stream_id="s", look="fast", run=run, start_s=0, end_s=3,
                sequence=after.sequence, assertions=ledger.drain(),
            )
        )  # fmt: skip
        return store.read(Events(where=Filter(retracted=True)))

    after.sequence = -1
    yield after
    store.close()


def test_it_is_told_at_once_and_is_one_event_when_it_is_known_better(told):
    (first,) = told(lambda presence: presence.entering(SEEN))
    assert (first.type, first.start_s, first.end_s, first.state) == (EventType.OBJECT_ENTERED, 2.0, 2.0, State.CLOSED)
    assert "grey object" in first.caption
    person = replace(SEEN, label=Label.PERSON, confidence=0.8)
    (second,) = told(lambda presence: presence.entered(person, moved_off=False))
    assert (second.id, second.state, second.start_s) == (first.id, State.CLOSED, 2.0)
    assert "person" in second.caption.lower()
    assert second.confidence == 0.8


def test_it_is_told_once_however_often_it_is_seen_entering(told):
    events = told(lambda presence: [presence.entering(SEEN) for _ in range(3)])
    assert len(events) == 1


def test_what_was_none_is_taken_back(told):
    told(lambda presence: presence.entering(SEEN))
    (event,) = told(lambda presence: presence.strayed(SEEN))
    assert event.state is State.RETRACTED


def test_what_was_not_told_is_not_taken_back(told):
    assert told(lambda presence: presence.strayed(SEEN)) == []
