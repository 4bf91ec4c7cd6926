"""The daily report: what happened on each stream, what was unusual first."""

from collections import Counter

from agent.report import sections
from agent.report.material import Material
from agent.report.model import Row, Section, Table
from agent.report.summary import oddities
from agent.report.words import brief, number, share
from vidette.answers import Answer
from vidette.ports import GraphStore, MediaStore
from vidette.rows import StreamRow


def daily(store: GraphStore, media: MediaStore, material: Material, answers: tuple[Answer, ...]) -> tuple[Section, ...]:
    """The sections of a daily report."""
    return (
        sections.opening(material),
        sections.stood_out(material),
        *sections.alerts(material),
        *sections.answers(answers),
        sections.key_moments(material, media),
        sections.timelines(store, material),
        sections.over_time(material),
        *streams(material),
        sections.heat_maps(store, media, material),
    )


def streams(material: Material) -> tuple[Section, ...]:
    """Streams beside each other, the unusual first, and days where there are several."""
    tables = [table for table in (_streams(material), _days(material)) if table]
    return (Section(key="streams", title="Streams", blocks=tuple(tables)),) if tables else ()


def _streams(material: Material) -> Table | None:
    if len(material.streams) < 2:
        return None
    alerts = Counter(name for alert in material.alerts for name in alert.streams)
    turns = sorted(material.streams, key=lambda row: (-oddities(material, row.name), -alerts[row.name], row.name))
    columns = ("stream", ">unusual", ">alerts", ">things", ">events", "busiest", ">watched")
    return Table(columns=columns, rows=tuple(_stream(material, row, alerts[row.name]) for row in turns))


def _stream(material: Material, row: StreamRow, alerts: int) -> Row:
    counts, over = material.hourly.things.get(row.name, ()), material.hourly.buckets
    most = max(counts, default=0)
    busiest = f"{over.said(list(counts).index(most))} ({most})" if most else ""
    shares = material.watched_s(row.name)
    return Row(
        cells=(
            brief(row.name, 60),
            number(oddities(material, row.name)),
            number(alerts),
            number(sum(material.labels.get(row.name, {}).values())),
            number(sum(material.types.get(row.name, {}).values())),
            busiest,
            share(min(1.0, shares / material.footage_s(row))),
        )
    )


def _days(material: Material) -> Table | None:
    """Things a local day and stream; hours that reach over midnight belong to the day in which they begin."""
    window, over = material.window, material.hourly.buckets
    if not window.clock or window.days < 2:
        return None
    names = [row.name for row in material.streams[:8]]
    by_day: dict[str, Counter[str]] = {}
    for index in range(over.count):
        day = f"{max(window.since.astimezone(window.tz), over.instant(index)):%a %d %b}"
        for name in names:
            by_day.setdefault(day, Counter())[name] += material.hourly.things[name][index]
    rows = [
        Row(cells=(day, *(number(counts[name]) for name in names), number(counts.total())))
        for day, counts in list(by_day.items())[:62]
    ]
    return Table(
        columns=("day", *(f">{brief(name, 24)}" for name in names), ">all"),
        rows=tuple(rows),
        title="Day by day: things that came into view",
    )
