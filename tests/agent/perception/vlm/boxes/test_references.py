"""Our reading of boxes beside that of transformers' own processors."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.perception.vlm.boxes.codecs import CODECS
from agent.perception.vlm.boxes.florence2 import polygons, readings
from agent.perception.vlm.boxes.found import thinned
from agent.perception.vlm.boxes.sent import sent_size

pytestmark = [pytest.mark.needs_models, pytest.mark.usefixtures("_torch")]
SIZE = (1280, 720)
WORDS = st.text("abc ", min_size=1, max_size=8).map(str.strip).filter(bool)
PATCHES = st.integers(0, 1023)
BINS = st.integers(0, 999)


@pytest.fixture(scope="module")
def florence(_torch):
    from tests.tiny_styled import florence2

    return florence2()[2]


def said(text):
    return " ".join(text.split())


@given(
    st.lists(
        st.tuples(WORDS | st.none(), st.lists(st.tuples(PATCHES, PATCHES), min_size=1, max_size=3), WORDS), max_size=4
    )
)
def test_kosmos_2(things):
    from transformers.models.kosmos2.processing_kosmos2 import clean_text_and_extract_entities_with_bboxes

    text = "<grounding>"
    for word, pairs, between in things:
        phrase = f"<phrase> {word}</phrase>" if word else ""
        patches = "</delimiter_of_multi_objects/>".join(f"<patch_index_{a:04d}><patch_index_{b:04d}>" for a, b in pairs)
        text += f"{phrase}<object>{patches}</object> {between}"
    _, theirs = clean_text_and_extract_entities_with_bboxes(text)
    valid = [
        ("" if name.startswith("<patch") else said(name), box)
        for name, _, boxes in theirs
        for box in boxes
        if box[0] < box[2] and box[1] < box[3]
    ]
    ours, refused = CODECS["kosmos2"].decode(text, SIZE, SIZE)
    assert [one.label for one in ours] == [name for name, _ in valid]
    assert [one.box for one in ours] == [pytest.approx(box) for _, box in valid]
    assert refused == sum(len(boxes) for _, _, boxes in theirs) - len(valid)


def pixels(points, size=SIZE):
    return [int(x * size[0] + 1e-6) if i % 2 == 0 else int(x * size[1] + 1e-6) for i, x in enumerate(points)]


@settings(max_examples=50)
@given(
    things=st.lists(st.tuples(WORDS, st.lists(st.tuples(BINS, BINS, BINS, BINS), min_size=1, max_size=3)), max_size=4)
)
def test_boxes_of_florence_2(florence, things):
    text = (
        "</s><s>"
        + "".join(word + "".join("".join(f"<loc_{one}>" for one in box) for box in boxes) for word, boxes in things)
        + "</s>"
    )
    theirs = florence.post_process_generation(text=text, task="<OD>", image_size=SIZE)["<OD>"]
    valid = [box[0] < box[2] and box[1] < box[3] for _, boxes in things for box in boxes]
    ours, refused = CODECS["florence2"].decode(text, SIZE, SIZE)
    kept = [one for one, good in zip(zip(theirs["labels"], theirs["bboxes"], strict=True), valid, strict=True) if good]
    assert [one.label for one in ours] == [said(label) for label, _ in kept]
    assert [pixels(one.box) for one in ours] == [box for _, box in kept]
    assert refused == valid.count(False)


@settings(max_examples=50)
@given(things=st.lists(st.tuples(WORDS, st.lists(st.tuples(BINS, BINS), min_size=3, max_size=90)), max_size=3))
def test_polygons_of_florence_2(florence, things):
    text = "".join(
        f"{word}<poly>{''.join(f'<loc_{x}><loc_{y}>' for x, y in corners)}</poly>" for word, corners in things
    )
    task = "<REFERRING_EXPRESSION_SEGMENTATION>"
    theirs = florence.post_process_generation(text=text, task=task, image_size=SIZE)[task]["polygons"]
    flat = [[min(axis) == max(axis) for axis in zip(*corners, strict=True)] for _, corners in things]
    ours, refused = polygons(text)
    kept = [parts[0] for parts, same in zip(theirs, flat, strict=True) if not any(same)]
    assert [pixels([side for corner in one.polygon for side in corner]) for one in ours] == [
        [side for corner in thinned(list(zip(part[::2], part[1::2], strict=True))) for side in corner] for part in kept
    ]
    assert refused == sum(map(any, flat))


@settings(max_examples=50)
@given(things=st.lists(st.tuples(WORDS, st.lists(BINS, min_size=8, max_size=8)), max_size=4))
def test_text_in_its_place_of_florence_2(florence, things):
    text = "</s><s>" + "".join(word + "".join(f"<loc_{one}>" for one in quad) for word, quad in things) + "</s>"
    task = "<OCR_WITH_REGION>"
    theirs = florence.post_process_generation(text=text, task=task, image_size=SIZE)[task]
    flat = [min(quad[::2]) == max(quad[::2]) or min(quad[1::2]) == max(quad[1::2]) for _, quad in things]
    ours, refused = readings(text)
    rows = zip(theirs["labels"], theirs["quad_boxes"], flat, strict=True)
    assert [(one.label, pixels([side for corner in one.polygon for side in corner])) for one in ours] == [
        (said(re.sub("</?s>", "", label)), quad) for label, quad, none in rows if not none
    ]
    assert refused == sum(flat)


@pytest.fixture(scope="module")
def fuyu(_torch):
    """A processor whose tokenizer knows a token a number, as Fuyu's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import FuyuImageProcessor, FuyuProcessor, PreTrainedTokenizerFast

    names = ["<pad>", "</s>", "<unk>", "|SPEAKER|", "|NEWLINE|", "<0x00>", "<0x01>", "<0x02>", "<0x03>", "<0x04>"]
    words = ["▁", ",", "<", ">", "/", "b", "o", "x", *map(str, range(10))]
    vocab = {name: i for i, name in enumerate([*names, *words, *map(str, range(10, 2000))])}
    made = Tokenizer(models.BPE(vocab=vocab, merges=[], unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    tokens = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    tokens.add_special_tokens({"extra_special_tokens": names[3:]})
    return FuyuProcessor(FuyuImageProcessor(), tokens)


@settings(max_examples=30)
@example(sides=(50, 100, 90, 200), size=(1280, 720))
@given(sides=st.tuples(*[st.integers(0, 1000)] * 4), size=st.tuples(st.integers(200, 4000), st.integers(200, 4000)))
def test_fuyu(fuyu, sides, size):
    import torch

    tokens = fuyu.tokenizer
    ids = tokens.convert_tokens_to_ids(["<0x04>", "<0x00>", *map(str, sides), "<0x01>"])
    (made,) = fuyu.post_process_box_coordinates([torch.tensor(ids)], torch.tensor([size[::-1]]))
    text = tokens.decode(made)
    y1, x1, y2, x2 = map(int, re.search(r"<box>(.*)</box>", text)[1].split(","))
    ours, refused = CODECS["fuyu"].decode(text, size, size)
    if x1 < x2 <= size[0] and y1 < y2 <= size[1]:
        assert ours[0].box == (x1 / size[0], y1 / size[1], x2 / size[0], y2 / size[1])
    else:
        assert (ours, refused) == ([], 1)


@given(
    size=st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    factor=st.sampled_from([28, 32]),
    least=st.integers(1, 20).map(lambda many: many * 28 * 28),
    more=st.integers(0, 2000).map(lambda many: many * 28 * 28),
)
def test_the_size_at_which_qwen_shows_a_picture(size, factor, least, more):
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

    try:
        high, wide = smart_resize(size[1], size[0], factor, least, least + more)
    except ValueError:
        assert sent_size(size, factor=factor, least=least, most=least + more) is None
    else:
        assert sent_size(size, factor=factor, least=least, most=least + more) == (wide, high)
