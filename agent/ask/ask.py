"""The door: a question in plain English in, an answer with its plan, evidence and coverage out."""

import re
from dataclasses import replace
from datetime import datetime, tzinfo

from agent.ask.about import about_coverage, about_streams
from agent.ask.again import again
from agent.ask.alarms import about_alerts, alerts_asked, asks_alerts, rules_of
from agent.ask.alike import asked_alike, nothing_sees, pictures_alike
from agent.ask.answer import answer
from agent.ask.covering import covered
from agent.ask.evidence import Asked, unknown
from agent.ask.follow import followed, follows
from agent.ask.footage import Footage
from agent.ask.legible import asked_text, text_read
from agent.ask.likeness import Likeness
from agent.ask.names import known, normal
from agent.ask.question import Planner
from agent.ask.reasons import reason
from agent.ask.say import Clock, plan_words
from agent.ask.scan import NotUnderstood
from agent.ask.search import asked_for, by_its_words, found_by_words, none_found
from agent.ask.spelling import slip_of
from vidette.answers import Answer, Covered, Plan
from vidette.errors import ConfigError
from vidette.ports import GraphStore
from vidette.queries import Runs

LONGEST = 1000
WORDS_ALONE = Likeness()
_LEAST = 0.6
_MOST_SLIPS = 4
CAN = (
    "I can count, list and time what was seen: 'How many people entered?', 'When was the last car?', "
    "'Who came after the bag was left?', 'Which camera saw most people yesterday?', 'How much was watched?'"
)


def ask(
    question: str,
    store: GraphStore,
    *,
    now: datetime,
    tz: tzinfo,
    previous: Plan | None = None,
    likeness: Likeness = WORDS_ALONE,
) -> Answer:
    """Answer a question from what is stored.

    `now` is an aware instant, `tz` what clock times in the question and the answer are in,
    `previous` the plan of the question before, which "and yesterday?" goes on from, `likeness` who
    tells what is alike: captions are then found by their meaning, too, and pictures by what they show. What nothing
    can tell is answered with `unknown`. Raises ConfigError where the question is longer than 1000
    characters, StoreError where the store cannot be read.
    """
    if len(question) > LONGEST:
        raise ConfigError(f"the question has {len(question)} characters; ask in at most {LONGEST}")
    if now.tzinfo is None:
        raise ConfigError(f"the time {now.isoformat()!r} has no time zone; give one, as in {now.isoformat()}Z")
    names = known(store)
    planner = Planner(names, Footage(names.streams, now, tz))
    if not names.streams:
        return _cannot(question, store, planner, "nothing has been watched yet; run: vidette watch SOURCE", help_=False)
    if plan := asked_text(question, names, planner.everything):
        return text_read(_looking(question, store, planner, plan, likeness))
    if plan := asked_alike(question, names, planner.everything):
        looked = _looking(question, store, planner, plan, likeness)
        return pictures_alike(looked) or found_by_words(looked, least=_LEAST) or nothing_sees(looked)
    if plan := asked_for(question, names, planner.everything):
        looked = _looking(question, store, planner, plan, likeness)
        return found_by_words(looked, least=0.0) or pictures_alike(looked) or none_found(looked)
    try:
        answered = _by_plan(question, store, planner, previous)
    except NotUnderstood as error:
        known_why = reason(normal(question), error.word) if error.word else ""
        why = known_why or (f"{error} ({names.said()})" if error.name else str(error))
        words = _by_words(question, store, planner, likeness) if _described(store, planner) else None
        return words or _cannot(question, store, planner, why, help_=True)
    if not answered.unknown and (answered.rows or answered.claims or not _captions_only(answered, planner)):
        return answered
    return (_by_words(question, store, planner, likeness) if _described(store, planner) else None) or answered


def _by_plan(question: str, store: GraphStore, planner: Planner, previous: Plan | None) -> Answer:
    """The answer of rows. Raises NotUnderstood."""
    plan = _planned(question, store, planner, previous)
    asked = _asked(question, store, planner, plan)
    match plan.of:
        case "alerts":
            return about_alerts(asked)
        case "streams":
            return about_streams(asked)
        case "coverage":
            return about_coverage(asked) if asked.coverage.total_s else unknown(asked, "cannot tell: there is no footage of the time asked")  # fmt: skip
    return answer(asked)


def _planned(question: str, store: GraphStore, planner: Planner, previous: Plan | None) -> Plan:
    """The plan of a question, with slips of the pen put right and said in its notes. Raises NotUnderstood."""
    notes: tuple[str, ...] = ()
    while True:
        try:
            plan = _plan(question, store, planner, previous)
            return replace(plan, notes=(*notes, *plan.notes))
        except NotUnderstood as error:
            meant = slip_of(error.word, planner.known.names()) if len(notes) < _MOST_SLIPS else ""
            if not meant:
                raise
            question = re.sub(rf"(?<!\w){re.escape(error.word)}(?!\w)", meant, normal(question))
            notes += (f"{error.word!r} read as {meant!r}",)


def _plan(question: str, store: GraphStore, planner: Planner, previous: Plan | None) -> Plan:
    if asks_alerts(question):
        return alerts_asked(planner.text(question), planner.known, planner.everything, rules_of(store))
    if turned := again(question, previous):
        return turned
    added = follows(question)
    return followed(added, previous, planner) if added else planner.plan(question)


def _described(store: GraphStore, planner: Planner) -> bool:
    """Whether anyone but the fast look said anything of the pictures."""
    imported = any(stream.kind == "import" for stream in planner.known.streams)
    return imported or any(run.prompt_hash for run in store.read(Runs()))


def _captions_only(answered: Answer, planner: Planner) -> bool:
    """Whether a list is empty for want of anything but captions: what was watched and not seen was not there."""
    streams = planner.footage(answered.plan.where.streams).streams
    return answered.plan.kind == "list" and all(stream.kind == "import" for stream in streams)


def _by_words(question: str, store: GraphStore, planner: Planner, likeness: Likeness) -> Answer | None:
    """What others said of the pictures, where that holds most words of the question."""
    plan = by_its_words(question, planner.known, planner.everything)
    return found_by_words(_looking(question, store, planner, plan, likeness), least=_LEAST) if plan else None


def _looking(question: str, store: GraphStore, planner: Planner, plan: Plan, likeness: Likeness) -> Asked:
    """A search; its coverage is that of the streams in which something is found."""
    plan = replace(plan, words=plan_words(plan, planner.everything.tz))
    return Asked(question, plan, store, Clock(planner.footage(plan.where.streams)), Covered(), planner.known, likeness)


def _asked(question: str, store: GraphStore, planner: Planner, plan: Plan) -> Asked:
    plan = replace(plan, words=plan_words(plan, planner.everything.tz))
    footage = planner.footage(plan.where.streams)
    return Asked(question, plan, store, Clock(footage), covered(store, plan.where, footage), planner.known)


def _cannot(question: str, store: GraphStore, planner: Planner, why: str, *, help_: bool) -> Answer:
    asked = replace(
        _asked(question, store, planner, Plan(kind="cannot_tell")), plan=Plan(kind="cannot_tell", words="cannot tell")
    )
    done = unknown(asked, f"cannot tell: {why}")
    return replace(done, answer=f"{done.answer} {CAN}.") if help_ else done
