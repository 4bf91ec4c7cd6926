"""The ring: whole groups of pictures, bounded, the newest."""

from itertools import pairwise
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from ingest.live.arrival import Arrival
from ingest.live.ring import AROUND, Ring
from tests.arriving import arrivals, ringed
from tests.clips import Recipe, make


def packet(number, size, key, connection=1):
    """Sizes and order are all that the ring looks at."""
    at_s = number * 0.04
    return Arrival(
        packet=SimpleNamespace(size=size), stream=None, key=key, media_s=at_s, arrived_s=at_s, connection=connection
    )


SENT = st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.booleans()), max_size=120)


@given(SENT, st.integers(200, 100_000), st.floats(0, 5), st.floats(0, 5))
def test_it_holds_whole_groups_and_no_more_than_allowed(sent, most, start_s, length_s):
    ring, given_, connection = Ring(most), [], 1
    for number, (size, key, lost) in enumerate(sent):
        connection += lost
        given_.append(packet(number, size, key, connection))
        ring.add(given_[-1])
        assert ring.bytes <= most
    window = ring.window(start_s, start_s + length_s)
    if not window:
        return
    assert window[0].key
    for before, after in pairwise(window):
        assert after.key or given_.index(after) == given_.index(before) + 1, "packets of a group are missing"
        assert after.key or before.connection == after.connection
    assert window[-1].media_s < start_s + length_s


@given(st.integers(0, 99), st.integers(0, 30))
def test_a_window_begins_at_the_keyframe_before(start, length):
    ring = Ring(10**6)
    for number in range(100):
        ring.add(packet(number, 10, number % 10 == 0))
    window = ring.window(start * 0.04, (start + length) * 0.04 + 0.02)
    numbers = [round(one.media_s / 0.04) for one in window]
    assert numbers == list(range(start // 10 * 10, min(99, start + length) + 1))


def test_where_the_keyframe_before_has_gone_the_window_begins_at_the_first_there_is():
    ring = Ring(25 * (10 + AROUND))
    for number in range(100):
        ring.add(packet(number, 10, number % 10 == 0))
    assert [round(one.media_s / 0.04) for one in ring.window(0, 3.3)] == list(range(80, 83))
    assert ring.window(0, 1.0) == []
    assert ring.window(5.0, 9.0) == []


def test_a_group_larger_than_the_ring_is_not_held():
    ring = Ring(10 * (10 + AROUND))
    for number in range(50):
        ring.add(packet(number, 10, number in (0, 45)))
    assert [round(one.media_s / 0.04) for one in ring.window(0, 9)] == [45, 46, 47, 48, 49]


def test_packets_keep_their_bytes_while_they_are_held(tmp_path):
    source = make(tmp_path / "clip.mp4", Recipe())
    whole = [bytes(one.packet) for one in arrivals(source)]
    ring = ringed(arrivals(source))  # the file is closed by now
    assert [bytes(one.packet) for one in ring.window(0, 1000)] == whole
    assert ring.bytes == sum(len(one) + AROUND for one in whole)
