"""Backends are chosen in one place, and an unknown one is named with the choices."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent.perception.scripted import ScriptedVision
from agent.perception.vlm.fallback import WithFallback
from agent.perception.vlm.local.vision import LocalVision
from agent.perception.vlm.openai import OpenAiVision
from agent.perception.vlm.recorded import RecordedVision
from graph.embedded import EmbeddedStore
from ingest.jpeg import decode, encode
from ingest.media import FolderMedia, MemoryMedia
from rules.signing import link_holds
from tests.telling import KEY, SECRET, alert
from vidette.errors import ConfigError, StoreError
from vidette.models import Evidence
from vidette.rule_settings import AlertSettings
from vidette.settings import Settings
from vidette.vision_settings import VlmSettings
from workers.deep.allowance import Allowance
from workers.delivery.evidence import linker, thumbnails
from workers.delivery.lanes import lanes_of
from workers.wiring import (
    check_models,
    db_path,
    media_of,
    media_path,
    pipeline_of,
    spending_of,
    store_of,
    vision_of,
    zone_of,
)


def test_memory_is_in_the_users_data_folder_where_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert db_path(Settings()) == tmp_path / "vidette" / "vidette.db"
    assert media_path(Settings()) == tmp_path / "vidette" / "vidette.media"


@pytest.mark.parametrize(("source", "megabytes"), [("rtsp://10.0.0.7/cam", 8), ("yard.mp4", 32)])
def test_a_watch_of_cameras_holds_less_of_the_file_in_memory(tmp_path, source, megabytes):
    said = {"db": str(tmp_path / "m.db"), "media": str(tmp_path), "streams": [{"name": "yard", "source": source}]}
    pipeline = pipeline_of(Settings.model_validate(said))
    try:
        with pipeline.store._database.read() as connection:
            assert connection.execute("PRAGMA cache_size").fetchone()[0] == -megabytes * 1024
    finally:
        pipeline.close()


def test_media_is_beside_the_database_or_where_the_settings_say(tmp_path):
    assert media_path(Settings(db=str(tmp_path / "yard.db"))) == tmp_path / "yard.media"
    assert media_path(Settings(media=str(tmp_path / "m"))) == tmp_path / "m"
    assert media_path(Settings(media="~/m")) == Path.home() / "m"


def test_the_defaults_need_nothing(tmp_path):
    pipeline = pipeline_of(Settings(db=str(tmp_path / "deep" / "er" / "v.db")))
    try:
        assert isinstance(pipeline.store, EmbeddedStore)
        assert isinstance(pipeline.media, FolderMedia)
        assert pipeline.vision is None
    finally:
        pipeline.close()


@pytest.mark.parametrize("db", ["mysql://host", "postgres://host/x"])
def test_an_unknown_store_is_named_with_the_choices(db):
    with pytest.raises(ConfigError, match=r"no store for '\w+://'; choices: a path"):
        store_of(Settings(db=db))


def test_an_unknown_media_store_is_named_with_the_choices():
    with pytest.raises(ConfigError, match="no store for 's3://bucket'; choices: a path"):
        media_of(Settings(media="s3://bucket"))


def test_an_unknown_model_is_named_with_the_choices():
    settings = Settings.model_construct(vlm=VlmSettings.model_construct(backend="oracle"))
    with pytest.raises(ConfigError, match="unknown 'oracle'; choices: none, transformers, openai, recorded"):
        vision_of(settings, MemoryMedia())


SERVER = {"backend": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}


def vlm(**said):
    return vision_of(Settings(vlm=VlmSettings(**said)), MemoryMedia())


def test_a_model_on_a_server_is_asked_as_the_settings_say():
    model = vlm(**SERVER, profile="ollama", max_tokens=99, max_side=128)
    assert isinstance(model, OpenAiVision)
    assert (model.run.model, model.run.params["max_tokens"], model.run.params["profile"]) == ("m", 99, "ollama")
    assert vlm(backend="none") is None


@pytest.fixture
def folder(tmp_path):
    """What can be told of a model before it is loaded."""
    made = tmp_path / "tiny-vl"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "smolvlm"}')
    (made / "model.safetensors").write_bytes(b"weights")
    return made


def test_a_model_of_a_folder_is_as_the_settings_say_and_not_loaded_yet(folder, monkeypatch):
    model = vlm(
        backend="transformers",
        path=str(folder),
        device="cuda:1",
        dtype="float16",
        quantise="4bit",
        frames="video",
        batch=3,
        max_images=2,
        deadline_s=99,
    )
    assert isinstance(model, LocalVision)
    load = model._wish.load
    assert (load.path, load.device, load.dtype, load.quantise, load.frames) == (
        folder,
        "cuda:1",
        "float16",
        "4bit",
        "video",
    )
    assert (model._wish.batch, model._wish.deadline_s, model._wish.bounds.max_images) == (3, 99, 2)
    assert model.run.model == "tiny-vl"
    assert vlm(backend="transformers", path=str(folder))._wish.load.device == "auto"
    monkeypatch.setenv("HOME", str(folder.parent))
    assert vlm(backend="transformers", path="~/tiny-vl")._wish.load.path == folder


def test_what_a_model_of_a_folder_is_at_is_heard_in_its_pipeline(folder, tmp_path):
    said = VlmSettings(backend="transformers", path=str(folder))
    pipeline = pipeline_of(Settings(db=str(tmp_path / "v.db"), vlm=said))
    try:
        assert pipeline.voice.doing == ""
        pipeline.vision._waking._say("loading tiny-vl")
        assert pipeline.voice.doing == "loading tiny-vl"
    finally:
        pipeline.close()


MISSING = {
    "vlm": ({"backend": "transformers", "path": "/nowhere"}, "no folder '/nowhere'"),
    "detector": ({"backend": "transformers", "path": "/nowhere"}, "detector.path: no model in '/nowhere'"),
    "embedder": ({"captions": "/nowhere"}, "embedder.captions: no model in '/nowhere'"),
}


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize(("table", "said", "fault"), [(name, *one) for name, one in MISSING.items()], ids=MISSING)
def test_models_that_are_not_there_are_told_before_memory_is_made(tmp_path, table, said, fault, asked):
    settings = Settings.model_validate({"db": str(tmp_path / "in" / "v.db"), table: said})
    with pytest.raises(ConfigError, match=fault):
        check_models(settings, asked=asked)
    with pytest.raises(ConfigError, match=fault):
        pipeline_of(settings, asked=asked)
    assert not (tmp_path / "in").exists()


def test_only_who_asks_a_model_needs_its_libraries(folder, monkeypatch):
    settings = Settings(vlm=VlmSettings(backend="transformers", path=str(folder)))
    check_models(settings, asked=True)
    monkeypatch.setattr("agent.perception.vlm.local.vision.find_spec", lambda _: None)
    check_models(settings, asked=False)
    with pytest.raises(ConfigError, match="a model in this process needs torch"):
        check_models(settings, asked=True)


def test_a_picture_to_compare_with_that_is_not_there_is_told_where_something_looks(folder):
    said = {"streams": [{"name": "yard", "normal": "/nowhere.jpg"}]}
    check_models(Settings.model_validate(said), asked=True)
    said["vlm"] = {"backend": "transformers", "path": str(folder)}
    with pytest.raises(ConfigError, match="stream 'yard': cannot use the picture"):
        check_models(Settings.model_validate(said), asked=True)


def test_a_folder_that_cannot_be_read_is_a_mistake_of_the_settings():
    said = VlmSettings(backend="transformers", path=f"/{'x' * 300}")  # a test may enter any folder, but not this
    with pytest.raises(ConfigError, match=r"cannot read what a model needs .*mount it, readable"):
        check_models(Settings(vlm=said), asked=True)


def test_models_are_checked_without_the_libraries_that_load_them(folder, tmp_path):
    other = tmp_path / "clip"
    other.mkdir()
    (other / "config.json").write_text('{"model_type": "clip"}')
    (other / "model.safetensors").write_bytes(b"weights")
    said = {
        "vlm": {"backend": "transformers", "path": str(folder)},
        "embedder": {"pictures": str(other), "captions": str(other)},
        "ocr": {"backend": "rapidocr"},
    }
    code = (
        "import sys; from vidette.settings import Settings; from workers.wiring import check_models;"
        f"check_models(Settings.model_validate({said!r}), asked=True);"
        "print({'torch', 'transformers', 'rapidocr', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_looks_of_a_model_in_this_process_fill_two_batches():
    assert VlmSettings(**SERVER, concurrency=3).at_once == 5  # of a server half as many again
    local = {"backend": "transformers", "path": "x"}
    assert VlmSettings(**local).at_once == 16
    assert VlmSettings(**local, batch=32).at_once == 64
    assert VlmSettings(**local, batch=2, concurrency=9).at_once == 9


def test_what_looks_may_cost_is_as_the_settings_say(tmp_path):
    bounds = {"stream_tokens_per_hour": 5, "gpu_s_per_hour": 2.5, "calls_per_hour": 3}
    spending = spending_of(VlmSettings(**bounds))
    assert spending._stream == Allowance(tokens=5, whose="stream_")
    assert spending._all == Allowance(calls=3, gpu_s=2.5)
    assert not spending_of(VlmSettings())._all.bounded


def test_models_are_chained_by_their_names(tmp_path):
    small = {**SERVER, "name": "small", "model": "s"}
    model = vlm(**SERVER, fallback="small", others=[small])
    assert isinstance(model, WithFallback)
    assert (model.run.model, model.second.run.model) == ("m", "s")
    recording = vlm(backend="recorded", path=str(tmp_path), record_from="small", others=[small])
    assert isinstance(recording, RecordedVision)
    assert recording.run.model == "s"
    assert vlm(backend="recorded", path=str(tmp_path)).run.model == "s"
    assert vlm(**SERVER, fallback="small", others=[{"name": "small"}]).run.model == "m"  # a second one that is none


def test_a_chain_without_end_is_refused():
    others = [{**SERVER, "name": a, "fallback": b} for a, b in (("a", "b"), ("b", "a"))]
    with pytest.raises(ConfigError, match="leads back to itself"):
        vlm(**SERVER, fallback="a", others=others)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"backend": "openai", "url": "http://h/v1"}, "needs `model`"),
        ({"backend": "openai", "model": "m"}, "needs `url`"),
        ({"backend": "recorded"}, "needs `path`"),
        ({"backend": "transformers"}, "needs `path`"),
        ({"backend": "transformers", "path": "x", "device": "tpu"}, "device"),
        ({**SERVER, "fallback": "x"}, "no model 'x' among `others`"),
        ({**SERVER, "record_from": "x"}, "no model 'x'"),
        ({**SERVER, "others": [{"name": "a"}, {"name": "a"}]}, "have one name"),
        ({**SERVER, "others": [{"name": "a", "fallback": "b"}]}, "no model 'b'"),
    ],
)
def test_settings_of_models_that_cannot_be_are_refused(said, fault):
    with pytest.raises(ValueError, match=fault):
        VlmSettings(**said)


def test_a_folder_without_answers_is_a_mistake_of_the_settings(tmp_path):
    with pytest.raises(ConfigError, match="no recorded answers"):
        vlm(backend="recorded", path=str(tmp_path))


def test_a_stream_is_watched_once_at_a_time(memory):
    one, two = memory(vision=ScriptedVision()), memory()
    with one.lock("cam"), one.lock("other"), pytest.raises(StoreError, match="already being watched"):
        two.lock("cam").__enter__()
    with two.lock("cam"):
        pass


def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file"):
        store_of(Settings(db=str(tmp_path / "file" / "v.db")))


SINKS = [
    {"id": "here", "kind": "console"},
    {"id": "file", "kind": "jsonl", "path": "~/out.jsonl"},
    {"id": "run", "kind": "script", "command": ["true"], "timeout_s": 50},
    {"id": "hook", "kind": "webhook", "url": "https://x.test/a", "secret": SECRET, "timeout_s": 5},
]


def test_sinks_are_made_with_a_lease_longer_than_a_try():
    lanes = lanes_of(Settings(sinks=SINKS), MemoryMedia())
    assert [lane.sink.id for lane in lanes] == ["here", "file", "run", "hook"]
    assert all(lane.lease_s > said.get("timeout_s", 10) for lane, said in zip(lanes, SINKS, strict=True))
    assert lanes[1].sink.address == str(Path.home() / "out.jsonl")


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ({"url": "http://u:hunter2@x.test/", "secret": SECRET}, "sink 'hook': a URL with a user"),
        ({"url": "https://x.test/", "secret": "hunter2"}, "sink 'hook': a signing secret is"),
        ({"url": "https://x.test/", "secret": SECRET, "old_secret": "hunter2"}, "sink 'hook': a signing secret is"),
        ({"url": "https://x.test/", "secret": SECRET, "allow_networks": ["ten"]}, "sink 'hook': allow_networks"),
    ],
)
def test_a_webhook_that_cannot_be_is_named_without_its_secrets(said, part):
    with pytest.raises(ConfigError, match=part) as caught:
        lanes_of(Settings(sinks=[{"id": "hook", "kind": "webhook", **said}]), MemoryMedia())
    assert "hunter2" not in str(caught.value)


def test_there_is_a_judge_where_there_are_rules(memory):
    assert memory().judge is None
    assert memory("ruled", rules=[{"id": "any", "when": {"event": "fire"}}]).judge is not None


def test_the_time_zone_is_that_of_the_settings():
    assert str(zone_of(Settings(tz="Europe/Paris"))) == "Europe/Paris"
    with pytest.raises(ConfigError, match="no time zone 'Mars/Base'"):
        zone_of(Settings(tz="Mars/Base"))


def test_a_link_is_signed_and_expires_a_week_after_the_alert():
    links = linker(AlertSettings(media_base_url="https://x.test/media/", media_secret=SECRET))
    (link,) = links(alert())
    found = re.fullmatch(r"https://x\.test/media/((?:ab){32}\.jpg)\?expires=(\d+)&signature=([0-9a-f]{64})", link)
    assert found, link
    expires = int(found[2])
    assert expires == int(alert().raised_at.timestamp()) + 7 * 86_400
    assert link_holds(KEY, found[1], expires, found[3], now=expires - 1)
    assert links(alert()) == (link,)
    assert linker(AlertSettings()) is None


def test_links_need_a_secret():
    with pytest.raises(ValueError, match="media_secret"):
        AlertSettings(media_base_url="https://x.test/")


def test_a_picture_that_is_gone_is_left_out():
    media = MemoryMedia()
    assert thumbnails(media)(alert()) is None
    sha256, uri = media.put(encode(np.zeros((90, 160, 3), np.uint8)), ".jpg")
    shown = alert(evidence=(Evidence(kind="snapshot", sha256=sha256, uri=uri, pts_s=1.0),))
    assert decode(thumbnails(media)(shown)).shape == (90, 160, 3)
