"""Many cameras lost at once are one loss."""

from hypothesis import given
from hypothesis import strategies as st

from workers.cameras.guard import Guard


def test_three_of_four_within_five_seconds_are_the_network():
    guard = Guard()
    for at, name in ((0.0, "a"), (2.0, "b")):
        guard.lost(name, at)
        assert guard.check(4, at) is False
    guard.lost("c", 4.9)
    assert guard.check(4, 4.9) is True
    guard.found("a")
    assert guard.check(4, 6.0) is True  # two of three are still away
    guard.found("b")
    assert guard.check(4, 7.0) is False


def test_one_after_another_is_not():
    guard = Guard()
    for number in range(10):
        guard.lost(str(number), number * 3.0)
        assert guard.check(10, number * 3.0) is False


def test_fewer_than_half_or_three_are_not():
    guard = Guard()
    for name in "abc":
        guard.lost(name, 0.0)
    assert guard.check(7, 0.0) is False
    assert guard.check(6, 0.0) is True
    two = Guard()
    for name in "ab":
        two.lost(name, 0.0)
    assert two.check(2, 0.0) is False


def test_a_quarter_is_suspected_for_as_long_as_it_is_new():
    guard = Guard()
    for name in "abc":
        guard.lost(name, 0.0)
        assert guard.check(12, 0.0) is False
    assert guard.suspects(12, 4.0)
    assert not guard.suspects(13, 4.0)
    assert not guard.suspects(12, 6.0)


def test_those_lost_meanwhile_are_waited_for_too():
    guard = Guard()
    for name in "abc":
        guard.lost(name, 0.0)
    assert guard.check(6, 0.0) is True
    for name in "def":
        guard.lost(name, 30.0)
    for name in "ab":
        guard.found(name)
    assert guard.check(6, 31.0) is True
    guard.found("c")
    assert guard.check(6, 32.0) is False


STEPS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans(), st.floats(0, 4)), max_size=60)


@given(STEPS)
def test_while_it_is_offline_more_than_half_of_those_that_fell_are_lost(steps):
    guard, now, lost = Guard(), 0.0, {}
    for name, away, later in steps:
        now += later
        if away:
            guard.lost(name, now)
            lost.setdefault(name, now)
        else:
            guard.found(name)
            lost.pop(name, None)
        if guard.check(8, now):
            assert 2 * len(guard.fallen & lost.keys()) > len(guard.fallen) >= 4
        elif guard.fallen:
            raise AssertionError("nobody is waited for while it is online")
