"""Questions that go on from the one before: the same on another day, stream or thing."""

import re
from dataclasses import replace

from agent.ask.fragment import Fragment, amended, read_fragment
from agent.ask.names import normal
from agent.ask.plan import Parts, counted
from agent.ask.question import Planner
from agent.ask.scan import NotUnderstood
from agent.ask.words import ANY
from vidette.answers import Plan

_FOLLOWS = re.compile(
    r"^(?:(?:and|but|ok|so|then) )?(?:what about|how about|what of|(?:the )?same (?:question )?(?:for|on|in|with|at)|and)\s(?P<rest>.+)$"
)
_OF_VERBS = frozenset({"count", "list", "exists", "when", "first", "last", "how_long"})
_WHOLE = re.compile(r"^(?:how|who|what|which|when|where|did|was|were|is|are|has|have|list|show)\b")


def follows(question: str) -> str:
    """What a question adds to the one before it; empty where it stands by itself."""
    found = _FOLLOWS.match(normal(question))
    return found["rest"] if found else ""


def followed(added: str, previous: Plan | None, planner: Planner) -> Plan:
    """The plan of the question before with what is added, or the added question with its time and place.

    Raises NotUnderstood.
    """
    if previous is None or previous.kind in ("cannot_tell", "search"):
        raise NotUnderstood("there is no question before this one to go on from; ask it in full")
    if _WHOLE.match(added):
        return _placed_as(planner.plan(added), previous)
    fragment = read_fragment(added, planner.known, planner.footage(()))
    if fragment.empty:
        raise NotUnderstood(f"I do not see what {added[:60]!r} changes in the question before")
    if fragment.verb and fragment.parts:
        return _doing(fragment, fragment.parts, previous)
    if previous.of not in ("events", "tracks", "coverage", "alerts"):
        raise NotUnderstood("that cannot be asked of another time or place; ask it in full")
    return amended(previous, fragment)


def _doing(fragment: Fragment, parts: Parts, previous: Plan) -> Plan:
    """ "and stopped?": the question before, of what the same things did instead."""
    if previous.kind not in _OF_VERBS or previous.of not in ("events", "tracks") or previous.sides:
        raise NotUnderstood("ask that as a question of its own")
    plan = counted(parts, fragment.named, fragment.window)
    distinct = plan.distinct and previous.kind == "count"
    return _placed_as(replace(plan, kind=previous.kind, pick=previous.pick, distinct=distinct), previous)


def _placed_as(plan: Plan, previous: Plan) -> Plan:
    """The new question of the thing, time and streams of the one before, where it names none itself."""
    where, before = plan.where, previous.where
    if not where.streams:
        where = replace(where, streams=before.streams)
    if all(border is None for border in (where.since, where.until, where.from_s, where.to_s)):
        inside = plan.of == "events" and plan.kind != "how_long"
        where = replace(
            where, since=before.since, until=before.until, from_s=before.from_s, to_s=before.to_s,
            starts_inside=where.starts_inside or inside,
        )  # fmt: skip
    if plan.subject == ANY.singular and before.labels:
        where = replace(where, labels=before.labels, kinds=before.kinds)
        plan = replace(plan, subject=previous.subject, subjects=previous.subjects, narrow=previous.narrow)
    return replace(plan, where=where)
