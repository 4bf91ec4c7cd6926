"""The MQTT sink against a real broker."""

import json
import signal
import socket
import subprocess
import threading

import pytest

from rules.addresses import networks_of
from rules.sinks.composing import Composer
from rules.sinks.mqtt import Broker, MqttSink
from rules.sinks.template import Template
from tests.mosquitto import broker, free_port, program, subscriber
from tests.telling import LOOPBACK, check_body, delivery
from vidette.errors import ConfigError


@pytest.fixture
def port() -> int:
    return free_port()


def sink(port: int, *, who: str = "", timeout_s: float = 10.0, allow=LOOPBACK, **more) -> MqttSink:
    where = Broker.of(f"mqtt://{who}127.0.0.1:{port}", allow=networks_of(allow), timeout_s=timeout_s)
    return MqttSink("ops", where, **more)


def test_a_message_is_published_and_home_assistant_is_told_of_its_rule(port, tmp_path):
    with broker(tmp_path, port), subscriber(port) as heard:
        ops = sink(port)
        assert ops.send(delivery()).ok
        told = {one.topic: one for one in (heard.next() for _ in range(3))}
        assert told["vidette/availability"].text == b"online"
        message = json.loads(told["vidette/alerts/bag-left"].text)
        check_body(message)
        assert message["data"]["alert"]["id"] == delivery().message.id
        found = json.loads(told["homeassistant/event/vidette_ops/bag-left/config"].text)
        assert found["state_topic"] == "vidette/alerts/bag-left"
        assert found["availability_topic"] == "vidette/availability"
        assert "raised" in found["event_types"]
        assert ops.send(delivery(2)).ok
        assert heard.next().topic == "vidette/alerts/bag-left"  # told of the rule once
        ops.close()
        last = heard.next()
        assert (last.topic, last.text) == ("vidette/availability", b"offline")


def test_who_comes_later_learns_of_availability_and_rules_and_not_of_old_alerts(port, tmp_path):
    with broker(tmp_path, port):
        ops = sink(port)
        assert ops.send(delivery()).ok
        with subscriber(port) as heard:
            kept = {one.topic: one for one in (heard.next(), heard.next())}
            assert all(one.retained for one in kept.values())
            assert kept["vidette/availability"].text == b"online"
            assert "homeassistant/event/vidette_ops/bag-left/config" in kept
            assert ops.send(delivery(2)).ok
            assert not heard.next().retained
        ops.close()


def test_the_broker_says_that_we_are_gone_when_we_are_killed(port, tmp_path):
    code = (
        "import sys; from rules.addresses import networks_of; from rules.sinks.mqtt import Broker, MqttSink\n"
        "from tests.telling import delivery\n"
        "sink = MqttSink('ops', Broker.of(sys.argv[1], allow=networks_of(['127.0.0.0/8'])))\n"
        "assert sink.send(delivery()).ok\nprint('sent', flush=True)\nsys.stdin.read()"
    )
    with broker(tmp_path, port), subscriber(port) as heard:
        import sys

        command = [sys.executable, "-c", code, f"mqtt://127.0.0.1:{port}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"sent\n"
            process.send_signal(signal.SIGKILL)
        told = [heard.next() for _ in range(4)]
    assert (told[-1].topic, told[-1].text) == ("vidette/availability", b"offline")


def test_a_broker_that_comes_back_has_what_follows(port, tmp_path):
    ops = sink(port)
    with broker(tmp_path, port):
        assert ops.send(delivery()).ok
    sent = ops.send(delivery(2))
    assert not sent.ok
    assert sent.again
    with broker(tmp_path, port), subscriber(port) as heard:
        assert ops.send(delivery(2)).ok
        topics = {heard.next().topic for _ in range(3)}
        assert "vidette/alerts/bag-left" in topics
        ops.close()


def test_user_and_password_are_given_and_never_shown(port, tmp_path):
    passwords = tmp_path / "passwords"
    tool = program().replace("/sbin/", "/bin/") + "_passwd"
    subprocess.run([tool, "-b", "-c", str(passwords), "ops", "hunter2:@/"], check=True)
    passwords.chmod(0o644)
    with broker(tmp_path, port, "allow_anonymous false", f"password_file {passwords}"):
        good = sink(port, who="ops:hunter2%3A%40%2F@")
        assert good.send(delivery()).ok
        assert "hunter2" not in good.address
        good.close()
        for who in ("", "ops:wrong@"):
            bad = sink(port, who=who)
            sent = bad.send(delivery())
            assert not sent.ok
            assert "ot authori" in sent.error
            assert "wrong" not in sent.error


def test_a_broker_that_says_nothing_ends_with_the_time_of_the_try(port):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", port))
        listening.listen()
        sent = sink(port, timeout_s=0.5).send(delivery())
    assert not sent.ok
    assert "0.5 s" in sent.error


def test_private_addresses_are_refused_unless_they_are_named(port):
    sent = sink(port, allow=[]).send(delivery())
    assert not sent.ok
    assert "loopback" in sent.error


def test_one_of_two_processes_that_leaves_does_not_say_that_the_other_is_gone(port, tmp_path):
    with broker(tmp_path, port):
        first, second = sink(port), sink(port)
        assert first.send(delivery(1)).ok
        assert second.send(delivery(2)).ok
        with subscriber(port) as heard:
            assert {heard.next().text for _ in range(2)} >= {b"online"}
            first.close()
            said = [heard.next() for _ in range(2)]
            assert [one.text for one in said] == [b"offline", b"online"]
            second.close()
            assert heard.next().text == b"offline"


def test_a_template_makes_the_message_and_home_assistant_is_not_told(port, tmp_path):
    with broker(tmp_path, port), subscriber(port) as heard:
        ops = sink(port, compose=Composer(template=Template("{{ alert.text }}")))
        assert ops.send(delivery()).ok
        told = [heard.next(), heard.next()]
        assert [one.topic for one in told] == ["vidette/availability", "vidette/alerts/bag-left"]
        assert told[1].text == b"a bag was left at the gate (1)"
        ops.close()


def test_a_rule_names_no_topic_of_others(port, tmp_path):
    with broker(tmp_path, port), subscriber(port) as heard:
        ops = sink(port, discovery="")
        assert ops.send(delivery(rule="../#/+/x")).ok
        assert {heard.next().topic for _ in range(2)} == {"vidette/availability", "vidette/alerts/_______x"}
        ops.close()


def test_closing_ends_a_try_that_waits(port):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", port))
        listening.listen()
        ops = sink(port, timeout_s=3)
        thread = threading.Thread(target=ops.send, args=(delivery(),))
        thread.start()
        ops.close()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("url", ["", "mqtt://", "http://x.test", "mqtt://u:hunter2@/", "mqtt://u:hunter2@x:99999", "x"])
def test_what_is_no_url_of_a_broker_is_refused_without_its_password(url):
    with pytest.raises(ConfigError, match="mqtts://user:password@host") as caught:
        Broker.of(url)
    assert "hunter2" not in str(caught.value)


def test_ports_are_those_of_mqtt_where_none_is_given():
    assert Broker.of("mqtt://x.test").target.port == 1883
    assert Broker.of("mqtts://u:p@x.test").target.port == 8883
    assert Broker.of("mqtts://u:p@[2001:db8::1]:99").address == "mqtts://[2001:db8::1]:99"
