"""What only a part of a large picture shows ends in memory where it is: a 4K clip, a model that needs 16 pixels."""

import base64
import json
from contextlib import redirect_stdout
from io import StringIO
from itertools import pairwise

import av
import numpy as np
import pytest

from app import cli
from ingest.jpeg import decode
from tests.answering import QUIET, ModelServer
from vidette.geometry import iou

WIDE, HIGH, FPS, THING = 3840, 2160, 5, 24
X, Y = 2900, 1500
BOX = (X / WIDE, Y / HIGH, (X + THING) / WIDE, (Y + THING) / HIGH)
RED = np.array((220, 30, 40))
LEAST_PX = 16


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    """6 s of a yard: a lorry crosses it, and from 3 s on a red thing of 24 px lies there."""
    path = tmp_path_factory.mktemp("yard") / "yard_2026-05-01_12-00-00.mp4"
    rough = np.random.default_rng(5).integers(70, 100, (HIGH // 16, WIDE // 16, 1), np.uint8)
    ground = np.kron(rough, np.ones((16, 16, 3), np.uint8))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": "15", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuv420p"
        for number in range(6 * FPS):
            picture, at = ground.copy(), number / FPS
            left = int((at - 1) / 4 * WIDE)
            if 1 <= at < 5:
                picture[300:800, max(0, left - 600) : left] = 200
            if at >= 3:
                picture[Y : Y + THING, X : X + THING] = RED
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def seen(pixels):
    """Where in a picture the model makes out the red thing; None where that has too few pixels for it."""
    red = (np.abs(pixels.astype(int) - RED).max(axis=2)) < 60
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    if min(len(rows), len(columns)) < LEAST_PX:
        return None
    height, width = pixels.shape[:2]
    return [columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height]


def answer(question):
    """What it reports of the pictures that it was sent, each by its number."""
    parts, events = question["messages"][1]["content"], []
    for before, part in pairwise(parts):
        if part["type"] != "image_url":
            continue
        box = seen(decode(base64.b64decode(part["image_url"]["url"].partition(",")[2])))
        number = int(before["text"].split()[1].rstrip(","))
        if box:
            told = {
                "type": "object_left",
                "start_s": 0,
                "end_s": 5,
                "confidence": 0.9,
                "caption": "a red thing lies there",
            }
            events.append({**told, "tracks": [], "box": [float(side) for side in box], "frame": number})
    return {**QUIET, "events": events}


def found(folder, clip, settings):
    """The red things in memory after a watch with such settings."""
    folder.mkdir()
    (folder / "v.yml").write_text(settings)
    memory = ("--db", str(folder / "v.db"), "--config", str(folder / "v.yml"))
    with ModelServer(answer=answer) as server:
        said = ("watch", str(clip), *memory, "--vlm", f"openai:{server.url}#m", "-q", "--tz", "UTC")
        assert cli.main(list(said)) == 0
    with redirect_stdout(StringIO()) as out:
        assert cli.main(["events", *memory, "--type", "object_left", "--json"]) == 0
    assert server.questions
    return [json.loads(line) for line in out.getvalue().splitlines() if "red thing" in line]


def test_a_small_thing_of_a_large_picture_ends_in_memory_where_it_is(yard, tmp_path):
    (event,) = found(tmp_path / "whole", yard, "{}")
    boxes = [tuple(proof["box"]) for proof in event["evidence"] if proof.get("box")]
    assert boxes
    assert all(iou(box, BOX) > 0.7 for box in boxes)


@pytest.mark.parametrize("settings", ["vlm: {tiles: 0}", "segments: {keyframe_px: 1280}"])
def test_without_parts_or_pixels_nobody_sees_it(settings, yard, tmp_path):
    assert found(tmp_path / "part", yard, settings) == []
