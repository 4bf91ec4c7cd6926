from hypothesis import given
from hypothesis import strategies as st

from ingest.live.steady import Steady


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(-5000, 5000)), max_size=40))
def test_goes_on_with_the_clock_and_never_back(steps):
    """Each step: seconds that pass, and by how much this machine's clock is then set."""
    wall, true = [100.0], [0.0]
    steady = Steady(lambda: wall[0], lambda: true[0])
    last_s = steady()
    for passed_s, set_s in steps:
        true[0] += passed_s
        wall[0] += passed_s + set_s
        now_s = steady()
        assert now_s >= last_s + passed_s - 1e-6
        assert now_s >= wall[0]
        assert now_s == wall[0] or abs(now_s - last_s - passed_s) < 1e-6
        last_s = now_s
