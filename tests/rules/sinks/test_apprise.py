"""The Apprise sink: a real service of Apprise's (`json://`) that posts to a real server, in its own process."""

import json
import socket
import threading
import time

import pytest

from rules.addresses import networks_of
from rules.sinks.apprise import AppriseSink
from rules.sinks.apprised import Guard, hidden
from rules.sinks.composing import Composer
from rules.sinks.template import Template
from tests.telling import LOOPBACK, alert, delivery, endpoint
from vidette.errors import ConfigError
from vidette.models import Evidence

JPEG = b"\xff\xd8\xff" + b"x" * 5000


def sink(where, *, allow=LOOPBACK, timeout_s: float = 30.0, **more) -> AppriseSink:
    port = where if isinstance(where, int) else where.port
    return AppriseSink("ops", f"json://ops:hunter2@127.0.0.1:{port}/tokenabc", timeout_s=timeout_s, allow=allow, **more)


def test_a_message_arrives_with_its_reasons_links_and_picture():
    compose = Composer(links=lambda one: ["https://media.test/a"])
    with endpoint() as server:
        ops = sink(server, compose=compose, thumbnail=lambda one: JPEG)
        assert ops.send(delivery(evidence=(Evidence(kind="snapshot", sha256="ab" * 32, uri="u", pts_s=1),))).ok
    (request,) = server.requests
    said = json.loads(request.body)
    assert said["title"] == "HIGH: bag-left"
    assert "a bag was left at the gate (1)" in said["message"]
    assert "- it stayed 60 s" in said["message"]
    assert said["message"].endswith("https://media.test/a")
    (picture,) = said["attachments"]
    assert picture["mimetype"] == "image/jpeg"
    assert "hunter2" not in ops.address
    assert "tokenabc" not in ops.address


def test_a_template_makes_the_text():
    with endpoint() as server:
        assert sink(server, compose=Composer(template=Template("{{ alert.rule }}!"))).send(delivery()).ok
    assert json.loads(server.requests[0].body)["message"] == "bag-left!"


def test_a_refusal_is_said_without_what_is_secret_and_tried_again():
    with endpoint((500, {}, b"no tokenabc here")) as server:
        sent = sink(server).send(delivery())
    assert not sent.ok
    assert sent.again
    assert "500" in sent.error
    assert "hunter2" not in sent.error
    assert "tokenabc" not in sent.error


def test_redirects_are_not_followed_whatever_the_url_asks_for():
    with endpoint() as other, endpoint((302, {"Location": other.url}, b"")) as server:
        url = f"json://127.0.0.1:{server.port}/?redirect=yes"
        assert not AppriseSink("ops", url, timeout_s=30, allow=LOOPBACK).send(delivery()).ok
    assert len(server.requests) == 1
    assert other.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "169.254.169.254"])
def test_private_addresses_are_refused_unless_they_are_named(host):
    with endpoint() as server:
        url = f"json://{host}:{server.port}/"
        sent = AppriseSink("ops", url, timeout_s=30, allow=["10.0.0.0/8"]).send(delivery())
    assert not sent.ok
    assert server.requests == []


def test_mail_to_a_private_address_is_refused_too():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0)
        url = f"mailto://user:hunter2@127.0.0.1:{listening.getsockname()[1]}?to=a@b.test&from=c@d.test&mode=insecure"
        sent = AppriseSink("ops", url, timeout_s=30).send(delivery())
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert not sent.ok
    assert "hunter2" not in sent.error


def test_a_service_that_hangs_ends_with_the_time_of_the_try():
    free = threading.Event()
    with endpoint(lambda _: free.wait(60)) as server:
        began = time.monotonic()
        sent = sink(server, timeout_s=2).send(delivery())
        free.set()
    assert not sent.ok
    assert "killed after 2 s" in sent.error
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("url", ["", "hunter2", "/etc/passwd", "j son://x", "://hunter2"])
def test_what_is_no_url_is_refused_without_being_said(url):
    with pytest.raises(ConfigError) as caught:
        AppriseSink("ops", url, timeout_s=5)
    assert "hunter2" not in str(caught.value)


def test_a_kind_that_apprise_does_not_know_is_said():
    sent = AppriseSink("ops", "nosuchservice://hunter2@x", timeout_s=30).send(delivery())
    assert not sent.ok
    assert "does not know" in sent.error


def test_what_is_quoted_hides_every_part_of_the_url():
    said = hidden(
        "POST https://u:secretpw@host.test/tokenabc?key=abcd1234 failed",
        "json://u:secretpw@host.test/tokenabc?key=abcd1234",
    )
    for part in ("secretpw", "tokenabc", "abcd1234"):
        assert part not in said


def test_a_long_alert_fits():
    long = alert(text="é" * 30_000, why=("漢" * 9000,) * 9)
    with endpoint() as server:
        one = delivery()
        ops = sink(server, thumbnail=lambda _: b"\xff" * 12_288)
        from dataclasses import replace

        assert ops.send(replace(one, message=long)).ok
    assert len(json.loads(server.requests[0].body)["message"]) <= 4000


@pytest.mark.parametrize(
    ("event", "given"),
    [
        ("socket.connect", (None, ("127.0.0.1", 80))),
        ("socket.connect", (None, ("::1", 80, 0, 0))),
        ("socket.connect", (None, ("localhost", 80))),
        ("socket.connect", (None, "/run/dbus/system_bus_socket")),
        ("socket.sendto", (None, ("192.168.1.1", 514))),
        ("socket.sendmsg", (None, ("169.254.169.254", 80))),
        ("subprocess.Popen", ("sh", ["sh"], None, None)),
        ("os.system", (b"true",)),
    ],
)
def test_the_guard_refuses_what_leads_nowhere_public(event, given):
    with pytest.raises(PermissionError):
        Guard(networks_of(["10.0.0.0/8"]))(event, given)


@pytest.mark.parametrize(
    ("event", "given"),
    [
        ("socket.connect", (None, ("1.1.1.1", 443))),
        ("socket.connect", (None, ("10.1.2.3", 25))),
        ("socket.sendmsg", (None, None)),
        ("open", ("/etc/hosts", "r", 0)),
    ],
)
def test_the_guard_lets_through_what_is_public_or_named(event, given):
    Guard(networks_of(["10.0.0.0/8"]))(event, given)
