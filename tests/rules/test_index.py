"""Rules on words alone are found for an event without asking each: the same ones as by asking each."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from rules.index import index_of
from rules.rule import rule_of
from rules.words import words_of
from vidette.alerts import AlertState, Case
from vidette.models import EventType, Label, State
from vidette.queries import Events
from vidette.rows import EventRow
from vidette.rule_settings import RuleSettings

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
SAID = ("van", "white van", "uber DOCK", "door van dock", "white")
RULES = [
    rule_of(RuleSettings.model_validate({"id": said.lower().replace(" ", "-"), "when": {"caption": said}}), UTC)
    for said in SAID
]
TYPED = rule_of(RuleSettings.model_validate({"id": "typed", "when": {"event": "fire", "caption": "van"}}), UTC)
WORDS = st.lists(st.sampled_from(["Van", "white", "dock", "door", "Über", "vans"]), max_size=5)
EVENTS = st.lists(st.tuples(WORDS, st.sampled_from([State.OPEN, State.CLOSED, State.RETRACTED])), max_size=6)


@given(told=EVENTS)
def test_words_find_the_rules_that_hold_them_all(told):
    events = [
        EventRow(
            id=str(number),
            type=EventType.OTHER,
            stream="yard",
            start=START,
            start_s=0.0,
            confidence=0.9,
            caption=" ".join(words),
            state=state,
        )
        for number, (words, state) in enumerate(told)
    ]
    found = index_of([*RULES, TYPED], "yard", frozenset(), frozenset()).given(events)
    for rule in RULES:
        asked = [
            event
            for event in events
            if event.state is State.RETRACTED or words_of(rule.id.replace("-", " ")) <= words_of(event.caption)
        ]
        assert found.get(rule.id, []) == asked
    assert TYPED.id not in found


def test_what_held_the_words_is_followed_when_its_caption_changes(watch):
    w = watch({"id": "red", "when": {"caption": "red"}})
    w.opens(EventType.OBJECT_STOPPED, w.thing("car", Label.VEHICLE), 3.0, "a red car")
    w.commit(10.0)
    (row,) = w.store.read(Events())
    over = replace(row, caption="a car", end_s=20.0, end=w.stream.at(20.0), state=State.CLOSED)
    case = Case(stream=w.stream, look="fast", watermark_s=100.0, final=False, events=(over,))
    assert [alert.state for alert in w.engine.judge(case, w.store.read).alerts] == [AlertState.RESOLVED]
