"""What tests of asked models stand on: pictures in a store, a look at a segment, a server of ours."""

import base64
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from agent.perception.vlm.breaker import Breaker
from agent.perception.vlm.looking import Bounds
from agent.perception.vlm.openai import OpenAiVision, Wish
from agent.perception.vlm.server import Patience, Server
from ingest.jpeg import decode, encode
from ingest.media import MemoryMedia
from vidette.models import Keyframe, Label, PathPoint, Segment, Track
from vidette.vision import LookRequest

PATH = (PathPoint(pts_s=10.0, box=(0.0, 0.5, 0.1, 0.7)), PathPoint(pts_s=14.0, box=(0.4, 0.5, 0.5, 0.7)))
TRACK = Track(id="track-1", stream_id="cam", label=Label.PERSON, start_s=10.0, end_s=14.0, confidence=0.8, path=PATH)


def picture(place: int, size: tuple[int, int] = (320, 180)) -> bytes:
    """JPEG of a grey ground with a bright box that stands somewhere."""
    width, height = size
    rgb = np.full((height, width, 3), 90, np.uint8)
    rgb[height // 3 : height // 2, place : place + width // 16] = 230
    return encode(rgb)


@pytest.fixture
def media():
    return MemoryMedia()


@pytest.fixture
def request_(media):
    """A look at 10 to 18 s of a stream: three pictures, of which the last two look the same."""
    frames = []
    for number, (pts_s, place) in enumerate([(10.0, 20), (12.0, 120), (16.0, 120)]):
        sha256, uri = media.put(picture(place), ".jpg")
        frames.append(Keyframe(id=f"k{number}", segment_id="seg", pts_s=pts_s, sha256=sha256, uri=uri))
    segment = Segment(id="seg", stream_id="cam", start_s=10.0, end_s=18.0, keyframes=tuple(frames))
    return LookRequest(
        stream_id="cam", stream_name="gate", segment=segment, tracks=(TRACK,), context="the gate of a depot"
    )


@pytest.fixture
def asking(media):
    """Makes a model on a server, which waits for nothing between its tries; closes them all."""
    made = []

    def model(server, *, patience=None, breaker=None, clock=None, wait=None, key="", **wish):
        timing = {"clock": clock} if clock else {}
        asked = Server(
            getattr(server, "url", server),
            key,
            patience=patience or Patience(timeout_s=10, deadline_s=20),
            breaker=breaker or Breaker(),
            wait=wait or (lambda _seconds: None),
            **timing,
        )
        bounds = {one.name: wish.pop(one.name) for one in fields(Bounds) if one.name in wish}
        made.append(OpenAiVision(asked, media, Wish(**{"model": "tiny", "bounds": Bounds(**bounds), **wish})))
        return made[-1]

    yield model
    for one in made:
        one.close()


def sent(question):
    """The pictures of a question as pixels, with the text that stands before each."""
    parts = question["messages"][1]["content"]
    return [
        (before["text"], decode(base64.b64decode(part["image_url"]["url"].partition(",")[2])))
        for before, part in pairwise(parts)
        if part["type"] == "image_url"
    ]
