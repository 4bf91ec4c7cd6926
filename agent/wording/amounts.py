"""How long, how many, how often: `for more than ten minutes`, `at least 5`, `three times in an hour`, `within 30 s`."""

import re
from dataclasses import dataclass

from agent.ask.moments import SPAN, number_of, seconds
from agent.wording.left import Left

UNIT = r"(?:second|sec|minute|min|hour|day)"
_TIME = rf"(?:{SPAN}|(?:the )?(?:last |same )?(?:{SPAN}|{UNIT}))"
_WORDS = (
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "fifteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
)
_NUMBER = rf"(?:\d{{1,6}}|{'|'.join(_WORDS)}|one|a dozen|a couple of|several)"
_MORE = r"more than|over|above|greater than|exceeding|exceeds|exceed"
_LEAST = r"at least|no fewer than|no less than|not fewer than|minimum(?: of)?|a minimum of"
_FEWER = r"fewer than|less than|under|below"
_MOST = r"at most|no more than|not more than|up to|a maximum of|maximum(?: of)?"
_FOR = re.compile(
    rf"\b(?:and )?(?:(?:already )?for|lasting|lasts|longer than|that lasts)(?: for)? ?(?:already |a period of |a total of )?"
    rf"(?:(?:{_MORE}|{_LEAST}|longer than|about|around|or) )*({SPAN})(?: or (?:more|longer))?(?: in a row| straight| on end| at a time)?(?!\w)"
    rf"|\b(?:{_MORE}|longer than|at least) ({SPAN})(?: or longer)?(?! (?:times|after|before|between|of))(?!\w)"
)
_WITHIN = re.compile(
    rf"\b(?:within|in less than|no later than|no more than|less than|at most)(?: a)? ({_TIME})(?: of (?:that|it|each other|one another|this)| later| apart| afterwards| from each other)?(?!\w)"
)
_IN = re.compile(
    rf"\b(?:with)?in(?: the)?(?: space of| course of| span of)? ({_TIME})(?!\w)|\b(?:over|during)(?: the)?(?: course of| last)? ({SPAN})(?!\w)"
)
_PER = re.compile(rf"\b(?:per|an|a|every|each) ({UNIT})\b(?!\w)|\bper ({SPAN})(?!\w)")
_TIMES = re.compile(
    rf"\b(?:(?P<how>{_MORE}|{_LEAST}|{_FEWER}|{_MOST}) )?"
    rf"(?:(?P<n>{_NUMBER})(?: or more| more)? times|(?P<word>once|twice|repeatedly|again and again)(?: or more)?)\b"
)
_COUNT = re.compile(
    rf"\b(?:there (?:are|is) )?(?:(?P<how>{_MORE}|{_LEAST}|{_FEWER}|{_MOST}|exactly) (?P<n>{_NUMBER})|(?P<n2>{_NUMBER}) or (?P<or>more|fewer|less)|(?P<bare>\d{{1,6}}|{'|'.join(_WORDS)}))"
    r" (?=[^\W\d])(?!o'clock|am\b|pm\b|percent|per cent|times\b|%)"
)
_SURE = re.compile(
    r",? ?\b(?:but |and )?(?:only )?(?:if |when )?(?:you are |it is |the model is )?(?:with )?(?:at least |more than |over |a )?(?:confidence (?:of )?(?:at least |over |above )?(\d{1,3}) ?(?:%|percent|per cent)|"
    r"(\d{1,3}) ?(?:%|percent|per cent) (?:sure|certain|confident|confidence))(?: or more)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How many: one bound."""

    at_least: float | None = None
    at_most: float | None = None

    def settings(self) -> dict[str, float]:
        """As a condition has it."""
        pairs = {"at_least": self.at_least, "at_most": self.at_most}
        return {key: value for key, value in pairs.items() if value is not None}


def lasting_s(left: Left) -> float:
    """Seconds of `for ten minutes`, taken out; 0 where nothing is said."""
    found = left.take(_FOR)
    return seconds(found[1] or found[2]) if found else 0.0


def within_s(left: Left) -> float:
    """Seconds of `within 30 seconds`, taken out; 0 where nothing is said."""
    found = left.take(_WITHIN)
    return _window(found[1]) if found else 0.0


def window_s(left: Left) -> float:
    """Seconds of `in ten minutes`, taken out; 0 where nothing is said."""
    found = left.take(_IN)
    return _window(found[1] or found[2]) if found else 0.0


def per_s(left: Left) -> float:
    """Seconds of `per minute`, `an hour`, taken out; 0 where nothing is said."""
    found = left.take(_PER)
    return _window(found[1] or found[2]) if found else 0.0


def times(left: Left) -> Amount | None:
    """`three times`, `more than twice`, taken out."""
    found = left.take(_TIMES)
    if not found:
        return None
    if found["word"] in ("repeatedly", "again and again"):
        left.notes.append(f"{found['word']} is read as three times")
        return Amount(at_least=3)
    return _amount(found["how"] or "", found["n"] or found["word"])


def count(left: Left) -> Amount | None:
    """`more than five`, `at least 3`, `two` before a noun, taken out."""
    found = left.take(_COUNT)
    if not found:
        return None
    if found["bare"]:
        return _amount("", found["bare"])
    if found["n2"]:
        return _amount("at least" if found["or"] == "more" else "at most", found["n2"])
    if found["how"] == "exactly":
        left.doubts.append(f"exactly {found['n']} is read as at least {found['n']}: a rule has one bound")
        return _amount("at least", found["n"])
    return _amount(found["how"], found["n"])


def confidence(left: Left) -> float:
    """`only if you are 80 % sure`, taken out; 0 where nothing is said."""
    found = left.take(_SURE)
    return min(1.0, int(found[1] or found[2]) / 100) if found else 0.0


def _amount(how: str, number: str) -> Amount:
    value = _number(number)
    if re.fullmatch(_MORE, how):
        return Amount(at_least=value + 1)
    if re.fullmatch(_FEWER, how):
        return Amount(at_most=max(0.0, value - 1))
    if re.fullmatch(_MOST, how):
        return Amount(at_most=value)
    return Amount(at_least=value)


def _number(text: str) -> float:
    named = {"once": 1.0, "twice": 2.0, "a dozen": 12.0, "a couple of": 2.0, "several": 3.0}
    return named[text] if text in named else number_of(text)


def _window(text: str) -> float:
    return seconds(re.sub(r"^(?:the )?(?:last |same )?", "", text))
