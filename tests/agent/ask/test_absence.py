"""What things never did: told alike by those that did, and by looking at every one of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.ask import absence
from agent.ask.ask import ask
from graph.embedded import EmbeddedStore
from tests.agent.ask.conftest import NOW, PARIS, START, Scene
from vidette.ids import make_id
from vidette.models import EventType, FastState, Label
from vidette.streams import Zone

LENGTH_S = 200.0
HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
THINGS = st.lists(
    st.tuples(
        st.integers(0, 150), st.one_of(st.none(), st.integers(1, 40)), st.sampled_from([Label.PERSON, Label.VEHICLE]),
        st.booleans(), st.sampled_from(["", "zone", "stop"]), st.integers(0, 3),
    ),
    min_size=1, max_size=14,
)  # fmt: skip
DARK = st.lists(st.tuples(st.integers(0, 180), st.integers(1, 20)), max_size=2)
QUESTIONS = (
    "How many people never entered the bay?",
    "Which people never entered the bay on cam1?",
    "Which objects never stopped?",
    "Were there vehicles that never entered the bay?",
    "How many people never entered the bay between second 40 and 120?",
    "How many people never stopped on cam2?",
)


def scenes(things, dark):
    """Two cameras of the same things; `again` of 0 to 2 makes a track one of an earlier thing."""
    for name, some in (("cam1", things), ("cam2", things[::2])):
        zones = (Zone(id=make_id("zone", name, "bay"), name="bay", polygon=HALF),)
        scene = Scene(name, length_s=LENGTH_S, zones=zones)
        seen = []
        for start, length, label, still, did, again in some:
            track = scene.track(float(start), None if length is None else float(start + length), label, still=still)
            if again < len(seen) and scene.tracks[seen[again]].label == label:
                one = scene.tracks.pop()
                scene.tracks.append(replace(one, entity_id=scene.tracks[seen[again]].entity_id))
            seen.append(len(scene.tracks) - 1)
            if did:
                type_ = EventType.ZONE_ENTERED if did == "zone" else EventType.OBJECT_STOPPED
                scene.event(type_, start + 0.5, track=track, zone="bay" if did == "zone" else None)
        scene.coverage = covered(scene, dark)
        yield scene


def covered(scene, dark):
    out, at = [], 0.0
    for start, length in sorted(dark):
        low, high = max(at, float(start)), max(at, float(start + length))
        out += [scene.covered(at, low)] if low > at else []
        out += [scene.covered(low, high, FastState.DROPPED, "dropped")] if high > low else []
        at = high
    return [*out, scene.covered(at, LENGTH_S)] if at < LENGTH_S else out


def told(question, store):
    answer = ask(question, store, now=NOW, tz=PARIS)
    return answer.answer, answer.value, [row.id for row in answer.rows], answer.claims


@settings(max_examples=30, deadline=None)
@given(things=THINGS, dark=DARK, question=st.sampled_from(QUESTIONS), rejoined=st.booleans())
def test_counting_those_that_did_says_what_looking_at_all_says(things, dark, question, rejoined):
    store = EmbeddedStore(":memory:")
    for scene in scenes(things if rejoined else [(*one[:5], 99) for one in things], dark):
        scene.settle(store)
    by_rows = told(question, store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(absence, "MANY", -1)
        assert told(question, store) == by_rows
    store.close()


BOTH = (
    "How many people entered the bay and stopped?",
    "How many vehicles stopped and entered the bay?",
    "How many objects stopped on cam1 and entered the bay between second 20 and 90?",
)


@settings(max_examples=20, deadline=None)
@given(things=THINGS, more=st.lists(st.integers(0, 13), max_size=8), question=st.sampled_from(BOTH))
def test_who_did_both_is_counted_as_looking_at_all_counts(things, more, question):
    store = EmbeddedStore(":memory:")
    for scene in scenes([(*one[:5], 99) for one in things], []):
        for number in more:
            if number < len(scene.tracks):
                track = scene.tracks[number]
                scene.event(EventType.OBJECT_STOPPED, track.start_s + 1.0, track=track.id)
        scene.settle(store)
    by_rows = told(question, store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(absence, "MANY", -1)
        assert told(question, store) == by_rows
    store.close()


def test_the_first_that_stand_are_found_behind_many_that_do_not(make, monkeypatch):
    monkeypatch.setattr(absence, "MANY", 100)
    scene = Scene(length_s=3000.0, start=START - timedelta(hours=1))
    people = [scene.passing(float(at), float(at) + 2.0, Label.PERSON) for at in range(0, 2500, 5)]
    for at, person in enumerate(people[:400]):
        scene.event(EventType.OBJECT_STOPPED, 5.0 * at + 1, 5.0 * at + 2, person)
    answer = ask("Which people never stopped?", make(scene), now=NOW, tz=PARIS)
    assert (answer.value, len(answer.rows)) == (100, 100)
    assert answer.rows[0].id == people[400]
