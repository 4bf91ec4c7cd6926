"""What an entity is taken for: the word of most deep looks, whatever their order, and nothing of the others' lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.portrait import Portrait, Told, portrait
from vidette.models import Label

BAG, PERSON, OBJECT, VEHICLE = Label.BAG, Label.PERSON, Label.OBJECT, Label.VEHICLE


def told(label: Label, at_s: float = 0.0, look: Any = "deep", run: str = "r", **more: Any) -> Told:
    return Told(look=look, at_s=at_s, run_id=run, source=f"{look}{run}{at_s}", label=label, **more)


FAST = told(PERSON, look="fast", attributes={"colour": "red", "size": 0.1})


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ([], OBJECT),
        ([FAST], PERSON),
        ([FAST, told(OBJECT)], PERSON),
        ([FAST, told(BAG)], BAG),
        ([FAST, told(BAG), told(VEHICLE, 9), told(BAG, 3, run="b")], BAG),
        ([FAST, told(BAG, 9), told(PERSON, 3)], PERSON),  # the fast look decides between equals
        ([told(BAG, 9), told(VEHICLE, 3)], BAG),  # else the later moment
        ([told(OBJECT, look="fast"), told(PERSON, 1, look="fast")], PERSON),
    ],
)
def test_the_label_of_most_deep_looks_wins(said: list[Told], label: Label) -> None:
    assert portrait(said).label is label


def test_words_of_looks_that_agree_count_for_more() -> None:
    said = [
        FAST,
        told(BAG, 1, description="a rucksack", attributes={"colour": "blue"}),
        told(BAG, 2, run="b", attributes={"kind": "rucksack"}),
        told(VEHICLE, 9, description="a lorry", attributes={"colour": "white", "kind": "lorry"}, name="HX 12"),
    ]
    attributes = {"colour": "blue", "size": 0.1, "kind": "rucksack"}
    assert portrait(said) == Portrait(label=BAG, name="HX 12", description="a rucksack", attributes=attributes)


TOLD = st.builds(
    Told,
    look=st.sampled_from(["fast", "deep"]),
    at_s=st.sampled_from([0.0, 1.0, 2.0]),
    run_id=st.sampled_from(["a", "b"]),
    source=st.uuids().map(str),
    label=st.sampled_from([OBJECT, BAG, PERSON]),
    description=st.sampled_from(["", "x", "y"]),
    attributes=st.dictionaries(st.sampled_from(["kind", "colour"]), st.sampled_from(["p", "q"]), max_size=2),
)


@given(st.lists(TOLD, max_size=6, unique_by=lambda one: one.source), st.randoms(use_true_random=False))
def test_no_order_matters_and_nothing_is_made_up(said: list[Told], chance: Any) -> None:
    shuffled = chance.sample(said, len(said))
    found = portrait(said)
    assert found == portrait(shuffled)
    assert found.label in {OBJECT, *(one.label for one in said)}
    assert found.attributes.keys() == {key for one in said for key in one.attributes}
