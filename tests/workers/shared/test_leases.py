"""Leases: one owner at a time, whatever happens to Redis, to processes and to their clocks."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

import workers.shared.broker
from tests.redis_server import RedisServer, emptied
from vidette.errors import StoreError
from workers.shared.broker import Broker
from workers.shared.leases import Lease, Leases

PATIENCE_S = 30.0
FOREVER_S = 3600.0


@pytest.fixture
def broker():
    with emptied() as server:
        one = Broker(server.url)
        yield one
        one.close()


@pytest.fixture
def leases_of():
    """Makes leases of owners, closes them all."""
    made: list[Leases] = []

    def make(broker: Broker, owner: str = "", ttl_s: float = FOREVER_S) -> Leases:
        made.append(Leases(broker, ttl_s=ttl_s, owner=owner))
        return made[-1]

    yield make
    for one in made:
        one.close()


def until(true, deadline_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end, "that did not come true"
        time.sleep(0.01)


def test_one_has_it_and_others_are_told_who(broker, leases_of):
    one, two = leases_of(broker, "east:7:ab"), leases_of(broker, "west:8:cd")
    with one.take("yard") as lease:
        with pytest.raises(
            StoreError, match="'yard' is already being watched by east:7; end that watch first"
        ) as caught:
            two.take("yard")
        assert not caught.value.retryable
        with pytest.raises(StoreError, match="by east:7"):
            one.take("yard")
        with two.take("gate"):
            assert [(row.name, row.owner, row.holder) for row in two.rows()] == [
                ("gate", "west:8:cd", "west:8"),
                ("yard", "east:7:ab", "east:7"),
            ]
    assert not lease.lost.is_set()
    with two.take("yard") as later:
        assert later.token > lease.token
    assert two.rows() == []
    assert broker.client.smembers(broker.key("leases")) == set()


def test_an_owner_without_a_name_is_this_process(broker, leases_of):
    owner = leases_of(broker).owner
    assert f":{os.getpid()}:" in owner
    assert owner != leases_of(broker).owner


def left_ms(broker: Broker, name: str) -> int:
    return int(broker.client.pttl(broker.key("lease", name)))


def expire(broker: Broker, name: str) -> None:
    """As when it was not renewed in time."""
    broker.client.delete(broker.key("lease", name))


def no_thread() -> bool:
    return not any(thread.name == "leases" for thread in threading.enumerate())


def test_it_is_renewed_while_it_is_held_and_no_longer(broker, leases_of):
    leases = leases_of(broker, "one", 1.0)
    with leases.take("yard") as lease:
        left = [left_ms(broker, "yard")]

        def longer() -> bool:
            left.append(left_ms(broker, "yard"))
            return left[-1] > left[-2] > 0

        for _ in range(3):
            until(longer)
    assert not lease.lost.is_set()
    until(no_thread)
    with leases.take("yard"):  # by another thread
        until(lambda: not no_thread())


def test_after_closing_nothing_is_held(broker, leases_of):
    leases = leases_of(broker, "one")
    leases.take("yard")
    leases.take("gate")
    leases.close()
    leases.close()
    assert leases.rows() == []
    until(no_thread)
    with leases.take("yard"):
        until(lambda: not no_thread())


def test_a_stolen_lease_is_lost_and_the_thief_keeps_it(broker, leases_of):
    one, two = leases_of(broker, "one"), leases_of(broker, "two")
    stolen, other = one.take("yard"), one.take("gate")
    expire(broker, "yard")
    thief = two.take("yard")
    one.renew()
    assert stolen.lost.is_set()
    assert not other.lost.is_set()
    stolen.release()
    stolen.release()
    two.renew()
    assert not thief.lost.is_set()
    assert [row.owner for row in one.rows()] == ["one", "two"]


def test_giving_back_what_was_stolen_unnoticed_leaves_it_to_the_thief(broker, leases_of):
    one, two = leases_of(broker, "one"), leases_of(broker, "two")
    stolen = one.take("yard")
    expire(broker, "yard")
    with two.take("yard") as thief:
        stolen.release()
        assert [row.owner for row in one.rows()] == ["two"]
        two.renew()
        assert not thief.lost.is_set()


def test_a_lease_given_back_after_it_ran_out_is_not_taken_anew(broker, leases_of):
    leases = leases_of(broker, "one")
    lease = leases.take("yard")
    expire(broker, "yard")
    lease.release()
    leases._held.add(lease)  # as of a renewal that was on its way meanwhile
    leases.renew()
    assert leases.rows() == []


def test_a_lease_that_another_had_meanwhile_is_lost_though_it_is_free(broker, leases_of):
    one, two = leases_of(broker, "one"), leases_of(broker, "two")
    slept = one.take("yard")
    expire(broker, "yard")
    two.take("yard").release()
    one.renew()
    assert slept.lost.is_set()
    assert one.rows() == []


def test_a_lease_that_ran_out_and_nobody_had_is_taken_anew(broker, leases_of):
    one, two = leases_of(broker, "one"), leases_of(broker, "two")
    lease = one.take("yard")
    expire(broker, "yard")
    assert one.rows() == []
    one.renew()
    assert not lease.lost.is_set()
    assert [row.token for row in two.rows()] == [lease.token]


def test_it_survives_a_server_that_comes_back_without_its_data(leases_of, tmp_path):
    with RedisServer(tmp_path) as server:
        broker = Broker(server.url)
        one, two = leases_of(broker, "one"), leases_of(broker, "two")
        lease = one.take("yard")
        server.kill()
        with pytest.raises(StoreError, match="start it"):
            one.renew()
        with pytest.raises(StoreError) as caught:
            two.take("yard")
        assert caught.value.retryable
        assert not lease.lost.is_set()
        server.start()
        assert two.rows() == []
        one.renew()
        assert not lease.lost.is_set()
        with pytest.raises(StoreError, match="by one"):
            two.take("yard")
        assert two.take("gate").token > lease.token, "tokens go on from those that are still held"
        one.close()
        two.close()
        broker.close()


def test_whoever_has_a_lease_while_the_server_is_away_gets_it_back_by_himself(leases_of, tmp_path):
    with RedisServer(tmp_path) as server:
        broker = Broker(server.url)
        leases = leases_of(broker, "one", 0.3)
        with leases.take("yard") as lease:
            server.kill()
            server.start()
            until(lambda: left_ms(broker, "yard") > 0)
            assert not lease.lost.is_set()
        assert leases.rows() == []
        broker.close()


def test_it_outlives_a_server_that_stood_still_for_longer_than_it_lasts(leases_of, tmp_path, monkeypatch):
    monkeypatch.setattr(workers.shared.broker, "_TIMEOUT_S", 0.2)
    failed = []
    with RedisServer(tmp_path) as server:
        broker = Broker(server.url)
        one, two = leases_of(broker, "one", 0.3), leases_of(broker, "two", 0.3)
        renew = one.renew

        def counted() -> None:
            try:
                renew()
            except StoreError:
                failed.append(1)
                raise

        monkeypatch.setattr(one, "renew", counted)
        with one.take("yard") as lease:
            server.pause()
            until(lambda: len(failed) >= 4)
            server.resume()
            until(lambda: [row.owner for row in two.rows()] == ["one"])
            assert not lease.lost.is_set()
        broker.close()


def test_it_is_said_once_that_the_server_is_away_and_once_that_it_is_back(leases_of, tmp_path, caplog):
    with RedisServer(tmp_path) as server:
        broker = Broker(server.url)
        leases = leases_of(broker, "one", 0.05)
        with leases.take("yard"):
            server.kill()
            until(lambda: "leases are kept" in caplog.text)
            server.start()
            until(lambda: "leases are renewed again" in caplog.text)
        broker.close()
    assert caplog.text.count("leases are kept") == 1


def test_names_may_have_any_letters(broker, leases_of):
    leases = leases_of(broker, "höst one:7:x")
    for name in ("a b", "ü:*[]{}", "\udcff", ""):
        with leases.take(name), pytest.raises(StoreError, match="by höst one:7"):
            leases.take(name)


def test_giving_back_while_the_server_is_away_is_no_error(leases_of, tmp_path):
    with RedisServer(tmp_path) as server:
        broker = Broker(server.url)
        leases = leases_of(broker, "one")
        lease = leases.take("yard")
        server.kill()
        lease.release()
        server.start()
        leases.renew()
        assert leases.rows() == []
        broker.close()


HOLD = """
import sys
from workers.shared.broker import Broker
from workers.shared.leases import Leases

lease = Leases(Broker(sys.argv[1]), ttl_s=float(sys.argv[2]), owner="asleep").take("yard")
print("held", flush=True)
lease.lost.wait()
print("lost", flush=True)
"""


def holder(url: str, ttl_s: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, url, str(ttl_s)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def taken(leases: Leases, name: str) -> Lease:
    """Once whoever had it has lost it."""
    got: list[Lease] = []

    def free() -> bool:
        try:
            got.append(leases.take(name))
        except StoreError:
            return False
        return True

    until(free)
    return got[0]


@pytest.mark.parametrize("given_back", [False, True], ids=["held by another", "free again"])
def test_a_process_that_stood_still_for_too_long_has_lost_it(broker, leases_of, given_back):
    two = leases_of(broker, "two")
    with holder(broker_url(broker), 0.6) as process:
        process.send_signal(signal.SIGSTOP)
        lease = taken(two, "yard")
        if given_back:
            lease.release()
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == "lost\n"


def test_the_lease_of_a_killed_process_runs_out(broker, leases_of):
    with holder(broker_url(broker), 0.6) as process:
        process.kill()
        assert taken(leases_of(broker, "two"), "yard").token == 2


def broker_url(broker: Broker) -> str:
    return f"{broker.address}"


def test_wrong_wall_clocks_change_nothing(broker, leases_of, monkeypatch):
    real = time.time
    seconds, _ = broker.client.time()
    monkeypatch.setattr(time, "time", lambda: real() + 300)
    early = leases_of(broker, "early", 60).take("yard")
    monkeypatch.setattr(time, "time", lambda: real() - 300)
    late = leases_of(broker, "late", 60)
    late.take("gate")
    with pytest.raises(StoreError, match="by early"):
        late.take("yard")
    late.renew()
    assert not early.lost.is_set()
    for row in late.rows():
        assert 0 < row.ttl_s <= 60
        assert timedelta(seconds=-1) < row.since - datetime.fromtimestamp(seconds, UTC) < timedelta(seconds=60)


def test_many_who_want_it_at_once_do_not_share_it(broker, leases_of):
    inside, most, turns = 0, 0, 0
    lock = threading.Lock()

    def work(leases: Leases) -> None:
        nonlocal inside, most, turns
        for _ in range(20):
            with taken(leases, "yard"):
                with lock:
                    inside += 1
                    most, turns = max(most, inside), turns + 1
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=work, args=(leases_of(broker, f"o{i}"),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, turns) == (1, 80)


def test_what_no_lease_wrote_is_refused(broker, leases_of):
    broker.client.set(broker.key("lease", "yard"), "nonsense")
    with pytest.raises(StoreError, match="is no lease"):
        leases_of(broker).take("yard")
