"""The same clip as a file and as a camera: the same events at the same times."""

from dataclasses import replace

import pytest

from app.simulation.camera import Camera, until
from app.simulation.clips import Encoding, encoded
from app.simulation.watch import Watch
from ingest.scene import Knot, demo_scene, write
from ingest.sources import expand
from vidette.families import CAMERA
from vidette.queries import Events, Filter
from vidette.settings import Settings
from workers.inline import watch_sources
from workers.wiring import pipeline_of

NEAR_S = 0.5
SAMPLE = "5"
PATIENCE_S = 60.0


def street_scene():
    """People and a car pass, one after the other; at the end nobody is in view."""
    walker, _, driver, _ = demo_scene().actors
    again = replace(
        walker, name="the walker again", knots=(Knot(at_s=15, x=1.08, y=0.85), Knot(at_s=24, x=-0.08, y=0.85))
    )
    # Long enough in view that which of its pictures are looked at does not decide whether it is counted.
    driver = replace(driver, knots=(Knot(at_s=27, x=1.3, y=0.53), Knot(at_s=35, x=-0.3, y=0.53)))
    nothing = (1e9, 1e9)
    return replace(demo_scene(), actors=(walker, again, driver), bag_s=nothing, duration_s=39.0)


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    folder = tmp_path_factory.mktemp("street")
    write(street_scene(), folder / "drawn.mp4")
    return encoded(folder / "drawn.mp4", folder / "street.mp4", Encoding(fps=10, gop_s=1.0))


def as_file(clip, folder):
    pipeline = pipeline_of(Settings(db=str(folder / "file.db"), sample=SAMPLE))
    try:
        (spec,) = expand([str(clip)], name="file").specs
        watch_sources(pipeline, [spec])
        rows = pipeline.store.read(Events(where=Filter(streams=("file",)), limit=1000))
    finally:
        pipeline.close()
    return [(row.type, row.start_s) for row in rows if row.type not in CAMERA]


def as_cameras(clip, folder):
    """What is told of a camera that decodes everything and of one that does not: (type, seconds of the clip)."""
    kinds = ("full", "keyframes")
    with Camera([clip], once=True) as full, Camera([clip], once=True) as keyframes:
        cameras = dict(zip(kinds, (full, keyframes), strict=True))
        streams = [
            {"name": kind, "source": camera.address, "idle": kind, "overload": "hold"}
            for kind, camera in cameras.items()
        ]
        with Watch(folder, streams, more={"sample": SAMPLE}) as watch:
            watch.start()
            began = {kind: camera.wait("began").at for kind, camera in cameras.items()}
            over = {kind: camera.wait("played").at for kind, camera in cameras.items()}
            assert until(lambda: all(until_told(watch, kind, over[kind]) for kind in kinds), PATIENCE_S, 0.2)
            assert watch.leave() == 0
            return {
                kind: [
                    (row.type, row.start.timestamp() - began[kind])
                    for row in watch.events(kind)
                    if row.type not in CAMERA
                ]
                for kind in kinds
            }


def until_told(watch, kind, over):
    """Whether everything that came until then has been looked at."""
    watch.check()
    rows = watch.coverage(kind)
    return bool(rows) and rows[-1].end.timestamp() > over + 1.0


@pytest.mark.usefixtures("_gstreamer")
def test_a_camera_tells_what_the_file_tells(street, tmp_path):
    expected = as_file(street, tmp_path)
    assert len(expected) >= 5
    for kind, found in as_cameras(street, tmp_path).items():
        assert sorted(type_ for type_, _ in found) == sorted(type_ for type_, _ in expected), (kind, found, expected)
        for type_ in {type_ for type_, _ in expected}:
            ours, theirs = ([at for one, at in rows if one == type_] for rows in (found, expected))
            assert ours == pytest.approx(theirs, abs=NEAR_S), (kind, type_)
