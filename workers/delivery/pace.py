"""How fast a sink is asked: fewer at a time, and less often, the longer it only fails."""

from datetime import datetime, timedelta

from vidette.alerts import Sent

PATIENT = 5
"""After so many failures in a row it is asked one message at a time, with rests between."""
LONGEST_REST_S = 30.0
LONGEST_ASKED_S = 300.0
"""A sink that asks to be left alone (Retry-After) is, at most so long; its message waits as long as it asked."""


class Pace:
    """Of one sink. A dead endpoint would otherwise be tried once for each message that waits.

    A message that is not sent while the sink rests has not been tried: its schedule begins when it is.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once, self._failures = at_once, 0
        self._until: datetime | None = None

    def room(self, flying: int) -> int:
        """How many more may be on their way beside those that are."""
        most = self._at_once if self._failures < PATIENT else 1
        return max(0, most - flying)

    def rest_s(self, now: datetime) -> float:
        """Seconds that it is left alone from now."""
        return max(0.0, (self._until - now).total_seconds()) if self._until else 0.0

    def ended(self, sent: Sent, now: datetime) -> None:
        """A try ended so."""
        self._failures = 0 if sent.ok else self._failures + 1
        rest_s = min(LONGEST_ASKED_S, sent.after_s or 0.0)
        if self._failures >= PATIENT:
            rest_s = max(rest_s, min(LONGEST_REST_S, 2.0 ** (self._failures - PATIENT)))
        self._until = None if sent.ok else now + timedelta(seconds=rest_s)
