"""Several segments in one answer: what is said goes to the segment that it is about, and nothing is lost or counted twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.scripted import SCRIPTED
from agent.perception.together import divided, joined, look_together, shares
from vidette.errors import ModelError, NotAsked, TooMuch
from vidette.models import DeepState, EventType, Keyframe, Label, PathPoint, Segment, Track, Usage
from vidette.vision import LookReply, LookRequest, SeenEntity, SeenEvent, SeenText


def segment(start_s, end_s, **more):
    frame = Keyframe(id=f"k{start_s}", segment_id=f"s{start_s}", pts_s=start_s + 0.5, sha256="0", uri="")
    return Segment(id=f"s{start_s}", stream_id="yard", start_s=start_s, end_s=end_s, keyframes=(frame,), **more)


PARTS = (segment(10.0, 15.0), segment(20.0, 22.0, gated=True), segment(22.0, 40.0))


def request(parts=PARTS, **more):
    return LookRequest(stream_id="yard", stream_name="yard", segment=joined(parts), parts=parts, **more)


def event(start_s, end_s, **more):
    return SeenEvent(type=EventType.FIRE, start_s=start_s, end_s=end_s, confidence=0.5, caption="", **more)


class Says:
    """Answers with a reply, or fails."""

    run = SCRIPTED

    def __init__(self, reply):
        self.reply = reply

    def look(self, _request):
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    def close(self):
        pass


REPLY = LookReply(
    caption="one",
    captions=("one", "two", "three"),
    events=(event(11, 12), event(14, 21.5), event(30, 39), event(16, 17, at_s=22.5)),
    entities=(
        SeenEntity(label=Label.PERSON, at_s=20.5),
        SeenEntity(label=Label.BAG, track_id="t"),
        SeenEntity(label=Label.VEHICLE),
    ),
    text=(SeenText(at_s=22.5, text="EXIT"),),
    usage=Usage(calls=2, prompt_tokens=1001, completion_tokens=50, wall_s=3.0, gpu_s=1.5, refused=1),
)
TRACK = Track(
    id="t",
    stream_id="yard",
    label=Label.PERSON,
    start_s=22,
    end_s=40,
    confidence=1,
    path=(PathPoint(pts_s=25.0, box=(0, 0, 1, 1)),),
)


def test_each_segment_is_told_what_is_about_it():
    first, second, third = look_together(Says(REPLY), request(tracks=(TRACK,)), "few pictures")
    assert [one.segment_id for one in (first, second, third)] == [one.id for one in PARTS]
    assert [one.segments[0].caption for one in (first, second, third)] == ["one", "two", "three"]
    assert [[(a.start_s, a.end_s) for a in one.assertions] for one in (first, second, third)] == [
        [(11, 12)],
        [(20, 21.5)],
        [(30, 39)],
    ]
    assert [[thing.label for thing in one.entities] for one in (first, second, third)] == [
        [Label.VEHICLE],
        [Label.PERSON],
        [Label.BAG],
    ]
    assert third.segments[0].keyframes[0].text == "EXIT"
    assert [one.coverage[0].deep for one in (first, second, third)] == [DeepState.EXAMINED] * 3
    assert first.coverage[0].reason == "few pictures"
    assert "at random" in second.coverage[0].reason


def test_an_event_wholly_in_the_time_between_is_refused_and_counted():
    found = look_together(Says(REPLY), request())
    assert sum(one.usage.refused for one in found) == 1 + 1  # and the one that the reader refused


def test_what_it_cost_is_shared_and_adds_up():
    found = look_together(Says(REPLY), request())
    whole = sum((one.usage for one in found), Usage())
    assert (whole.calls, whole.prompt_tokens, whole.completion_tokens) == (2, 1001, 50)
    assert whole.wall_s == pytest.approx(3.0)
    assert [one.usage.calls for one in found] == [2, 0, 0]


@settings(max_examples=100)
@given(st.integers(1, 9), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 9))
def test_shares_add_up(count, prompt, completion, calls):
    usage = Usage(calls=calls, prompt_tokens=prompt, completion_tokens=completion, refused=3)
    whole = sum(shares(usage, count), Usage())
    assert (whole.calls, whole.prompt_tokens, whole.completion_tokens, whole.refused) == (calls, prompt, completion, 3)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60)), max_size=12), st.lists(st.floats(0, 60), max_size=12))
def test_nothing_is_lost_and_nothing_told_twice(times, moments):
    reply = LookReply(
        caption="",
        captions=("a", "b", "c"),
        events=tuple(event(min(pair), max(pair)) for pair in times),
        entities=tuple(SeenEntity(label=Label.PERSON, at_s=at) for at in moments),
        text=tuple(SeenText(at_s=at, text="x") for at in moments),
    )
    told = divided(reply, request())
    for name in ("events", "entities", "text"):
        given_, got = getattr(reply, name), [one for part in told for one in getattr(part, name)]
        assert sorted(map(repr, given_)) == sorted(map(repr, got))
    for part, span in zip(told, PARTS, strict=True):
        for one in part.entities:
            inside = any(other.start_s <= one.at_s < other.end_s for other in PARTS)
            assert not inside or span.start_s <= one.at_s < span.end_s


def test_where_it_fails_each_segment_has_failed_and_the_cost_is_counted_once():
    error = ModelError("the server is down", usage=Usage(calls=4, prompt_tokens=7))
    found = look_together(Says(error), request())
    assert [one.coverage[0].deep for one in found] == [DeepState.FAILED] * 3
    assert sum((one.usage for one in found), Usage()).calls == 4


def test_where_nothing_may_be_asked_each_segment_is_dropped():
    found = look_together(Says(NotAsked("enough")), request())
    assert [one.coverage[0].deep for one in found] == [DeepState.DROPPED] * 3


def test_what_is_too_much_at_once_is_for_who_asked():
    with pytest.raises(TooMuch):
        look_together(Says(TooMuch("shorter, please")), request())


def test_a_reply_with_too_few_captions_leaves_the_others_without():
    found = look_together(Says(LookReply(caption="x", captions=("x",))), request())
    assert [len(one.segments) for one in found] == [1, 0, 0]


def test_the_joined_segment_reaches_over_all_and_has_all_pictures():
    whole = joined(PARTS)
    assert (whole.start_s, whole.end_s, whole.gated) == (10.0, 40.0, False)
    assert [frame.id for frame in whole.keyframes] == ["k10.0", "k20.0", "k22.0"]
    assert whole.id == joined(PARTS).id != joined(PARTS[:2]).id
