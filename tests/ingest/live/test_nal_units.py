"""Both forms of H.264 and H.265 packets become one, whatever bytes come."""

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.live.nal_units import parameter_sets, with_start_codes
from tests.clips import Recipe, make, remux

START = b"\x00\x00\x00\x01"


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.sampled_from([2, 4]))
def test_every_unit_is_kept_in_order(units, width):
    data = b"".join(len(unit).to_bytes(width, "big") + unit for unit in units)
    assert with_start_codes(data, width) == b"".join(START + unit for unit in units)


@given(st.binary(max_size=200), st.sampled_from(["h264", "hevc"]))
def test_no_bytes_are_too_strange(data, codec):
    _, width = parameter_sets(codec, data)
    assert width in range(5)
    assert isinstance(with_start_codes(data, width or 4), bytes)
    cut_short, _ = parameter_sets(codec, b"\x01" + data)
    assert not cut_short or cut_short.startswith(START)


@pytest.mark.parametrize(("codec", "name"), [("libx264", "h264"), ("libx265", "hevc")])
def test_parameter_sets_beside_a_stream_are_those_within_it(codec, name, tmp_path):
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    beside = make(tmp_path / "a.mp4", Recipe(codec=codec, frames=5, options=options))
    within = remux(beside, tmp_path / "a.ts")
    with av.open(str(beside)) as one, av.open(str(within)) as two:
        sets, width = parameter_sets(name, one.streams.video[0].codec_context.extradata)
        inside, none = parameter_sets(name, two.streams.video[0].codec_context.extradata)
        both = [{unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")} for data in (sets, inside)]
    assert (width, none) == (4, 0)
    assert both[0] >= both[1]
    assert len(both[1]) >= 3
