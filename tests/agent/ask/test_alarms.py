"""Questions about alerts, asked of alerts that a judge raised in the store."""

from datetime import timedelta

import pytest

from agent.ask.ask import ask
from tests.agent.ask.conftest import NOW, PARIS, START, Scene
from vidette import codec
from vidette.alerts import Alert, AlertState, Change, Judgement, Severity
from vidette.answers import Plan
from vidette.models import EventType, Label
from vidette.queries import Events


class Alarm:
    """A judge that raises these alerts about whatever it is shown."""

    def __init__(self, *alerts):
        self.alerts = alerts

    def judge(self, case, read):
        return Judgement(alerts=self.alerts)


def alert(number, rule, severity, stream, event, *, zone=None, state=AlertState.OPEN):
    at = START + timedelta(seconds=10 * number)
    return Alert(
        id=f"alert-{number}", rule=rule, rule_version="1", severity=severity, state=state, change=Change.RAISED, sequence=0,
        streams=(stream,), at=at, raised_at=at, incident=f"i{number}", events=(event,), text=f"alert number {number}",
        why=(f"event was {rule}", "it stayed"), zones=(zone,) if zone else None,
    )  # fmt: skip


@pytest.fixture
def store(make, second_camera):
    door = Scene("door")
    door.event(EventType.OBJECT_LEFT, 10.0, track=door.track(10.0, 20.0, Label.BAG))
    made = make(door, second_camera)
    event = made.read(Events())[0].id
    made.rejudge(
        door.stream.id,
        Alarm(
            alert(1, "bag-left", Severity.HIGH, "door", event, zone="hall"),
            alert(2, "bag-left", Severity.HIGH, "door", event, state=AlertState.ACKNOWLEDGED),
            alert(3, "gate_busy", Severity.LOW, "door", event),
        ),
    )
    return made, event


def asked(question, store, previous=None):
    return ask(question, store[0], now=NOW, tz=PARIS, previous=previous)


@pytest.mark.parametrize(
    ("question", "kind", "value"),
    [
        ("any alerts today?", "exists", True),
        ("which alerts went off", "list", 3),
        ("how many alerts were there", "count", 3),
        ("how many alerts were there on cam2", "count", 0),
        ("were there any alerts on cam2", "exists", False),
        ("were there any high severity alerts", "exists", True),
        ("were there any critical alerts?", "exists", False),
        ("did the bag-left rule trigger", "exists", True),
        ("how often did the rule gate busy fire", "count", 1),
        ("how many open alerts are there", "count", 2),
        ("when was the last alert", "last", "2026-03-11T11:04:38Z"),
        ("show alerts before 12:04:25", "list", 1),
        ("why did the alarm go off", "describe", 3),
        ("what rules fired", "list", 3),
    ],
)
def test_alerts_are_told(store, question, kind, value):
    answer = asked(question, store)
    assert not answer.unknown, answer.answer
    assert (answer.plan.of, answer.plan.kind, answer.value) == ("alerts", kind, value)


def test_each_alert_cites_its_events_and_why_gives_the_conditions(store):
    answer = asked("why was there an alert at 12:04:18", store)
    assert "because event was bag-left and it stayed" in answer.answer
    assert [claim.citations for claim in answer.claims] == [(store[1],)]


def test_the_rules_are_named_where_there_are_several(store):
    assert "by 2 rules: bag-left (2), gate_busy (1)" in asked("show alerts", store).answer


@pytest.mark.parametrize(
    "question", ["did the fire alarm go off", "how many rules are there", "how many alerts about people", "alerts in the first 20 seconds", "<script>alert(1)</script>"]
)  # fmt: skip
def test_what_alerts_are_not_told_by_is_refused(store, question):
    answer = asked(question, store)
    assert answer.unknown, answer.answer


def test_alerts_of_other_kinds_are_said_where_there_is_none_of_this(store):
    answer = asked("were any alerts dismissed?", store)
    assert answer.value is False
    assert "no such alert was raised; 3 alerts of other kinds" in answer.answer.casefold()


def test_a_question_about_alerts_is_gone_on_from(store):
    first = asked("any alerts today?", store)
    assert asked("how many", store, first.plan).value == 3
    assert asked("and on cam2?", store, first.plan).value is False
    assert "bag-left" in asked("why?", store, first.plan).answer
    assert codec.decode(Plan, codec.encode(first.plan)) == first.plan


def test_none_is_only_said_where_somebody_looked(make, quiet, unwatched):
    none = ask("any alerts?", make(quiet), now=NOW, tz=PARIS)
    assert none.value is False
    assert "no rule has raised any alert" in none.answer
    assert ask("any alerts?", make(unwatched), now=NOW, tz=PARIS).unknown
