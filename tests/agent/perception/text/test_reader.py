"""Drawn text is read back by the real models; what is not sure enough is left out."""

import sys

import cv2
import numpy as np
import pytest

from agent.perception.text.reader import MAX_LINES, RapidReader
from vidette.errors import ConfigError, ModelError

pytest.importorskip("rapidocr", reason="the extra `ocr` is not installed")


@pytest.fixture(scope="module")
def reader():
    return RapidReader(0.7)


def drawn(*texts, size=(360, 640)):
    picture = np.full((*size, 3), 110, np.uint8)
    for text, place in texts:
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, (250, 250, 250), 2)
    return picture


def test_signs_are_read_where_they_are(reader):
    picture = drawn(("GATE 3", (40, 60)), ("KEEP CLEAR", (330, 300)))
    gate, keep = reader.read([picture])[0]
    assert (gate.text.replace(" ", ""), keep.text.replace(" ", "")) == ("GATE3", "KEEPCLEAR")
    assert gate.box[0] < 40 / 640 + 0.02
    assert gate.box[3] < 0.3
    assert keep.box[0] > 0.45
    assert keep.box[1] > 0.6
    assert all(0 <= side <= 1 for line in (gate, keep) for side in line.box)
    assert all(0.7 <= line.confidence <= 1 for line in (gate, keep))


def test_colours_are_not_swapped(reader):
    """Red on blue and blue on red are read; a picture is RGB here, BGR there."""
    picture = np.zeros((120, 400, 3), np.uint8)
    picture[:] = (20, 20, 160)
    cv2.putText(picture, "RED 77", (40, 75), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (250, 60, 60), 4)
    assert [line.text.replace(" ", "") for line in reader.read([picture])[0]] == ["RED77"]


@pytest.mark.parametrize("shape", [(200, 300), (1, 1), (3, 900), (900, 3), (31, 33)])
def test_where_there_is_none_nothing_is_read(reader, shape):
    noise = np.random.default_rng(0).integers(100, 120, (*shape, 3), np.uint8)
    assert reader.read([noise, np.zeros((*shape, 3), np.uint8)]) == [(), ()]


def test_the_run_is_of_models_and_threshold(reader):
    assert reader.run == RapidReader(0.7).run
    assert reader.run.id != RapidReader(0.8).run.id
    assert reader.run.model == "rapidocr"
    assert MAX_LINES <= 64


def test_once_closed_it_reads_no_more():
    reader = RapidReader()
    reader.close()
    with pytest.raises(ModelError, match="closed"):
        reader.read([drawn()])


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(ConfigError, match=r"rapidocr is not installed; pip install 'vidette\[ocr\]'"):
        RapidReader()


def test_nothing_is_said_on_stderr(reader, capfd):
    reader.read([drawn(("GATE 3", (40, 60))), np.zeros((64, 64, 3), np.uint8)])
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
