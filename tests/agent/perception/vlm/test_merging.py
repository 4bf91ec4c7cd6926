"""Two answers as one: nothing is lost, nothing is there twice, and saying it again changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from agent.perception.vlm.merging import entities, events, merged, verdicts
from vidette.models import EventType, Label, Verdict
from vidette.vision import LookReply, SeenEntity, SeenEvent, SeenText

BOXES = st.sampled_from([None, (0.1, 0.1, 0.3, 0.3), (0.11, 0.1, 0.3, 0.3), (0.6, 0.6, 0.9, 0.9)])
TRACKS = st.sampled_from([None, "a", "b"])
LABELS = st.sampled_from([Label.PERSON, Label.BAG])
THINGS = st.builds(SeenEntity, label=LABELS, box=BOXES, track_id=TRACKS, description=st.sampled_from(["", "red"]))
HAPPENED = st.builds(
    SeenEvent,
    type=st.sampled_from([EventType.FIRE, EventType.FIGHT]),
    start_s=st.sampled_from([0.0, 4.0]),
    end_s=st.sampled_from([4.5, 9.0]),
    confidence=st.just(0.5),
    caption=st.just(""),
    box=BOXES,
    track_ids=st.sampled_from([(), ("a",), ("a", "b"), ("c",)]),
)
ANSWERS = st.builds(
    Verdict,
    question=st.sampled_from(["a?", "b?"]),
    answer=st.sampled_from(["yes", "no", "unknown"]),
    confidence=st.just(0.5),
)
REPLIES = st.builds(
    LookReply,
    caption=st.sampled_from(["", "one", "two"]),
    entities=st.lists(THINGS, max_size=4).map(tuple),
    events=st.lists(HAPPENED, max_size=4).map(tuple),
    text=st.lists(st.builds(SeenText, at_s=st.just(1.0), text=st.sampled_from("xy")), max_size=2).map(tuple),
    verdicts=st.lists(ANSWERS, max_size=2, unique_by=lambda one: one.question).map(tuple),
)


@given(st.lists(THINGS, max_size=8))
def test_things_once_each_and_once_more_changes_nothing(seen):
    once = entities(seen)
    assert entities(once) == once
    assert {one.label for one in once} <= {one.label for one in seen}
    assert {one.track_id for one in once} == {one.track_id for one in seen} or None in {one.track_id for one in seen}


@given(st.lists(HAPPENED, max_size=8), st.booleans())
def test_events_once_each_and_once_more_changes_nothing(seen, placeless):
    once = events(seen, placeless=placeless)
    assert events(once, placeless=placeless) == once
    assert set(once) <= set(seen)
    assert {one.type for one in once} == {one.type for one in seen}


@given(REPLIES, REPLIES)
def test_nothing_is_lost(first, second):
    both = merged(first, second)
    assert {one.type for one in both.events} == {one.type for one in (*first.events, *second.events)}
    assert {one.label for one in both.entities if one.track_id is None} <= {
        one.label for one in (*first.entities, *second.entities)
    }
    assert set(both.text) == {*first.text, *second.text}
    assert both.caption == (second.caption or first.caption)
    asked = {one.question for one in (*first.verdicts, *second.verdicts)}
    assert {one.question for one in both.verdicts} == asked
    assert len(both.verdicts) == len(asked)


@given(st.lists(ANSWERS, max_size=2, unique_by=lambda one: one.question), REPLIES)
def test_what_was_known_stays_known(first, second):
    known = {one.question for one in (*first, *second.verdicts) if one.answer != "unknown"}
    found = verdicts(first, second.verdicts)
    assert {one.question for one in found if one.answer != "unknown"} == known
    assert all(one in found for one in second.verdicts if one.answer != "unknown")


def test_a_part_lends_its_box_and_a_picture_its_track():
    fine = SeenEntity(label=Label.BAG, box=(0.1, 0.1, 0.3, 0.3), description="red")
    coarse = SeenEntity(label=Label.BAG, box=(0.1, 0.1, 0.32, 0.3), track_id="a", attributes={"colour": "red"})
    (one,) = entities([fine, coarse])
    assert (one.box, one.track_id, one.description, one.attributes) == (fine.box, "a", "red", {"colour": "red"})
