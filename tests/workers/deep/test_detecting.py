"""A detector chosen by the settings, and a clip watched with it from the file to memory."""

import importlib.util
from dataclasses import replace

import pytest
from pydantic import ValidationError

from agent.perception.detect.look import DetectorLook
from agent.perception.scripted import ScriptedDetector, ScriptedVision
from ingest.media import MemoryMedia
from tests.tiny_detectors import build
from vidette.alerting import Alerts
from vidette.errors import ConfigError
from vidette.models import DeepState, Label
from vidette.queries import CoverageIn, Entities, Runs, Tracks
from vidette.vision import Detection
from vidette.vision_settings import DetectorSettings
from workers.deep.detecting import beside_detector
from workers.inline import InlineRunner
from workers.wiring import pipeline_of

ALL = 100_000


@pytest.fixture
def folder(_torch, tmp_path):
    return build("rt_detr", tmp_path / "rt_detr")


def test_without_a_detector_the_vision_model_looks_alone():
    model = ScriptedVision()
    assert beside_detector(DetectorSettings(), MemoryMedia(), model) is model
    assert beside_detector(DetectorSettings(), MemoryMedia(), None) is None


@pytest.mark.needs_models
def test_a_detector_looks_alone_or_beside(folder):
    said = DetectorSettings(backend="transformers", path=str(folder), labels={Label.VEHICLE: ["car", "van"]})
    alone = beside_detector(said, MemoryMedia(), None)
    assert isinstance(alone, DetectorLook)
    assert alone.words == {"car": Label.VEHICLE, "van": Label.VEHICLE}
    assert alone.second is None
    model = ScriptedVision()
    assert beside_detector(said, MemoryMedia(), model).second is model


def test_a_folder_without_a_detector_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ConfigError, match=r"detector\.path"):
            beside_detector(DetectorSettings(backend="transformers", path=str(path)), MemoryMedia(), None)


def test_without_the_extra_one_line_says_what_to_install(tmp_path, monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "torch" else there(name, *more)
    )
    with pytest.raises(ConfigError, match=r"detector\.path needs torch.*pip install") as error:
        beside_detector(DetectorSettings(backend="transformers", path=str(tmp_path)), MemoryMedia(), None)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "said",
    [
        {"backend": "transformers"},
        {"backend": "yolo"},
        {"labels": {"robot": ["robot"]}},
        {"labels": {"bag": []}},
        {"labels": {"bag": ["Bag"]}},
        {"labels": {"bag": ["a. b"]}},
        {"labels": {"bag": ["bag", "bag"]}},
        {"labels": {"bag": ["case"], "object": ["case"]}},
        {"labels": {"bag": [f"a{i}" for i in range(32)], "other": [f"b{i}" for i in range(32)], "object": ["c"]}},
        {"confidence": 1.5},
    ],
)
def test_settings_that_make_no_sense_are_refused(said):
    with pytest.raises(ValidationError):
        DetectorSettings.model_validate(said)


WAITS = (96 / 240, 40 / 180, 121 / 240, 85 / 180)
SOMEBODY = Detection(label=Label.PERSON, kind="man", box=WAITS, confidence=0.9)
SUITCASE = Detection(label=Label.BAG, kind="suitcase", box=(0.0, 0.8, 0.1, 1.0), confidence=0.8)


def test_what_waits_in_the_clip_is_who_the_detector_sees_there(memory, clip, spec_of):
    pipeline = memory()
    look = DetectorLook(detector=ScriptedDetector(finds=(SOMEBODY, SUITCASE)), media=pipeline.media)
    pipeline = memory(vision=look)
    (outcome,) = InlineRunner(pipeline).watch([spec_of(clip)])
    assert outcome.error is None
    entities = {row.id: row for row in pipeline.store.read(Entities(limit=ALL))}
    waiting = [track for track in pipeline.store.read(Tracks(limit=ALL)) if track.start_s > 7]
    people = [entities[track.entity] for track in waiting if entities[track.entity].label is Label.PERSON]
    assert [one.attributes["kind"] for one in people] == ["man"]
    cases = [row for row in entities.values() if row.label is Label.BAG]
    assert cases
    assert {row.attributes["kind"] for row in cases} == {"suitcase"}
    assert not {row.id for row in cases} & {track.entity for track in pipeline.store.read(Tracks(limit=ALL))}


@pytest.mark.needs_models
def test_a_clip_is_watched_with_a_real_detector(memory, clip, spec_of, folder):
    settings = {"detector": {"backend": "transformers", "path": str(folder), "confidence": 0.01, "device": "cpu"}}
    look = pipeline_of(memory(**settings).settings).vision
    pipeline = memory(vision=look, **settings)
    (outcome,) = InlineRunner(pipeline).watch([spec_of(clip)])
    assert outcome.error is None
    deep = {row.deep for row in pipeline.store.read(CoverageIn())}
    assert DeepState.EXAMINED in deep
    assert DeepState.FAILED not in deep
    said = {run.model for run in pipeline.store.read(Runs())}
    assert "rt_detr" in said
    assert any(row.attributes.get("confidence") for row in pipeline.store.read(Entities(limit=ALL)))


def test_a_rule_about_people_is_met_by_what_the_detector_says_of_a_track(memory, clip, spec_of):
    rules = [{"id": "somebody", "when": {"event": "object_entered", "label": "person"}}]
    before = memory("before", rules=rules)
    InlineRunner(before).watch([spec_of(clip)])
    assert before.store.read(Alerts()) == []
    detector = ScriptedDetector(finds=(SOMEBODY,))
    pipeline = memory("after", rules=rules)
    pipeline = replace(pipeline, vision=DetectorLook(detector=detector, media=pipeline.media))
    InlineRunner(pipeline).watch([spec_of(clip)])
    (alert,) = pipeline.store.read(Alerts())
    assert alert.rule == "somebody"
