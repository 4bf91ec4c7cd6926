"""`vidette embed`, and what `vidette ask` and `vidette streams` make of models of likeness and clocks in the picture."""

import json

import pytest

from app import cli
from graph.embedded import EmbeddedStore
from vidette.models import ClockReading, Observation, Run
from vidette.queries import StreamOf
from vidette.streams import Stream

SRT = "1\n00:00:01,000 --> 00:00:03,500\nA man opens the door\n\n2\n00:00:09,000 --> 00:00:10,000\nA dog barks\n"


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A memory of imported captions, here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talk.srt").write_text(SRT)
    assert cli.main(["import", "talk.srt", "--db", "v.db", "--name", "talk", "--start-time", "2026-05-01T12:00Z"]) == 0
    return tmp_path / "v.db"


def settings(tmp_path, **embedder):
    table = "".join(f"  {name}: {value}\n" for name, value in embedder.items())
    (tmp_path / "vidette.yml").write_text(f"db: v.db\ntz: UTC\nembedder:\n{table}" if table else "db: v.db\ntz: UTC\n")


@pytest.mark.needs_models
def test_imported_captions_are_embedded_once_and_found(memory, tmp_path, tiny_embedder, capsys):
    settings(tmp_path, captions=tiny_embedder("sentences"), device="cpu", alike=0.0)
    assert cli.main(["embed", "--stream", "talk"]) == 0
    assert "0 pictures and 2 captions and descriptions embedded" in capsys.readouterr().err
    assert cli.main(["embed"]) == 0
    assert "0 pictures and 0 captions" in capsys.readouterr().err
    assert cli.main(["ask", "search for a hound", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"]  # by their embeddings: no caption has the word


def test_without_a_model_it_says_which_setting(memory, tmp_path, capsys):
    settings(tmp_path)
    assert cli.main(["embed"]) == 2
    assert "name a model's folder in embedder.captions or embedder.pictures" in capsys.readouterr().err


@pytest.mark.needs_models
def test_a_stream_that_is_not_there(memory, tmp_path, tiny_embedder, capsys):
    settings(tmp_path, captions=tiny_embedder("sentences"))
    assert cli.main(["embed", "--stream", "nowhere"]) == 2
    assert "no stream 'nowhere'" in capsys.readouterr().err


def read_clock(memory, ahead_s, start_from):
    """A stream whose picture's clock was read twice."""
    store = EmbeddedStore(memory)
    known = store.read(StreamOf(name="talk"))
    stream = Stream(id="f", name="yard", kind="file", uri="y.mp4", start=known.start, start_from=start_from)
    store.open_stream(stream)
    readings = tuple(
        ClockReading(pts_s=at, text=f"{stream.at(at + ahead_s):%Y-%m-%d %H:%M:%S}", box=(0, 0, 0.3, 0.1))
        for at in (1.0, 9.0)
    )
    run = Run(id="ocr", model="rapidocr", revision="1")
    store.settle(Observation(id="o", stream_id="f", look="deep", run=run, start_s=0, end_s=10, clock=readings))
    store.close()


@pytest.mark.parametrize(
    ("ahead_s", "start_from", "offset", "said"),
    [
        (7200, "file time", 7200, "2:00:00 ahead of this stream's time"),
        (-90, "name", -90, "0:01:30 behind this stream's time"),
        (0, "file time", 0, ""),
        (7200, "option", None, ""),
    ],
)
def test_the_clock_in_the_picture_is_a_suggestion(memory, tmp_path, capsys, ahead_s, start_from, offset, said):
    settings(tmp_path)
    read_clock(memory, ahead_s, start_from)
    assert cli.main(["streams"]) == 0
    told = capsys.readouterr().err
    assert said in told if said else "clock in the picture" not in told
    assert ("--start-time 2026-05-01T14:00:0" in told) == (ahead_s == 7200 and bool(said))
    assert cli.main(["streams", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    found = rows["yard"].get("clock_offset_ms")
    assert (found is None) if offset is None else abs(found - 1000 * offset) <= 1000
    assert rows["yard"]["start"] == "2026-05-01T12:00:00Z"  # nothing is changed silently
