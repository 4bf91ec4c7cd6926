"""Whether an answer is the one that the key of a question says."""

from collections.abc import Mapping

from agent.ask.ask import ask
from tests.agent.ask.questions import Question
from tests.agent.ask.world import NOW, PARIS
from vidette.answers import Answer
from vidette.ports import GraphStore


def wrong(question: Question, store: GraphStore, names: Mapping[str, str]) -> str:
    """What is wrong with the answer to a question of the set; empty where nothing is."""
    text, kind, value, more = question
    answer = ask(text, store, now=NOW, tz=PARIS)
    faults = [
        fault
        for fault in (
            _kind(answer, kind),
            _value(answer, kind, value, more),
            _plan(answer, more),
            _cited(answer, more, names),
        )
        if fault
    ]
    return f"{text} -> {answer.answer[:200]!r}: {'; '.join(faults)}" if faults else ""


def _kind(answer: Answer, kind: str) -> str:
    if kind == "cannot_tell":
        return "" if answer.unknown and answer.value is None else "was to be refused"
    return "" if answer.plan.kind == kind else f"planned as {answer.plan.kind}, not {kind}"


def _value(answer: Answer, kind: str, value: object, more: Mapping[str, object]) -> str:
    if kind == "cannot_tell":
        return ""
    if answer.unknown != bool(more.get("unknown")):
        return f"unknown is {answer.unknown}"
    if value is None or answer.unknown:
        return ""
    near = isinstance(value, float) and isinstance(answer.value, float) and abs(answer.value - value) <= 0.005
    same = answer.value == value and isinstance(answer.value, bool) == isinstance(value, bool)
    return "" if near or same else f"value {answer.value!r}, not {value!r}"


def _plan(answer: Answer, more: Mapping[str, object]) -> str:
    if more.get("by") and answer.plan.by != more["by"]:
        return f"by {answer.plan.by}, not {more['by']}"
    if more.get("labels") and " ".join(answer.plan.where.labels) != more["labels"]:
        return f"labels {answer.plan.where.labels}, not {more['labels']}"
    return ""


def _cited(answer: Answer, more: Mapping[str, object], names: Mapping[str, str]) -> str:
    """`cites` are events by their names in the script, or all things whose events are cited."""
    if not more.get("cites"):
        return ""
    cited = {names[id_] for claim in answer.claims for id_ in claim.citations}
    wanted = set(str(more["cites"]).split())
    things = {name.split(".")[0] for name in cited}
    return "" if wanted in (cited, things) else f"cites {sorted(cited)}, not {sorted(wanted)}"
