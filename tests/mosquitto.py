"""A real MQTT broker (mosquitto) while a test needs it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 20.0


@dataclass
class Heard:
    """What a subscriber is told."""

    topic: str
    text: bytes
    retained: bool


@dataclass
class Subscriber:
    """Hears everything."""

    messages: "Queue[Heard]" = field(default_factory=Queue)

    def next(self) -> Heard:
        return self.messages.get(timeout=PATIENCE_S)


def program() -> str:
    """Where mosquitto is; skips where it is not, unless everything is to run."""
    found = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("VIDETTE_REQUIRE_ALL") == "1":
            pytest.fail("mosquitto is not installed")
        pytest.skip("mosquitto is not installed")
    return found


def free_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return int(reserved.getsockname()[1])


@contextmanager
def broker(folder: Path, port: int, *lines: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A broker on loopback, until the end."""
    conf = folder / "mosquitto.conf"
    rest = lines or ("allow_anonymous true",)
    conf.write_text("\n".join((f"listener {port} 127.0.0.1", "persistence false", "user root", *rest)) + "\n")
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen([program(), "-c", str(conf)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "mosquitto.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)


@contextmanager
def subscriber(port: int, user: str = "", password: str = "") -> Iterator[Subscriber]:
    """Somebody who has subscribed to everything, with QoS 1."""
    heard, ready = Subscriber(), Queue[int]()
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _d, one: heard.messages.put(Heard(one.topic, one.payload, one.retain))
    client.on_subscribe = lambda *_: ready.put(1)
    client.on_connect = lambda c, *_: c.subscribe("#", qos=1)
    if user:
        client.username_pw_set(user, password)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        ready.get(timeout=PATIENCE_S)
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()
