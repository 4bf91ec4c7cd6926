"""Still things: a new outline is left, a missing one is removed, light is neither."""

import numpy as np
import pytest

from agent.perception.background import Background, Foreground
from agent.perception.still import Stillness, box_of, outline_lead
from tests.pictures import HEIGHT, WIDTH, Drawing, Picture, street

SPOT = np.s_[200:230, 220:256]
BOX = (220.0, 200.0, 256.0, 230.0)


def planes_of(picture):
    return Picture(picture, 0.0).planes(WIDTH)


def painted(colour):
    picture = street().copy()
    picture[SPOT] = colour
    return picture


def region_of(spot=SPOT):
    region = np.zeros((HEIGHT, WIDTH), bool)
    region[spot] = True
    return region


@pytest.mark.parametrize("colour", [(40, 40, 45), (230, 230, 230), (200, 60, 50), (60, 160, 60)])
def test_the_outline_leads_where_the_thing_is(colour):
    bare, full = street(), painted(colour)
    left = outline_lead(Background([planes_of(bare)]), planes_of(full), region_of())
    removed = outline_lead(Background([planes_of(full)]), planes_of(bare), region_of())
    assert left > 0.5
    assert removed < -0.5
    assert left == pytest.approx(-removed, rel=0.4)


def test_where_nothing_differs_nothing_leads():
    same = planes_of(street())
    assert outline_lead(Background([same]), same, region_of()) == pytest.approx(0.0, abs=0.05)


def test_a_region_that_fills_the_picture_has_no_ring():
    whole = np.ones((HEIGHT, WIDTH), bool)
    planes = planes_of(street())
    assert outline_lead(Background([planes]), planes, whole) == pytest.approx(0.0, abs=0.05)


def test_box_of_a_region():
    assert box_of(region_of()) == BOX


class Case:
    """A still region of some age, judged."""

    def __init__(self, then, now, *, age_s=3.0, touched_s=3.2, spot=SPOT):
        self.background = Background([planes_of(then)])
        self.region = region_of(spot)
        self.background.age[self.region] = round(age_s * 1000)
        self.planes = planes_of(now)
        self.stillness = Stillness((HEIGHT, WIDTH), 2.0, 100)
        if touched_s is not None:
            self.stillness.touched[self.region] = round(touched_s * 1000)
        score = np.where(self.region, 2.0, 0.0).astype(np.float32)
        self.fore = Foreground(score=score, mask=self.region, shadow=~self.region, gain=1.0, y=self.planes[0])

    def judged(self, busy=None, known=()):
        nobody = np.zeros_like(self.region)
        return self.stillness.judge(
            self.background, self.planes, self.fore, nobody if busy is None else busy, known, 20.0
        )


def test_left_and_removed_are_told_with_when_and_where():
    for then, now, verdict in ((street(), painted((40, 40, 45)), "left"), (painted((40, 40, 45)), street(), "removed")):
        (change,) = Case(then, now).judged()
        assert change.verdict == verdict
        assert change.box == BOX
        assert change.since_s == pytest.approx(17.0)
        assert change.area == 30 * 36
        assert 0.7 < change.certainty <= 1.0


@pytest.mark.parametrize("touched_s", [None, 9.0])
def test_where_nobody_came_near_at_that_time_it_is_light(touched_s):
    (change,) = Case(street(), painted((40, 40, 45)), touched_s=touched_s).judged()
    assert change.verdict == "light"


def test_where_a_known_thing_lies_no_visitor_is_needed():
    (change,) = Case(painted((40, 40, 45)), street(), touched_s=None).judged(known=[BOX])
    assert change.verdict == "removed"


def test_nothing_is_judged_before_its_time_or_behind_somebody():
    assert Case(street(), painted((40, 40, 45)), age_s=1.0).judged() == []
    case = Case(street(), painted((40, 40, 45)))
    assert case.judged(busy=case.region) == []


def test_a_part_at_rest_of_something_that_moves_is_not_judged():
    case = Case(street(), painted((40, 40, 45)))
    case.background.age[215:230, 220:256] = 0
    assert case.judged() == []


def test_specks_are_not_judged():
    spot = np.s_[200:208, 220:228]
    assert Case(street(), painted((40, 40, 45)), spot=spot).judged() == []


def test_time_since_a_mover_counts_up_and_a_stored_state_goes_on_equally():
    stillness = Stillness((HEIGHT, WIDTH), 2.0, 100)
    movers = region_of()
    stillness.note(movers, 0.2)
    for _ in range(7):
        stillness.note(~movers & False, 0.2)
    assert set(stillness.touched[SPOT].ravel().tolist()) == {1400}
    touched, state = stillness.state()
    again = Stillness.restore(touched, state)
    for one in (stillness, again):
        one.note(~movers & False, 0.2)
    assert (again.touched == stillness.touched).all()
    assert (again.still_s, again.min_area) == (2.0, 100)
    for _ in range(400):
        stillness.note(~movers & False, 2.0)
    assert stillness.touched.max() == 60_000


def test_drawn_pictures_are_what_these_tests_take_them_for():
    assert next(iter(Drawing(1).frames())).pixels.shape == (HEIGHT, WIDTH, 3)
