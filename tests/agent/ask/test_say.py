"""Times, durations and names in sentences."""

from hypothesis import given
from hypothesis import strategies as st

from agent.ask.say import lasting, media, place, plain, plan_words
from vidette.answers import Plan, Relation
from vidette.models import EventType, Label
from vidette.queries import Filter


def test_media_times():
    assert [media(s) for s in (0, 3.99, 60, 187.4, 3600, 36061)] == ["0:00", "0:03", "1:00", "3:07", "1:00:00", "10:01:01"]  # fmt: skip


def test_durations():
    assert [lasting(s) for s in (0, 4.25, 30.0, 90, 120, 3600, 5400)] == ["0 s", "4.2 s", "30 s", "1 min 30 s", "2 min", "1 h", "1 h 30 min"]  # fmt: skip


def test_places():
    assert place((0.0, 0.0, 0.1, 0.1)) == "at the top left of the picture"
    assert place((0.4, 0.4, 0.6, 0.6)) == "in the middle of the picture"
    assert place((0.8, 0.8, 1.0, 1.0)) == "at the bottom right of the picture"


@given(st.text(), st.integers(1, 50))
def test_plain_text_is_one_bounded_printable_line(text, most):
    line = plain(text, most)
    assert len(line) <= most
    assert "\n" not in line
    assert "\x1b" not in line
    assert plain(line, most) == line


def test_a_plan_is_said_with_all_that_hangs_on_it():
    bag = Plan(kind="list", where=Filter(types=(EventType.OBJECT_LEFT,), labels=(Label.BAG,)))
    plan = Plan(
        kind="count",
        relations=(Relation(kind="after", anchor=bag, within_s=30.0),),
        longer_s=20.0,
        by="hour",
        never=(bag,),
    )
    assert plan_words(plan) == (
        "count events · stream any · by hour · after within 30 s (list events · type object_left · label bag · stream any)"
        " · at least 20 s · never (list events · type object_left · label bag · stream any)"
    )
