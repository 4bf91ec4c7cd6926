"""The deep look: hostile replies are bounded, ids follow content, failures say why and nothing else."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.deep import deep_look, failed_id, look_id
from agent.perception.reply import MAX_ATTRIBUTES, MAX_CAPTION, MAX_EVENTS, checked, clean
from agent.perception.scripted import ScriptedVision
from vidette.errors import ModelError, NotAsked
from vidette.ids import entity_id
from vidette.models import DeepState, EventType, Keyframe, Label, Segment, Track, Usage, Verdict
from vidette.vision import LookReply, LookRequest, SeenEntity, SeenEvent, SeenText

FRAMES = tuple(
    Keyframe(id=f"k{n}", segment_id="seg", pts_s=10.0 + n, sha256=f"{n}" * 64, uri=f"u{n}") for n in (0, 5, 9)
)
SEGMENT = Segment(id="seg", stream_id="cam", start_s=10.0, end_s=20.0, keyframes=FRAMES, track_ids=("t2",))
TRACK = Track(id="t1", stream_id="cam", label=Label.OBJECT, start_s=9.0, end_s=None, confidence=0.5, path=())
REQUEST = LookRequest(stream_id="cam", stream_name="gate", segment=SEGMENT, tracks=(TRACK,))


def event(**changes):
    said = {"type": EventType.FIRE, "start_s": 12.0, "end_s": 14.0, "confidence": 0.7, "caption": "flames"} | changes
    return SeenEvent(**said)


def look(*events, entities=(), caption="a yard"):
    reply = LookReply(caption=caption, events=events, entities=tuple(entities))
    return deep_look(ScriptedVision(replies={"seg": reply}), REQUEST)


def test_a_reply_becomes_assertions_entities_caption_and_coverage():
    thing = SeenEntity(label=Label.BAG, description="a red bag", track_id="t1")
    seen = look(event(track_ids=("t1",), box=(0.1, 0.1, 0.4, 0.4)), entities=[thing])
    (said,) = seen.assertions
    assert (seen.id, seen.look, seen.sequence) == (look_id("seg", "scripted"), "deep", None)
    assert (said.type, said.start_s, said.end_s, said.of, said.segment_id) == (EventType.FIRE, 12.0, 14.0, None, "seg")
    assert [(role.role, role.track_id) for role in said.roles] == [("subject", "t1")]
    assert [proof.pts_s for proof in said.evidence] == [15.0]  # nearest to the middle of the event
    assert [(e.id, e.label, e.description) for e in seen.entities] == [(entity_id("t1"), Label.BAG, "a red bag")]
    assert [s.caption for s in seen.segments] == ["a yard"]
    assert [(r.start_s, r.end_s, r.deep) for r in seen.coverage] == [(10.0, 20.0, DeepState.EXAMINED)]


def test_the_same_reply_makes_the_same_observation():
    twice = [look(event(), event(), event(type=EventType.SMOKE)) for _ in range(2)]
    assert twice[0] == twice[1]
    assert len({said.id for said in twice[0].assertions}) == 3  # two alike are told apart by their order


def test_two_words_on_one_track_are_one_entity_and_the_first_counts():
    things = [SeenEntity(label=label, track_id="t1") for label in (Label.BAG, Label.PERSON)]
    assert [e.label for e in look(entities=things).entities] == [Label.BAG]


def test_things_without_a_track_are_entities_of_their_own():
    things = [SeenEntity(label=Label.PERSON, description="a man"), SeenEntity(label=Label.PERSON, description="a man")]
    assert len({e.id for e in look(entities=things).entities}) == 2


def test_where_a_thing_was_seen_stays_with_it_where_the_picture_is_known():
    box, corners = (0.1, 0.2, 0.3, 0.4), ((0.1, 0.2), (0.3, 0.2), (0.2, 0.4))
    whole = SeenEntity(label=Label.BAG, box=box, polygon=corners, at_s=12.0, attributes={"kind": "case", "seen": "no"})
    boxed, nowhere = SeenEntity(label=Label.BAG, box=box, at_s=13.0), SeenEntity(label=Label.BAG, box=box)
    places = [one.attributes for one in look(entities=[whole, boxed, nowhere]).entities]
    assert places == [
        {"kind": "case", "seen": {"pts_s": 12.0, "box": [*box], "polygon": [[*corner] for corner in corners]}},
        {"seen": {"pts_s": 13.0, "box": [*box]}},
        {},
    ]


def test_no_caption_leaves_the_segment_as_it_is():
    assert look(caption=" \x00 ").segments == ()


def test_a_failed_look_says_why_and_nothing_else():
    seen = deep_look(ScriptedVision(), REQUEST)
    assert (seen.assertions, seen.entities, seen.segments) == ((), (), ())
    (row,) = seen.coverage
    assert row.deep == DeepState.FAILED
    assert "no scripted reply for segment 'seg'" in row.reason
    assert seen.id != look_id("seg", "scripted")  # so a later look at the segment can still be settled


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        (12, 14, (12, 14)),
        (5, 30, (10, 20)),
        (20, 25, (20, 20)),
        (1, 2, None),
        (25, 30, None),
        (14, 12, None),
        (math.nan, 14, None),
        (12, math.inf, None),
        (12, 10**400, None),
        ("12", 14, None),
        (True, 14, None),
    ],
)
def test_times_are_clamped_to_the_segment_or_refused(start, end, kept):
    times = [(said.start_s, said.end_s) for said in look(event(start_s=start, end_s=end)).assertions]
    assert times == ([kept] if kept else [])


@pytest.mark.parametrize("type_", ["fire_drill", "host_offline", "signal_lost", "clock_wrong", "sink_disabled", ""])
def test_types_outside_what_a_picture_shows_are_refused(type_):
    assert look(event(type=type_)).assertions == ()


def test_labels_outside_the_list_are_refused():
    assert look(entities=[SeenEntity(label="robot")]).entities == ()


def test_only_tracks_asked_about_are_named():
    (said,) = look(event(track_ids=("zz", "t2", "t2", "t1"))).assertions
    assert [role.track_id for role in said.roles] == ["t2", "t1"]
    (thing,) = look(entities=[SeenEntity(label=Label.BAG, track_id="zz")]).entities
    assert thing.id != entity_id("zz")


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ((0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.3, 0.4)),
        ((-1, 0.2, 9, 0.4), (0.0, 0.2, 1.0, 0.4)),
        ((0.3, 0.2, 0.1, 0.4), None),
        ((0.1, math.nan, 0.3, 0.4), None),
        ((0.1, 0.2, 0.3), None),
        ("abcd", None),
        ((2, 2, 3, 3), None),
    ],
)
def test_boxes_lie_in_the_picture_or_are_left_out(box, kept):
    (said,) = look(event(box=box)).assertions
    assert said.box == kept


def test_attributes_are_plain_named_and_few():
    many = {f"a{n}": n for n in range(100)} | {"kind": "van"}
    hostile = {"kind": "van", "Bad Name": 1, "nested": {"a": 1}, "long": "x" * 9999, "n": math.nan, 3: 4, "ok": True}
    a, b = look(entities=[SeenEntity(label=Label.BAG, attributes=one) for one in (many, hostile)]).entities
    assert len(a.attributes) == MAX_ATTRIBUTES
    assert set(b.attributes) == {"kind", "long", "ok"}
    assert len(b.attributes["long"]) == 120


def test_floods_are_cut():
    assert len(look(*[event(start_s=10 + n / 100) for n in range(999)]).assertions) == MAX_EVENTS


def test_read_text_is_kept_with_its_keyframe_and_what_it_cost_with_the_look():
    read = tuple(
        SeenText(at_s=at, text=text) for at, text in ((15.0, "EXIT"), (15.0, "3"), (15.0, "EXIT"), (99.0, "x"))
    )
    reply = LookReply(caption="a yard", events=(event(), event(type="meteor")), text=read, usage=Usage(calls=2))
    seen = deep_look(ScriptedVision(replies={"seg": reply}), REQUEST)
    (segment,) = seen.segments
    assert [frame.text for frame in segment.keyframes] == ["", "EXIT / 3", ""]
    assert seen.usage == Usage(calls=2, refused=1)


def test_the_picture_that_the_model_names_is_the_evidence():
    times = [one.evidence[0].pts_s for one in look(event(at_s=10.0), event(at_s=19.0), event(at_s=99.0)).assertions]
    assert times == [10.0, 19.0, 15.0]


def test_verdicts_are_of_questions_that_were_asked():
    asked = replace(REQUEST, questions=("Fire?",))
    said = [
        Verdict(question=question, answer=answer, confidence=sure, at_s=at)
        for question, answer, sure, at in (
            ("Fire?", "yes", 3.0, 99.0),
            ("Fire?", "perhaps", 0.5, None),
            ("Smoke?", "yes", 0.5, None),
            ("Fire?", "no", math.nan, None),
        )
    ]
    kept = checked(LookReply(caption="a yard", verdicts=tuple(said)), asked)
    assert kept.verdicts == (Verdict(question="Fire?", answer="yes", confidence=1.0),)


def test_a_look_that_was_not_asked_for_is_dropped_time():
    class Spent(ScriptedVision):
        def look(self, request):
            raise NotAsked("enough for this hour")

    seen = deep_look(Spent(), REQUEST)
    assert [(row.deep, row.reason) for row in seen.coverage] == [(DeepState.DROPPED, "enough for this hour")]
    assert seen.id not in {look_id("seg", "scripted"), failed_id("seg", "scripted")}
    assert deep_look(ScriptedVision(), REQUEST).id == failed_id("seg", "scripted")


def test_what_it_cost_and_answered_is_told_of_the_segment():
    verdict = Verdict(question="Fire?", answer="yes", confidence=0.9, at_s=15.0)
    asked = replace(REQUEST, questions=("Fire?",))
    reply = LookReply(caption="a yard", verdicts=(verdict,), usage=Usage(calls=2, prompt_tokens=9), note="short")
    seen = deep_look(ScriptedVision(otherwise=reply), asked, "fewer pictures: because")
    assert (seen.segment_id, seen.verdicts, seen.usage) == ("seg", (verdict,), Usage(calls=2, prompt_tokens=9))
    assert seen.coverage[0].reason == "short; fewer pictures: because"
    audit = replace(REQUEST, segment=replace(SEGMENT, gated=True))
    assert deep_look(ScriptedVision(otherwise=reply), audit).coverage[0].reason.startswith("taken at random")


@pytest.mark.parametrize("usage", [None, Usage(calls=3, prompt_tokens=500)])
def test_a_failed_look_says_what_it_cost(usage):
    class Noise(ScriptedVision):
        def look(self, request):
            raise ModelError("nothing but noise", usage=usage)

    seen = deep_look(Noise(), REQUEST)
    assert (seen.segment_id, seen.usage) == ("seg", usage or Usage(calls=1))
    assert seen.coverage[0].deep is DeepState.FAILED


def test_other_errors_are_not_taken_for_the_models():
    class Broken(ScriptedVision):
        def look(self, request):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deep_look(Broken(), REQUEST)


def test_a_scripted_model_without_a_reply_fails_as_a_model():
    with pytest.raises(ModelError, match="seg"):
        ScriptedVision().look(REQUEST)


@given(st.text(max_size=2000), st.integers(1, 600))
def test_cleaned_text_is_one_bounded_printable_line(text, limit):
    out = clean(text, limit)
    assert len(out) <= limit
    assert out == clean(out, limit)
    assert not any(ord(c) < 32 or c in "\x7f\u2028\u202e" for c in out)


numbers = st.one_of(st.floats(), st.integers(), st.none(), st.text(max_size=3), st.booleans())


@given(
    numbers,
    numbers,
    numbers,
    st.one_of(st.none(), st.tuples(numbers, numbers, numbers, numbers)),
    st.one_of(st.sampled_from(EventType), st.text(max_size=20)),
    st.text(max_size=800),
)
def test_whatever_is_replied_stays_in_bounds_and_checking_it_again_changes_nothing(start, end, sure, box, type_, text):
    reply = LookReply(
        caption=text,
        events=(event(start_s=start, end_s=end, confidence=sure, box=box, type=type_, caption=text),),
        entities=(SeenEntity(label=text, description=text, box=box), SeenEntity(label=Label.BAG, box=box)),
    )
    good = checked(reply, REQUEST)
    for said in good.events:
        assert 10 <= said.start_s <= said.end_s <= 20
        assert 0 <= said.confidence <= 1
        assert len(said.caption) <= MAX_CAPTION
        assert said.box is None or (0 <= said.box[0] < said.box[2] <= 1 and 0 <= said.box[1] < said.box[3] <= 1)
    assert checked(good, REQUEST) == good
