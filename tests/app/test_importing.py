import json

import networkx as nx
import pytest

from app import cli
from app.importing import take_in
from graph.embedded import EmbeddedStore
from vidette.errors import SourceError
from vidette.queries import Events, Streams

SRT = "1\n00:00:01,000 --> 00:00:03,500\nA man opens <i>the</i> door\n\n2\n00:00:09,000 --> 00:00:10,000\nHe leaves\n"
ROWS = [
    {"start": 1, "end": 2.5, "text": "a bag is left", "type": "object_left", "label": "bag", "stream": "yard"},
    {"start": 4, "end": 5, "text": "a dog runs by", "label": "animal", "stream": "gate"},
]


@pytest.fixture
def srt(tmp_path):
    file = tmp_path / "talk.srt"
    file.write_text(SRT)
    return file


def test_a_file_becomes_events_that_can_be_asked_about(tmp_path, srt, capsys):
    db = str(tmp_path / "v.db")
    assert cli.main(["import", str(srt), "--db", db, "--name", "talk", "--start-time", "2026-05-01T12:00Z"]) == 0
    assert "2 captions of 1 stream\n" in capsys.readouterr().out
    assert cli.main(["events", "--db", db, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["start_s"], row["end_s"], row["caption"]) for row in rows] == [
        (1.0, 3.5, "A man opens the door"),
        (9.0, 10.0, "He leaves"),
    ]
    assert rows[0]["start"] == "2026-05-01T12:00:01Z"
    assert cli.main(["ask", "how much was watched?", "--db", db, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["question"] == "how much was watched?"


def test_the_same_file_twice_changes_nothing(tmp_path, srt, capsys):
    db = str(tmp_path / "v.db")
    cli.main(["import", str(srt), "--db", db])
    assert cli.main(["import", str(srt), "--db", db]) == 0
    assert "there before" in capsys.readouterr().out
    cli.main(["events", "--db", db, "--json"])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_rows_name_their_streams_types_and_labels(tmp_path):
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(ROWS))
    store = EmbeddedStore(":memory:")
    assert take_in(store, file, None, None) == (2, 2, 2)
    assert {row.name: row.state for row in store.read(Streams())} == {"yard": "imported", "gate": "imported"}
    left = next(row for row in store.read(Events()) if row.stream == "yard")
    assert (left.type, left.entities[0].label) == ("object_left", "bag")


def test_a_bad_file_is_told(tmp_path, capsys):
    file = tmp_path / "x.srt"
    file.write_text("nothing here")
    assert cli.main(["import", str(file), "--db", str(tmp_path / "v.db")]) == 1
    assert "x.srt" in capsys.readouterr().err
    with pytest.raises(SourceError):
        take_in(EmbeddedStore(":memory:"), tmp_path / "none.srt", None, None)


def test_export_is_graphml(tmp_path, srt, capsys):
    db, out = str(tmp_path / "v.db"), tmp_path / "g.graphml"
    cli.main(["import", str(srt), "--db", db])
    assert cli.main(["graph", "export", "--db", db, "--out", str(out)]) == 0
    graph = nx.read_graphml(out)
    assert len(graph) > 3
    assert f"{len(graph)} nodes" in capsys.readouterr().out
    assert list(tmp_path.glob(".*")) == []


def test_export_to_nowhere_is_a_usage_fault(tmp_path, srt, capsys):
    db = str(tmp_path / "v.db")
    cli.main(["import", str(srt), "--db", db])
    assert cli.main(["graph", "export", "--db", db, "--out", str(tmp_path / "none" / "g")]) == 2
    assert "cannot write" in capsys.readouterr().err
