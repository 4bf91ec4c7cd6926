"""The summary in words: every sentence is made of counts and rows, and cites the events that show it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from agent.report.material import ORDINARY, Material
from agent.report.model import Facts, Statement
from agent.report.unusual import Outlier, rare
from agent.report.words import brief, counted, happening, labelled, lasting, listed, number, share
from vidette.alerts import Severity
from vidette.models import FastState
from vidette.rows import EventRow

_SHOWN, _ODD = 6, 10


def facts(material: Material) -> Facts:
    """The figures at the top."""
    watched, footage = watched_s(material)
    figures = [
        (number(material.things), "thing seen" if material.things == 1 else "things seen"),
        (number(material.events), "event" if material.events == 1 else "events"),
        (lasting(watched), "watched"),
        (share(watched / footage) if footage else "0 %", "of the footage watched"),
    ]
    if material.alerts:
        more = "+" if material.alerts_cut else ""
        figures.insert(0, (f"{len(material.alerts)}{more}", "alert" if len(material.alerts) == 1 else "alerts"))
    return Facts(facts=tuple(figures))


def watched_s(material: Material) -> tuple[float, float]:
    """(seconds watched, seconds of footage) in the window, summed over the streams."""
    watched = sum(row.end_s - row.start_s for row in material.coverage if row.state == FastState.WATCHED)
    footage = sum(map(material.footage_s, material.streams))
    return watched, max(footage, watched)


def summary(material: Material) -> tuple[Statement, ...]:
    """What happened, in a few sentences."""
    said = [things(material), *busiest(material), *longest(material), *alerted(material), watched(material)]
    return tuple(said)


def things(material: Material) -> Statement:
    """How many things were seen, of which labels, where."""
    places = brief(material.streams[0].name) if len(material.streams) == 1 else f"{len(material.streams)} streams"
    if not material.things:
        return Statement(text=f"Nothing came into view on {places}, in the time that was watched.")
    labels = listed([labelled(count, label) for label, count in material.of_label().items()])
    kinds = listed([f"{happening(type_)} {number(count)}" for type_, count in material.of_type().items()], 4)
    return Statement(text=f"{labels} came into view on {places}. {counted(material.events, 'event')}: {kinds}.")


def busiest(material: Material) -> list[Statement]:
    """The bucket in which most came into view."""
    over, per = material.hourly.buckets, material.hourly.summed()
    if over.count < 2 or max(per, default=0) < 2:
        return []
    index = per.index(max(per))
    usual = median(per[:index] + per[index + 1 :])
    text = f"Busiest: {over.said(index)}, when {counted(per[index], 'thing')} came into view; the median of the other stretches of {over.name} is {number(usual)}."
    cited = [row.id for row in material.rows if _within(material, row, index)]
    return [Statement(text=text, events=tuple(cited[:3]))]


def _within(material: Material, row: EventRow, index: int) -> bool:
    low, high = material.hourly.buckets.span(index)
    return low <= material.window.seconds(row.start, row.start_s) < high


def longest(material: Material) -> list[Statement]:
    """What lasted longest."""
    timed = [(length, row) for row in material.longest if (length := lasted(material, row)) > 0]
    if not timed:
        return []
    length, row = max(timed, key=lambda pair: pair[0])
    still = " and was still so at the end" if row.end is None else ""
    at = material.window.said(row.start, row.start_s)
    text = (
        f"Longest: {brief(row.caption, 160).rstrip('.')}, at {at} on {brief(row.stream)}, for {lasting(length)}{still}."
    )
    return [Statement(text=text, events=(row.id,))]


def lasted(material: Material, row: EventRow) -> float:
    """How long an event lasted; what is open, until its stream was last watched."""
    if row.end_s is not None:
        return row.end_s - row.start_s
    reach = next((stream.reach_s or stream.watched_s for stream in material.streams if stream.name == row.stream), 0.0)
    return max(0.0, reach - row.start_s)


def alerted(material: Material) -> list[Statement]:
    """How many alerts, how bad, of which rules."""
    if not material.alerts:
        return []
    grave = [one for one in material.alerts if one.severity in (Severity.HIGH, Severity.CRITICAL)]
    rules: dict[str, int] = {}
    for alert in material.alerts:
        rules[alert.rule] = rules.get(alert.rule, 0) + 1
    kinds = listed([f"{brief(rule, 40)} {count}" for rule, count in sorted(rules.items(), key=lambda p: (-p[1], p[0]))])
    many = f"More than {len(material.alerts)} alerts" if material.alerts_cut else counted(len(material.alerts), "alert")
    weight = f", {len(grave)} of them high or critical" if grave else ""
    cited = tuple(event for alert in grave or material.alerts for event in alert.events)[:3]
    return [Statement(text=f"{many}{weight}: {kinds}.", events=cited, weight="unusual" if grave else "plain")]


def watched(material: Material) -> Statement:
    """How much of the footage was watched, and the longest stretch that was not."""
    seen, footage = watched_s(material)
    missed = [row for row in material.coverage if row.state != FastState.WATCHED]
    text = f"{share(seen / footage) if footage else '0 %'} of {lasting(footage)} of footage was watched"
    if not missed:
        return Statement(
            text=text + "." if footage - seen < 0.5 else f"{text}; of {lasting(footage - seen)} memory says nothing."
        )
    worst = max(missed, key=lambda row: row.end_s - row.start_s)
    at = f"{material.window.said(worst.start, worst.start_s)} to {material.window.said(worst.end, worst.end_s)}"
    why = f"{worst.state.value.replace('_', ' ')}{': ' + brief(worst.reason, 80) if worst.reason else ''}"
    return Statement(text=f"{text}; the longest stretch that was not: {at} on {brief(worst.stream)} ({why}).")


def unusual(material: Material) -> tuple[Statement, ...]:
    """What stood out against the rest of the period, the most telling first; empty where nothing did."""
    odd = [(one, stream.name) for stream in material.streams for one in material.odd[stream.name]]
    odd.sort(key=lambda pair: (-abs(pair[0].count - pair[0].usual) / math.sqrt(max(pair[0].usual, 1.0)), pair[0].index))
    said = [_odd(material, name, one) for one, name in odd[:_ODD]]
    if len(odd) > _ODD:
        said.append(Statement(text=f"And {counted(len(odd) - _ODD, 'stretch', 'stretches')} more that stood out."))
    said += [one for stream in material.streams for one in _rare(material, stream.name)]
    return tuple(replace(one, weight="unusual") for one in said)


def oddities(material: Material, name: str) -> int:
    """How much stood out on one stream."""
    return len(material.odd[name]) + len(_rare(material, name))


def _odd(material: Material, name: str, one: Outlier) -> Statement:
    compared = "is usual at that hour" if material.window.clock and material.window.days >= 5 else "is usual"
    came = f"{counted(one.count, 'thing')} came into view; {number(one.usual)} {compared}"
    text = f"{brief(name)}: {material.hourly.buckets.said(one.index)}, {came}."
    return Statement(text=text, events=_cited(material, name, one.index))


def _cited(material: Material, name: str, index: int) -> tuple[str, ...]:
    inside = [row.id for row in material.rows if row.stream == name and _within(material, row, index)]
    return tuple(inside[:3])


def _rare(material: Material, name: str) -> list[Statement]:
    types = {type_: count for type_, count in material.types.get(name, {}).items() if type_ not in ORDINARY}
    every = sum(material.types.get(name, {}).values())
    out = []
    for type_ in rare(types, every)[:_SHOWN]:
        rows = [row for row in material.rows if row.stream == name and row.type == type_]
        text = f"{brief(name)}: {happening(type_)}, {counted(types[type_], 'time')} among {counted(every, 'event')}."
        out.append(Statement(text=text, events=tuple(row.id for row in rows)))
    return out


def settled(statements: Sequence[Statement], nothing: str) -> tuple[Statement, ...]:
    """The statements, or one that says there are none."""
    return tuple(statements) or (Statement(text=nothing, weight="soft"),)
