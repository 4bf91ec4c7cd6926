"""Looks made of set tasks: what each family is asked, and what becomes of its answers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.reply import checked
from agent.perception.vlm.families import FAMILIES, Family, family_of
from agent.perception.vlm.local.asked import Answered
from agent.perception.vlm.local.tasks import TASKS, task_reply
from agent.perception.vlm.prompt import prompt_of
from ingest.tiling import Tile
from vidette.errors import ModelError, NotAsked
from vidette.models import Keyframe, Label, PathPoint, Segment, Track
from vidette.vision import LookRequest

WALKER = (0.4, 0.3, 0.6, 0.9)
PATH = (PathPoint(pts_s=10.0, box=WALKER), PathPoint(pts_s=18.0, box=WALKER))
TRACK = Track(id="walker", stream_id="cam", label=Label.OBJECT, start_s=10, end_s=18, confidence=1, path=PATH)


class Says:
    """A model that answers by what is asked of it, and remembers the questions; `{}` of the words are left out."""

    def __init__(self, answers, otherwise="", cut=False):
        self.answers, self.otherwise, self.cut, self.asked = answers, otherwise, cut, []

    def __call__(self, asked):
        self.asked.append(asked)
        said = next((text for words, text in self.answers.items() if asked.parts[1].startswith(words)), self.otherwise)
        if isinstance(said, list):
            said = said.pop(0)
        return Answered(text=said, prompt_tokens=9, completion_tokens=3, cut=self.cut)

    def words(self, start=""):
        return [one.parts[1] for one in self.asked if one.parts[1].startswith(start)]


def look(family, says, *, questions=(), pictures=3, **how):
    frames = tuple(
        Keyframe(id=f"k{i}", segment_id="seg", pts_s=10.0 + 2 * i, sha256=f"{i}", uri="") for i in range(pictures)
    )
    segment = Segment(id="seg", stream_id="cam", start_s=10.0, end_s=18.0, keyframes=frames)
    request = LookRequest(
        stream_id="cam", stream_name="gate", segment=segment, tracks=(TRACK,), questions=questions, **how
    )
    prompt = prompt_of(request, 8)
    images = [np.full((90, 160, 3), 40 * i, np.uint8) for i, _ in enumerate(prompt.pictures)]
    return task_reply(says, request, prompt, images, family_of(family)), request


def test_every_family_of_tasks_has_them():
    kinds = {kind for family in FAMILIES if family.style == "task" for kind in family.model_types}
    assert kinds == set(TASKS)


def test_florence_is_asked_for_a_caption_things_and_text():
    walker = "person<loc_400><loc_300><loc_600><loc_900>"
    says = Says(
        {
            "<MORE": "</s><s>A yard with a gate.</s>",
            "<OD>": f"</s><s>{walker}suitcase<loc_0><loc_0><loc_99><loc_99>hat<loc_9><loc_9><loc_9><loc_9></s>",
            "<REGION_TO_SEGMENTATION><loc_4": "<loc_400><loc_310><loc_590><loc_300><loc_600><loc_899><loc_405><loc_900>",
            "<REGION_TO_SEGMENTATION><loc_0": "<loc_800><loc_800><loc_899><loc_800><loc_899><loc_899>",
            "<OCR": "</s><s>GATE 3<loc_0><loc_0><loc_99><loc_0><loc_99><loc_99><loc_0><loc_99></s>",
        }
    )
    (reply, refused), request = look("florence2", says, questions=("Is it raining?",))
    assert reply.caption == "A yard with a gate."
    person, bag = reply.entities
    assert (person.label, person.track_id) == (Label.PERSON, "walker")
    assert (bag.label, bag.track_id, bag.attributes) == (Label.BAG, None, {"kind": "suitcase"})
    assert [(one.at_s, one.text) for one in reply.text] == [(10.0, "GATE 3"), (12.0, "GATE 3"), (14.0, "GATE 3")]
    assert [(one.answer, one.confidence) for one in reply.verdicts] == [("unknown", 0.0)]
    assert refused == 3 + 1  # the hat without an area, in each picture; the outline that lies elsewhere
    assert len(person.polygon) == 4
    assert person.polygon[0] == (0.4005, 0.3105)
    assert person.at_s == 12.0  # the middle picture, whose things are outlined
    assert bag.polygon == ()
    assert len(says.words("<REGION")) == 2
    assert says.words("<MORE") == ["<MORE_DETAILED_CAPTION>"]
    assert says.words("<OD") == ["<OD>"] * 3
    assert says.asked[0].images[0][0, 0, 0] == 40  # the middle picture is described
    assert all(one.parts[0] == 0 and len(one.images) == 1 for one in says.asked)
    assert checked(reply, request) == reply


def test_paligemma_is_asked_for_the_words_of_the_closed_list_and_questions():
    says = Says(
        {
            "caption": "a man at a gate",
            "detect": "<loc0307><loc0409><loc0921><loc0614> person ; <loc0000><loc0000><loc0100><loc0100> fire",
            "ocr": "GATE 3\nKEEP OUT",
            "answer en Is there": "yes",
            "answer en Is it": "no",
        }
    )
    (reply, refused), _ = look("paligemma", says, questions=("Is there smoke?", "Is it <night>?"))
    assert [(one.label, one.track_id) for one in reply.entities] == [(Label.PERSON, "walker"), (Label.FLAME, None)]
    assert [one.text for one in reply.text][:2] == ["GATE 3", "KEEP OUT"]
    assert [(one.answer, one.at_s) for one in reply.verdicts] == [("yes", 10.0), ("no", None)]
    assert refused == 0
    assert "person ; car ; truck" in says.words("detect")[0]
    assert len(says.words("answer en Is there")) == 1  # one yes is enough
    assert says.words("answer en Is it") == ["answer en Is it night ?"] * 3  # no token can be written


def test_kosmos_says_both_in_one_answer():
    grounded = " <phrase>a man</phrase><object><patch_index_0333><patch_index_0915></object> near<phrase> a fire</phrase><object><patch_index_0000><patch_index_0099></object>."
    says = Says({"<grounding>An": grounded})
    (reply, _), _ = look("kosmos-2", says)
    assert reply.caption == "a man near a fire."
    assert [(one.label, one.attributes) for one in reply.entities] == [
        (Label.PERSON, {"kind": "man"}),
        (Label.FLAME, {"kind": "fire"}),
    ]
    assert reply.entities[0].track_id == "walker"
    assert len(says.asked) == 3


def test_blip_and_fuyu_describe_and_answer():
    for family, question in (("blip-2", "Question: Fire? Answer:"), ("fuyu", "Answer the following")):
        says = Says({question: "No."}, otherwise="a yard")
        (reply, refused), _ = look(family, says, questions=("Fire?",))
        assert (reply.caption, reply.entities, refused) == ("a yard", (), 0)
        assert reply.verdicts[0].answer == "no"


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (["no", "no", "yes"], "yes"),
        (["no", "no", "no"], "no"),
        (["no", "maybe", "no"], "unknown"),
        (["no", "not sure", "Yes."], "yes"),
        (["yes, there is no fire"] * 3, "unknown"),
        (["nothing", "no fire", ""], "unknown"),
        (["<s>NO</s>", "no\n", " no."], "no"),
    ],
)
def test_a_verdict_is_an_exact_word_never_one_found_in_prose(said, verdict):
    (reply, _), _ = look("blip-2", Says({"Question": list(said)}, otherwise="a yard"), questions=("Fire?",))
    assert reply.verdicts[0].answer == verdict


def test_where_only_questions_may_be_asked_nothing_else_is():
    says = Says({"answer en": "no"})
    (reply, _), _ = look("paligemma", says, questions=("Fire?",), effort="verdicts")
    assert (reply.caption, [one.answer for one in reply.verdicts]) == ("", ["no"])
    assert reply.note
    assert says.words() == says.words("answer en")
    with pytest.raises(NotAsked):
        look("paligemma", says, effort="verdicts")
    with pytest.raises(NotAsked):
        look("florence2", says, questions=("Fire?",), effort="verdicts")


def test_where_questions_come_first_no_to_all_is_enough():
    says = Says({"answer en": "no"}, otherwise="a yard")
    (reply, _), _ = look("paligemma", says, questions=("Fire?",), describe="asked")
    assert reply.caption == ""
    (reply, _), _ = look(
        "paligemma", Says({"answer en": "yes"}, otherwise="a yard"), questions=("Fire?",), describe="asked"
    )
    assert reply.caption == "a yard"


def test_a_caption_that_was_cut_says_so_and_silence_is_no_answer():
    (reply, _), _ = look("blip-2", Says({}, otherwise="a yard with a", cut=True))
    assert reply.caption == "a yard with a…"
    for nothing in ("", " \n", "<pad></s>"):
        with pytest.raises(ModelError):
            look("blip-2", Says({}, otherwise=nothing))


def test_what_is_found_in_a_part_of_a_picture_is_told_in_the_whole():
    says = Says({"<OD>": "car<loc_0><loc_0><loc_499><loc_999>"}, otherwise="a yard")
    says.answers["<REGION"] = "<loc_0><loc_0><loc_499><loc_0><loc_499><loc_999>"
    _, request = look("florence2", says, pictures=1)
    prompt = prompt_of(request, 8)
    quarter = Tile(50, 50, 100, 100, 100, 100)
    prompt = replace(prompt, pictures=(replace(prompt.pictures[0], part=quarter, of=1),))
    reply, _ = task_reply(says, request, prompt, [np.zeros((64, 64, 3), np.uint8)], family_of("florence2"))
    (car,) = reply.entities
    assert car.box == pytest.approx((0.5, 0.5, 0.75, 1.0), abs=1e-3)
    assert car.polygon[1] == pytest.approx((0.75, 0.5), abs=1e-3)


def test_a_family_without_tasks_is_a_fault():
    with pytest.raises(ModelError):
        task_reply(Says({}), None, None, [np.zeros((2, 2, 3), np.uint8)], Family(name="x", model_types=("llava",)))


@pytest.mark.parametrize("family", TASKS)
@given(
    text=st.text(max_size=200)
    | st.sampled_from(["<loc0001>" * 9, "<loc_1>" * 40, "<poly>", "<phrase>x</phrase><object>", "\x00\u202e"])
)
def test_whatever_is_said_nothing_unchecked_comes_out(family, text):
    try:
        (reply, refused), request = look(family, Says({}, otherwise=text), questions=("Fire?", ""), pictures=2)
    except ModelError:
        return
    assert refused >= 0
    assert all(one.answer in {"yes", "no", "unknown"} for one in reply.verdicts)
    assert len(checked(reply, request).entities) == len(reply.entities[:64])
