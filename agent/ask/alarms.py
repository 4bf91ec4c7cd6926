"""Questions about alerts: which there were, how many, when, of which rule, and why."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from agent.ask.evidence import MOST_CLAIMS, Asked, in_watched, missed, sentence, unknown
from agent.ask.footage import Footage
from agent.ask.names import Known, find_names, normal
from agent.ask.say import lasting, plain
from agent.ask.scan import NotUnderstood
from agent.ask.times import read_times
from vidette.alerting import Alerts
from vidette.alerts import Alert, AlertFilter, AlertState, Severity
from vidette.answers import Answer, Claim, Kind, Plan
from vidette.codec import instant
from vidette.ports import GraphStore
from vidette.queries import Filter

_MOST = 10_000
_NAME = r"(?:alert|alarm|warning|notification)"
_ASKED = re.compile(rf"(?<!\S)(?:{_NAME}s?|rules?)(?!\S)")
_DID = re.compile(
    rf"(?<!\S)(?P<name>{_NAME}s?|rules?)(?P<that>(?: that| which)?(?: (?:have|has|was|were|is|are|been|get|got|to))*)"
    r" (?:go off|goes off|went off|gone off|going off|fire|fires|fired|trigger|triggers|triggered|raise|raises|raised|sent|sound|sounded|set off)(?!\S)"
)
_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"^why\b|^how come\b|\breasons? (?:for|of)\b|\bwhat (?:caused|triggered|set off)\b", "describe"),
    (r"\bhow (?:many|often)\b|\bnumber of\b|^count\b", "count"),
    (r"\b(?:first|earliest)\b", "first"),
    (r"\b(?:last|latest|newest|most recent)\b", "last"),
    (r"^(?:when|what time|at what time)\b", "when"),
    (r"^(?:did|was|were|is|are|any|has|have)\b", "exists"),
)
_STATES = {
    **{state.value: state for state in AlertState},
    **dict.fromkeys(("unacknowledged", "unconfirmed", "unresolved", "pending"), AlertState.OPEN),
    "acked": AlertState.ACKNOWLEDGED,
}
_SEVERITIES = frozenset(severity.value for severity in Severity)
_OTHERS = re.compile(
    r"the|an?|any|some|there|been?|was|were|did|do|does|is|are|ha[sd]|have|me|us|i|we|you|show|list|give|tell|which|what|why|when"
    r"|how|come|many|often|number|of|for|from|on|in|at|by|about|with|severity|priority|level|all|every|my|our|that|those|these|this|it"
    r"|first|earliest|last|latest|newest|most|recent|happen|happened|and|because|count|time|caused|triggered|set|off|reasons?"
    rf"|raised|{_NAME}s?|rules?|camera|cam|zone|so|far|ever|please|get|got|go|come|up|yet"
)


def asks_alerts(question: str) -> bool:
    """Whether a question speaks of alerts or rules."""
    return bool(_ASKED.search(normal(question)))


def rules_of(store: GraphStore) -> tuple[str, ...]:
    """The rules that have raised an alert, by the newest ten thousand."""
    return tuple(sorted({alert.rule for alert in store.read(Alerts(limit=_MOST, newest=True))}))


def alerts_asked(text: str, known: Known, footage: Footage, rules: Sequence[str]) -> Plan:
    """The plan of a normalised question about alerts. Raises NotUnderstood where it asks more of them than it can."""
    said, text = _rules_said(text, rules)
    if not re.search(rf"\b{_NAME}s?\b", text) and not _DID.search(text):
        raise NotUnderstood(
            "of rules I tell which alerts they raised; see the rules themselves with: vidette rules list"
        )
    named = find_names(_DID.sub(r"\g<name>\g<that>", text), known)
    if named.problem or named.lines:
        raise NotUnderstood(named.problem or "alerts are not told by lines; ask of a rule, a camera or a zone")
    streams = tuple(s for s in footage.streams if not named.streams or s.name in named.streams)
    rest, window = read_times(named.text, replace(footage, streams=streams))
    if window.problem or window.from_s is not None or window.to_s is not None:
        raise NotUnderstood(window.problem or "alerts are told by the clock; ask 'at 10:05' or 'today'")
    words = rest.split()
    for word in words:
        if not _OTHERS.fullmatch(word) and word not in _STATES and word not in _SEVERITIES:
            raise NotUnderstood(
                f"I tell alerts by time, camera, zone, rule, severity and state, not by {word[:40]!r}", word=word
            )
    kind: Kind = next((kind for pattern, kind in _KINDS if re.search(pattern, rest)), "list")
    which = AlertFilter(
        rules=said,
        severities=tuple(Severity(word) for word in words if word in _SEVERITIES),
        states=tuple(_STATES[word] for word in words if word in _STATES),
    )
    where = Filter(streams=named.streams, zones=named.zones, since=window.since, until=window.until)
    notes = (*named.notes, *window.notes)
    return Plan(
        kind=kind,
        of="alerts",
        where=where,
        alerts=which,
        subject="alert",
        subjects="alerts",
        verb="raised",
        notes=notes,
    )


def _rules_said(text: str, rules: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The rules that are named, and the text without them."""
    said = []
    for rule in sorted(rules, key=len, reverse=True):
        name = r"[-_ ]?".join(re.escape(part) for part in re.split(r"[-_ ]+", normal(rule)) if part)
        if name and re.search(rf"(?<!\S){name}(?!\S)", text):
            said.append(rule)
            text = re.sub(rf"(?<!\S){name}(?!\S)", " ", text)
    return tuple(said), " ".join(text.split())


def about_alerts(asked: Asked) -> Answer:
    """The alerts of a plan, each with the events that raised it; none are told where nobody looked."""
    rows = _read(asked)
    many, kind = len(rows), asked.plan.kind
    if not rows:
        return _none(asked)
    if kind in ("first", "last"):
        rows = rows[:1] if kind == "first" else rows[-1:]
        return _made(
            asked, rows, f"the {kind} of {_alerts(many)} was raised {_when(asked, rows[0])}", instant(rows[0].at), None
        )
    if kind == "exists":
        return _made(asked, rows, f"yes, {_count(many)}, first {_when(asked, rows[0])}", True, None)
    if kind == "when":
        return _made(
            asked,
            rows,
            f"{_count(many)}, {_when(asked, rows[0])}{f' to {asked.clock.at(rows[-1].at)}' if many > 1 else ''}",
            None,
            None,
        )
    if kind == "describe":
        return _made(
            asked,
            rows,
            f"{_count(many)}, for: {_reasons(rows)}",
            many,
            "alerts",
        )
    return _made(asked, rows, f"{_count(many)}{_by_rule(rows)}", many, "alerts")


def _read(asked: Asked) -> list[Alert]:
    where, which = asked.plan.where, asked.plan.alerts or AlertFilter()
    which = replace(which, streams=where.streams, since=where.since, until=where.until)
    rows = asked.store.read(Alerts(where=which, limit=_MOST, newest=True))
    kept = [row for row in rows if not where.zones or set(row.zones or ()) & set(where.zones)]
    return sorted(kept, key=lambda row: (row.at, row.id))


def _count(many: int) -> str:
    return f"{_alerts(many)} {'was' if many == 1 else 'were'} raised"


def _alerts(many: int) -> str:
    return f"{'at least ' if many >= _MOST else ''}{many:,} alert{'' if many == 1 else 's'}"


def _by_rule(rows: Sequence[Alert]) -> str:
    """Which rules raised them, where these are several."""
    rules = Counter(row.rule for row in rows).most_common()
    more = f" and {len(rules) - 5} more" if len(rules) > 5 else ""
    said = ", ".join(f"{plain(rule, 60)} ({many:,})" for rule, many in rules[:5])
    return f" by {len(rules)} rules: {said}{more}" if len(rules) > 1 else ""


def _when(asked: Asked, alert: Alert) -> str:
    on = f" on {plain(', '.join(alert.streams), 80)}" if len(asked.clock.footage.streams) > 1 and alert.streams else ""
    return f"at {asked.clock.at(alert.at)}{on}"


def _reasons(rows: Sequence[Alert]) -> str:
    every = list(dict.fromkeys(_why(row) for row in rows))
    more = f"; and {len(every) - 3} more reasons" if len(every) > 3 else ""
    return "; ".join(every[:3]) + more


def _why(alert: Alert) -> str:
    return f"rule {plain(alert.rule, 60)}, because {plain(' and '.join(alert.why), 160)}"


def _none(asked: Asked) -> Answer:
    coverage = asked.coverage
    if coverage.watched_s <= 0:
        return unknown(asked, f"cannot tell: none of the {lasting(coverage.total_s)} asked was watched")
    others = _read(replace(asked, plan=replace(asked.plan, alerts=None)))
    ever = "" if others or rules_of(asked.store) else "no rule has raised any alert in this memory"
    text = sentence(
        f"no {'such ' if others else ''}alert was raised{in_watched(coverage)}",
        f"{_alerts(len(others))} of other kinds" if others else ever,
    )
    value = False if asked.plan.kind == "exists" else 0 if asked.plan.kind in ("count", "list") else None
    return Answer(question=asked.question, plan=asked.plan, answer=text, coverage=coverage, value=value)


def _made(asked: Asked, rows: Sequence[Alert], text: str, value: str | int | bool | None, unit: str | None) -> Answer:
    why = asked.plan.kind == "describe"
    claims = [Claim(text=_claim(row, why=why), citations=row.events) for row in rows[:MOST_CLAIMS]]
    if len(rows) > MOST_CLAIMS:
        claims.append(Claim(text=f"and {len(rows) - MOST_CLAIMS} more; see: vidette alerts"))
    return Answer(
        question=asked.question, plan=asked.plan, answer=f"{text[:1].upper()}{text[1:]}.{missed(asked.coverage)}",
        claims=tuple(claims), coverage=asked.coverage, value=value, unit=unit,
    )  # fmt: skip


def _claim(alert: Alert, *, why: bool) -> str:
    trial = ", on trial" if alert.shadow else ""
    told = f" because {plain(' and '.join(alert.why), 160)}" if why else ""
    return f"{alert.severity} {plain(alert.text, 200)} (rule {plain(alert.rule, 60)}, {alert.state}{trial}){told} [alert {alert.id[:8]}]"
