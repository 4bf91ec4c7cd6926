"""Looks of a detector, alone and beside a vision model."""

from dataclasses import replace

import numpy as np
import pytest

from agent.perception.deep import deep_look, look_id
from agent.perception.detect.look import DetectorLook
from agent.perception.scripted import ScriptedDetector, ScriptedVision
from ingest.jpeg import encode
from ingest.media import MemoryMedia
from vidette.errors import ModelError, NotAsked
from vidette.models import DeepState, Keyframe, Label, PathPoint, Run, Segment, Track, Usage
from vidette.vision import Detection, LookReply, LookRequest, SeenEntity

WALKER, BAG = (0.4, 0.3, 0.6, 0.9), (0.1, 0.7, 0.2, 0.9)
PERSON = Detection(label=Label.PERSON, kind="person", box=WALKER, confidence=0.9)
CASE = Detection(label=Label.BAG, kind="suitcase", box=BAG, confidence=0.6)
CONE = Detection(label=Label.OTHER, kind="traffic cone", box=(0.7, 0.7, 0.8, 0.9), confidence=0.8)
PATH = (PathPoint(pts_s=10.0, box=WALKER), PathPoint(pts_s=18.0, box=WALKER))
TRACK = Track(id="walker", stream_id="cam", label=Label.OBJECT, start_s=10, end_s=18, confidence=1, path=PATH)
FINDS = ScriptedDetector(finds=(PERSON, CASE, CONE), run=Run(id="finds", model="finds", revision="1"))
TELLS = Run(id="tells", model="tells", revision="2", prompt_hash="p", params={"seed": 1})


class Fails:
    """A detector or a vision model that never answers."""

    def __init__(self, error=None):
        self.error, self.closed = error or ModelError("out of order", usage=Usage(calls=3)), False
        self.run = Run(id="fails", model="fails", revision="1")

    def detect(self, images, labels):
        raise self.error

    def look(self, request):
        raise self.error

    def close(self):
        self.closed = True


@pytest.fixture
def media():
    return MemoryMedia()


@pytest.fixture
def request_(media):
    sha256, uri = media.put(encode(np.full((90, 160, 3), 90, np.uint8)), ".jpg")
    frames = tuple(Keyframe(id=f"k{i}", segment_id="seg", pts_s=10.0 + i, sha256=sha256, uri=uri) for i in range(3))
    segment = Segment(id="seg", stream_id="cam", start_s=10.0, end_s=18.0, keyframes=frames)
    return LookRequest(stream_id="cam", stream_name="gate", segment=segment, tracks=(TRACK,))


def tells(**reply):
    return ScriptedVision(
        otherwise=LookReply(**{"caption": "A man at a gate.", "usage": Usage(calls=1), **reply}), run=TELLS
    )


def test_alone_it_names_tracks_and_tells_what_no_track_covers(media, request_):
    look = DetectorLook(detector=FINDS, media=media)
    seen = deep_look(look, request_)
    assert [row.deep for row in seen.coverage] == [DeepState.EXAMINED]
    assert seen.run == FINDS.run
    assert seen.id == look_id("seg", look.run.id)
    person, case = look.look(request_).entities  # the cone is none of the closed list, and nobody asked for it
    assert (person.label, person.track_id, person.box) == (Label.PERSON, "walker", WALKER)
    assert (case.label, case.track_id, case.box, case.attributes["kind"]) == (Label.BAG, None, BAG, "suitcase")
    assert [one.label for one in seen.entities] == [Label.PERSON, Label.BAG]
    assert seen.segments == ()  # the caption is still the one that was composed
    assert seen.usage.calls == 0
    assert seen.usage.gpu_s > 0


def test_words_mean_what_the_settings_say(media, request_):
    look = DetectorLook(detector=FINDS, media=media, words={"traffic cone": Label.OBJECT, "suitcase": Label.PACKAGE})
    assert [(one.label, one.attributes["kind"]) for one in look.look(request_).entities] == [
        (Label.OBJECT, "traffic cone"),
        (Label.PACKAGE, "suitcase"),
    ]


def test_other_words_or_another_detector_are_another_run(media):
    looks = [
        DetectorLook(detector=FINDS, media=media),
        DetectorLook(detector=FINDS, media=media, words={"van": Label.VEHICLE}),
        DetectorLook(detector=FINDS, media=media, words={"van": Label.OTHER}),
        DetectorLook(detector=Fails(), media=media),
        DetectorLook(detector=FINDS, media=media, second=tells()),
        DetectorLook(detector=FINDS, media=media, words={"van": Label.OTHER}, second=tells()),
        tells(),
    ]
    assert len({one.run.id for one in looks}) == len(looks)
    assert looks[4].run.model == "tells"
    assert looks[4].run.params["detector"]["model"] == "finds"


def test_beside_a_vision_model_its_word_counts_and_what_it_lacks_is_added(media, request_):
    said = SeenEntity(label=Label.PERSON, description="a courier", track_id="walker")
    look = DetectorLook(detector=FINDS, media=media, second=tells(entities=(said,)))
    reply = look.look(request_)
    assert reply.caption == "A man at a gate."
    person, case = reply.entities
    assert (person.description, person.track_id, person.box) == ("a courier", "walker", WALKER)
    assert case.label is Label.BAG
    assert reply.usage.calls == 1
    assert reply.usage.gpu_s > 0
    assert deep_look(look, request_).run == look.run


def test_who_spoke_beside_it_is_in_the_run(media, request_):
    other = Run(id="other", model="other", revision="1")
    look = DetectorLook(detector=FINDS, media=media, second=tells(run=other))
    run = look.look(request_).run
    assert run.model == "other"
    assert run.id != other.id
    assert run == DetectorLook(detector=FINDS, media=media, second=replace(tells(), run=other)).run


@pytest.mark.parametrize("error", [ModelError("HTTP 500", usage=Usage(calls=3)), NotAsked("all is spent")])
def test_where_the_vision_model_fails_the_detector_speaks_and_the_look_is_owed(media, request_, error):
    look = DetectorLook(detector=FINDS, media=media, second=Fails(error))
    seen = deep_look(look, request_)
    assert [row.deep for row in seen.coverage] == [DeepState.EXAMINED]
    assert str(error) in seen.coverage[0].reason
    assert [one.label for one in seen.entities] == [Label.PERSON, Label.BAG]
    assert seen.id == look_id("seg", FINDS.run.id)
    assert seen.id != look_id("seg", look.run.id)
    assert seen.usage.calls == (error.usage or Usage()).calls


def test_where_the_detector_fails_the_vision_model_speaks_and_the_look_is_owed(media, request_):
    look = DetectorLook(detector=Fails(), media=media, second=tells())
    seen = deep_look(look, request_)
    assert seen.id == look_id("seg", TELLS.id) != look_id("seg", look.run.id)
    assert "out of order" in seen.coverage[0].reason
    assert seen.segments[0].caption == "A man at a gate."


def test_where_nothing_could_look_the_look_failed(media, request_):
    gone = replace(request_, segment=replace(request_.segment, keyframes=()))
    for look, asked in (
        (DetectorLook(detector=Fails(), media=media), request_),
        (DetectorLook(detector=Fails(), media=media, second=Fails()), request_),
        (DetectorLook(detector=FINDS, media=media), gone),
    ):
        with pytest.raises(ModelError):
            look.look(asked)
        assert [row.deep for row in deep_look(look, asked).coverage] == [DeepState.FAILED]


def test_pictures_that_are_gone_are_left_out(media, request_):
    frames = (replace(request_.segment.keyframes[0], sha256="0" * 64), *request_.segment.keyframes[1:])
    look = DetectorLook(detector=FINDS, media=media)
    asked = replace(request_, segment=replace(request_.segment, keyframes=frames))
    assert {one.at_s for one in look.look(asked).entities} == {11.0}


def test_both_are_closed(media):
    a, b = Fails(), Fails()
    DetectorLook(detector=a, media=media, second=b).close()
    assert a.closed
    assert b.closed
