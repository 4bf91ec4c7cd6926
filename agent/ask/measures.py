"""What is measured: the most and the longest, averages, peaks, how many at least, the third of them."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from agent.ask.moments import number_of
from agent.ask.scan import NotUnderstood
from agent.ask.words import ANY, WORDS, Noun
from vidette.answers import By, Plan

_BY: dict[str, By] = {
    "minute": "minute", "hour": "hour", "time": "hour", "day": "day", "weekday": "day", "date": "day",
    "camera": "stream", "stream": "stream", "feed": "stream", "cam": "stream", "zone": "zone", "area": "zone",
    "region": "zone", "line": "line",
}  # fmt: skip
_UNIT = "|".join(_BY)
_SORT = r"(?:kind|type|sort|class)s? of (?:things?|objects?)"
_MOST = r"(?:the )?(?:most often|most frequently|the most|most|busiest|the largest number of|the highest number of)"
_FEWEST = r"(?:the )?(?:least often|fewest|the least|least|quietest|the lowest number of|the smallest number of)"
_EXTREME = re.compile(rf"(?<!\S)(?:(?P<most>{_MOST})|(?P<fewest>{_FEWEST}))(?!\S)")
_WHICH = re.compile(
    rf"^(?:(?:in|on|at|during|by|from) )?(?:which|what) (?:(?P<unit>{_UNIT})s?|(?P<sort>{_SORT}))(?!\S)(?P<rest>.*)$"
)
_NAMED = re.compile(rf"(?<!\S)(?:the )?(?P<how>busiest|quietest)(?: (?P<unit>{_UNIT}))(?!\S)")
_WHEN = re.compile(r"^when (?:was|is) (?:it |there )?(?:the )?(?P<how>busiest|quietest|most|fewest)(?P<rest>.*)$")
_COUNT_BY = re.compile(
    r"^how many (?P<unit>camera|stream|feed|zone|area|line|day|hour)s (?P<rest>(?:saw|have seen|had|recorded|did|were|was) .+)$"
)
_PER = re.compile(r"(?<!\S)(?:per|each|every) (?P<unit>minute|hour|day)(?!\S)|(?<!\S)(?P<ly>hourly|daily)(?!\S)")
_AVERAGE = re.compile(r"(?<!\S)(?:on average|in average|(?:the )?average(?: number of)?|(?:the )?mean|typically)(?!\S)")
_LENGTH = (
    r"(?:stay|stays|visit|visits|dwell time|dwell|time|duration|length|time in view)(?: of)?(?: time)?(?: (?:did|do))?"
)
_LONGEST = re.compile(rf"(?<!\S)(?:for )?(?:the )?(?P<how>longest|shortest)(?: {_LENGTH}(?: of)?)?(?!\S)")
_AT_ONCE = re.compile(
    r"(?<!\S)(?:at the same time|at once|simultaneously|at one time|at any one time|at a time|at the same moment)(?!\S)(?! as)"
)
_UTMOST = re.compile(
    r"(?<!\S)(?:at (?:the )?most|(?:the )?(?:maximum|highest|largest|greatest|peak)(?: number)?(?: of)?|(?:the )?max|(?:the )?most)(?!\S)"
)
_NUMBER = r"(?:\d{1,6}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|one)"
_BOUND = re.compile(
    rf"(?<!\S)(?P<how>more than|at least|fewer than|less than|at most|over|under|exactly|no more than) (?P<n>{_NUMBER})\s(?=[a-z])"
)
_NTH = {
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
_ORDINAL = re.compile(rf"(?<!\S)(?:the )?(?P<nth>{'|'.join(_NTH)}|\d{{1,4}}(?:st|nd|rd|th)) (?P<noun>[a-z-]+)(?!\S)")
_AUXILIARY = re.compile(
    r"^(?:(?:was|is|were|are|did|do|had|has|have|got|the|it|there|been)\s)+|^(?:was|is|were|had|has|it|the)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is asked of the rows of a plan."""

    kind: Literal["most", "fewest", "longest", "shortest", "average", "peak", "list", "count", "exists", "when", "same"]
    by: By | None = None
    at_least: int | None = None
    at_most: int | None = None
    nth: int | None = None
    note: str = ""


def measured(text: str) -> tuple[str, Measure] | None:
    """The question without what it measures, and that; None where it asks for nothing of the sort."""
    for shape in (_peak, _average, _longest, _which, _named, _when, _count_by, _bound, _ordinal):
        if found := shape(text):
            rest, measure = found
            return " ".join(rest.split()), measure
    return None


Found = tuple[str, Measure] | None


def _cut(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _peak(text: str) -> Found:
    found = _AT_ONCE.search(text)
    if not found or not (_UTMOST.search(text) or text.startswith(("how many", "what"))):
        return None
    rest = _UTMOST.sub(" ", _cut(text, found))
    rest = re.sub(r"^\s*(?:how many|what (?:is|was|were)(?: the)?|when(?: was| were)?)\s", " ", rest)
    return rest, Measure(kind="peak")


def _average(text: str) -> Found:
    per, mean = _PER.search(text), _AVERAGE.search(text)
    if not per and not mean:
        return None
    rest = _cut(text, per) if per else text
    rest = _AVERAGE.sub(" ", rest)
    if per:
        unit = per["unit"] or {"hourly": "hour", "daily": "day"}[per["ly"]]
        rest = re.sub(r"^\s*(?:what (?:is|was)|how many|how often|number of)(?: the)?(?: number of)?\s", " ", rest)
        return rest, Measure(kind="average", by=_BY[unit])
    if not re.search(rf"(?<!\S)(?:how long|how much time|{_LENGTH})(?!\S)", rest):
        return None
    rest = re.sub(r"(?<!\S)(?:how long|how much time)(?!\S)", " ", rest)
    rest = re.sub(rf"^\s*(?:what (?:is|was))?\s*(?:the )?{_LENGTH}(?: of)?(?!\S)", " ", rest)
    return re.sub(r"^\s*of\s", " ", rest), Measure(kind="average")


def _longest(text: str) -> Found:
    found = _LONGEST.search(text)
    if not found:
        return None
    rest = re.sub(r"^\s*what (?:is|was)\b|^\s*how long (?:is|was)\b", " ", _cut(text, found))
    rest = re.sub(r"^\s*(?:of|by)\s|\s(?:for|by)\s*$", " ", rest)
    kind: Literal["longest", "shortest"] = "longest" if found["how"] == "longest" else "shortest"
    return rest, Measure(kind=kind)


def _which(text: str) -> Found:
    found = _WHICH.match(text)
    if not found:
        return None
    by: By = "label" if found["sort"] else _BY[found["unit"]]
    rest, extreme = found["rest"], _EXTREME.search(found["rest"])
    if not extreme:
        if (
            by == "label"
            or found["unit"] == "time"
            or not _speaks(rest)
            or re.match(r"^\s*(?:is|was|are|were) (?:it|the)\b", rest)
        ):
            return None
        return _placed(rest, by), Measure(kind="list", by=by)
    rest = _AUXILIARY.sub("", " ".join(_cut(rest, extreme).split()))
    return _placed(re.sub(r"^(?:for|of) ", "", rest), by), Measure(kind="most" if extreme["most"] else "fewest", by=by)


def _named(text: str) -> Found:
    found = _NAMED.search(text)
    if not found:
        return None
    by = _BY[found["unit"]]
    rest = re.sub(r"^\s*(?:what|which|when|list|show)?\s*(?:is|was)?\s*", "", _cut(text, found)).strip()
    rest = re.sub(r"^(?:for|of|in terms of) (?!the )", "", rest)
    return _placed(rest, by), Measure(kind="most" if found["how"] == "busiest" else "fewest", by=by)


def _when(text: str) -> Found:
    found = _WHEN.match(text)
    if not found:
        return None
    kind: Literal["most", "fewest"] = "most" if found["how"] in ("busiest", "most") else "fewest"
    rest = re.sub(r"^(?:for|with) ", "", found["rest"].strip())
    return rest, Measure(kind=kind, by="hour", note="told by the hour")


def _count_by(text: str) -> Found:
    found = _COUNT_BY.match(text)
    if not found or not _speaks(found["rest"]):
        return None
    by = _BY[found["unit"]]
    return _placed(re.sub(r"^(?:had|did|have seen) ", "", found["rest"]), by), Measure(kind="count", by=by)


def _bound(text: str) -> Found:
    found = _BOUND.search(text)
    if not found:
        return None
    n = int(number_of(found["n"]))
    rest = f"{text[: found.start()]} any {text[found.end() :]}"
    match found["how"]:
        case "more than" | "over":
            return rest, Measure(kind="exists", at_least=n + 1)
        case "at least":
            return rest, Measure(kind="exists", at_least=n)
        case "fewer than" | "less than" | "under":
            return rest, Measure(kind="exists", at_most=n - 1)
        case "exactly":
            return rest, Measure(kind="exists", at_least=n, at_most=n)
    return rest, Measure(kind="exists", at_most=n)


def _ordinal(text: str) -> Found:
    found = _ORDINAL.search(text)
    if not found or not isinstance(WORDS.get(found["noun"]), Noun):
        return None
    nth = _NTH.get(found["nth"]) or int(re.sub(r"\D", "", found["nth"]))
    if nth < 1:
        return None
    return f"{text[: found.start()]} the {found['noun']} {text[found.end() :]}", Measure(kind="same", nth=nth)


def _placed(rest: str, by: By) -> str:
    """Questions by zone are about zones, those by line about lines, even where none is named."""
    if by == "zone":
        return f"{rest} zone".strip()
    if by == "line" and "cross" not in rest:
        return f"{rest} crossed a line".strip()
    return rest.strip()


def _speaks(rest: str) -> bool:
    """Whether anything is asked of the cameras or places but that they are there."""
    kept = _AUXILIARY.sub("", rest.strip())
    return bool(re.sub(r"\b(?:there|exist|available|known)\b", "", kept).strip())


def measuring(plan: Plan | None, measure: Measure) -> Plan:
    """The plan with what is measured of it; without one, of everything that was seen. Raises NotUnderstood."""
    if plan is None or (plan.of in ("streams", "coverage") and not plan.where.types):
        where = plan.where if plan else Plan(kind="count").where
        plan = Plan(
            kind="count", of="tracks", where=where, subject=ANY.singular, subjects=ANY.plural, verb="seen", moving=True
        )
    if plan.now or plan.kind in ("where", "coverage"):
        raise NotUnderstood("I cannot measure that; ask for a number, a time or a duration")
    notes = (*plan.notes, measure.note) if measure.note else plan.notes
    if measure.kind == "same":
        return _ranked(plan, measure.nth or 1)
    if measure.kind == "exists" and plan.kind not in ("exists", "list"):
        raise NotUnderstood("a limit on the number goes with 'did …' or 'were there …'")
    instants = plan.where.starts_inside or (bool(plan.where.types) and measure.by is not None)
    distinct = plan.distinct or (plan.of == "events" and measure.kind in ("exists", "peak")) or (bool(plan.where.zones) and measure.by is not None)  # fmt: skip
    return replace(
        plan,
        kind=measure.kind,
        by=measure.by,
        at_least=measure.at_least,
        at_most=measure.at_most,
        where=replace(plan.where, starts_inside=instants),
        distinct=distinct,
        pick=None,
        notes=notes,
    )


def _ranked(plan: Plan, nth: int) -> Plan:
    if plan.kind not in ("when", "where", "how_long", "list", "first", "last") or plan.pick == "last":
        raise NotUnderstood("one of several goes with 'when', 'where' and 'how long'")
    return replace(plan, nth=nth)
