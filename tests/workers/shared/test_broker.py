"""The broker: addresses without passwords, errors that say what to do, TLS and sockets, for Celery's transport as for ours."""

import logging
import re
import shutil
import subprocess
from pathlib import Path

import kombu
import pytest
import redis

import workers.shared.broker
from tests.redis_server import RedisServer, emptied, free_port
from vidette.errors import ConfigError, StoreError
from workers.shared.broker import Broker, for_celery, safe

PASSWORD = "hunter2:/@% ä"
QUOTED = "hunter2%3A%2F%40%25%20%C3%A4"


@pytest.fixture
def opened():
    """Opens brokers, closes them all."""
    made: list[Broker] = []

    def open_(url: str) -> Broker:
        made.append(Broker(url))
        return made[-1]

    yield open_
    for one in made:
        one.close()


def asked_through_kombu(url: str) -> str:
    """What comes out of a queue of Celery's transport, put into it at the same address."""
    once = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
    with kombu.Connection(for_celery(url), transport_options=once) as connection:
        queue = connection.SimpleQueue("q")
        queue.put("said")
        message = queue.get(timeout=10)
        message.ack()
        queue.close()
        return message.payload


def test_every_key_is_on_the_page_of_keys():
    folder = Path(workers.shared.broker.__file__).parents[1]
    used = {
        name for file in folder.rglob("*.py") for name in re.findall(r"broker\.key\(\"(\w+)\"", file.read_text("utf-8"))
    }
    told = set(re.findall(r"^(\w+)", workers.shared.broker.__doc__ or "", re.MULTILINE))
    assert {"lease", "watch", "carry", "sent"} <= used
    assert used <= told


def test_a_server_that_answers(opened):
    with emptied() as server:
        broker = opened(server.url)
        assert broker.alive()
        assert broker.key("lease", "a", "b") == "vidette:lease:a:b"
        assert broker.together([("SET", "k", "v"), ("GET", "k"), ("HGETALL", "none")]) == [True, b"v", {}]
        assert asked_through_kombu(server.url) == "said"


def test_a_server_that_is_not_there_is_named_with_what_to_do(opened):
    broker = opened(f"redis://someone:{QUOTED}@127.0.0.1:{free_port()}/3")
    assert not broker.alive()
    with pytest.raises(StoreError) as caught, broker.faults():
        broker.client.get("k")
    assert (
        str(caught.value) == f"broker {broker.address!r}: Connection refused; start it, or name another with `broker`"
    )
    assert caught.value.retryable
    with pytest.raises(StoreError, match="start it"):
        broker.together([("PING",)])


def test_a_server_that_comes_back_is_asked_again_without_an_error(opened, tmp_path):
    with RedisServer(tmp_path, aof=True) as server:
        broker = opened(server.url)
        broker.client.set("k", "v")
        server.kill()
        assert not broker.alive()
        server.start()
        with broker.faults():
            assert broker.client.get("k") == b"v"


def test_one_that_restarted_meanwhile_is_not_noticed(opened, tmp_path):
    with RedisServer(tmp_path, aof=True) as server:
        broker = opened(server.url)
        broker.client.set("k", "v")
        server.kill()
        server.start()
        assert broker.client.get("k") == b"v"


def test_a_server_that_says_nothing_is_given_up_in_time(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(workers.shared.broker, "_TIMEOUT_S", 0.2)
    with RedisServer(tmp_path) as server:
        broker = opened(server.url)
        assert broker.alive()
        server.pause()
        try:
            with pytest.raises(StoreError, match=r"did not answer within 0.2 s; see what it is doing") as caught:
                broker.together([("GET", "k")])
            assert caught.value.retryable
            assert not broker.alive()
        finally:
            server.resume()
        assert broker.alive()


def test_users_and_passwords_with_any_letters_and_never_shown(opened, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    acl = "".join(f"\\x{byte:02x}" for byte in PASSWORD.encode())
    with RedisServer(tmp_path, conf=f'requirepass "{acl}"\n') as server:
        port = server.port
        url = f"redis://:{QUOTED}@127.0.0.1:{port}/0"
        broker = opened(url)
        assert broker.alive()
        assert asked_through_kombu(url) == "said"
        for wrong, why in (
            (f"redis://:{QUOTED}x@127.0.0.1:{port}/0", "invalid username-password pair or user is disabled"),
            (f"redis://127.0.0.1:{port}/0", "it asks for a password"),
        ):
            with pytest.raises(StoreError) as caught:
                opened(wrong).together([("GET", "k")])
            address = f"redis://127.0.0.1:{port}/0"
            assert str(caught.value) == f"broker {address!r}: {why}; give the right user and password in `broker`"
        assert "hunter2" not in repr(broker) + repr(broker.client) + caplog.text


def test_a_full_server_is_said_to_need_memory(opened, tmp_path):
    with RedisServer(tmp_path, "--maxmemory", "100kb", "--maxmemory-policy", "noeviction") as server:
        with pytest.raises(StoreError, match="give it more memory") as caught:
            opened(server.url).together([("SET", "k", "v" * 1000)])
        assert caught.value.retryable


def test_a_replica_is_said_to_take_no_writes(opened, tmp_path):
    replica = RedisServer(tmp_path, "--replicaof", "127.0.0.1", str(free_port()))
    with replica, pytest.raises(StoreError, match="name the server that takes writes"):
        opened(replica.url).together([("SET", "k", "v")])


def test_a_socket(opened, tmp_path_factory):
    folder = tmp_path_factory.mktemp("r")
    socket = folder / "r.sock"
    with RedisServer(folder, "--unixsocket", str(socket)):
        url = f"unix://{socket}?db=2"
        broker = opened(url)
        assert broker.alive()
        assert broker.address == f"unix://{socket}"
        assert asked_through_kombu(url) == "said"
        assert broker.client.exists("_kombu.binding.q"), "Celery is in the same database"


def certificates(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    made, key = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    return made, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
def test_tls_is_checked_by_us_and_by_celery(opened, tmp_path):
    (certificate, key), (other, _) = certificates(tmp_path, "ours"), certificates(tmp_path, "other")
    port = free_port()
    arguments = ["--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    with RedisServer(tmp_path, *arguments, "--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no"):
        good = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}"
        assert opened(good).alive()
        assert asked_through_kombu(good) == "said"
        for wrong in (f"rediss://127.0.0.1:{port}/0", f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={other}"):
            with pytest.raises(StoreError, match=r"certificate verify failed.*; name the file of its authority with"):
                opened(wrong).together([("PING",)])
            with pytest.raises((redis.ConnectionError, kombu.exceptions.OperationalError), match="certificate verify"):
                asked_through_kombu(wrong)


def test_one_that_does_not_speak_tls_is_said_to_perhaps_not_do(opened, monkeypatch):
    monkeypatch.setattr(workers.shared.broker, "_TIMEOUT_S", 0.2)
    with emptied() as server, pytest.raises(StoreError, match=r"whether it speaks TLS there \(redis:// does without\)"):
        opened(server.url.replace("redis:", "rediss:")).together([("PING",)])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://host", "redis://host"),
        ("redis://user:secret@host:6380/7", "redis://host:6380/7"),
        ("redis://:secret@[::1]:6380/7", "redis://[::1]:6380/7"),
        ("rediss://host/0?ssl_ca_certs=/x", "rediss://host/0"),
        ("unix://:secret@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("redis://:sec/ret@host", "://"),
    ],
)
def test_what_is_said_of_an_address(url, said):
    assert safe(url) == said


def test_what_is_no_address_is_an_error_of_settings():
    with pytest.raises(ConfigError, match="write redis://host") as caught:
        Broker("amqp://:secret@host")
    assert "secret" not in str(caught.value)
