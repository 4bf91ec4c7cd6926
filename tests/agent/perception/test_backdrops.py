"""The empty scene as a picture: only where it is asked for, one for looks that follow each other, and after a resume."""

import numpy as np
import pytest

from agent.perception.backdrops import EVERY_S, Backdrops
from agent.perception.background import Background
from ingest import jpeg
from ingest.frame import ArrayFrame
from ingest.media import MemoryMedia
from tests.looking import watch
from tests.pictures import Drawing, box, walk
from vidette.errors import StoreError
from vidette.settings import Settings, StreamSettings

AUTO = Settings(streams=[StreamSettings(name="s", normal="auto")])


def background(grey):
    return Background([ArrayFrame(image=np.full((90, 160, 3), grey, np.uint8), pts_s=0.0).planes(160)])


@pytest.fixture(scope="module")
def drawn():
    return Drawing(14, [box((220, 60, 50), walk(3, 7, (-20, 180), (500, 190)))])


def test_it_looks_as_the_scene_does_with_nothing_in_it(drawn):
    media, settings = MemoryMedia(), Settings(streams=[{"name": "yard", "normal": "auto"}])
    seen = watch(drawn, settings=settings, media=media).segments
    (address,) = {one.backdrop for one in seen if one.keyframes}
    assert all(one.backdrop is None for one in seen if not one.keyframes)
    shown = jpeg.decode(media.get(address))
    empty = next(iter(drawn.frames())).rgb(shown.shape[1])
    assert np.abs(shown.astype(int) - empty).mean() < 8
    parts = watch(drawn, settings=settings, media=media, span_s=4)
    assert {one.backdrop for one in parts.segments if one.keyframes} == {address}


@pytest.mark.parametrize("streams", [[], [{"name": "s"}], [{"name": "other", "normal": "auto"}]])
def test_without_being_asked_for_there_is_none(streams):
    media = MemoryMedia()
    backdrops = Backdrops(media, Settings(streams=streams), "s")
    backdrops.begin(background(90), 0.0)
    assert backdrops.at(background(90), 2 * EVERY_S) is None
    assert media._held == {}


def test_it_is_one_picture_for_an_hour_and_another_for_another_scene():
    backdrops = Backdrops(MemoryMedia(), AUTO, "s")
    backdrops.begin(background(90), 10.0)
    first = backdrops.at(background(95), 20.0)
    assert first
    assert backdrops.at(background(200), EVERY_S) == first
    assert backdrops.at(None, 3 * EVERY_S) == first  # the scene is over; it is what the segment showed
    later = backdrops.at(background(200), 10.0 + EVERY_S)
    assert later not in (first, None)
    backdrops.begin(background(40), 11.0 + EVERY_S)
    assert backdrops.at(background(200), 12.0 + EVERY_S) not in (first, later)


def test_a_successor_goes_on_with_it():
    media = MemoryMedia()
    first, second = Backdrops(media, AUTO, "s"), Backdrops(media, AUTO, "s")
    first.begin(background(90), 10.0)
    second.restore(first.state())
    assert second.at(background(200), 20.0) == first.at(background(200), 20.0)
    assert second.at(background(200), 10.0 + EVERY_S) == first.at(background(200), 10.0 + EVERY_S)


def test_where_there_is_no_room_looks_go_without_it():
    class Full(MemoryMedia):
        def put(self, data, suffix):
            raise StoreError("no room")

    backdrops = Backdrops(Full(), AUTO, "s")
    backdrops.begin(background(90), 0.0)
    assert backdrops.at(background(90), 1.0) is None
