from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from rules.outbox import DELAYS_S, LONGEST_WAIT_S, attempt_of, delay_s
from tests.telling import AT, delivery
from vidette.alerting import Attempts, Deliveries
from vidette.alerts import DeliveryFilter, DeliveryStatus, Judgement, Sent
from vidette.streams import Stream

FAILED = Sent(ok=False, error="no")
SHARES = st.floats(0, 1)


def waits(share: float = 0.5) -> list[float]:
    """Seconds between attempts of one that always fails."""
    one, at, out = delivery(), AT, []
    for _ in range(50):
        attempt = attempt_of(one, FAILED, at=at, took_s=0.0, share=share)
        if attempt.next_at is None:
            assert attempt.status == DeliveryStatus.DEAD
            break
        out.append((attempt.next_at - at).total_seconds())
        one, at = replace(one, tries=attempt.number), attempt.next_at
    return out


def test_ten_attempts_then_dead():
    assert waits() == [2, 10, 30, 120, 300, 1800, 7200, 18_000, 36_000]


@given(SHARES)
def test_jitter_stays_within_a_fifth(share):
    for wait, plain in zip(waits(share), DELAYS_S[1:], strict=True):
        assert plain * 0.8 - 1e-3 <= wait <= plain * 1.2 + 1e-3


@given(st.integers(1, 200), SHARES)
def test_every_count_of_tries_has_an_answer(tries, share):
    wait = delay_s(tries, share)
    assert (wait is None) == (tries >= len(DELAYS_S))


@given(st.integers(0, 8), SHARES, st.floats(0, 1e12), st.floats(0, 300))
def test_a_sink_may_ask_for_more_time_but_not_for_less_nor_forever(tries, share, asked_s, took_s):
    one = replace(delivery(), tries=tries)
    attempt = attempt_of(one, replace(FAILED, after_s=asked_s), at=AT, took_s=took_s, share=share)
    assert attempt.next_at is not None
    wait_s = (attempt.next_at - AT).total_seconds()
    least = took_s + max(delay_s(tries + 1, share) or 0, min(asked_s, LONGEST_WAIT_S))
    assert wait_s == pytest.approx(least, abs=1e-3)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (Sent(ok=True, code=204), DeliveryStatus.DELIVERED),
        (Sent(ok=False, gone=True, code=410), DeliveryStatus.DEAD),
        (Sent(ok=False, again=False), DeliveryStatus.DEAD),
        (FAILED, DeliveryStatus.PENDING),
    ],
)
def test_what_follows_from_an_answer(sent, status):
    attempt = attempt_of(replace(delivery(), tries=2), sent, at=AT, took_s=0.5, share=0.5)
    assert (attempt.number, attempt.status, attempt.code, attempt.error) == (3, status, sent.code, sent.error)
    assert (attempt.next_at is not None) == (status == DeliveryStatus.PENDING)


@pytest.fixture
def store() -> Iterator[EmbeddedStore]:
    told = Judgement(alerts=(delivery().message,), deliveries=(delivery(),))
    store = EmbeddedStore(":memory:")
    store.open_stream(Stream(id="yard", name="yard", kind="file", uri="yard.mp4", start=AT))
    store.rejudge("yard", SimpleNamespace(judge=lambda *_: told))
    yield store
    store.close()


def tried(store: EmbeddedStore, sent: Sent) -> DeliveryStatus:
    """One try, when it is due."""
    at = store.next_due([delivery().sink])
    (mine,) = store.claim(delivery().sink, at, 60)
    attempt = attempt_of(mine, sent, at=at, took_s=0, share=0.5)
    store.record(attempt)
    return attempt.status


@pytest.mark.parametrize("before", [1, 3, 10])
def test_one_given_up_and_replayed_has_the_whole_schedule_again(store, before):
    failed = [FAILED] * (before - 1) + [replace(FAILED, gone=True)]
    assert [tried(store, sent) for sent in failed][-1] == DeliveryStatus.DEAD
    (row,) = store.read(Deliveries())
    assert (row.status, row.tries) == (DeliveryStatus.DEAD, before)
    assert store.replay(DeliveryFilter(), AT + timedelta(days=9)) == 1
    statuses = [tried(store, FAILED) for _ in DELAYS_S]
    assert statuses == [DeliveryStatus.PENDING] * 9 + [DeliveryStatus.DEAD]
    assert store.next_due([delivery().sink]) is None
    assert len(store.read(Attempts(deliveries=(row.id,)))) == before + len(DELAYS_S)
