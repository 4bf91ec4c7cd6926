"""Whose question is next, over random arrivals."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agent.perception.vlm.local.asked import Asked, Prepared
from agent.perception.vlm.local.turns import Room, Turns, Waiting


def waiting(stream="a", *, urgent=False, tiles=1, since_s=0.0, number=0):
    asked = Asked(parts=(str(number),), stream=stream, urgent=urgent)
    return Waiting(prepared=Prepared(asked=asked, inputs=None, group=(tiles,), tokens=1), since_s=since_s)


def stream_of(one):
    return one.prepared.asked.stream


arrivals = st.lists(
    st.tuples(st.sampled_from("abcd"), st.booleans(), st.integers(1, 3)), max_size=60
)  # stream, urgent, tiles


def put(turns, given_):
    made = [
        waiting(stream, urgent=urgent, tiles=tiles, since_s=float(i), number=i)
        for i, (stream, urgent, tiles) in enumerate(given_)
    ]
    for one in made:
        turns.put(one)
    return made


def batches(turns, most):
    while batch := turns.take(lambda _: most):
        yield batch


@given(arrivals, st.integers(1, 9))
def test_each_is_taken_once_in_batches_of_one_group(given_, most):
    turns = Turns()
    made = put(turns, given_)
    assert len(turns) == len(made)
    taken = []
    for batch in batches(turns, most):
        assert 1 <= len(batch) <= most
        assert len({one.group for one in batch}) == 1
        taken += batch
    assert Counter(map(id, taken)) == Counter(map(id, made))
    assert len(turns) == 0
    assert turns.leader() is None


@given(arrivals, st.integers(1, 9))
def test_a_streams_questions_of_one_kind_keep_their_order(given_, most):
    turns = Turns()
    put(turns, given_)
    last = {}
    for batch in batches(turns, most):
        for one in batch:
            kind = (stream_of(one), one.urgent, one.group)
            assert last.get(kind, -1.0) < one.since_s
            last[kind] = one.since_s


@given(arrivals, st.integers(1, 9))
def test_a_batch_is_as_full_as_it_can_be(given_, most):
    turns = Turns()
    put(turns, given_)
    while len(turns):
        alike = Counter(one.group for one in turns)
        batch = turns.take(lambda _: most)
        assert len(batch) == min(most, alike[batch[0].group])


@given(st.lists(st.integers(1, 40), min_size=2, max_size=5), st.integers(1, 8))
def test_streams_that_wait_have_equal_shares(many, most):
    """However long one stream's line is, while all wait none is served more than one time more than another."""
    turns = Turns()
    for i in range(max(many)):
        for stream, count in enumerate(many):
            if i < count:
                turns.put(waiting(str(stream), since_s=float(i)))
    served, left = Counter({str(i): 0 for i in range(len(many))}), list(many)
    while all(left):
        for one in turns.take(lambda _: most):
            served[stream_of(one)] += 1
            left[int(stream_of(one))] -= 1
            if all(left):
                assert max(served.values()) - min(served.values()) <= 1


@given(arrivals.filter(lambda given_: any(not urgent for _, urgent, _ in given_)), st.integers(1, 5))
def test_urgent_ones_lead_but_nobody_starves(given_, most):
    """Urgent questions come without end: what waits is still answered within bounded batches."""
    turns = Turns()
    made = put(turns, given_)
    patient = {id(one) for one in made if not one.urgent}
    for batches_ in range(6 * len(made)):
        turns.put(waiting("z", urgent=True, tiles=9, since_s=1000.0 + batches_))
        batch = turns.take(lambda _: most)
        patient -= {id(one) for one in batch}
        if not patient:
            return
    raise AssertionError(f"{len(patient)} still wait")


def test_urgent_ones_go_first_and_others_fill_what_is_left():
    turns = Turns()
    slow, other, fast = waiting("a", since_s=1), waiting("b", tiles=2, since_s=2), waiting("c", urgent=True, since_s=3)
    for one in (slow, other, fast):
        turns.put(one)
    assert turns.leader() is fast
    assert turns.take(lambda _: 4) == [fast, slow]
    assert turns.take(lambda _: 4) == [other]


def test_one_that_came_first_goes_first():
    turns = Turns()
    late, early = waiting("a", since_s=5), waiting("b", since_s=4)
    turns.put(late)
    turns.put(early)
    assert turns.take(lambda _: 1) == [early]


def test_who_withdraws_is_not_taken():
    turns = Turns()
    first, second = waiting(), waiting(since_s=1)
    turns.put(first)
    turns.put(second)
    turns.withdraw(first)
    turns.withdraw(first)
    assert turns.take(lambda _: 4) == [second]
    turns.withdraw(second)
    assert turns.take(lambda _: 4) == []


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 3))
def test_room_is_found_by_halving(most, fits, groups):
    """Whatever fits: at most log2 batches burst, then none does but where more is tried now and then."""
    room = Room(most)
    for group in ((n,) for n in range(groups)):
        burst = 0
        while room.of(group) > fits:
            room.burst(group, room.of(group))
            burst += 1
        assert burst <= 7
        assert room.of(group) >= max(1, min(most, fits // 2))
    assert room.of((99,)) == most


def test_room_grows_again_after_many_full_batches_and_never_beyond_its_most():
    room = Room(8)
    room.burst((1,), 8)
    assert room.of((1,)) == 4
    for _ in range(1000):
        room.held((1,), 3)
    assert room.of((1,)) == 4
    for _ in range(1000):
        room.held((1,), room.of((1,)))
    assert room.of((1,)) == 8
    room.burst((1,), 1)
    assert room.of((1,)) == 1
