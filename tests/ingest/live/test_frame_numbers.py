"""Pictures that are missing are noticed, in H.264 of every form; those that are there never are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.live.frame_numbers import FrameNumbers
from tests.arriving import arrivals
from tests.clips import Recipe, make, remux

FORMS = {
    "plain": {},
    "lists": {"x264-params": "cqm=jvt"},
    "fields": {"x264-params": "tff=1"},
    "slices": {"x264-params": "slices=4"},
    "many_references": {"x264-params": "ref=8:keyint=60:min-keyint=60"},
    "open": {"x264-params": "open-gop=1:bframes=3:b-pyramid=normal"},
    "lossless": {"qp": "0"},
    "baseline": {"profile": "baseline"},
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Each form with lengths (MP4) and with start codes (MPEG-TS)."""
    folder, made = tmp_path_factory.mktemp("films"), {}
    for name, options in FORMS.items():
        pix_fmt = "yuv444p" if name == "lossless" else "yuv420p"
        made[name, "mp4"] = make(folder / f"{name}.mp4", Recipe(frames=70, gop=30, pix_fmt=pix_fmt, options=options))
        made[name, "ts"] = remux(made[name, "mp4"], folder / f"{name}.ts")
    return made


def packets(path):
    sent = arrivals(path)
    context = sent[0].stream.codec_context
    return FrameNumbers(context.name, context.extradata), [memoryview(one.packet) for one in sent]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("container", ["mp4", "ts"])
def test_a_whole_stream_misses_nothing(form, container, films):
    numbers, sent = packets(films[form, container])
    assert not any(numbers.skips(packet) for packet in sent)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "open"])
@pytest.mark.parametrize("container", ["mp4", "ts"])
def test_any_picture_that_is_missing_is_noticed_at_the_next(form, container, films):
    _, sent = packets(films[form, container])
    keys = {number for number, one in enumerate(arrivals(films[form, container])) if one.key}
    for gone in range(1, len(sent) - 1):
        numbers, _ = packets(films[form, container])
        told = [number for number, packet in enumerate(sent) if number != gone and numbers.skips(packet)]
        if gone + 1 in keys:  # a keyframe needs nothing of what was before
            assert told == []
        else:
            assert told == [gone + 1]


@pytest.mark.parametrize("container", ["mp4", "ts"])
def test_what_nothing_is_built_on_may_be_missing(container, films):
    path = films["open", container]
    for gone, one in enumerate(arrivals(path)[:-1]):
        numbers, sent = packets(path)
        reference = bytes(sent[gone])[_first_slice(sent[gone], container)] >> 5 & 3
        told = any(numbers.skips(packet) for number, packet in enumerate(sent) if number != gone)
        assert told <= bool(reference)
        assert told or not reference or one.key or gone + 1 == len(sent) - 1 or _before_key(path, gone)


def _first_slice(packet, container):
    data, at = bytes(packet), 0
    while True:
        if container == "mp4":
            head, step = at + 4, 4 + int.from_bytes(data[at : at + 4], "big")
        else:
            head = data.index(b"\0\0\1", at) + 3
            step = head - at
        if data[head] & 31 in (1, 5):
            return head
        at += step


def _before_key(path, gone):
    return any(one.key for one in arrivals(path)[gone + 1 : gone + 3])


@given(st.binary(max_size=300), st.lists(st.binary(max_size=80), max_size=5), st.sampled_from(["h264", "hevc", ""]))
def test_nonsense_is_no_error(extradata, sent, codec):
    numbers = FrameNumbers(codec, extradata)
    for data in sent:
        assert numbers.skips(memoryview(data)) in (True, False)
        assert numbers.skips(memoryview(b"\0\0\1\x67" + data + b"\0\0\1\x41" + data)) in (True, False)


def test_after_a_restart_nothing_is_missed(films):
    numbers, sent = packets(films["plain", "mp4"])
    numbers.skips(sent[0])
    numbers.restart()
    assert not numbers.skips(sent[5])
    assert numbers.skips(sent[8])
