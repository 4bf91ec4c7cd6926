"""Settling reads what is near, however much there is: SQLite's instructions are counted, not time."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from graph.embedded import EmbeddedStore
from vidette.models import Assertion, EventType, Label, Observation, Role, Run, Track
from vidette.streams import Stream

FAST, DEEP = Run(id="fast", model="fast", revision="1"), Run(id="deep", model="vlm", revision="1")
YARD = Stream(id="yard", name="yard", kind="live", uri="x", start=datetime(2026, 3, 1, tzinfo=UTC))


def settle_both(store: EmbeddedStore, number: int) -> None:
    """A fast observation of half a minute, and a deep look at it that supports its event and founds another."""
    start = number * 30.0
    track = Track(
        id=f"t{number}", stream_id="yard", label=Label.PERSON, start_s=start, end_s=start + 9, confidence=1, path=()
    )
    entered = Assertion(
        id=f"e{number}",
        stream_id="yard",
        look="fast",
        run_id="fast",
        type=EventType.OBJECT_ENTERED,
        start_s=start,
        end_s=start,
        confidence=0.5,
        caption="a person entered",
        of=f"e{number}",
        roles=(Role(role="subject", track_id=track.id),),
    )
    looked = replace(entered, id=f"d{number}", look="deep", run_id="deep", of=None)
    other = replace(looked, id=f"o{number}", type=EventType.OTHER, end_s=start + 5)
    given = {"stream_id": "yard", "start_s": start, "end_s": start + 30}
    fast = Observation(
        id=f"f{number}", look="fast", run=FAST, sequence=number, tracks=(track,), assertions=(entered,), **given
    )
    store.settle(fast)
    store.settle(Observation(id=f"l{number}", look="deep", run=DEEP, assertions=(looked, other), **given))


def work(store: EmbeddedStore, number: int) -> int:
    """Hundreds of instructions to settle both."""
    ticks = count()
    with store._database.write() as connection:  # in memory there is one
        connection.set_progress_handler(lambda: next(ticks) < 0, 100)
    settle_both(store, number)
    connection.set_progress_handler(None, 0)
    return next(ticks)


def test_settling_takes_no_more_work_the_more_there_is() -> None:
    store = EmbeddedStore(":memory:")
    store.open_stream(YARD)
    for number in range(20):
        settle_both(store, number)
    few = work(store, 20)
    for number in range(21, 400):
        settle_both(store, number)
    many = work(store, 400)
    store.close()
    assert few > 10
    assert many < 1.5 * few
