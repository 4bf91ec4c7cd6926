import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.addresses import networks_of
from rules.signing import verify
from rules.sinks.webhook import WebhookSink, retry_after_s
from tests.telling import KEY, LOOPBACK, delivery, endpoint
from vidette.errors import ConfigError

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def sink(url: str, *, keys=(KEY,), timeout_s: float = 20, allow=LOOPBACK, **more) -> WebhookSink:
    return WebhookSink("ops", url, keys, timeout_s=timeout_s, allow=networks_of(allow), **more)


def test_both_secrets_sign_while_receivers_change(monkeypatch):
    old = b"o" * 32
    with endpoint() as server:
        assert sink(server.url, keys=(KEY, old)).send(delivery()).ok
    headers, text = server.requests[0].headers, server.requests[0].body
    for key in (KEY, old):
        verify(
            [key],
            headers["webhook-id"],
            headers["webhook-timestamp"],
            headers["webhook-signature"],
            text,
            now=time.time(),
        )
    assert headers["webhook-signature"].count("v1,") == 2
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(code):
    with endpoint(code) as server:
        assert sink(server.url).send(delivery()).ok


@pytest.mark.parametrize("code", [300, 304, 400, 401, 404, 429, 500, 503, 599])
def test_anything_else_is_tried_again(code):
    with endpoint((code, {}, b"")) as server:
        sent = sink(server.url).send(delivery())
    assert (sent.ok, sent.again, sent.gone, sent.code) == (False, True, False, code)


def test_410_wants_no_more():
    with endpoint(410) as server:
        sent = sink(server.url).send(delivery())
    assert (sent.ok, sent.gone) == (False, True)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(code):
    with endpoint() as other, endpoint((code, {"Location": other.url}, b"")) as server:
        sent = sink(server.url).send(delivery())
    assert (sent.ok, sent.code) == (False, code)
    assert "redirects are not followed" in sent.error
    assert other.requests == []


def test_what_a_refusal_says_is_quoted_briefly_in_one_safe_line():
    with endpoint((500, {}, b"\x1b[2Jno\r\n" * 5000)) as server:
        sent = sink(server.url).send(delivery())
    assert sent.error.startswith("HTTP 500: ")
    assert sent.error.isprintable()
    assert len(sent.error) < 250


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    with endpoint() as proxy, endpoint() as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert sink(server.url).send(delivery()).ok
    assert proxy.requests == []


def drip(text: bytes):
    """Answers byte by byte, each well within a socket's own time-out."""

    def answer(handler) -> None:
        try:
            for byte in text * 1000:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                if stop.wait(0.05):
                    return
        except OSError:
            return

    stop = threading.Event()
    return answer, stop


@pytest.mark.parametrize(
    "text", [b"HTTP/1.0 ", b"HTTP/1.0 200 OK\r\nX-A: b\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n"]
)
def test_a_slow_answer_ends_with_the_time_of_the_try(text):
    answer, stop = drip(text)
    with endpoint(answer) as server:
        began = time.monotonic()
        sent = sink(server.url, timeout_s=1).send(delivery())
        assert time.monotonic() - began < 8
        stop.set()
    assert not sent.ok


def test_a_slow_refusal_is_still_a_refusal():
    def answer(handler) -> None:
        handler.send_response(503)
        handler.send_header("Retry-After", "7")
        handler.end_headers()
        handler.wfile.write(b"wait")
        handler.wfile.flush()
        stop.wait(20)

    stop = threading.Event()
    with endpoint(answer) as server:
        sent = sink(server.url, timeout_s=1).send(delivery())
        stop.set()
    assert (sent.code, sent.after_s) == (503, 7)


def test_an_endless_answer_is_not_read():
    def answer(handler) -> None:
        try:
            handler.send_response(200)
            handler.end_headers()
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            return

    with endpoint(answer) as server:
        assert sink(server.url).send(delivery()).ok


def test_endless_headers_are_not_read():
    def answer(handler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
            while True:
                handler.wfile.write(b"X-Header: " + b"x" * 60_000 + b"\r\n")
        except OSError:
            return

    with endpoint(answer) as server:
        assert not sink(server.url).send(delivery()).ok


@pytest.mark.parametrize("text", [b"", b"garbage\r\n\r\n", b"HTTP/1.0 999999 x\r\n\r\n", b"\x16\x03\x01\x02\x00"])
def test_garbage_is_a_failure(text):
    with endpoint(lambda handler: handler.wfile.write(text)) as server:
        sent = sink(server.url, timeout_s=5).send(delivery())
    assert not sent.ok
    assert sent.error.isprintable()


def test_a_private_address_is_refused_unless_it_is_named():
    with endpoint() as server:
        sent = sink(server.url, allow=["10.0.0.0/8"]).send(delivery())
        assert "127.0.0.1, a loopback address; name its network in `allow_networks`" in sent.error
        assert not sent.ok
        assert server.requests == []


def test_a_name_that_is_rebound_reaches_only_what_was_checked():
    """The name is looked up once a try, and the address that was checked is the one connected to."""
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    with endpoint() as server:
        url = f"http://rebound.test:{server.port}/"
        assert sink(url, resolve=rebinding).send(delivery()).ok
        assert asked == ["rebound.test"]
        assert server.requests[0].headers["host"] == f"rebound.test:{server.port}"
        sent = sink(url, resolve=rebinding).send(delivery(2))
    assert "169.254.169.254, a cloud metadata address" in sent.error
    assert len(server.requests) == 1


def test_one_forbidden_address_among_others_refuses_the_name():
    with endpoint() as server:
        url = f"http://mixed.test:{server.port}/"
        sent = sink(url, resolve=lambda *_: ["127.0.0.1", "10.0.0.1"]).send(delivery())
    assert "10.0.0.1" in sent.error
    assert server.requests == []


def test_the_next_address_is_tried_where_one_refuses():
    with endpoint() as server:
        url = f"http://two.test:{server.port}/"
        assert sink(url, allow=[*LOOPBACK, "::1"], resolve=lambda *_: ["::1", "127.0.0.1"]).send(delivery()).ok


@pytest.mark.parametrize("url", ["ftp://x.test/", "http://u:hunter2@x.test/", "nonsense", "http://x.test/\r\nA: b"])
def test_what_cannot_be_posted_to_is_a_mistake_in_the_settings(url):
    with pytest.raises(ConfigError) as caught:
        sink(url)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_retry_after_is_seconds_or_nothing(header):
    found = retry_after_s(header, NOW)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120), (" 0 ", 0), ("-1", None), ("1.5", None), ("", None), ("soon", None), ("9" * 400, 999_999_999_999),
        ((NOW + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 90),
        ((NOW - timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", pytest.approx(2.5e11, rel=0.1)),
    ],
)  # fmt: skip
def test_retry_after(header, seconds):
    assert retry_after_s(header, NOW) == seconds


def openssl(*args: str, folder) -> None:
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate authority of our own, and a certificate of `hook.test`."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not on this machine")
    folder = tmp_path_factory.mktemp("tls")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        "req",
        "-x509",
        *key,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=Test authority",
        "-days",
        "2",
        folder=folder,
    )
    (folder / "ext").write_text("subjectAltName=DNS:hook.test\n")
    openssl("req", *key, "-keyout", "hook.key", "-out", "hook.csr", "-subj", "/CN=hook.test", folder=folder)
    openssl(
        "x509", "-req", "-in", "hook.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "hook.pem",
        "-days", "2", "-extfile", "ext", folder=folder,
    )  # fmt: skip
    return folder


@pytest.fixture
def secure(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "hook.pem", certificates / "hook.key")
    with endpoint(context=context) as server:
        yield server


def posted(server, host: str) -> "object":
    return sink(f"https://{host}:{server.port}/x", timeout_s=5, resolve=lambda *_: ["127.0.0.1"]).send(delivery())


def test_tls_is_verified_against_the_host_name_though_the_address_is_connected_to(secure, certificates, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    assert posted(secure, "hook.test").ok
    assert json.loads(secure.requests[0].body)["data"]["alert"]["id"] == delivery().message.id
    other = posted(secure, "other.test")
    assert not other.ok
    assert "certificate is not trusted" in other.error
    assert "other.test" in other.error
    assert len(secure.requests) == 1


def test_messages_share_a_handshake_where_the_other_side_keeps_the_connection(certificates, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "hook.pem", certificates / "hook.key")
    with endpoint(context=context, keeps=True) as server:
        ops = sink(f"https://hook.test:{server.port}/x", resolve=lambda *_: ["127.0.0.1"])
        assert all(ops.send(delivery(number)).ok for number in range(4))
        ops.close()
    assert len({one.peer for one in server.requests}) == 1


def test_a_certificate_of_an_unknown_authority_is_refused(secure):
    sent = posted(secure, "hook.test")
    assert not sent.ok
    assert "certificate is not trusted" in sent.error
    assert secure.requests == []


def test_a_name_that_is_looked_up_too_long_is_not_posted_to_afterwards():
    def resolve(host, port):
        threading.Event().wait(0.6)
        return ["127.0.0.1"]

    with endpoint() as server:
        sent = sink(server.url, timeout_s=0.2, resolve=resolve).send(delivery())
    assert "no answer within 0.2 s" in sent.error
    assert server.requests == []


def test_a_server_that_never_finishes_the_handshake_is_cut_off():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        url = f"https://hook.test:{silent.getsockname()[1]}/"
        sent = sink(url, timeout_s=1, resolve=lambda *_: ["127.0.0.1"]).send(delivery())
        assert time.monotonic() - began < 8
    assert "no answer within 1 s" in sent.error
