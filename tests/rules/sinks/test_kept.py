"""Connections are used again where that is safe, and never again where it is not."""

import http.client
import threading

import pytest

from rules.addresses import networks_of
from rules.sinks.kept import AGE_S, IDLE_S, Kept
from rules.sinks.webhook import WebhookSink
from tests.telling import KEY, LOOPBACK, delivery, endpoint


def sink(url: str, **more) -> WebhookSink:
    return WebhookSink("ops", url, [KEY], **({"timeout_s": 20, "allow": networks_of(LOOPBACK)} | more))


def peers(server) -> list[int]:
    return [one.peer for one in server.requests]


def test_messages_share_a_connection_that_the_other_side_keeps():
    asked = []

    def resolve(host, port):
        asked.append(host)
        return ["127.0.0.1"]

    with endpoint((200, {}, b"thanks"), 204, (500, {}, b"no"), (503, {}, b"x" * 400), 200, keeps=True) as server:
        ops = sink(server.url, resolve=resolve)
        assert [ops.send(delivery(number)).code for number in range(6)] == [200, 204, 500, 503, 200, 200]
        ops.close()
    assert len(set(peers(server))) == 1
    assert len(asked) == 1  # the address that was checked is the one that is used again


def test_where_the_other_side_closes_each_message_has_its_own():
    with endpoint() as server:
        ops = sink(server.url)
        assert all(ops.send(delivery(number)).ok for number in range(3))
    assert len(set(peers(server))) == 3


def test_a_connection_that_was_closed_meanwhile_is_made_anew_within_the_try():
    def leave(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        handler.close_connection = True  # without having said so

    with endpoint(leave, keeps=True) as server:
        ops = sink(server.url)
        assert all(ops.send(delivery(number)).ok for number in range(3))
        ops.close()
    assert len(set(peers(server))) == 3
    assert server.ids == [delivery(number).id for number in range(3)]


def test_one_that_breaks_within_an_answer_is_a_fault_and_not_sent_twice():
    def half(handler):
        handler.wfile.write(b"HTTP/1.1 200 O")
        handler.wfile.flush()
        handler.connection.close()
        handler.close_connection = True

    with endpoint(200, half, keeps=True) as server:
        ops = sink(server.url)
        assert ops.send(delivery(1)).ok
        ops.send(delivery(2))
        ops.close()
    assert len(server.requests) <= 3


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_what_is_left_of_a_long_or_broken_answer_is_never_taken_for_the_next(said):
    free = threading.Event()

    def answer(handler):
        handler.wfile.write(said)
        handler.wfile.flush()
        free.wait(20)

    with endpoint(answer, (201, {}, b""), keeps=True) as server:
        ops = sink(server.url)
        assert ops.send(delivery(1)).code == 200
        free.set()
        assert ops.send(delivery(2)).code == 201
        ops.close()
    assert len(set(peers(server))) == 2


def test_a_short_answer_in_chunks_is_read_to_its_end():
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")

    with endpoint(answer, keeps=True) as server:
        ops = sink(server.url)
        assert all(ops.send(delivery(number)).ok for number in range(3))
        ops.close()
    assert len(set(peers(server))) == 1


def test_an_answer_that_was_sent_before_it_was_asked_for_answers_nothing():
    """A receiver that answers twice must not have the next message taken for delivered."""

    def twice(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2)
        handler.wfile.flush()

    with endpoint(twice, (500, {}, b""), keeps=True) as server:
        ops = sink(server.url)
        assert ops.send(delivery(1)).ok
        assert ops.send(delivery(2)).code == 500
        ops.close()


def test_many_at_once_have_a_connection_each_and_wait_for_the_next():
    both = threading.Barrier(3)

    def answer(handler):
        both.wait(20)
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with endpoint(answer, keeps=True) as server:
        ops = sink(server.url)
        for _ in range(2):
            threads = [threading.Thread(target=ops.send, args=(delivery(number),)) for number in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
        ops.close()
    assert len(server.requests) == 6
    assert len(set(peers(server))) == 3


def test_one_that_nobody_needs_is_closed_so_that_no_server_waits_for_us(monkeypatch):
    monkeypatch.setattr("rules.sinks.kept.IDLE_S", 0.1)
    left = threading.Event()

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        handler.wfile.flush()
        if not handler.connection.recv(1):  # until the other side closes
            left.set()
        handler.close_connection = True

    with endpoint(answer, keeps=True) as server:
        ops = sink(server.url)
        assert ops.send(delivery()).ok
        assert left.wait(20)
        ops.close()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_waits_for_a_while_and_is_not_used_for_ever():
    clock = Clock()
    kept = Kept(2, clock)
    first, second, third = (http.client.HTTPConnection("127.0.0.1", 1) for _ in range(3))
    for one in (first, second, third):
        kept.give(one, clock())
    assert [found and found[0] for found in (kept.take(), kept.take(), kept.take())] == [third, second, None]
    kept.give(first, clock())
    clock.now = IDLE_S
    assert kept.take() is None
    for _ in range(int(AGE_S // (IDLE_S - 1)) + 1):
        kept.give(second, IDLE_S)
        clock.now += IDLE_S - 1
        found = kept.take()
    assert found is None
    kept.give(first, clock())
    kept.prune()
    assert kept.take() is not None
    kept.give(first, clock())
    clock.now += IDLE_S
    kept.prune()
    clock.now -= IDLE_S
    assert kept.take() is None
    kept.close()
    kept.give(first, clock())
    assert kept.take() is None
