"""The background model: what differs, what is only light or shadow, and a state that goes on exactly."""

import numpy as np
import pytest

from agent.perception.background import Background, clean, smooth
from tests.pictures import HEIGHT, WIDTH, Drawing, box, rain, shadow, stay
from vidette import carry

THING = box((200, 60, 50), stay(0, 1000, (240, 150)), size=(40, 60))
INSIDE = np.s_[125:175, 224:256]
NOBODY = np.zeros((HEIGHT, WIDTH), bool)


def planes(seconds=6.0, draws=(), **how):
    return [frame.planes(WIDTH) for frame in Drawing(seconds, draws, **how).frames()]


@pytest.fixture(scope="module")
def quiet():
    return planes()


@pytest.fixture
def background(quiet):
    return Background(quiet)


def test_an_empty_scene_has_no_foreground(background):
    for now in planes(2.0):
        fore = background.compare(now)
        assert fore.mask.mean() == 0
        assert fore.gain == pytest.approx(1.0, abs=0.02)


def test_a_thing_is_foreground_and_hardly_more_than_it(background):
    fore = background.compare(planes(0.2, [THING])[0])
    assert fore.mask[INSIDE].mean() > 0.95
    assert fore.mask.sum() < 1.5 * 40 * 60
    assert fore.score[INSIDE].mean() > 1.5


def test_a_thing_that_is_there_for_less_than_half_of_the_look_ahead_is_not_background():
    brief = [*planes(3.2, [THING]), *planes(3.6)]
    assert Background(brief).compare(planes(0.2)[0]).mask.mean() == 0


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.3])
def test_a_change_of_light_is_a_gain_not_a_foreground(background, factor):
    fore = background.compare(planes(0.2, light=lambda t: factor)[0])
    assert fore.mask.mean() < 0.002
    assert fore.gain == pytest.approx(factor, abs=0.05)


def test_a_soft_shadow_is_seen_as_one(background):
    (now,) = planes(0.2, [lambda picture, t: shadow()(picture, 20.0)])
    fore = background.compare(now)
    assert fore.shadow[185:195, 200:240].mean() > 0.8
    assert fore.mask.mean() < 0.002


def test_noise_is_learned_and_rises_where_it_is(quiet):
    loud = Background(planes(noise=20))
    assert np.median(loud.noise) > 2 * np.median(Background(quiet).noise)
    background = Background(quiet)
    for now in planes(12.0, noise=20):
        background.learn(now, background.compare(now), NOBODY, 0.2)
    assert np.median(background.noise) > 1.5 * np.median(Background(quiet).noise)


def test_learning_follows_slow_light_and_leaves_what_is_held(quiet):
    background, held = Background(quiet), NOBODY.copy()
    held[INSIDE] = True
    before = background.y.copy()
    for now in planes(8.0, light=lambda t: 1.1):
        background.learn(now, background.compare(now), held, 0.2)
    assert (background.y[INSIDE] == before[INSIDE]).all()
    free = ~held
    assert np.median(background.y[free].astype(int) - before[free]) >= 6


def test_ages_count_how_long_a_pixel_looked_the_same(background):
    for now in planes(3.2, [THING]):
        background.learn(now, background.compare(now), NOBODY, 0.2)
    assert np.median(background.age[INSIDE]) == pytest.approx(3000, abs=250)
    assert background.age[10:60, 10:200].max() == 0
    (bare,) = planes(0.2)
    background.learn(bare, background.compare(bare), NOBODY, 0.2)
    assert background.age.max() == 0


def test_what_is_absorbed_is_background(background):
    (now,) = planes(0.2, [THING])
    fore = background.compare(now)
    background.absorb(now, fore.mask)
    assert background.compare(now).mask.sum() < 0.1 * fore.mask.sum()


def test_a_stored_background_goes_on_exactly(quiet):
    whole, first = Background(quiet, 1.3), Background(quiet, 1.3)
    frames = planes(4.0, [THING, rain(30)], noise=4)
    for index, now in enumerate(frames):
        if index == 9:
            arrays, state = carry.unpack(carry.pack(*first.state()))
            first = Background.restore(arrays, state)
        for one in (whole, first):
            one.learn(now, one.compare(now), NOBODY, 0.2)
    assert first.sensitivity == 1.3
    for name in ("y", "u", "v", "noise", "ref", "age"):
        assert (getattr(first, name) == getattr(whole, name)).all(), name


def test_a_changed_noise_changes_what_is_foreground(quiet):
    background = Background(quiet)
    faint = planes(0.2, [THING])[0]
    before = background.compare(faint).score[INSIDE].mean()
    for now in planes(10.0, [rain(40)]):
        background.learn(now, background.compare(now), NOBODY, 0.2)
    assert background.noise.mean() > Background(quiet).noise.mean()
    stored = Background.restore(*background.state())
    after = background.compare(faint).score[INSIDE].mean()
    assert after < before
    assert after == stored.compare(faint).score[INSIDE].mean()


def test_sensitivity_moves_the_threshold(quiet):
    now = planes(0.2, [THING])[0]
    dull, keen = (Background(quiet, value).compare(now).score[INSIDE].mean() for value in (0.5, 2.0))
    assert keen == pytest.approx(4 * dull, rel=0.05)


def test_cleaning_drops_specks_and_keeps_the_weak_surroundings_of_strong_places():
    score = np.zeros((60, 60), np.float32)
    score[10, 10] = 5
    score[30:36, 30:36] = 2
    score[30:36, 36:39] = 0.7
    score[50:56, 5:11] = 0.7
    mask = clean(score)
    assert not mask[10, 10]
    assert mask[30:36, 30:39].all()
    assert not mask[50:56, 5:11].any()


def test_smoothing_keeps_levels():
    assert (smooth(np.full((20, 20), 77, np.uint8)) == 77).all()
