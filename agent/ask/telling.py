"""What a plan and its rows are called in a sentence."""

from collections.abc import Sequence

from agent.ask.evidence import Asked
from agent.ask.say import did, stands_alone, things
from vidette.answers import Plan
from vidette.moments import Moment

Rows = Sequence[Moment]


def alone(plan: Plan) -> str:
    """The camera's state or the scene in words."""
    return plan.verb if plan.subject == "scene" else f"{plan.subject} {did(plan, 1)}"


def one(plan: Plan) -> str:
    """One thing and what it did."""
    return alone(plan) if stands_alone(plan) else f"{things(plan, 1)} {did(plan, 1)}"


def times(number: int) -> str:
    """How often, in words."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def at(asked: Asked, row: Moment) -> str:
    """When a row began."""
    return asked.clock.at(row.start, row.start_s)


def first_at(asked: Asked, rows: Rows) -> str:
    """When and where the first of the rows began."""
    return f"{'first ' if len(rows) > 1 else ''}at {at(asked, rows[0])}{asked.clock.on(rows[0].stream)}"


def moment(asked: Asked, row: Moment) -> str:
    """When a row was, with its end where it lasted."""
    lasts = row.end is not None and row.end_s is not None and row.end_s - row.start_s >= 1
    on = asked.clock.on(row.stream)
    if lasts and row.end:
        return f"from {at(asked, row)} to {asked.clock.at(row.end, row.end_s)}{on}"
    return f"at {at(asked, row)}{on}"
