"""Where the carry of a commit is lost, the look goes on from its place all the same, as at a scene that it does not know."""

from dataclasses import replace
from itertools import pairwise

from ingest.media import MemoryMedia
from tests.feeds import commit_of, look
from tests.pictures import Drawing, box, walk
from vidette.models import EventType

RED = (200, 60, 50)
MEDIA = MemoryMedia()


def frames():
    """Somebody crosses early, and again late."""
    return list(Drawing(50, [box(RED, walk(at, at + 8, (-10, 180), (490, 190))) for at in (4, 34)]).frames())


def test_without_a_carry_a_camera_is_watched_on_from_its_commit():
    drawn = frames()
    watched = look([one for one in drawn if one.pts_s < 20], media=MEDIA)
    commit = replace(commit_of(watched), carry=b"")
    after = look([one for one in drawn if one.pts_s >= 20], media=MEDIA, commit=commit)
    said = after.observations
    assert [one.sequence for one in said] == list(range(commit.sequence + 1, commit.sequence + 1 + len(said)))
    assert after.coverage[0].start_s == commit.watermark_s
    assert all(one.end_s == two.start_s for one, two in pairwise(after.coverage))
    assert len(after.events(EventType.OBJECT_ENTERED)) == 1
    assert commit_of(after).carry
