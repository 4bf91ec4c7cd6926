"""What a process has once: its broker, its leases; and streams are held by them where there is a broker."""

import os
import sys

import pytest

from tests.redis_server import emptied
from vidette.errors import ConfigError, StoreError
from vidette.settings import Settings
from workers.shared.leases import Leases
from workers.shared.process import broker_of, leases_of


@pytest.fixture
def url():
    with emptied() as server:
        yield server.url


def test_all_who_ask_share_one(url):
    settings = Settings(broker=url)
    assert broker_of(settings) is broker_of(Settings(broker=url, log="info"))
    assert leases_of(settings) is leases_of(Settings(broker=url))
    assert leases_of(settings).ttl_s == settings.cluster.lease_s


def test_a_child_has_its_own(url):
    settings = Settings(broker=url)
    ours = leases_of(settings).owner
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, leases_of(settings).owner.encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with open(read) as said:
        theirs = said.read()
    assert f":{child}:" in theirs
    assert theirs != ours


def test_without_a_broker_there_is_none():
    with pytest.raises(ConfigError, match="no broker in the settings") as caught:
        broker_of(Settings())
    assert "VIDETTE_BROKER" in str(caught.value)


@pytest.mark.parametrize("missing", ["redis", "celery"])
def test_what_is_not_installed_is_said_with_what_installs_it(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigError, match=rf"needs {missing}; pip install 'vidette\[scale\]'"):
        broker_of(Settings(broker=f"redis://no-{missing}:1/0"))


def test_streams_are_held_by_leases_where_there_is_a_broker(memory, url):
    one, two, alone = memory("one", broker=url), memory("two", broker=url), memory("one")
    elsewhere = Leases(broker_of(one.settings), ttl_s=60, owner="east:7:ab")
    with one.lock("cam"), one.lock("other"), alone.lock("cam"):
        with pytest.raises(StoreError, match="'cam' is already being watched by"):
            two.lock("cam").__enter__()
        assert [row.name for row in elsewhere.rows()] == ["cam", "other"]
    with elsewhere.take("cam"), pytest.raises(StoreError, match="'cam' is already being watched by east:7"):
        two.lock("cam").__enter__()
    lock = two.lock("cam")
    lock.__enter__()
    lock.__exit__(None, None, None)
    assert elsewhere.rows() == []
    elsewhere.close()
