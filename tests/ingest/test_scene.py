from pathlib import Path

import numpy as np
import pytest

from ingest.open import open_source
from ingest.scene import FPS, SIZE, demo_scene, write
from vidette.errors import StoreError


def test_the_same_moment_is_the_same_picture():
    scene = demo_scene()
    picture = scene.picture(16.0)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    assert picture.dtype == np.uint8
    assert (picture == demo_scene().picture(16.0)).all()


def test_truth_is_within_the_scene_and_in_order():
    scene = demo_scene()
    times = [event.at_s for event in scene.events()]
    assert times == sorted(times)
    assert all(0 < track.start_s < track.end_s < scene.duration_s for track in scene.tracks())


def test_a_thing_changes_the_picture_just_while_it_is_true():
    scene = demo_scene()
    empty = scene.picture(0.0).astype(int)
    first = scene.tracks()[0]

    def changed(t):
        return (np.abs(scene.picture(t).astype(int) - empty).max(axis=2) > 40).sum()

    assert changed(first.start_s - 0.4) == 0
    assert changed((first.start_s + first.end_s) / 2) > 2000
    assert changed(first.end_s + 0.4) == 0


def test_the_file_is_as_long_as_asked(tmp_path):
    write(demo_scene(), tmp_path / "s.mp4", seconds=2)
    source = open_source([tmp_path / "s.mp4"], sample=str(FPS))
    assert len(list(source.frames())) == 2 * FPS
    source.close()


def test_nowhere_to_write_is_told():
    with pytest.raises(StoreError, match="cannot write"):
        write(demo_scene(), Path("/none/s.mp4"), seconds=1)
