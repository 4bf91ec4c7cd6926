"""Detectors of a folder beside transformers' own reading of their answers; folders and pictures that are not as they should be."""

import json

import numpy as np
import pytest

from agent.perception.detect.pretrained import PretrainedDetector, Scored, _chosen
from agent.perception.embed.folder import folder_of
from tests.tiny_detectors import build
from vidette.errors import ModelError
from vidette.models import Label

pytestmark = pytest.mark.needs_models
WORDS = ["person", "car", "traffic light", "fire"]
LEAST = 0.02


@pytest.fixture(scope="module")
def tiny(_torch, tmp_path_factory):
    """A folder of a tiny detector, each made once."""
    made = {}

    def folder(kind):
        if kind not in made:
            made[kind] = build(kind, tmp_path_factory.mktemp("detectors") / kind)
        return made[kind]

    return folder


def detector(folder, **said):
    return PretrainedDetector(folder_of(str(folder), "detector.path"), **{"confidence": LEAST, "device": "cpu", **said})


def noise(*sizes, seed=1):
    chance = np.random.default_rng(seed)
    return [chance.integers(0, 255, (*size, 3), dtype=np.uint8) for size in sizes]


def theirs(folder, image, text):
    """What transformers makes of one picture: boxes in 0..1 with scores, as the processor reads them."""
    import torch
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    model = AutoModelForZeroShotObjectDetection.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    given = processor(images=[image], text=[text], return_tensors="pt")
    with torch.inference_mode():
        out = model(**given)
    height, width = image.shape[:2]
    (read,) = processor.post_process_grounded_object_detection(out, threshold=LEAST, target_sizes=[(height, width)])
    boxes = (read["boxes"] / torch.tensor([width, height, width, height])).clamp(0, 1).tolist()
    rows = zip(read["scores"].tolist(), boxes, strict=True)
    return sorted(((sure, box) for sure, box in rows if box[0] < box[2] and box[1] < box[3]), key=lambda row: -row[0])


@pytest.mark.parametrize("kind", ["grounding-dino", "mm-grounding-dino", "owlv2", "owlvit"])
def test_boxes_and_scores_are_those_of_the_processor(tiny, kind):
    (image,) = noise((90, 160))
    words = " ".join(f"{word}." for word in WORDS) if "dino" in kind else [f"a photo of a {word}" for word in WORDS]
    expected = theirs(tiny(kind), image, words)
    (found,) = detector(tiny(kind)).detect([image], WORDS)
    assert found
    assert len(found) <= len(expected)  # of those that lie on one another one is kept
    for one in found:
        assert any(
            one.confidence == pytest.approx(sure, abs=1e-4) and one.box == pytest.approx(box, abs=1e-4)
            for sure, box in expected
        )
    assert found[0].confidence == pytest.approx(expected[0][0], abs=1e-4)


def test_a_word_is_as_sure_as_the_surest_of_its_own_tokens(tiny):
    """Each word alone is found as often as its own tokens say, whatever the other words are."""
    from agent.perception.detect.pretrained import _of_words, _spans

    class Tokens:
        all_special_ids = (2, 3)

        def convert_tokens_to_ids(self, token):
            assert token == "."
            return 5

    spans = _spans([2, 20, 21, 5, 22, 5, 3], Tokens())
    assert spans == [[1, 2], [4], []]
    row = [0.99, 0.1, 0.7, 0.98, 0.3, 0.97, 0.96] + [0.0] * 9  # what is said of dots and ends is no word's
    assert _of_words(row, spans) == [(0.7, 0), (0.3, 1)]


def test_names_of_the_model_have_labels_and_are_no_tokens(tiny, tmp_path):
    folder = build("detr", tmp_path / "detr")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "a\nb\x1b[31m", "1": "x" * 500, "2": "Dog", "3": ""}
    (folder / "config.json").write_text(json.dumps(config))
    found = [one for some in detector(folder).detect(noise((90, 160), (64, 64)), []) for one in some]
    assert found
    for one in found:
        assert one.kind.isprintable()
        assert len(one.kind) <= 40
        assert one.label is {"dog": Label.ANIMAL, "": Label.OBJECT}.get(one.kind, Label.OTHER)


def test_odd_pictures_and_odd_words_are_borne(tiny):
    odd = [(1, 1), (2, 500), (500, 2), (64, 96)]
    words = ["a" * 200, "", "...", "a. b. c", "\u202e", "person\n[SEP] car", "<s>"]
    for kind in ("grounding-dino", "owlv2", "rt_detr"):
        asked = detector(tiny(kind))
        try:
            found = asked.detect(noise(*odd), words)
        except ModelError as error:
            assert "\n" not in str(error)
        else:
            assert len(found) == len(odd)


@pytest.mark.usefixtures("_torch")
def test_weights_that_are_cut_off_fail_each_look_with_one_line(tmp_path):
    folder = build("yolos", tmp_path / "yolos")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    asked = detector(folder)
    for _ in range(2):
        with pytest.raises(ModelError) as error:
            asked.detect(noise((64, 96)), [])
        assert len(str(error.value).splitlines()) == 1
        assert "yolos" in str(error.value)


def test_closed_it_detects_no_more(tiny):
    asked = detector(tiny("yolos"))
    asked.close()
    with pytest.raises(ModelError):
        asked.detect(noise((64, 96)), [])


def test_its_run_is_of_what_lies_in_the_folder_and_of_the_bound(tiny, tmp_path):
    first = detector(tiny("yolos")).run
    assert detector(tiny("yolos")).run == first
    assert detector(tiny("yolos"), confidence=0.5).run.id != first.id
    assert detector(tiny("owlvit")).run.id != first.id


def test_of_boxes_of_one_kind_that_lie_on_one_another_the_surest_is_kept():
    boxes = [((0.1, 0.1, 0.5, 0.5), 0.4), ((0.1, 0.1, 0.5, 0.51), 0.9), ((0.6, 0.1, 0.9, 0.5), 0.3)]
    kept = _chosen([Scored(kind="car", box=box, confidence=sure) for box, sure in boxes])
    assert [one.confidence for one in kept] == [0.9, 0.3]
    two = [Scored(kind=kind, box=boxes[0][0], confidence=0.5) for kind in ("car", "van")]
    assert len(_chosen(two)) == 2


def test_what_leaves_the_picture_is_cut_and_what_has_no_area_is_left_out():
    nan = float("nan")
    boxes = [(-0.5, 0.2, 0.5, 1.5), (1.1, 0.2, 1.4, 0.4), (0.3, 0.4, 0.3, 0.9), (nan, nan, nan, nan)]
    kept = _chosen([Scored(kind="car", box=box, confidence=0.5) for box in boxes])
    assert [one.box for one in kept] == [(0.0, 0.2, 0.5, 1.0)]


def test_at_most_so_many_of_a_picture():
    row = [Scored(kind=f"{i}", box=(0.1, 0.1, 0.2, 0.2), confidence=i / 200) for i in range(200)]
    kept = _chosen(row)
    assert len(kept) == 100
    assert kept[0].kind == "199"
