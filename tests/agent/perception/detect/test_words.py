"""Words of models in the closed list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.detect.words import DEFAULT, MAX_KIND, named
from vidette.models import Label

COCO = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "handbag",
    "suitcase",
]
NONE_OF_OURS = [
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "umbrella",
    "tie",
    "frisbee",
    "hot dog",
    "teddy bear",
    "sports ball",
    "cup",
    "fire extinguisher",
    "car seat",
    "train station",
    "dog bed",
    "computer mouse",
    "smoke detector",
    "building",
]


@pytest.mark.parametrize(
    ("phrase", "label", "kind"),
    [
        ("a red van", Label.VEHICLE, "van"),
        ("Two men in dark jackets", Label.PERSON, "man"),
        ("people", Label.PERSON, "person"),
        ("a man walking a dog", Label.PERSON, "man"),
        ("a shopping bag", Label.BAG, "bag"),
        ("cardboard boxes", Label.PACKAGE, "box"),
        ("a dog with a bag", Label.ANIMAL, "dog"),
        ("cars parked on the street", Label.VEHICLE, "car"),
        ("Mountain bike", Label.BICYCLE, "bike"),
        ("flames", Label.FLAME, "flame"),
        ("the smoke", Label.SMOKE, "smoke"),
        ("an object", Label.OBJECT, "object"),
        ("", Label.OBJECT, ""),
        (None, Label.OBJECT, ""),
        ("a snowman", Label.OTHER, "snowman"),
        ("buses", Label.VEHICLE, "bus"),
        ("gas", Label.OTHER, "gas"),
    ],
)
def test_a_phrase_is_what_its_noun_is(phrase, label, kind):
    assert named(phrase) == (label, kind)


@pytest.mark.parametrize("word", COCO)
def test_what_detectors_know_has_a_label(word):
    assert named(word)[0] not in {Label.OTHER, Label.OBJECT}


@pytest.mark.parametrize("phrase", NONE_OF_OURS)
def test_what_only_sounds_like_one_of_ours_is_other(phrase):
    assert named(phrase) == (Label.OTHER, phrase)


def test_what_is_looked_for_by_default_has_labels():
    assert Label.OTHER not in {named(word)[0] for word in DEFAULT}
    assert all(named(word)[1] == word for word in DEFAULT)


@given(st.text(max_size=400) | st.none() | st.integers() | st.lists(st.text()))
def test_any_phrase_has_a_label_and_a_short_printable_kind(phrase):
    label, kind = named(phrase)
    assert label in set(Label)
    assert len(kind) <= MAX_KIND
    assert kind.isprintable()
    assert named(kind)[0] in {label, Label.OTHER, Label.OBJECT}
