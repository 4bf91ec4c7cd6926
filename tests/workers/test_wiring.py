"""Backends are chosen in one place, and an unknown one is named with the choices."""

from pathlib import Path

import pytest

from agent.perception.scripted import ScriptedVision
from graph.embedded import EmbeddedStore
from ingest.media import FolderMedia
from vidette.errors import ConfigError, StoreError
from vidette.settings import Settings, VlmSettings
from workers.wiring import db_path, media_of, media_path, pipeline_of, store_of, vision_of


def test_memory_is_in_the_users_data_folder_where_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert db_path(Settings()) == tmp_path / "vidette" / "vidette.db"
    assert media_path(Settings()) == tmp_path / "vidette" / "vidette.media"


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


@pytest.mark.parametrize("db", ["neo4j://host", "bolt://host", "postgres://host/x"])
def test_an_unknown_store_is_named_with_the_choices(db):
    with pytest.raises(ConfigError, match=r"no store for '\w+://'; choices: a path"):
        store_of(Settings(db=db))


def test_an_unknown_media_store_is_named_with_the_choices():
    with pytest.raises(ConfigError, match="no store for 's3://bucket'; choices: a path"):
        media_of(Settings(media="s3://bucket"))


def test_an_unknown_model_is_named_with_the_choices():
    settings = Settings.model_construct(vlm=VlmSettings.model_construct(backend="oracle"))
    with pytest.raises(ConfigError, match="unknown 'oracle'; choices: none"):
        vision_of(settings)


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
