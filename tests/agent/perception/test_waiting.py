"""What waits for a background: everything in order once, until it is known or must do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.ahead import Ahead
from agent.perception.decoded import reading as decoding
from agent.perception.waiting import Waiting
from tests.feeds import lost
from tests.looking import sight
from tests.pictures import Drawing, Picture, court, street

STREET, COURT = street(), court()


def shown(at_s, pixels=STREET):
    return sight(Picture(pixels, at_s))


def filled(*items, lost_s=3.0):
    """A queue whose first sight was found to need a background; the rest came after it."""
    waiting = Waiting(lost_s)
    first, *rest = items
    waiting.add(first)
    assert waiting.next() is first
    assert waiting.look(first) is None
    waiting.back([first])
    for item in rest:
        waiting.add(item)
    return waiting


def emptied(waiting):
    out = []
    while (item := waiting.next()) is not None:
        out.append(item)
    return out


def test_nothing_passes_while_the_background_is_learned_then_all_does_in_order():
    items = [shown(at / 5) for at in range(150)]
    waiting = filled(*items)
    assert waiting.learning
    assert emptied(waiting) == []
    waiting.add(last := shown(30.0))
    assert not waiting.learning
    assert [one.pts_s for one in emptied(waiting)] == [one.pts_s for one in [*items, last]]
    assert len(waiting.look(items[0])) == 30


@pytest.mark.parametrize(
    "end",
    [
        shown(5.0, COURT),
        shown(5.0, STREET[:120].copy()),
        lost(4.9, 8.0),
    ],
    ids=["a cut", "another size", "a loss that must be told"],
)
def test_what_ends_the_scene_ends_the_learning(end):
    items = [shown(at / 5) for at in range(25)]
    waiting = filled(*items, end)
    assert not waiting.learning
    assert emptied(waiting)[-1] is end
    assert len(waiting.look(items[0])) == 5


def test_a_short_loss_waits_with_the_rest():
    items = [shown(1.0), lost(1.1, 1.6), lost(1.1, 2.1), shown(2.2), lost(2.3, 9.0, over=True), shown(9.1)]
    waiting = filled(*items)
    assert waiting.learning
    waiting.hurry()
    assert emptied(waiting) == items


def test_another_beginning_starts_to_learn_anew():
    waiting = filled(shown(0.0), shown(1.0), shown(2.0))
    waiting.hurry()
    first, second = waiting.next(), waiting.next()
    assert waiting.look(second) is None
    waiting.back([second])
    assert (first.pts_s, waiting.learning) == (0.0, True)
    waiting.hurry()
    assert [one.pts_s for one in emptied(waiting)] == [1.0, 2.0]
    assert len(waiting.look(second)) == 2


@settings(max_examples=8)
@given(st.integers(2, 40), st.integers(1, 6))
def test_the_pictures_are_those_that_a_file_is_looked_ahead_for(seconds, fps):
    items = [shown(index / fps) for index in range(seconds * fps)]
    waiting = filled(*items)
    waiting.hurry()

    class Listed(Drawing):
        def frames(self, start_s=0.0, end_s=None):
            return (
                Picture(STREET, one.pts_s) for one in items if one.pts_s >= start_s and (not end_s or one.pts_s < end_s)
            )

    listed = decoding(Listed(seconds))
    reading = Ahead(listed, 0.0, None, -1.0, again=listed)
    kept = reading.look(next(iter(reading)))
    mine = waiting.look(items[0])
    assert len(mine) == len(kept)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(mine, kept, strict=True))
