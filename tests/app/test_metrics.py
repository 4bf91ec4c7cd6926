"""Metrics as Prometheus gets them: scraped over HTTP, read by its own parsers."""

import logging
import os
import re
import socket
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families

from app import cli, metrics_page
from app.metrics_page import address_of, serving
from graph.embedded import EmbeddedStore
from tests.app.test_cameras import settled
from vidette.alerts import Alert, AlertState, Change, Delivery, DeliveryStatus, Judgement, Severity
from vidette.errors import ConfigError
from vidette.feeds import Cause, FeedState
from vidette.models import FastState

PATIENCE_S = 20
NASTY = 'gate "1"\\ {x}\n\x1b[2J # é😀'


@pytest.fixture
def store():
    with closing(EmbeddedStore(":memory:")) as opened:
        yield opened


@contextmanager
def page(store, caplog, *streams, address="127.0.0.1:0"):
    """Where its metrics are."""
    with caplog.at_level(logging.INFO, "app.metrics_page"), serving(address, store.read) as show:
        show(streams)
        yield re.search(r"http://\S+", caplog.messages[-1])[0]


def got(url, accept="text/plain"):
    with urlopen(Request(url, headers={"Accept": accept}), timeout=PATIENCE_S) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


def samples(families):
    return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


def scraped(url):
    return samples(text_string_to_metric_families(got(url)[0]))


def now():
    return datetime.now(UTC)


def feed(**more):
    given_ = {"at": now(), "since": now() - timedelta(minutes=5), "state": "watching", "fps": 25.0, "looked_fps": 5.0}
    counted = {"arrived": 1000, "frames": 200, "damaged": 3, "reconnects": {"refused": 2, "stalled": 1}, "restarts": 4}
    seen = {"dropped": {"backlog": 7}, "gops_full": 30, "gops_idle": 60, "gops_audited": 10, "gops_missed": 1}
    rest = {"delay_s": 0.25, "clock_s": -0.5, "queue": 6, "rss_bytes": 10**8, "last_frame_at": now()}
    return FeedState(**{**given_, **counted, **seen, **rest, **more})


def watched(store, name, state):
    settled(store, name, [(0.0, 60.0, FastState.WATCHED)], state)


def test_a_camera_is_told_by_its_name_alone(store, caplog):
    watched(store, NASTY, feed())
    with page(store, caplog, NASTY) as url:
        told = scraped(url)
        text = got(url)[0]
    name = ("stream", NASTY)
    assert told["vidette_frames_arrived_total", name] == 1000
    assert told["vidette_frames_looked_total", name] == 200
    assert told["vidette_frames_damaged_total", name] == 3
    assert told["vidette_reconnects_total", ("cause", "refused"), name] == 2
    assert told["vidette_reconnects_total", ("cause", "stalled"), name] == 1
    assert told["vidette_dropped_packets_total", ("cause", "backlog"), name] == 7
    assert told["vidette_restarts_total", name] == 4
    assert told["vidette_delay_seconds", name] == 0.25
    assert told["vidette_clock_offset_seconds", name] == -0.5
    assert told["vidette_queue_packets", name] == 6
    assert told["vidette_camera_memory_bytes", name] == 10**8
    assert told["vidette_frames_per_second", name] == 25
    assert told["vidette_gate_open_ratio", name] == 0.3
    assert told["vidette_gate_missed_ratio", name] == 0.1
    assert told["vidette_gate_missed_ratio_low", name] < 0.1 < told["vidette_gate_missed_ratio_high", name]
    assert told["vidette_camera_state", ("state", "watching"), name] == 1
    assert told["vidette_camera_state", ("state", "lost"), name] == 0
    assert told["vidette_last_frame_timestamp_seconds", name] == pytest.approx(now().timestamp(), abs=PATIENCE_S)
    assert told["vidette_memory_readable",] == 1
    assert "rtsp://" not in text


def test_only_cameras_of_this_watch_are_told_and_those_that_came_and_went(store, caplog):
    for name in ("door", "yard"):
        watched(store, name, feed())
    with caplog.at_level(logging.INFO, "app.metrics_page"), serving("127.0.0.1:0", store.read) as show:
        url = re.search(r"http://\S+", caplog.messages[-1])[0]
        for names in ((), ("door",), ("door", "yard"), ("yard",)):
            show(names)
            told = scraped(url)
            assert {dict(key[1:])["stream"] for key in told if key[0] == "vidette_frames_looked_total"} == set(names)


def test_of_one_that_is_not_watched_now_nothing_is_told_but_counters_and_that(store, caplog):
    watched(store, "door", feed(at=now() - timedelta(minutes=1), cause=Cause.STALLED))
    with page(store, caplog, "door", "never heard of") as url:
        told = scraped(url)
    for name in ("door", "never heard of"):
        assert told["vidette_camera_state", ("state", "not_running"), ("stream", name)] == 1
    door = ("stream", "door")
    assert told["vidette_frames_looked_total", door] == 200
    assert ("vidette_frames_per_second", door) not in told
    assert ("vidette_delay_seconds", door) not in told
    assert ("vidette_frames_looked_total", ("stream", "never heard of")) not in told


def test_deliveries_and_alerts_are_counted(store, caplog):
    def alert(number, state=AlertState.OPEN):
        said = {
            "rule": "r",
            "rule_version": "1",
            "change": Change.RAISED,
            "sequence": 0,
            "streams": (),
            "severity": Severity.HIGH,
        }
        return Alert(
            id=f"a{number}", state=state, at=now(), raised_at=now(), incident="i", events=(), text="", why=(), **said
        )

    alerts = tuple(map(alert, range(3)))
    statuses = (DeliveryStatus.PENDING, DeliveryStatus.SENDING, DeliveryStatus.DEAD)
    sent = tuple(
        Delivery(id=one.id, sink="ops", message=one, status=status, next_at=now())
        for one, status in zip(alerts, statuses, strict=True)
    )
    store.amend(lambda _: Judgement(alerts=alerts, deliveries=sent))
    with page(store, caplog) as url:
        told = scraped(url)
    assert told["vidette_deliveries", ("sink", "ops"), ("status", "waiting")] == 2
    assert told["vidette_deliveries", ("sink", "ops"), ("status", "dead")] == 1
    assert told["vidette_alerts", ("severity", "high"), ("state", "open")] == 3


def test_both_formats_say_the_same(store, caplog):
    watched(store, NASTY, feed())
    with page(store, caplog, NASTY) as url:
        plain = {key: value for key, value in scraped(url).items() if not key[0].startswith("vidette_watch_")}
        text, kind = got(url, "application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert samples(open_families(text)).items() >= plain.items()


def test_memory_that_cannot_be_read_is_told_and_the_page_stays(tmp_path, caplog):
    with closing(EmbeddedStore(tmp_path / "v.db")) as store:
        watched(store, "door", feed())
        with page(store, caplog, "door") as url:
            assert scraped(url)["vidette_memory_readable",] == 1
            with closing(sqlite3.connect(tmp_path / "v.db", isolation_level=None)) as other:
                other.execute("UPDATE feeds SET body_json = 'nonsense'")
            told = scraped(url)
            assert told["vidette_memory_readable",] == 0
            assert not any(key[0] == "vidette_frames_looked_total" for key in told)


def test_scrapes_leave_nothing_open(tmp_path, caplog):
    with closing(EmbeddedStore(tmp_path / "v.db")) as store:
        watched(store, "door", feed())
        with page(store, caplog, "door") as url:
            scraped(url)
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(20):
                scraped(url)
            assert len(os.listdir("/proc/self/fd")) < before + 10


def test_there_is_nothing_else_there(store, caplog):
    with page(store, caplog) as url:
        assert url.startswith("http://127.0.0.1:")
        for path in ("", "/metrics/", "/metrics/../x", "/x?/metrics"):
            with pytest.raises(HTTPError, match="404"):
                got(url.removesuffix("/metrics") + path)
        assert got(url + "?x=1")[0].startswith("# HELP")
        with pytest.raises(HTTPError, match="501"):
            urlopen(Request(url, method="DELETE"), timeout=PATIENCE_S)


def test_clients_that_hold_on_hold_up_nobody(store, caplog, monkeypatch):
    monkeypatch.setattr(metrics_page._Page, "timeout", 0.2)
    with page(store, caplog) as url:
        port = int(url.split(":")[2].split("/")[0])
        held = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) for _ in range(20)]
        held[0].sendall(b"GET /met")
        held[1].sendall(b"\x16\x03\x01" + b"\xff" * 200_000)
        assert scraped(url)["vidette_memory_readable",] == 1
        assert held[5].recv(1) == b""  # let go of
        for one in held:
            one.close()


def test_nothing_is_served_where_nothing_is_said(store):
    with serving("", store.read) as show:
        show(["door"])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("localhost:1", ("localhost", 1)),
        ("0.0.0.0:9464", ("0.0.0.0", 9464)),
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_addresses(text, address):
    assert address_of(text) == address


@pytest.mark.parametrize(
    "text", ["x", "host", "host:", "host:99999", "::1:9464", "http://host:1", "a b:1", "host:١", "host:-1"]
)
def test_what_is_no_address_is_said(text):
    with pytest.raises(ConfigError, match="write `host:port`"):
        address_of(text)


@given(st.text(max_size=30))
def test_no_text_breaks_it(text):
    try:
        host, port = address_of(text)
    except ConfigError as error:
        assert "\n" not in str(error)
    else:
        assert host
        assert 0 <= port < 65_536


@pytest.mark.parametrize("address", ["203.0.113.7:9464", "no-such-host.invalid:1"])
def test_an_address_that_is_not_ours_is_said(store, address):
    with pytest.raises(ConfigError, match="metrics cannot be served at") as caught, serving(address, store.read):
        pass
    assert address in str(caught.value)


def test_a_port_that_is_taken_is_one_line(tmp_path, street, capsys):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code = cli.main(["watch", str(street), "--db", str(tmp_path / "v.db"), "--metrics", address])
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err == f"error: metrics cannot be served at '{address}': Address already in use; name another address\n"
