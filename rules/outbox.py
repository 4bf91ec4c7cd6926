"""When a delivery is tried again, and when it is given up: pure arithmetic on what a sink said."""

from datetime import datetime, timedelta

from vidette.alerts import Attempt, Delivery, DeliveryStatus, Sent

DELAYS_S = (0, 2, 10, 30, 120, 300, 1800, 7200, 18_000, 36_000)
JITTER = 0.2
LONGEST_WAIT_S = 43_200.0  # what a sink may ask for (Retry-After) at most


def delay_s(tries: int, share: float) -> float | None:
    """Seconds to wait after `tries` attempts (at least 1); None: given up.

    `share` in 0..1 places it in the ±20 % about the schedule, so that many that failed together
    do not come again together. Of one that was replayed, the tries since then count: it has the whole schedule again.
    """
    return DELAYS_S[tries] * (1 + JITTER * (2 * share - 1)) if tries < len(DELAYS_S) else None


def attempt_of(delivery: Delivery, sent: Sent, *, at: datetime, took_s: float, share: float) -> Attempt:
    """The record of a try that began at `at`, and what follows: delivered, due again, or dead."""
    number = delivery.tries + 1
    wait_s = delay_s(number, share)
    status, next_at = DeliveryStatus.DEAD, None
    if sent.ok:
        status = DeliveryStatus.DELIVERED
    elif sent.again and not sent.gone and wait_s is not None:
        asked_s = min(LONGEST_WAIT_S, max(0.0, sent.after_s or 0.0))
        status, next_at = DeliveryStatus.PENDING, at + timedelta(seconds=took_s + max(wait_s, asked_s))
    return Attempt(
        delivery=delivery.id,
        number=number,
        at=at,
        took_s=took_s,
        status=status,
        next_at=next_at,
        code=sent.code,
        error=sent.error,
    )
