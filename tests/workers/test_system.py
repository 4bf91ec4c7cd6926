"""The stream `system`."""

from datetime import UTC, datetime, timedelta
from threading import Thread

from vidette.alerting import Alerts
from vidette.models import EventType, State
from vidette.queries import Events, Filter, StreamOf
from workers.system import ID, NAME, System

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
OFFLINE = EventType.HOST_OFFLINE


def events(pipeline):
    return pipeline.store.read(Events(where=Filter(streams=(NAME,))))


def test_what_goes_on_is_told_once_and_ends(memory):
    pipeline = memory()
    System(pipeline=pipeline).begin(OFFLINE, "3 of 4 cameras", AT)
    System(pipeline=pipeline).begin(OFFLINE, "4 of 4 cameras", AT + timedelta(seconds=5))
    (event,) = events(pipeline)
    assert (event.start, event.state, event.caption) == (AT, State.OPEN, "3 of 4 cameras")
    System(pipeline=memory()).end(OFFLINE, AT + timedelta(seconds=30))  # another process
    System(pipeline=pipeline).end(OFFLINE, AT + timedelta(seconds=40))
    (event,) = events(pipeline)
    assert (event.start, event.end, event.state) == (AT, AT + timedelta(seconds=30), State.CLOSED)
    System(pipeline=pipeline).begin(OFFLINE, "again", AT + timedelta(seconds=60))
    assert [one.state for one in events(pipeline)] == [State.CLOSED, State.OPEN]


def test_the_end_of_what_never_was_leaves_no_trace(memory):
    pipeline = memory()
    System(pipeline=pipeline).end(OFFLINE, AT)
    assert pipeline.store.read(StreamOf(name=ID)) is None


def test_rules_hear_of_it(memory):
    pipeline = memory(rules=[{"id": "net", "when": {"event": "host_offline"}}])
    System(pipeline=pipeline).begin(OFFLINE, "all cameras", datetime.now(UTC))
    (alert,) = pipeline.store.read(Alerts())
    assert (alert.rule, alert.streams) == ("net", (NAME,))


def test_those_who_tell_at_once_take_turns(memory):
    pipeline = memory()
    System(pipeline=pipeline).happened(EventType.STORAGE_LOW, "first", AT)

    def tell(number):
        System(pipeline=pipeline).happened(EventType.STORAGE_LOW, str(number), AT + timedelta(seconds=number))

    threads = [Thread(target=tell, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.caption for one in events(pipeline)] == ["first", "1", "2", "3", "4", "5", "6"]
