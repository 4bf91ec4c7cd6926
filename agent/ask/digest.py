"""What happened, in a sentence: all of a few events; of many, how many of each kind, the first and the last."""

from collections import Counter

from agent.ask.evidence import Asked, claim, full, number
from agent.ask.lookup import Found
from vidette.aggregates import Breakdown
from vidette.answers import Answer
from vidette.moments import Moment, Moments

_FEW = 3
_KINDS = 6


def digest(asked: Asked, found: Found) -> Answer:
    """The answer to "what happened"."""
    many = number(found)
    if many <= _FEW:
        told = "; ".join(claim(asked, row) for row in found.rows)
        text = f"{many} event{'s' if many > 1 else ''}: {told}"
    else:
        ends = f"first: {claim(asked, found.rows[0])}; last: {claim(asked, _last(asked, found))}"
        text = f"{many:,} events{_places(asked, found)}: {_kinds(asked, found)}; {ends}"
    return full(asked, found, text, found.rows, many, "events", total=many)


def _kinds(asked: Asked, found: Found) -> str:
    """How many there were of the commonest kinds."""
    counts = _counts(asked, found, "type")
    rest = sum(count for _, count in counts[_KINDS:])
    said = [f"{count:,} × {kind.replace('_', ' ')}" for kind, count in counts[:_KINDS]]
    return ", ".join([*said, *([f"{rest:,} of other kinds"] if rest else [])])


def _places(asked: Asked, found: Found) -> str:
    """On how many cameras, where these are several."""
    many = len(_counts(asked, found, "stream")) if len(asked.clock.footage.streams) > 1 else 1
    return f" on {many} cameras" if many > 1 else ""


def _counts(asked: Asked, found: Found, by: str) -> list[tuple[str, int]]:
    """By the database, or of the rows where only these tell which stand; the commonest first."""
    if found.total is None:
        return Counter(str(getattr(row, by)) for row in found.rows).most_common()
    groups = asked.store.read(
        Breakdown(of="events", by=("type" if by == "type" else "stream",), where=found.plan.where)
    )
    return [(group.keys[0], group.count) for group in groups]


def _last(asked: Asked, found: Found) -> Moment:
    newest = (
        asked.store.read(Moments(of="events", where=found.plan.where, limit=1, order="-start"))
        if found.total is not None
        else []
    )
    return newest[0] if newest else found.rows[-1]
