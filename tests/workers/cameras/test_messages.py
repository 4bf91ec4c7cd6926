"""What goes between a camera's process and its supervisor."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidette import codec
from vidette.errors import StoreError
from vidette.feeds import Cause, FeedState
from vidette.models import Commit, FastState
from vidette.settings import Settings
from vidette.signals import Loss
from vidette.streams import Stream
from workers.cameras.messages import Alive, CameraJob, Inbox, Network, command_of, line_of, said_of, write

AT = datetime(2026, 5, 1, tzinfo=UTC)
LOSS = Loss(since_s=3.0, state=FastState.OFFLINE, cause=Cause.REFUSED)
SETTINGS = Settings.model_validate(
    {
        "streams": [
            {"name": "door", "source": "rtsp://h/1", "password": "hunter2", "active": {"from": "08:00", "to": "18:00"}},
            {"name": "yard", "source": "rtsp://h/2", "password": "swordfish"},
        ],
        "sinks": [{"id": "ops", "kind": "webhook", "url": "https://x.test", "secret": "whsec_QUJD"}],
        "rules": [{"id": "any", "when": {"event": "fire"}}],
    }
)


def alive(fps: float, loss: Loss | None = None) -> Alive:
    return Alive(feed=FeedState(at=AT, since=AT, state="watching", fps=fps), loss=loss)


@given(st.lists(st.tuples(st.floats(0, 60), st.booleans()), max_size=6), st.lists(st.integers(1, 200)))
def test_messages_come_whole_whatever_the_pieces(said, pieces):
    messages = [alive(fps, LOSS if lost else None) for fps, lost in said]
    wire = io.BytesIO()
    for message in messages:
        write(wire, message)
    data, inbox, heard = wire.getvalue(), Inbox(), []
    for size in [*pieces, len(data)]:
        heard += inbox.take(data[:size])
        data = data[size:]
    assert heard == messages


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\2{}", b"\0\0\0\1\xff"])
def test_what_is_no_message_is_refused(data):
    with pytest.raises(StoreError):
        Inbox().take(data)


def test_a_job_is_one_line_with_all_that_was_in_it():
    stream = Stream(id="i", name="door", kind="live", uri="rtsp://h/1", start=AT)
    commit = Commit(stream_id="i", sequence=3, watermark_s=4.5, carry=bytes(range(256)), final=False, run_id="r")
    job = CameraJob(said=said_of(SETTINGS, "door", Path("/m")), stream=stream, commit=commit, gap=LOSS, deep=True)
    line = line_of(job)
    assert line.count(b"\n") == 1
    assert codec.decode(CameraJob, line) == job
    settings = job.settings
    assert (settings.streams, settings.media) == (SETTINGS.streams[:1], "/m")


def test_a_process_gets_no_secrets_but_its_own():
    text = repr(said_of(SETTINGS, "door", Path("/m")))
    assert "hunter2" in text
    assert "swordfish" not in text
    assert "whsec" not in text


def test_what_a_process_does_not_work_by_makes_no_difference():
    other = SETTINGS.model_copy(
        update={"rules": [], "sinks": [], "metrics": "127.0.0.1:9100", "streams": SETTINGS.streams[:1]}
    )
    assert said_of(other, "door", Path("/m")) == said_of(SETTINGS, "door", Path("/m"))
    changed = SETTINGS.model_copy(update={"sample": "2"})
    assert said_of(changed, "door", Path("/m")) != said_of(SETTINGS, "door", Path("/m"))


def test_commands_are_lines():
    assert command_of(line_of(Network(lost=True))) == Network(lost=True)
    with pytest.raises(StoreError):
        command_of(b"{}\n")
