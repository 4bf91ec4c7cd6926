"""What every sink does (vidette.ports.AlertSink): told once a message, hostile text tamed, faults said and not raised."""

import contextlib
import io
import json
import sys
import time

import pytest

from rules.addresses import networks_of
from rules.sinks.apprise import AppriseSink
from rules.sinks.console import ConsoleSink
from rules.sinks.jsonl import JsonlSink
from rules.sinks.mqtt import Broker, MqttSink
from rules.sinks.script import ScriptSink
from rules.sinks.webhook import WebhookSink
from tests.mosquitto import broker, free_port, subscriber
from tests.telling import KEY, LOOPBACK, delivery, endpoint
from vidette.ports import AlertSink

KINDS = ("console", "jsonl", "script", "webhook", "apprise", "mqtt")
HOSTILE = 'left\n\x1b[2J\r\x00 "}{" $(touch x) ; \u202e ' + "é漢😀" * 10


@pytest.fixture
def outside(tmp_path, kind):
    with endpoint() as server, contextlib.ExitStack() as stack:
        server.file, server.broker = tmp_path / "out", free_port()
        if kind == "mqtt":
            stack.enter_context(broker(tmp_path, server.broker))
            server.heard = stack.enter_context(subscriber(server.broker))
        server.lines = io.StringIO()
        yield server


def told(kind: str, outside) -> list[str]:
    """The text of each message as it arrived."""
    if kind == "webhook":
        return [json.loads(one.body)["data"]["alert"]["text"] for one in outside.requests]
    if kind == "apprise":
        return [json.loads(one.body)["message"].splitlines()[0] for one in outside.requests]
    if kind == "mqtt":
        return published(outside)
    if kind == "console":
        return outside.lines.getvalue().splitlines()
    lines = outside.file.read_text().splitlines() if outside.file.exists() else []
    return [json.loads(line)["data"]["alert"]["text"] for line in lines]


def published(outside) -> list[str]:
    """The texts of alerts, up to the word that the sink has gone: after that nothing follows."""
    texts = []
    while (one := outside.heard.next()).text != b"offline":
        if one.topic.startswith("vidette/alerts/"):
            texts.append(json.loads(one.text)["data"]["alert"]["text"])
    return texts


def script(code: str, file) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, str(file)]


COPY = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"


def mqtt(port: int) -> MqttSink:
    where = Broker.of(f"mqtt://ops:hunter2@127.0.0.1:{port}", allow=networks_of(LOOPBACK), timeout_s=20)
    return MqttSink("ops", where)


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture
def sink(kind, outside) -> AlertSink:
    match kind:
        case "console":
            return ConsoleSink("ops", out=outside.lines)
        case "jsonl":
            return JsonlSink("ops", outside.file)
        case "script":
            return ScriptSink("ops", script(COPY, outside.file), timeout_s=20)
        case "apprise":
            url = f"json://ops:hunter2@127.0.0.1:{outside.port}/hunter2"
            return AppriseSink("ops", url, timeout_s=60, allow=LOOPBACK)
        case "mqtt":
            return mqtt(outside.broker)
        case _:
            allow = networks_of(LOOPBACK)
            return WebhookSink("ops", outside.url + "?token=hunter2", [KEY], timeout_s=20, allow=allow)


@pytest.fixture
def broken(kind, outside, tmp_path) -> AlertSink:
    match kind:
        case "console":
            closed = io.StringIO()
            closed.close()
            return ConsoleSink("ops", out=closed)
        case "jsonl":
            return JsonlSink("ops", tmp_path)
        case "apprise":
            outside.answers = [(500, {}, b"no\nluck" * 1000)]
            return AppriseSink("ops", f"json://127.0.0.1:{outside.port}/", timeout_s=60, allow=LOOPBACK)
        case "mqtt":
            return mqtt(free_port())
        case "script":
            return ScriptSink("ops", script("import sys; print('no\\nluck'); sys.exit(3)", "x"), timeout_s=20)
        case _:
            outside.answers = [(500, {}, b"no\nluck" * 1000)]
            return WebhookSink("ops", outside.url, [KEY], timeout_s=20, allow=networks_of(LOOPBACK))


def test_a_message_arrives_once(kind, sink, outside):
    assert sink.send(delivery()).ok
    sink.close()
    (line,) = told(kind, outside)
    assert "a bag was left at the gate (1)" in line


def test_messages_arrive_in_the_order_in_which_they_are_sent(kind, sink, outside):
    for number in range(3):
        assert sink.send(delivery(number)).ok
    sink.close()
    assert [f"({number})" in line for number, line in enumerate(told(kind, outside))] == [True] * 3


def test_hostile_text_stays_one_line_and_whole_where_it_is_data(kind, sink, outside):
    assert sink.send(delivery(text=HOSTILE)).ok
    sink.close()
    (line,) = told(kind, outside)
    if kind in ("console", "apprise"):  # what people read
        assert line.isprintable()
    else:
        assert line == HOSTILE


def test_it_says_where_it_is_without_secrets(sink):
    assert sink.id == "ops"
    assert sink.address
    assert "hunter2" not in sink.address


def test_a_fault_is_said_in_one_bounded_line_and_may_be_tried_again(broken):
    sent = broken.send(delivery())
    assert not sent.ok
    assert sent.again
    assert sent.error.isprintable()
    assert 0 < len(sent.error) < 700


def test_a_closed_sink_does_not_hold_up(kind, sink):
    sink.close()
    began = time.monotonic()
    sink.send(delivery())
    sink.close()
    assert time.monotonic() - began < 15  # its own limit is 20 s
