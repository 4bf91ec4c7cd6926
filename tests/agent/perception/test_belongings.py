"""Left, abandoned, removed, from judged regions and those who were near."""

from dataclasses import asdict

import numpy as np
import pytest

from agent.perception.belongings import Belongings, Mover
from agent.perception.ledger import Ledger
from agent.perception.still import Change
from vidette.models import EventType, State
from vidette.settings import FastSettings

SHAPE = (100, 200)
BOX = (50.0, 60.0, 70.0, 80.0)
NOBODY = np.zeros(SHAPE, bool)


def change(verdict, since_s=10.0, box=BOX):
    area = int((box[2] - box[0]) * (box[3] - box[1]))
    return Change(verdict=verdict, box=box, since_s=since_s, area=area, certainty=0.9, lead=1.0, region=NOBODY)


def mover(name, times, box=(45.0, 30.0, 75.0, 85.0), birth=(0.0, 30.0, 30.0, 85.0), birth_s=5.0):
    path = [(at, box) for at in times]
    return Mover(id=name, birth_s=birth_s, birth=birth, path=path, seen_s=times[-1], live=True)


class Scene:
    def __init__(self, **settings):
        self.ledger = Ledger("s", "r")
        self.things = Belongings("s", FastSettings(**settings), self.ledger, SHAPE)

    def change(self, verdict, *movers, **how):
        self.things.changed(change(verdict, **how), movers, "black", ())
        return self.ledger.drain()


def roles(event):
    return {role.role: role.track_id for role in event.roles}


def test_left_names_the_thing_and_who_was_last_there():
    scene = Scene()
    early, late = mover("early", [9.0, 9.5]), mover("late", [9.5, 11.0])
    (left,) = scene.change("left", early, late)
    (thing,) = scene.things.tracks()
    assert (left.type, left.start_s, left.state) == (EventType.OBJECT_LEFT, 10.0, State.OPEN)
    assert roles(left) == {"subject": thing.id, "bringer": "late"}
    assert left.caption == "A black object was left, bottom left."
    assert left.box == thing.path[0].box == (0.25, 0.6, 0.35, 0.8)
    assert (thing.start_s, thing.end_s, thing.attributes["still"]) == (10.0, None, True)
    assert thing.attributes["size"] == pytest.approx(0.02)


@pytest.mark.parametrize(
    "far", [mover("m", [2.0, 3.0]), mover("m", [9.5, 10.0], box=(120.0, 30.0, 150.0, 85.0))], ids=["when", "where"]
)
def test_who_was_not_there_then_is_not_named(far):
    (left,) = Scene().change("left", far)
    assert set(roles(left)) == {"subject"}


def test_left_then_abandoned_then_removed_speak_of_one_thing():
    scene = Scene(abandoned_s=5)
    (left,) = scene.change("left", mover("a", [9.0, 10.5]))
    for index in range(60):
        scene.things.step(10.0 + index / 5, ["a"] if index < 10 else [])
    (abandoned,) = scene.ledger.drain()
    assert (abandoned.type, abandoned.start_s) == (EventType.OBJECT_ABANDONED, pytest.approx(12.0))
    removed, closed = scene.change("removed", mover("b", [29.0, 30.0]), since_s=30.0)
    assert (removed.type, removed.start_s, removed.end_s) == (EventType.OBJECT_REMOVED, 30.0, 30.0)
    assert (closed.of, closed.end_s, closed.state) == (left.id, 30.0, State.CLOSED)
    assert roles(left)["subject"] == roles(abandoned)["subject"] == roles(removed)["subject"]
    assert (roles(abandoned)["bringer"], roles(removed)["taker"]) == ("a", "b")
    (gone,) = scene.things.tracks()
    assert (gone.id, gone.end_s) == (roles(left)["subject"], 30.0)
    assert scene.things.tracks() == ()


def test_a_bringer_who_returns_starts_the_clock_anew():
    scene = Scene(abandoned_s=5)
    scene.change("left", mover("a", [9.0, 10.5]))
    for at_s, live in ((10, []), (14, []), (14.5, ["a"]), (15, []), (19, [])):
        scene.things.step(float(at_s), live)
        assert scene.ledger.drain() == ()
    scene.things.step(20.0, [])
    scene.things.step(30.0, [])
    (abandoned,) = scene.ledger.drain()
    assert abandoned.start_s == 15.0


def test_something_taken_that_nobody_had_seen_brought_is_something():
    (removed,) = Scene().change("removed", mover("b", [9.0, 10.0]))
    assert removed.caption == "Something was taken away, bottom left."
    assert roles(removed) == {"taker": "b"}


def test_light_is_nothing():
    assert Scene().change("light", mover("b", [9.0, 10.0])) == ()


def test_what_set_off_by_itself_was_not_taken():
    own = mover("car", [9.8, 10.4], box=BOX, birth=BOX, birth_s=9.8)
    assert Scene().change("removed", own) == ()


def test_parts_of_one_thing_left_at_once_are_one_thing():
    scene = Scene()
    scene.change("left")
    assert scene.change("left", box=(50.0, 52.0, 70.0, 58.0), since_s=10.6) == ()
    (thing,) = scene.things.tracks()
    assert thing.attributes["size"] == pytest.approx(0.028)
    assert len(scene.change("left", box=(120.0, 60.0, 140.0, 80.0))) == 1
    assert len(scene.change("left", box=(50.0, 52.0, 70.0, 58.0), since_s=30.0)) == 1
    assert len(scene.things.tracks()) == 3


def test_a_scene_that_ends_ends_what_lay_in_it():
    scene = Scene()
    (left,) = scene.change("left")
    scene.things.finish(25.0)
    (closed,) = scene.ledger.drain()
    assert (closed.of, closed.end_s) == (left.id, 25.0)
    (thing,) = scene.things.tracks()
    assert thing.end_s == 25.0


def test_stored_things_go_on_equally():
    scene, other = Scene(abandoned_s=5), Scene(abandoned_s=5)
    scene.change("left", mover("a", [9.0, 10.5]))
    scene.things.step(11.0, [])
    other.things.restore([asdict(thing) for thing in scene.things.things])
    assert other.things.tracks() == scene.things.tracks()
    for one in (scene, other):
        one.things.step(17.0, [])
    assert scene.ledger.drain() == other.ledger.drain() != ()
