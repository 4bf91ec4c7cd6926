"""A decoder of its own for each connection: what is kept of packets keeps no pictures."""

import weakref
from fractions import Fraction

import pytest

from ingest.live.coding import coding_of, decoder_of
from ingest.live.decoder import PacketDecoder
from tests.arriving import arrivals
from tests.clips import Recipe, make


@pytest.fixture(scope="module")
def reordered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reordered")
    return arrivals(make(folder / "b.mp4", Recipe(frames=50, gop=25, b_frames=2, pixel_aspect=Fraction(4, 3))))


def decoded(given):
    decoder = PacketDecoder(given[0].stream)
    shown = [one for arrival in given for one in decoder.decode(arrival)]
    return decoder, [*shown, *decoder.drain()]


def test_packets_that_are_kept_keep_no_decoder(reordered):
    decoder, shown = decoded(reordered)
    assert sum(one.picture is not None for one in shown) == 50
    assert not any(one.stream.codec_context.is_open for one in reordered)
    gone = weakref.ref(decoder)
    del decoder, shown
    assert gone() is None


def test_it_knows_what_the_stream_said(reordered):
    said, own = reordered[0].stream.codec_context, decoder_of(reordered[0].stream)
    for what in (
        "name",
        "extradata",
        "pix_fmt",
        "width",
        "height",
        "reorder_depth",
        "field_order",
        "sample_aspect_ratio",
    ):
        assert getattr(own, what) == getattr(said, what), what
    assert own.reorder_depth > 0
    assert own.sample_aspect_ratio == Fraction(4, 3)
    assert own.thread_count == 1


def test_who_joins_a_broadcast_between_keyframes_begins_at_the_next(tmp_path):
    whole, joined = tmp_path / "whole.ts", tmp_path / "joined.ts"
    make(whole, Recipe(frames=25, gop=25, format="mpegts"))
    sent = arrivals(whole)
    joined.write_bytes(
        whole.read_bytes().replace(b"\0\0\1\x67", b"\0\0\1\x6c")
    )  # no parameters before the next keyframe
    (first, *_) = arrivals(joined)
    assert coding_of(first).pix_fmt is None
    assert coding_of(first).decoder().pix_fmt is None
    decoder = PacketDecoder(first.stream)
    shown = [one for arrival in sent for one in decoder.decode(arrival)] + list(decoder.drain())
    assert sum(one.picture is not None for one in shown) == 25


def test_in_order_and_whole_with_b_frames(reordered):
    _, shown = decoded(reordered)
    at_s = [one.at_s for one in shown]
    assert at_s == sorted(at_s)
    assert at_s == pytest.approx(sorted(one.media_s for one in reordered))


def test_what_is_kept_knows_how_large_the_pictures_became(tmp_path):
    large = arrivals(make(tmp_path / "large.mp4", Recipe(frames=25)))
    assert coding_of(large[0]).size == (160, 120)
    large[0].stream.codec_context.width, large[0].stream.codec_context.height = 0, 0  # as where nothing was probed
    decoded(large)
    assert coding_of(large[-1]).size == (160, 120)
