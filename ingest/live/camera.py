"""What a camera says besides what arrives."""

from typing import Protocol

from vidette.feeds import Cause


class Camera(Protocol):
    """Whom a feed asks for the rest (ingest.live.arrivals.Arrivals)."""

    @property
    def thin(self) -> int:
        """Look at one due picture in so many."""

    @property
    def queued(self) -> int:
        """How many packets wait."""

    @property
    def clock_s(self) -> float | None:
        """By how much its clock is ahead of ours."""

    @property
    def reconnects(self) -> dict[str, int]:
        """How often it was lost, by cause."""

    @property
    def dropped(self) -> dict[str, int]:
        """How many packets were left out, by cause."""

    def patient(self, late_s: float) -> None:
        """Let what came within so many seconds wait, though nobody looks yet."""

    def hurry(self) -> None:
        """Somebody looks now."""

    def renew(self, cause: Cause) -> None:
        """Connect again."""

    def close(self) -> None:
        """Let it go."""
