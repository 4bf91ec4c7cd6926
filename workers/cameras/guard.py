"""The fleet guard: many cameras lost at once are one loss, of this machine or its network. Pure."""

import math

WITHIN_S = 5.0
LEAST = 3


class Guard:
    """Who is lost since when, and whether that is the network's doing; times are seconds of any one clock.

    `offline` from the moment at which at least 3, and at least half of all cameras, were lost within 5 s, until at
    least half of those that were lost then or since (`fallen`) are back.
    """

    def __init__(self) -> None:
        self.offline = False
        self._since: dict[str, float] = {}
        self.fallen: set[str] = set()

    def lost(self, name: str, now: float) -> None:
        """A camera is lost; told again, it changes nothing."""
        self._since.setdefault(name, now)
        if self.offline:
            self.fallen.add(name)

    def found(self, name: str) -> None:
        """A camera is back, or is no longer looked at."""
        self._since.pop(name, None)

    def suspects(self, cameras: int, now: float) -> bool:
        """Whether at least 3, and at least a quarter of so many, were lost just now: it may be the network."""
        return len(self._recent(now)) >= max(LEAST, math.ceil(cameras / 4))

    def _recent(self, now: float) -> set[str]:
        return {name for name, at in self._since.items() if now - at <= WITHIN_S}

    def check(self, cameras: int, now: float) -> bool:
        """Whether it is offline now, of so many cameras."""
        if not self.offline:
            recent = self._recent(now)
            if len(recent) >= max(LEAST, math.ceil(cameras / 2)):
                self.offline, self.fallen = True, recent
        elif 2 * len(self.fallen & self._since.keys()) <= len(self.fallen):
            self.offline, self.fallen = False, set()
        return self.offline
