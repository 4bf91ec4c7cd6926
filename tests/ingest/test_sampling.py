"""The rule of which frames are looked at."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sampling import JITTER_S, firsts, parse_sampling
from vidette.errors import ConfigError

RATES = st.sampled_from(["0.1", "0.5", "1", "2", "5", "7.5", "25", "30"])
TIMES = st.lists(st.integers(0, 20_000), min_size=1, max_size=200, unique=True).map(
    lambda ms: [Fraction(t, 1000) for t in sorted(ms)]
)


@pytest.mark.parametrize(("text", "fps"), [("5", 5), (" 0.1 ", Fraction(1, 10)), ("30", 30), ("keyframes", None)])
def test_what_may_be_asked(text, fps):
    assert parse_sampling(text).fps == fps


@pytest.mark.parametrize("text", ["", "0", "-5", "31", "0.09", "nan", "inf", "adaptive", "5 fps", "1/0", "1e999"])
def test_what_may_not(text):
    with pytest.raises(ConfigError, match=r"give `keyframes` or"):
        parse_sampling(text)


@given(RATES, TIMES)
def test_a_frame_is_wanted_when_it_is_the_first_at_or_after_a_multiple_of_the_interval(rate, times):
    sampling = parse_sampling(rate)
    wanted = {times[i] for i in firsts([sampling.slot(t) for t in times])}
    grid = (k * sampling.interval_s - JITTER_S for k in range(int(times[-1] / sampling.interval_s) + 2))
    expected = {next((t for t in times if t >= at), None) for at in grid} - {None}
    assert wanted == expected


@given(RATES, TIMES, st.integers(0, 20_000))
def test_a_run_from_anywhere_wants_the_same_frames(rate, times, start_ms):
    sampling, start = parse_sampling(rate), Fraction(start_ms, 1000)
    whole = [t for t in (times[i] for i in firsts([sampling.slot(t) for t in times])) if t >= start]
    later = [t for t in times if t >= start - sampling.interval_s]
    again = [t for t in (later[i] for i in firsts([sampling.slot(t) for t in later])) if t >= start]
    assert again == whole


def test_no_frame_is_lost_where_the_stream_is_no_faster_than_the_rate():
    sampling = parse_sampling("30")
    rounded = [Fraction(round(i * 1000 / 30), 1000) for i in range(3000)]
    assert len(firsts([sampling.slot(t) for t in rounded])) == 3000


@given(st.lists(st.integers(0, 50), max_size=60), st.none() | st.integers(0, 50))
def test_firsts_are_the_records_of_the_slots(slots, after):
    chosen = firsts(slots, after)
    assert chosen == [
        i for i, s in enumerate(slots) if all(s > o for o in [*slots[:i], *([after] if after is not None else [])])
    ]


@given(
    st.sampled_from(["keyframes", "0.1", "1", "2.5", "5", "29.97", "30"]),
    st.integers(-(10**9), 10**9),
    st.sampled_from([Fraction(1, 12_800), Fraction(1, 1000), Fraction(1, 90_000), Fraction(1001, 30_000)]),
    st.integers(-(10**6), 10**9),
)
def test_slots_of_ticks_are_those_of_their_times(rate, first, base, after):
    sampling = parse_sampling(rate)
    assert sampling.slots(first, base)(first + after) == sampling.slot(after * base)
