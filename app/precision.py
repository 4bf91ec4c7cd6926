"""`vidette alerts --precision`: how often people found each rule right, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidette.handling import Judged
from vidette.proportion import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionRow:
    """Of the alerts of a rule on a stream that people judged, the share that was right, with its 95 % interval (Wilson).

    Where nobody judged any, there is none.
    """

    rule: str
    stream: str
    alerts: int
    confirmed: int
    dismissed: int
    precision: float | None
    low: float | None
    high: float | None


def precision(judged: Sequence[Judged]) -> list[PrecisionRow]:
    """A row for each rule and stream; after the streams of a rule that has several, all of them as stream `*`."""
    rows: list[PrecisionRow] = []
    for rule in dict.fromkeys(one.rule for one in judged):
        own = [one for one in judged if one.rule == rule]
        rows += [_row(one) for one in own]
        if len(own) > 1:
            counts = (sum(getattr(one, name) for one in own) for name in ("alerts", "confirmed", "dismissed"))
            rows.append(_row(Judged(rule, "*", *counts)))
    return rows


def _row(one: Judged) -> PrecisionRow:
    judged = one.confirmed + one.dismissed
    low, high = wilson(one.confirmed, judged) if judged else (None, None)
    return PrecisionRow(
        rule=one.rule,
        stream=one.stream,
        alerts=one.alerts,
        confirmed=one.confirmed,
        dismissed=one.dismissed,
        precision=one.confirmed / judged if judged else None,
        low=low,
        high=high,
    )


def table(rows: Sequence[PrecisionRow]) -> None:
    """Print them."""
    from app.tables import many, show

    columns = ("rule", "*stream", ">alerts", ">confirmed", ">dismissed", ">precision", "95 % interval")
    cells = (
        (row.rule, row.stream, str(row.alerts), str(row.confirmed), str(row.dismissed), *_shares(row)) for row in rows
    )
    show(many(len(rows), "row"), columns, cells, "no alerts here; `vidette alerts confirm` and `dismiss` judge them")


def _shares(row: PrecisionRow) -> tuple[str, str]:
    if row.precision is None or row.low is None or row.high is None:
        return "", "nobody judged any"
    return f"{row.precision:.0%}", f"{row.low:.0%} to {row.high:.0%}"
