"""What deep looks may cost in an hour, and how much of it is spent."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

HOUR_S = 3600.0


class Spent(NamedTuple):
    """Looks, tokens in and out, seconds of a model in this process."""

    calls: float = 0.0
    tokens: float = 0.0
    gpu_s: float = 0.0

    def and_also(self, other: "Spent") -> "Spent":
        """Both together."""
        return Spent(self.calls + other.calls, self.tokens + other.tokens, self.gpu_s + other.gpu_s)

    def of_so_many(self, looks: float) -> "Spent":
        """What so many looks may be thought to cost, if they are like these."""
        each = looks / self.calls if self.calls else 0.0
        return Spent(looks, self.tokens * each, self.gpu_s * each)


class Strain(NamedTuple):
    """How much of what is allowed is spent (0..1 and above), by what is nearest to its end, and its name."""

    share: float = 0.0
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an hour may cost; 0 is no bound. `whose` says of what, as the names of the settings do."""

    calls: int = 0
    tokens: int = 0
    gpu_s: float = 0.0
    whose: Literal["", "stream_"] = ""

    @property
    def bounded(self) -> bool:
        """Whether there is any bound."""
        return bool(self.calls or self.tokens or self.gpu_s)

    def strain(self, spent: Spent, elapsed: float = 0.0) -> Strain:
        """`elapsed` is the share of the hour that is over: what keeps pace with it is no strain before all is spent.

        Looks are counted whole: with fewer pictures there are no fewer of them, so they strain only when all are spent.
        """
        shares = [
            (spent.tokens / self.tokens if self.tokens else 0.0, "tokens_per_hour"),
            (spent.gpu_s / self.gpu_s if self.gpu_s else 0.0, "gpu_s_per_hour"),
            (float(spent.calls >= self.calls > 0), "calls_per_hour"),
        ]
        share, name = max(shares, key=lambda one: one[0])
        return Strain(share, f"vlm.{self.whose}{name}") if share > elapsed or share >= 1 else Strain()
