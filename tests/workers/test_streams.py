"""Streams of cameras: names, addresses, when they began."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.sources import camera, expand
from vidette.errors import ConfigError
from vidette.settings import Settings
from workers.streams import begun, cameras_of, configured, settings_of, stream_of, with_addresses

URL = "rtsp://user:hunter2@camera/1"


def settings(*streams) -> Settings:
    return Settings.model_validate({"streams": list(streams)})


def test_cameras_of_the_settings_have_their_names_and_no_credentials():
    said = settings({"name": "door", "source": URL}, {"name": "clip", "source": "a.mp4"}, {"name": "x", "sub": URL})
    (spec,) = cameras_of(said)
    assert (spec.name, spec.url) == ("door", "rtsp://camera/1")


def test_two_streams_may_look_at_one_camera():
    said = settings({"name": "door", "source": URL}, {"name": "street", "source": URL})
    assert [spec.name for spec in cameras_of(said)] == ["door", "street"]


def test_a_bad_address_is_named_with_its_stream():
    with pytest.raises(ConfigError, match="stream 'door'") as caught:
        cameras_of(settings({"name": "door", "source": "rtsp://user:hunter2@/1"}))
    assert "hunter2" not in str(caught.value)


def test_an_address_that_the_settings_know_has_their_name():
    (spec,) = expand(["rtsp://camera/1"]).specs
    named = configured(spec, settings({"name": "door", "source": URL}))
    assert (named.name, named.url) == ("door", "rtsp://camera/1")
    assert configured(spec, settings()).name == "rtsp://camera/1"


def test_credentials_of_the_command_line_are_in_the_settings_of_the_stream_and_nowhere_else():
    (spec,) = expand([URL], name="door").specs
    said = with_addresses(settings({"name": "door", "sample": "2", "sub": "rtsp://old/2"}), (spec,), [URL])
    one = settings_of(said, "door")
    assert (one.source, one.sub, one.sample) == (URL, "", "2")
    assert "hunter2" not in repr(spec)
    assert "hunter2" not in repr(stream_of(spec, said))


def test_an_address_without_credentials_is_asked_for_as_the_settings_say():
    base = settings({"name": "door", "source": URL, "sub": "rtsp://camera/2"})
    spec = configured(expand(["rtsp://camera/1"]).specs[0], base)
    assert with_addresses(base, (spec,), ["rtsp://camera/1"]) == base


def test_an_address_that_nobody_named_is_a_stream_of_its_own():
    (spec,) = expand([URL]).specs
    said = with_addresses(settings({"name": "door", "source": "rtsp://door/1"}), (spec,), [URL])
    assert [(one.name, one.source) for one in said.streams] == [("door", "rtsp://door/1"), ("rtsp://camera/1", URL)]


def test_a_camera_began_when_it_was_watched_first(memory):
    pipeline, first = memory(), camera("door", "rtsp://camera/1")
    assert begun(first, pipeline.store) == first
    pipeline.store.open_stream(stream_of(first, pipeline.settings))
    later = camera("door", "rtsp://other/1")
    again = begun(later, pipeline.store)
    assert abs(again.start - first.start) <= timedelta(milliseconds=1)  # as it is stored
    assert again.start <= datetime.now(UTC)
    assert again.url == "rtsp://other/1"


def test_a_stream_of_a_camera_is_live_and_has_no_length():
    stream = stream_of(camera("door", "rtsp://camera/1"), settings())
    assert (stream.kind, stream.uri, stream.duration_s, stream.start_from) == ("live", "rtsp://camera/1", None, "clock")
