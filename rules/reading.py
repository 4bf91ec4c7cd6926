"""A rule in words, as `vidette rules list` prints it."""

from datetime import tzinfo

from rules.active import active_of
from rules.happening import happening, where_and_how_sure
from rules.rule import question_of
from rules.sentence import duration, quoted
from rules.words import listed
from vidette.rule_settings import ActiveSettings, RuleSettings, WhenSettings, kind_of

_ONE = ("event", "ask")
_UNITS = {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}
_SAME = {"thing": ", each time of the same thing", "stream": ", all on one stream", "zone": ", all in one zone"}


def reading(rule: RuleSettings, tz: tzinfo) -> str:
    """`alert (high) when a thing is left in zone entrance and stays so for 60 s, Mon-Fri 08:00-18:00 Europe/Paris`.

    A file of holidays that it names is read. Raises ConfigError.
    """
    hours = active_of(rule.active, tz)
    parts = [
        f"alert ({rule.severity}) when {condition(rule.when, tz)}",
        str(hours) if hours else "",
        f"at most one message every {duration(rule.cooldown_s)}" if rule.cooldown_s else "",
        f"telling {listed(rule.sinks, 'and')}" if rule.sinks else "",
        _louder(rule),
        f"told again every {duration(rule.repeat_s)} while it is open" if rule.repeat_s else "",
        "judged only, nobody is told" if rule.shadow else "",
    ]
    return ", ".join(part for part in parts if part)


def _louder(rule: RuleSettings) -> str:
    if not rule.escalate_s:
        return ""
    whom = f" and to {listed(rule.escalate_to, 'and')}" if rule.escalate_to else ""
    return f"told louder{whom} when nobody acknowledges it for {duration(rule.escalate_s)}"


def condition(when: WhenSettings, tz: tzinfo) -> str:
    """What must be true, in words; `tz` where hours in it name none."""
    return _Reader(tz).clause(when).rstrip(",")


class _Reader:
    """Reads conditions of every kind; what is inside another one and of several parts stands in brackets."""

    def __init__(self, tz: tzinfo) -> None:
        self._tz = tz

    def clause(self, when: WhenSettings) -> str:
        match kind_of(when):
            case "event":
                said = happening(when)
            case "ask":
                said = f"a model answers yes to {quoted(question_of(when.ask))}{where_and_how_sure(when)}"
            case "count":
                said = self._count(when)
            case "rate":
                said = self._rate(when)
            case "in_order":
                said = self._in_order(when)
            case "absence":
                return self._absence(when)
            case "any":
                said = ", or ".join(map(self._inner, when.any)) if len(when.any) > 1 else self.clause(when.any[0])
            case _:
                said = self._together(when)
        lasts = (
            f" and stays so for {duration(when.for_s)}"
            if kind_of(when) in _ONE
            else f", and that lasts {duration(when.for_s)}"
        )
        return said + (lasts if when.for_s else "")

    def _inner(self, when: WhenSettings) -> str:
        said = self.clause(when).rstrip(",")
        return said if kind_of(when) in _ONE else f"({said})"

    def _count(self, when: WhenSettings) -> str:
        assert when.count is not None
        if not when.within_s:
            return f"for {_bound(when)} different things at one time {self._inner(when.count)}"
        return f"{self._times(when.count, when)} within {duration(when.within_s)}"

    def _rate(self, when: WhenSettings) -> str:
        assert when.rate is not None
        per = _UNITS.get(int(when.per_s), "") if when.per_s == int(when.per_s) else ""
        every = f"a {per}".replace("a hour", "an hour") if per else f"per {duration(when.per_s)}"
        return f"{self._times(when.rate, when)} {every}, on average over {duration(when.within_s)}"

    def _times(self, part: WhenSettings, when: WhenSettings) -> str:
        """`a person crosses line door at least 3 times`."""
        bound = f"{_bound(when)} {'time' if 1 in (when.at_least, when.at_most) else 'times'}"
        bound = "not once" if when.at_most == 0 else bound
        said = self.clause(part)
        if kind_of(part) in _ONE and not part.for_s:
            return f"{said} {bound}"
        return f"({said.rstrip(',')}) comes true {bound}"

    def _in_order(self, when: WhenSettings) -> str:
        parts = ", then ".join(map(self._inner, when.in_order))
        return f"{parts}, within {duration(when.within_s)}{_SAME.get(when.same, '')}"

    def _absence(self, when: WhenSettings) -> str:
        assert when.absence is not None
        said = self._inner(when.absence)
        if when.between is None:
            return f"for {duration(when.for_s)} it does not happen that {said}"
        return f"on a day {self._between(when.between)} it did not happen that {said}"

    def _between(self, between: ActiveSettings) -> str:
        """`between 08:00 and 09:00 (Mon-Fri, Europe/Paris)`."""
        hours = active_of(between, self._tz)
        assert hours is not None
        return f"between {between.begin} and {between.end} ({hours.days_in_words()}, {hours.tz})"

    def _together(self, when: WhenSettings) -> str:
        parts = [self._inner(one) for one in when.all if not one.not_]
        none = [self._inner(one.not_) for one in when.all if one.not_]
        then = f"within {duration(when.within_s)} of it" if when.within_s else "at that time"
        said = " and ".join(parts) + (_apart(when) if len(parts) > 1 else "")
        return said + "".join(f", unless {then} {one}" for one in none)


def _apart(when: WhenSettings) -> str:
    apart = f", no more than {duration(when.within_s)} apart" if when.within_s else " at one time"
    return apart + _SAME.get(when.same, "")


def _bound(when: WhenSettings) -> str:
    word, number = ("at least", when.at_least) if when.at_least is not None else ("at most", when.at_most)
    return f"{word} {number:g}"
