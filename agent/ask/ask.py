"""The door: a question in plain English in, an answer with its plan, evidence and coverage out."""

from dataclasses import replace
from datetime import datetime, tzinfo

from agent.ask.about import about_coverage, about_streams
from agent.ask.answer import answer
from agent.ask.covering import covered
from agent.ask.evidence import Asked, unknown
from agent.ask.footage import Footage
from agent.ask.names import Known, known
from agent.ask.plan import NotUnderstood
from agent.ask.question import Planner
from agent.ask.say import Clock, plan_words
from vidette.answers import Answer, Plan
from vidette.errors import ConfigError
from vidette.ports import GraphStore
from vidette.queries import Filter

LONGEST = 1000
CAN = (
    "I can count, list and time what was seen: 'How many people entered?', 'When was the last car?', "
    "'What happened in the first minute?', 'Was anything left behind yesterday after 5 pm?', 'How much was watched?'"
)


def ask(question: str, store: GraphStore, *, now: datetime, tz: tzinfo) -> Answer:
    """Answer a question from what is stored.

    `now` is an aware instant, `tz` what clock times in the question and the answer are in. What
    nothing can tell is answered with `unknown`. Raises ConfigError where the question is longer
    than 1000 characters, StoreError where the store cannot be read.
    """
    if len(question) > LONGEST:
        raise ConfigError(f"the question has {len(question)} characters; ask in at most {LONGEST}")
    if now.tzinfo is None:
        raise ConfigError(f"the time {now.isoformat()!r} has no time zone; give one, as in {now.isoformat()}Z")
    names = known(store)
    everything = Footage(names.streams, now, tz)
    if not names.streams:
        return _cannot(
            question, store, everything, "nothing has been watched yet; run: vidette watch SOURCE", help_=False
        )
    try:
        asked = _planned(question, store, names, everything)
    except NotUnderstood as error:
        why = f"{error} ({names.said()})" if error.name else str(error)
        return _cannot(question, store, everything, why, help_=True)
    match asked.plan.of:
        case "streams":
            return about_streams(asked)
        case "coverage":
            return (
                about_coverage(asked)
                if asked.coverage.total_s
                else unknown(asked, "cannot tell: there is no footage of the time asked")
            )
    return answer(asked)


def _planned(question: str, store: GraphStore, names: Known, everything: Footage) -> Asked:
    planner = Planner(names, everything)
    plan = planner.plan(question)
    plan = replace(plan, words=plan_words(plan))
    footage = planner.footage(plan.where.streams)
    return Asked(question, plan, store, Clock(footage), covered(store, plan.where, footage), names)


def _cannot(question: str, store: GraphStore, footage: Footage, why: str, *, help_: bool) -> Answer:
    plan = Plan(kind="cannot_tell", words="cannot tell")
    asked = Asked(question, plan, store, Clock(footage), covered(store, Filter(), footage), Known((), (), ()))
    done = unknown(asked, f"cannot tell: {why}")
    return replace(done, answer=f"{done.answer} {CAN}.") if help_ else done
