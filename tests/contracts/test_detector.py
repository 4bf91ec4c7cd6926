"""What every Detector keeps; a new one joins by a line in `DETECTORS`."""

import numpy as np
import pytest

from agent.perception.detect.pretrained import CLOSED, MODEL_TYPES, PretrainedDetector
from agent.perception.embed.folder import folder_of
from agent.perception.scripted import ScriptedDetector
from tests.tiny_detectors import BUILDERS, build
from vidette.models import Label
from vidette.vision import Detection

WORDS = ("person", "car", "dog", "traffic light", "fire")
SCRIPT = (
    Detection(label=Label.VEHICLE, kind="car", box=(0.5, 0.5, 0.7, 0.6), confidence=0.4),
    Detection(label=Label.PERSON, kind="person", box=(0.1, 0.1, 0.2, 0.5), confidence=0.9),
)


def scripted(_request):
    return ScriptedDetector(finds=SCRIPT)


def tiny(kind):
    def made(request):
        request.getfixturevalue("_torch")
        folder = build(kind, request.getfixturevalue("tmp_path_factory").mktemp("detector") / kind)
        return PretrainedDetector(folder_of(str(folder), "detector.path"), confidence=0.02, device="cpu", batch=2)

    return made


DETECTORS = {"scripted": scripted} | {kind: tiny(kind) for kind in BUILDERS}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.needs_models] if name in BUILDERS else []) for name in DETECTORS],
)
def detector(request):
    made = DETECTORS[request.param](request)
    yield made
    made.close()
    made.close()  # and again does no harm


@pytest.fixture(scope="module")
def images():
    """Three of one size and one of another: noise, whose every part looks like something."""
    chance = np.random.default_rng(1)
    sizes = [(90, 160, 3)] * 3 + [(120, 160, 3)]
    return [chance.integers(0, 255, size, dtype=np.uint8) for size in sizes]


@pytest.fixture(scope="module")
def found(detector, images):
    return detector.detect(images, WORDS)


def alike(a, b):
    """The same things in the same places, but for the last digits."""
    assert [(one.kind, one.label) for one in a] == [(one.kind, one.label) for one in b]
    for one, other in zip(a, b, strict=True):
        assert one.box == pytest.approx(other.box, abs=1e-4)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


def test_each_picture_has_its_own_list(found, images):
    assert len(found) == len(images)
    assert any(found)


def test_boxes_lie_in_the_picture_and_confidences_between_0_and_1(found):
    for one in (one for some in found for one in some):
        x1, y1, x2, y2 = one.box
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1
        assert 0 <= one.confidence <= 1


def test_the_surest_comes_first(found):
    for some in found:
        sure = [one.confidence for one in some]
        assert sure == sorted(sure, reverse=True)


def test_only_what_is_looked_for_is_found_each_with_the_label_of_its_word(detector, found, images):
    labels = {"person": Label.PERSON, "car": Label.VEHICLE, "dog": Label.ANIMAL, "fire": Label.FLAME}
    for one in (one for some in found for one in some):
        assert one.kind in WORDS
        assert one.label is labels.get(one.kind, Label.OTHER)
    alone = [one for some in detector.detect(images, ["dog"]) for one in some]
    assert {one.kind for one in alone} <= {"dog"}


def test_a_picture_alone_is_seen_as_among_others(detector, found, images):
    for image, before in zip(images, found, strict=True):
        (alone,) = detector.detect([image], WORDS)
        alike(alone, before)


def test_the_same_again_is_the_same(detector, found, images):
    for again, before in zip(detector.detect(images, WORDS), found, strict=True):
        alike(again, before)


def test_no_picture_no_list_and_no_words_are_all_that_it_knows(detector, images):
    assert detector.detect([], WORDS) == []
    assert len(detector.detect(images[:1], [])) == 1


def test_its_run_is_named_and_stays(detector, images):
    before = detector.run
    detector.detect(images[:1], WORDS)
    assert before.id
    assert before.model
    assert detector.run == before


def test_every_type_that_is_offered_is_built_here():
    assert set(MODEL_TYPES) == set(BUILDERS)
    assert set(CLOSED) < set(BUILDERS)
