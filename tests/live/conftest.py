"""Real RTSP cameras that can be broken; skipped where GStreamer is missing."""

from contextlib import ExitStack

import pytest

from app.simulation.camera import Camera, missing
from app.simulation.clips import Encoding, encoded
from tests.clips import Recipe, make


@pytest.fixture(scope="session")
def numbered(tmp_path_factory):
    """12 s of 320x240 at 25 fps, a keyframe every second; each frame shows its number (`tests.clips.read_index`)."""
    return make(tmp_path_factory.mktemp("numbered") / "clip.mp4", Recipe(frames=300, gop=25, size=(320, 240)))


@pytest.fixture(scope="session")
def numbered_small(tmp_path_factory):
    """The same at 160x120."""
    return make(tmp_path_factory.mktemp("numbered") / "small.mp4", Recipe(frames=300, gop=25))


@pytest.fixture(scope="session")
def numbered_h265(numbered, tmp_path_factory):
    """The same in H.265."""
    path = tmp_path_factory.mktemp("numbered") / "h265.mp4"
    return encoded(numbered, path, Encoding(codec="h265", gop_s=1))


@pytest.fixture(scope="session")
def _gstreamer():
    if lacking := missing():
        pytest.skip(lacking)


@pytest.fixture
def camera(_gstreamer):
    """Starts cameras: `camera(clip, …, username="", …)`; they are gone with the test."""
    with ExitStack() as stack:
        yield lambda *clips, **options: stack.enter_context(Camera(clips, **options))
