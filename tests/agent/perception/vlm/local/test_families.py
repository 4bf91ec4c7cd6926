"""Every family by its real classes: pictures arrive, several of them, videos; a batch answers as one by one."""

import pytest

from agent.perception.vlm.families import FAMILIES, family_of
from tests.tiny_models import BUILDERS, CHAT_FAMILIES

pytestmark = pytest.mark.needs_models
FILMED = [
    "smolvlm",
    "internvl",
    "qwen2-vl",
    "qwen2.5-vl",
    "qwen3-vl",
    "qwen3-vl-moe",
    "llava-next-video",
    "llava-onevision",
    "video-llava",
]


def test_every_family_in_this_process_has_a_tiny_model(tiny_model):
    from agent.perception.vlm.local.folder import config_of

    built = {config_of(tiny_model(family))["model_type"] for family in BUILDERS}
    assert built == {kind for family in FAMILIES for kind in family.model_types}


@pytest.mark.parametrize("family", BUILDERS)
def test_an_answer_depends_on_the_picture(family, loaded, pictures, question, scores):
    model = loaded(family)
    one, other = (scores(model, [model.prepare(question(model, [shown]))]) for shown in pictures(2))
    again = scores(model, [model.prepare(question(model, pictures(1)))])
    assert one.equal(again)
    assert (one - other).abs().max() > 1e-3


@pytest.mark.parametrize("family", BUILDERS)
def test_a_batch_answers_as_one_by_one(family, loaded, pictures, question, scores):
    model = loaded(family)
    words = ("What?", "What is this thing over there, and since when?", "Who?")
    batch = [model.prepare(question(model, [shown], said)) for shown, said in zip(pictures(3), words, strict=True)]
    single = [scores(model, [prepared])[0] for prepared in batch]
    for alone, among in zip(single, scores(model, batch), strict=True):
        assert (alone - among).abs().max() < 1e-3
    assert [model.generate([prepared])[0].text for prepared in batch] == [one.text for one in model.generate(batch)]


@pytest.mark.parametrize("family", CHAT_FAMILIES)
def test_each_of_several_pictures_counts(family, loaded, pictures, question, scores):
    model = loaded(family)
    a, b, c = pictures(3)
    first = scores(model, [model.prepare(question(model, [a, b]))])
    assert (first - scores(model, [model.prepare(question(model, [a, c]))])).abs().max() > 1e-3
    assert (first - scores(model, [model.prepare(question(model, [c, b]))])).abs().max() > 1e-3


@pytest.mark.parametrize("family", CHAT_FAMILIES)
def test_frames_as_a_video(family, loaded, pictures, question, scores):
    """Families without videos are given the pictures one by one: none is dropped without a word."""
    model = loaded(family, frames="video")
    assert model.style.template.video == (family in FILMED)
    shown = pictures(8)
    prepared = model.prepare(question(model, shown))
    assert any("videos" in key for key in prepared.inputs.tensors) == (family in FILMED and family not in ONE_KEY)
    other = model.prepare(question(model, [*shown[:5], 255 - shown[5], *shown[6:]]))
    assert (scores(model, [prepared]) - scores(model, [other])).abs().max() > 1e-4


ONE_KEY = ["smolvlm", "internvl"]
"""They call the pixels of videos `pixel_values`, too."""


@pytest.mark.parametrize("family", CHAT_FAMILIES)
def test_a_question_without_pictures(family, loaded, question):
    model = loaded(family)
    (answer,) = model.generate([model.prepare(question(model, []))])
    assert answer.prompt_tokens > 10
    assert 1 <= answer.completion_tokens <= 6


def test_the_table_knows_types_of_config_files():
    assert family_of("llava").name == "LLaVA-1.5"
    assert family_of("qwen2_5_vl").boxes == "qwen2_5_vl"
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_boxes_of_the_table_have_codecs():
    from agent.perception.vlm.boxes.codecs import CODECS

    assert {family.boxes for family in FAMILIES} - {""} == set(CODECS)
