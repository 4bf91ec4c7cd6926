"""Which frames count as spoiled, and how stretches are told."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.damage import GIVE_UP_WAITING_S, DamageWatch, Stretch, join


def stretch(start_s: float, end_s: float, reason: str = "") -> Stretch:
    return Stretch(start_s=start_s, end_s=end_s, reason=reason)


def test_frames_are_good_until_one_is_not():
    watch = DamageWatch()
    assert all(watch.good(t, corrupt=False, key=False) for t in range(5))
    assert watch.stretches == []


def test_what_follows_a_bad_frame_is_spoiled_until_the_next_keyframe():
    watch = DamageWatch()
    assert not watch.good(1.0, corrupt=True, key=False)
    assert not watch.good(1.2, corrupt=False, key=False)
    assert watch.good(2.0, corrupt=False, key=True)
    assert watch.good(2.2, corrupt=False, key=False)
    assert watch.stretches == [stretch(1.0, 2.0, "damaged picture data")]


def test_a_stream_of_rare_keyframes_is_believed_again():
    watch = DamageWatch()
    watch.error(1.0, "invalid data")
    assert not watch.good(1.0 + GIVE_UP_WAITING_S - 0.1, corrupt=False, key=False)
    assert watch.good(1.0 + GIVE_UP_WAITING_S, corrupt=False, key=False)
    assert watch.stretches == [stretch(1.0, 11.0, "invalid data")]


def test_frames_shown_before_the_bad_one_are_good():
    watch = DamageWatch()
    watch.error(1.0, "invalid data")
    assert watch.good(0.8, corrupt=False, key=False)
    assert not watch.good(1.2, corrupt=False, key=False)


def test_damage_lasts_to_the_end_where_nothing_good_follows():
    watch = DamageWatch()
    watch.error(3.0, "invalid data")
    watch.end(5.0)
    assert watch.stretches == [stretch(3.0, 5.0, "invalid data")]


SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10)), max_size=20)


@given(SPANS)
def test_joined_stretches_cover_the_same_time_once(spans):
    joined = join(stretch(a, a + n) for a, n in spans)
    inside = {t for a, n in spans for t in range(a, a + n)}
    assert {t for s in joined for t in range(int(s.start_s), int(s.end_s))} == inside
    assert all(a.end_s < b.start_s for a, b in pairwise(joined))
    assert join(joined) == joined
