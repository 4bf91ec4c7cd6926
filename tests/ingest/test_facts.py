"""Facts of a file: learned once, and anew when it is another file."""

import os
import shutil

import pytest

from ingest.facts import learn
from vidette.errors import SourceError


def test_a_file_is_learned_once(clip):
    path = clip("once.mp4")
    assert learn(path) is learn(path)


def test_a_file_written_anew_is_learned_anew(clip, tmp_path):
    path = tmp_path / "camera.mp4"
    shutil.copy(clip("small.mp4", frames=50), path)
    before = learn(path)
    shutil.copy(clip("large.mp4", frames=50, size=(320, 240)), path)
    assert (before.size, learn(path).size) == ((160, 120), (320, 240))


def test_a_touched_file_is_learned_anew(clip, tmp_path):
    path = shutil.copy(clip("small.mp4", frames=50), tmp_path / "touched.mp4")
    before = learn(path)
    os.utime(path, ns=(1, 1))
    assert learn(path) is not before
    assert learn(path) == before


def test_what_was_learned_of_a_file_does_not_outlive_it(clip, tmp_path):
    path = shutil.copy(clip("small.mp4", frames=50), tmp_path / "gone.mp4")
    learn(path)
    path.unlink()
    with pytest.raises(SourceError, match=r"no such file.*gone\.mp4"):
        learn(path)
