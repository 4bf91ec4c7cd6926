"""Who goes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidette.alerts import Severity
from vidette.models import Segment
from workers.jobs import Deliver, LookAt
from workers.queue.priority import OWED, URGENT, of_look, of_severity, priority_of
from workers.queue.routing import PRIORITIES

LOOK = LookAt(segment=Segment(id="s", stream_id="i", start_s=0, end_s=1))


@given(st.integers(-5, 10**9), st.booleans())
def test_a_look_has_a_priority_between_alerts_and_what_is_owed(waiting, urgent):
    rank = of_look(waiting, urgent=urgent)
    assert rank in PRIORITIES
    assert rank == URGENT if urgent else URGENT < rank < OWED


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_more_of_a_stream_wait_the_later_the_next_one_is(some, more):
    assert of_look(some) <= of_look(some + more)
    assert of_look(some + 1) - of_look(some) <= 1


@given(st.lists(st.integers(0, 3), max_size=200))
def test_no_stream_waits_behind_many_more_looks_of_another(streams):
    """Looks of four streams come; taken by priority, then age, a stream's n-th is behind at most 2n + 1 of each other."""
    waiting, queue = [0] * 4, []
    for age, stream in enumerate(streams):
        queue.append((of_look(waiting[stream]), age, stream))
        waiting[stream] += 1
    taken = [0] * 4
    for rank, _, stream in sorted(queue):
        if rank < 8:  # the last class is without bounds
            assert all(other <= 2 * taken[stream] + 2 for other in taken)
        taken[stream] += 1


def test_the_more_severe_goes_first():
    ranks = [of_severity(one) for one in Severity]
    assert ranks == sorted(ranks, reverse=True)
    assert of_severity(Severity.CRITICAL) == min(PRIORITIES)


@pytest.mark.parametrize(("job", "rank"), [(LOOK, 1), (Deliver(sink="x"), 3)])
def test_what_a_job_is_worth_by_itself(job, rank):
    assert priority_of(job) == rank
