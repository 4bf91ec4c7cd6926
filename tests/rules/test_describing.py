"""A deep look that says more of what an alert is about: told once a run, after the alert, to those who were told of it."""

import pytest

from agent.perception.deep import deep_look
from agent.perception.scripted import SCRIPTED, ScriptedVision
from rules import sentence
from vidette.alerts import AlertState, Change
from vidette.ids import segment_id
from vidette.models import EventType, Label, Run, Segment
from vidette.vision import LookReply, LookRequest, SeenEntity, SeenEvent

LOITERS = EventType.LOITERING
RULE = {"id": "loiterer", "when": {"event": "loitering"}}
DESK, LOG = {"id": "desk", "kind": "console"}, {"id": "log", "kind": "jsonl", "path": "log.jsonl", "described": False}
LARGE = Run(id="large", model="vlm", revision="7b")
MAN = "A man in red leans on the fence."


def closer(w, start_s=0.0, *, run=SCRIPTED, events=(), entities=(), caption="A yard."):
    """A deep look at ten seconds of the stream, settled under the rules."""
    segment = Segment(id=segment_id(w.stream.id, start_s), stream_id=w.stream.id, start_s=start_s, end_s=start_s + 10)
    request = LookRequest(
        stream_id=w.stream.id, stream_name=w.stream.name, segment=segment, tracks=tuple(w.tracks.values())
    )
    reply = LookReply(caption=caption, events=tuple(events), entities=tuple(entities))
    w.store.settle(deep_look(ScriptedVision(otherwise=reply, run=run), request), w.engine)


def loiters(start_s=3.0, caption=MAN, type_=LOITERS, tracks=()):
    return SeenEvent(
        type=type_, start_s=start_s, end_s=start_s + 2, confidence=0.7, caption=caption, track_ids=tuple(tracks)
    )


@pytest.fixture
def loitered(watch):
    """Somebody loiters, and the desk and the log were told."""
    made = watch(RULE, sinks=(DESK, LOG))
    made.who = made.thing("someone", Label.PERSON)
    made.key = made.opens(LOITERS, made.who, 2.0, caption="A person loiters.")
    made.commit(5.0)
    return made


def test_what_supports_its_event_describes_an_alert(loitered):
    before = loitered.alert()
    closer(loitered, events=[loiters()])
    after = loitered.alert()
    assert (after.change, after.sequence, after.state) == (Change.DESCRIBED, 2, AlertState.OPEN)
    assert after.text == before.text + ". Seen closer: “A man in red leans on the fence”"
    assert (after.described_by, before.described_by) == (("scripted",), None)
    assert sorted(loitered.messages()) == [("desk", 1, "raised"), ("desk", 2, "described"), ("log", 1, "raised")]
    (why,) = loitered.why("described", "loiterer")
    assert "A man in red" in why


def test_what_describes_its_subject_describes_an_alert(loitered):
    thing = SeenEntity(label=Label.PERSON, description="a guard with a torch", track_id=loitered.who)
    closer(loitered, entities=[thing])
    assert loitered.alert().text.endswith("Seen closer: “a guard with a torch”")
    assert loitered.alert().change is Change.DESCRIBED


def test_a_look_that_says_nothing_of_it_changes_nothing(loitered):
    before = loitered.alert()
    closer(loitered, events=[loiters(type_=EventType.FIRE)])
    other = loitered.thing("another", Label.PERSON)
    closer(loitered, 10.0, entities=[SeenEntity(label=Label.PERSON, description="a boy", track_id=other)])
    nameless = SeenEntity(label=Label.PERSON, track_id=loitered.who)
    closer(loitered, 20.0, entities=[nameless])
    assert loitered.alert() == before


def test_a_subject_described_at_another_time_is_not_what_the_alert_is_about(loitered):
    loitered.ends(loitered.key, 6.0)
    loitered.commit(8.0)
    before = loitered.alert()
    closer(loitered, 20.0, entities=[SeenEntity(label=Label.PERSON, description="a guard", track_id=loitered.who)])
    assert loitered.alert() == before


def test_once_a_run(loitered):
    closer(loitered, events=[loiters()])
    closer(loitered, 10.0, events=[loiters(13.0, "He still stands there.")])
    assert (loitered.alert().sequence, "still" in loitered.alert().text) == (2, False)
    closer(loitered, run=LARGE, events=[loiters(caption="Two men talk.")])
    after = loitered.alert()
    assert (after.sequence, after.described_by) == (3, ("scripted", "large"))
    assert after.text.endswith("UTC. Seen closer: “Two men talk”")


def test_an_event_without_words_is_told_by_those_of_the_segment(loitered):
    closer(loitered, events=[loiters(caption="")], caption="Someone waits at a gate.")
    assert loitered.alert().text.endswith("“Someone waits at a gate”")


def test_what_is_over_keeps_its_state_and_what_was_dismissed_its_peace(loitered):
    loitered.ends(loitered.key, 6.0)
    loitered.commit(60.0)
    closer(loitered, events=[loiters()])
    after = loitered.alert()
    assert (after.state, after.change) == (AlertState.RESOLVED, Change.DESCRIBED)
    assert after.text.startswith("Over after 4 s: ")


def test_the_end_comes_after_it_and_tells_it_too(loitered):
    closer(loitered, events=[loiters()])
    loitered.ends(loitered.key, 9.0)
    loitered.commit(60.0)
    assert loitered.alert().state is AlertState.RESOLVED
    assert loitered.alert().text.startswith("Over after 7 s: ")
    assert "A man in red" in loitered.alert().text
    assert [row[1:] for row in loitered.messages() if row[0] == "desk"] == [
        (1, "raised"),
        (2, "described"),
        (3, "resolved"),
    ]


def test_nobody_is_told_of_what_nobody_was_told_of_or_of_what_is_old(watch):
    quiet = watch({**RULE, "cooldown_s": 600}, sinks=(DESK,))
    for at in (2.0, 50.0):
        key = quiet.opens(LOITERS, quiet.thing(f"someone {at}", Label.PERSON), at)
        quiet.commit(at + 2)
        quiet.ends(key, at + 3)
    quiet.commit(120.0)
    closer(quiet, 48.0, events=[loiters(50.0)])
    assert [one.change.value for one in quiet.alerts()] == ["resolved", "described"]
    assert "described" not in {row[2] for row in quiet.messages()}
    quiet.now = quiet.instant.replace(year=2030)
    closer(quiet, events=[loiters(2.0)])
    assert quiet.alerts()[0].change is Change.DESCRIBED
    assert "described" not in {row[2] for row in quiet.messages()}
    assert any("nobody is told" in why for why in quiet.why("described", "loiterer"))


def test_an_alert_that_the_look_raises_itself_is_not_described_by_it(watch):
    w = watch({"id": "fire", "when": {"event": "fire"}}, sinks=(DESK,))
    w.commit(5.0)
    closer(w, events=[loiters(type_=EventType.FIRE, caption="Flames.")])
    assert (w.alert().change, w.alert().sequence) == (Change.RAISED, 1)
    closer(w, run=LARGE, events=[loiters(type_=EventType.FIRE, caption="Flames on a roof.")])
    assert (w.alert().change, w.alert().sequence) == (Change.DESCRIBED, 2)


def test_a_rule_that_is_gone_describes_nothing(loitered):
    before = loitered.alert()
    loitered.rule_by({"id": "other", "when": {"event": "fire"}})
    closer(loitered, events=[loiters()])
    assert loitered.alert() == before


def test_a_closer_sentence_takes_the_place_of_the_one_before():
    text = sentence.closer("“A bag was left” on yard, 08:00", "a red “bag”.")
    assert text == '“A bag was left” on yard, 08:00. Seen closer: “a red "bag"”'
    assert sentence.closer(text, "a coat") == "“A bag was left” on yard, 08:00. Seen closer: “a coat”"
