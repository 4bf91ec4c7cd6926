"""What every codec keeps: round trips within its own grain, no box outside the picture, hostile text does no harm."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.vlm.boxes.codecs import CODECS
from agent.perception.vlm.boxes.florence2 import polygons, readings
from agent.perception.vlm.boxes.found import MAX_CORNERS, MAX_FOUND, MAX_TEXT, Found, hull_of, thinned
from vidette.geometry import iou

SIZE, SENT = (1280, 720), (1008, 560)
GRAIN = dict.fromkeys(CODECS, 1 / 500) | {"kosmos2": 1.5 / 32, "paligemma": 1 / 1024}
PIECES = [
    "<loc0001>", "<loc1024>", "<loc99999>", "<seg001>", ";", "<loc_5>", "<loc_1000>", "<poly>", "</poly>", "<sep>", "<s>", "</s>",
    "<phrase>", "</phrase>", "<object>", "</object>", "<patch_index_0001>", "<patch_index_1023>", "<patch_index_1024>",
    "</delimiter_of_multi_objects/>", "<|box_start|>", "<|box_end|>", "<|object_ref_start|>", "<|object_ref_end|>",
    "(1,2),(3,4)", "(900,2),(3,4)", "<ref>", "</ref>", "<box>", "</box>", "[[1, 2, 3, 4]]", "[1,2,3]", "1, 2, 3, 4",
    '{"bbox_2d": [1, 2, 3, 4], "label": "a"}', '{"bbox_2d": [1, 2', '{"bbox_2d": [NaN, 2, 3, 4]}', '{"label": {}}', "[[[[", "{'",
    "a cat", " ", "\n", "\x00", "\u202e", "é", "9" * 50, "{" * 30,
]  # fmt: skip
LABELS = st.text("abc é", min_size=1, max_size=12).map(str.strip).filter(bool).map(lambda text: " ".join(text.split()))


@st.composite
def boxes(draw, least=0.1):
    sides = []
    for _ in range(2):
        low = draw(st.floats(0, 1 - least))
        sides.append((low, draw(st.floats(low + least, 1))))
    (x1, x2), (y1, y2) = sides
    return x1, y1, x2, y2


THINGS = st.lists(st.builds(Found, label=LABELS, box=boxes()), min_size=1, max_size=6)


@pytest.mark.parametrize("name", CODECS)
@given(things=THINGS)
def test_what_is_written_is_read_within_the_grain_of_the_family(name, things):
    codec = CODECS[name]
    found, refused = codec.decode(codec.encode(things, SIZE, SENT), SIZE, SENT)
    assert refused == 0
    assert [one.label for one in found] == [one.label for one in things]
    for before, after in zip(things, found, strict=True):
        assert all(abs(a - b) <= GRAIN[name] for a, b in zip(before.box, after.box, strict=True))


@pytest.mark.parametrize("name", CODECS)
@given(things=THINGS)
def test_what_was_read_is_written_and_read_as_the_same(name, things):
    codec = CODECS[name]
    once, _ = codec.decode(codec.encode(things, SIZE, SENT), SIZE, SENT)
    twice, refused = codec.decode(codec.encode(once, SIZE, SENT), SIZE, SENT)
    assert (twice, refused) == (once, 0) or all(iou(a.box, b.box) > 0.9 for a, b in zip(once, twice, strict=True))


@pytest.mark.parametrize("name", CODECS)
@given(
    pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=40),
    size=st.tuples(*[st.integers(0, 4000)] * 2),
)
def test_no_text_does_harm(name, pieces, size):
    text = "".join(pieces)
    for decode in (lambda: CODECS[name].decode(text, size, size), lambda: polygons(text), lambda: readings(text)):
        found, refused = decode()
        assert refused >= 0
        assert len(found) <= MAX_FOUND
        for one in found:
            x1, y1, x2, y2 = one.box
            assert 0 <= x1 < x2 <= 1
            assert 0 <= y1 < y2 <= 1
            assert len(one.polygon) <= MAX_CORNERS
            assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in one.polygon)
            assert "\n" not in one.label


@pytest.mark.parametrize("name", CODECS)
def test_a_long_text_is_cut_and_read_in_one_pass(name):
    for piece in PIECES:  # what goes back and forth in it takes minutes for each
        found, _ = CODECS[name].decode(piece * MAX_TEXT, SIZE, SENT)
        assert len(found) <= MAX_FOUND


@pytest.mark.parametrize(
    ("name", "text", "kept", "refused"),
    [
        ("paligemma", "<loc0000><loc0000><loc1024><loc0100> car", 0, 1),
        ("paligemma", "<loc0500><loc0000><loc0100><loc0100> car", 0, 1),
        ("paligemma", "<loc0000><loc0000><loc0100> car", 0, 1),
        ("kosmos2", "<phrase>a</phrase><object><patch_index_0000><patch_index_1024></object>", 0, 1),
        ("kosmos2", "<phrase>a</phrase><object><patch_index_0500><patch_index_0000></object>", 0, 1),
        ("florence2", "car<loc_0><loc_0><loc_1000><loc_9>", 0, 1),
        ("florence2", "car<loc_50><loc_0><loc_10><loc_9>", 0, 1),
        ("florence2", "car<loc_1><loc_2><loc_3>", 0, 1),
        ("florence2", "car<loc_1><loc_2><loc_3><loc_4><loc_5>", 1, 1),
        ("qwen2_vl", "<|box_start|>(0,0),(1001,9)<|box_end|>", 0, 1),
        ("qwen2_vl", "<|box_start|>here<|box_end|>", 0, 1),
        ("qwen2_5_vl", '{"bbox_2d": [0, 0, 1009, 10], "label": "car"}', 0, 1),
        ("qwen3_vl", '{"bbox_2d": [0, 0, 1001, 10], "label": "car"}', 0, 1),
        ("qwen3_vl", '{"bbox_2d": [0, 0, true, 10], "label": "car"}', 0, 1),
        ("qwen3_vl", '[{"bbox_2d": [0, 0, 10, 10], "label": "car"}, {"bbox_2d": [0, 0, 10', 1, 1),
        ("internvl", "<ref>car</ref><box>[[-1, 0, 10, 10]]</box>", 0, 1),
        ("internvl", "<ref>car</ref><box>[[0, 0, 1001, 10], [0, 0, 5]]</box>", 0, 2),
        ("fuyu", "<box>0, 0, 721, 9</box>", 0, 1),
        ("fuyu", "<box>9, 0, 1, 9</box>", 0, 1),
    ],
)  # fmt: skip
def test_what_leaves_the_picture_or_has_no_area_is_refused_and_counted(name, text, kept, refused):
    found, count = CODECS[name].decode(text, SIZE, SENT)
    assert (len(found), count) == (kept, refused)


def test_things_beyond_the_most_are_refused_and_counted():
    text = "a<loc_0><loc_0><loc_9><loc_9>" * (MAX_FOUND + 3)
    found, refused = CODECS["florence2"].decode(text, SIZE, SENT)
    assert (len(found), refused) == (MAX_FOUND, 3)


def test_a_mask_of_paligemma_is_refused_and_its_thing_kept():
    text = (
        "<loc0100><loc0200><loc0300><loc0400>"
        + "".join(f"<seg{i:03d}>" for i in range(16))
        + " van ; <loc0000><loc0000><loc0010><loc0010> cat"
    )
    found, refused = CODECS["paligemma"].decode(text, SIZE, SENT)
    assert [one.label for one in found] == ["van", "cat"]
    assert found[0].box == (200 / 1024, 100 / 1024, 400 / 1024, 300 / 1024)
    assert found[0].polygon == ()
    assert refused == 1


def test_qwen_of_two_and_a_half_means_pixels_of_what_was_sent():
    text = '```json\n[{"bbox_2d": [504, 280, 1008, 560], "label": "van"}]\n```'
    assert CODECS["qwen2_5_vl"].decode(text, SIZE, SENT)[0][0].box == (0.5, 0.5, 1.0, 1.0)
    assert CODECS["qwen3_vl"].decode(text.replace("504", "500").replace("1008", "1000"), SIZE, SENT)[0][0].box == (
        0.5,
        0.28,
        1.0,
        0.56,
    )


def test_one_word_may_have_several_boxes():
    assert (
        len(
            CODECS["florence2"].decode("car<loc_0><loc_0><loc_9><loc_9><loc_50><loc_50><loc_90><loc_90>", SIZE, SENT)[0]
        )
        == 2
    )
    assert len(CODECS["internvl"].decode("<ref>car</ref><box>[[0,0,9,9],[50,50,90,90]]</box>", SIZE, SENT)[0]) == 2
    many = "<phrase>cars</phrase><object><patch_index_0000><patch_index_0033></delimiter_of_multi_objects/><patch_index_0100><patch_index_0200></object>"
    assert len(CODECS["kosmos2"].decode(many, SIZE, SENT)[0]) == 2


def test_a_thing_without_a_word_has_none():
    assert (
        CODECS["kosmos2"].decode("<object><patch_index_0000><patch_index_0033></object>", SIZE, SENT)[0][0].label == ""
    )
    assert CODECS["qwen2_vl"].decode("<|box_start|>(0,0),(9,9)<|box_end|>", SIZE, SENT)[0][0].label == ""


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=300))
def test_a_thinned_polygon_has_few_corners_all_of_them_its_own_in_order(corners):
    kept = thinned(corners)
    assert len(kept) == min(len(corners), MAX_CORNERS)
    places = iter(corners)
    assert all(corner in places for corner in kept)


def test_a_polygon_is_the_largest_part_and_its_box_goes_round_it():
    text = "car<poly><loc_0><loc_0><loc_9><loc_0><loc_9><loc_9><sep><loc_100><loc_100><loc_500><loc_100><loc_500><loc_900></poly>"
    found, refused = CODECS["florence2"].decode(text, SIZE, SENT)
    assert refused == 0
    assert found[0].label == "car"
    assert found[0].polygon == ((0.1005, 0.1005), (0.5005, 0.1005), (0.5005, 0.9005))
    assert found[0].box == hull_of(found[0].polygon)


def test_labels_hold_no_tokens():
    found, _ = CODECS["florence2"].decode("</s><s><od>car<loc_0><loc_0><loc_9><loc_9></s>", SIZE, SENT)
    assert [one.label for one in found] == ["car"]
    assert not re.search("[<>]", found[0].label)
