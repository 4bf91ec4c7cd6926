"""What is small is looked at closer: parts of a picture, larger, chosen here or asked for by the model."""

from dataclasses import replace

import numpy as np
import pytest

from agent.perception.deep import deep_look
from ingest.jpeg import encode
from tests.agent.perception.vlm.conftest import picture, sent
from tests.answering import QUIET, ModelServer, says
from vidette.geometry import iou
from vidette.models import Keyframe, Segment
from vidette.vision import LookRequest, SeenEvent

WIDE, HIGH, THING = 3840, 2160, 24
RED = np.array((200, 30, 30))


def yard(thing=None, lorry=0):
    """A 4K frame of a textured yard; a red thing of 24 px where one is, and a large grey one."""
    rng = np.random.default_rng(3)
    rough = rng.integers(90, 110, (HIGH // 8, WIDE // 8, 3), np.uint8)
    rgb = np.ascontiguousarray(np.kron(rough, np.ones((8, 8, 1), np.uint8)))
    if lorry:
        rgb[1000:1600, lorry : lorry + 900] = 190
    if thing:
        x, y = thing
        rgb[y : y + THING, x : x + THING] = RED
    return encode(rgb)


def red_box(pixels):
    """Where a model that makes out red things of 16 px and more sees one; None where it sees none."""
    red = np.abs(pixels.astype(int) - RED).max(axis=2) < 40
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    if len(rows) < 16 or len(columns) < 16:
        return None
    height, width = pixels.shape[:2]
    return [columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height]


def seeing(question, closer=None):
    """What that model reports of the pictures it was sent."""
    said = {**QUIET, "entities": [], "events": [], "closer": closer or []}
    for before, pixels in sent(question):
        box, number = red_box(pixels), int(before.split()[1].rstrip(","))
        if box:
            thing = {"label": "bag", "description": "red", "track": "", "box": box, "frame": number, "attributes": []}
            event = {"type": "object_left", "start_s": 0, "end_s": 8, "confidence": 0.8, "caption": "a red bag"}
            said["entities"].append(thing)
            said["events"].append({**event, "tracks": [], "box": box, "frame": number})
    return said


@pytest.fixture
def large(media):
    """Makes a look at 4K pictures, each with the thing at a place or without it."""

    def look(*things, lorries=False):
        frames = []
        for number, thing in enumerate(things):
            sha256, uri = media.put(yard(thing, 600 * number if lorries else 0), ".jpg")
            frames.append(Keyframe(id=f"k{number}", segment_id="seg", pts_s=4.0 * number, sha256=sha256, uri=uri))
        segment = Segment(id="seg", stream_id="cam", start_s=0.0, end_s=8.0, keyframes=tuple(frames))
        return LookRequest(stream_id="cam", stream_name="gate", segment=segment)

    return look


PLACE = (2900, 1500)
BOX = (2900 / WIDE, 1500 / HIGH, 2924 / WIDE, 1524 / HIGH)


def test_a_small_thing_that_came_is_found_in_a_part_of_the_picture(asking, large):
    request = large(None, PLACE)
    with ModelServer(answer=seeing) as server:
        without = asking(server, tiles=0).look(request)
        seen = deep_look(asking(server), request)
    assert (without.entities, without.events) == ((), ())
    (said,) = seen.assertions
    assert iou(said.box, BOX) > 0.8
    (proof,) = said.evidence
    assert iou(proof.box, BOX) > 0.8
    assert proof.pts_s == 4.0
    assert len(server.questions) == 2
    assert max(max(pixels.shape) for question in server.questions for _, pixels in sent(question)) <= 768


def test_a_look_that_is_to_cost_less_has_no_parts(asking, large):
    wants = {**QUIET, "closer": [{"frame": 1, "box": [0.1, 0.1, 0.2, 0.2]}]}
    with ModelServer(answer=lambda _: wants) as server:
        asking(server).look(replace(large(None, PLACE), effort="fewer"))
    (question,) = server.questions
    assert [before for before, _ in sent(question)] == ["Picture 1, at 0.0 s:"]


def test_a_small_track_is_shown_larger(asking, large, request_):
    request = large(PLACE)  # one picture: nothing to compare it with
    track = request_.tracks[0]
    path = tuple(replace(point, pts_s=at, box=BOX) for point, at in zip(track.path, (0.0, 8.0), strict=True))
    with ModelServer(answer=seeing) as server:
        model = asking(server)
        assert model.look(request).entities == ()
        (thing,) = model.look(replace(request, tracks=(replace(track, path=path),))).entities
    assert iou(thing.box, BOX) > 0.8


def test_what_the_model_wants_to_see_closer_it_is_shown_once(asking, large):
    about = [BOX[0] - 0.05, BOX[1] - 0.05, BOX[2] + 0.05, BOX[3] + 0.05]
    with ModelServer(answer=lambda question: seeing(question, [{"frame": 1, "box": about}])) as server:
        reply = asking(server).look(large(PLACE))
    assert len(server.questions) == 2
    first, second = ([before for before, _ in sent(question)] for question in server.questions)
    assert second[: len(first)] == first
    assert ", part [" in second[-1]
    assert "of picture 1:" in second[-1]
    (thing,) = reply.entities
    assert iou(thing.box, BOX) > 0.8
    assert reply.usage.calls == 2


@pytest.mark.parametrize(
    "closer",
    [
        {"frame": 9, "box": [0.1, 0.1, 0.2, 0.2]},
        {"frame": 0, "box": [0.1, 0.1, 0.2, 0.2]},
        {"frame": 1, "box": []},
        {"frame": 1, "box": [0.4, 0.1, 0.2, 0.2]},
        {"frame": 99, "box": [0.1, 0.1, 0.2, 0.2]},
        {"frame": 1, "box": [0.1, 0.1, 0.2, -1]},
    ],
)
def test_what_is_no_place_in_a_picture_is_not_looked_at_closer(closer, asking, large):
    with ModelServer(answer=lambda question: seeing(question, [closer])) as server:
        asking(server).look(large(None))
    assert len(server.questions) == 1


def test_what_is_kept_little_larger_is_shown_larger_only_where_it_is_asked_for(asking, media):
    frames = []
    for number, place in enumerate((100, 900)):
        sha256, uri = media.put(picture(place, (1280, 720)), ".jpg")
        frames.append(Keyframe(id=f"k{number}", segment_id="seg", pts_s=4.0 * number, sha256=sha256, uri=uri))
    segment = Segment(id="seg", stream_id="cam", start_s=0.0, end_s=8.0, keyframes=tuple(frames))
    wants = {**QUIET, "closer": [{"frame": 2, "box": [0.7, 0.3, 0.8, 0.5]}]}
    with ModelServer(answer=lambda _: wants) as server:
        asking(server, small_px=400).look(LookRequest(stream_id="cam", stream_name="gate", segment=segment))
    assert [len(sent(question)) for question in server.questions] == [2, 3]


def test_a_picture_that_was_sent_whole_is_not_looked_at_closer(asking, request_):
    wants = {**QUIET, "closer": [{"frame": 1, "box": [0.1, 0.1, 0.2, 0.2]}]}
    with ModelServer(answer=lambda _: wants) as server:
        asking(server).look(request_)
    assert len(server.questions) == 1


@pytest.mark.parametrize("fault", [says("?"), says(QUIET, finish="length")])
def test_a_closer_look_that_fails_takes_nothing_from_the_first(fault, asking, large):
    wants = {**QUIET, "closer": [{"frame": 1, "box": [0.1, 0.1, 0.2, 0.2]}]}
    with ModelServer([says(wants), fault, fault]) as server:
        reply = asking(server).look(large(None))
    assert reply.caption == QUIET["caption"]
    assert (len(server.questions), reply.usage.calls) == (3, 3)


def test_where_there_is_no_room_the_pictures_nobody_asked_for_give_way(asking, large):
    wants = {**QUIET, "closer": [{"frame": 3, "box": [0.3, 0.1, 0.5, 0.3]}, {"frame": 3, "box": [0.7, 0.7, 0.8, 0.8]}]}
    with ModelServer(answer=lambda _: wants) as server:
        asking(server, max_images=4).look(large(None, None, None, None, lorries=True))
    first, second = ([before for before, _ in sent(question)] for question in server.questions)
    assert [before.split(",")[0] for before in first] == ["Picture 1", "Picture 2", "Picture 3", "Picture 4"]
    assert [before.split(",")[0] for before in second] == ["Picture 1", "Picture 3", "Picture 5", "Picture 6"]


def test_what_picture_and_part_both_show_is_one_thing(asking, large):
    def twice(question):
        said = seeing(question)
        for one in list(said["entities"]):
            if one["frame"] > 2:  # seen in a part, told for the whole picture too
                said["entities"].append({**one, "box": list(BOX), "frame": 2, "description": ""})
                said["events"].append({**said["events"][0], "box": list(BOX), "frame": 2})
        return said

    with ModelServer(answer=twice) as server:
        reply = asking(server).look(large(None, PLACE))
    assert [(one.label, one.description) for one in reply.entities] == [("bag", "red")]
    assert [isinstance(one, SeenEvent) for one in reply.events] == [True]
