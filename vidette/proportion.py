"""How sure a share is that was counted."""

from math import isfinite, sqrt

_Z = 1.959963984540054  # of a normal distribution, 95 % lie within so many deviations


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `hits` in `trials` were seen; all of 0..1 where nothing was tried.

    The score interval of Wilson, J. Am. Stat. Assoc. 22 (1927): good for few trials and shares near 0. Raises
    ValueError where there are more hits than trials, or fewer than none.
    """
    if not 0 <= hits <= trials or not isfinite(trials):
        raise ValueError(f"{hits} of {trials} is no share; count hits among trials")
    if trials == 0:
        return 0.0, 1.0
    share, square = hits / trials, _Z * _Z / trials
    middle = (share + square / 2) / (1 + square)
    reach = _Z * sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    low = 0.0 if hits == 0 else max(0.0, middle - reach)
    return low, 1.0 if hits == trials else min(1.0, middle + reach)
