import json

import pytest

from app import cli


@pytest.fixture(scope="module")
def watched(street, tmp_path_factory):
    """A memory of the street."""
    db = tmp_path_factory.mktemp("report") / "v.db"
    assert cli.main(["watch", str(street), "--db", str(db), "-q"]) == 0
    return db


@pytest.fixture(scope="module")
def name(watched):
    from graph.embedded import EmbeddedStore
    from vidette.queries import Streams

    store = EmbeddedStore(watched)
    try:
        return store.read(Streams())[0].name
    finally:
        store.close()


@pytest.mark.parametrize("kind", ["daily", "incident", "traffic", "operations"])
@pytest.mark.parametrize(("form", "begins"), [("html", "<!doctype html>"), ("md", "# "), ("json", "{")])
def test_every_kind_in_every_format(watched, capsys, kind, form, begins):
    assert cli.main(["report", "--db", str(watched), "--kind", kind, "--format", form]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(begins)
    assert "2 objects came into view" in said.out or kind == "json"
    assert said.err == ""


@pytest.mark.parametrize(
    ("file", "begins"), [("a.html", "<!doctype"), ("a.md", "# "), ("a.json", "{"), ("a.HTM", "<!doctype")]
)
def test_the_ending_of_the_file_says_the_format(watched, tmp_path, capsys, file, begins):
    assert cli.main(["report", "--db", str(watched), "--out", str(tmp_path / file), "--title", "<Street>"]) == 0
    assert (tmp_path / file).read_text(encoding="utf-8").startswith(begins)
    assert str(tmp_path / file) in capsys.readouterr().err


def test_a_report_about_one_event(watched, capsys):
    cli.main(["events", "--db", str(watched), "--json", "--limit", "1"])
    event = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (
        cli.main(
            ["report", "--db", str(watched), "--kind", "incident", "--event", event["id"][:10], "--format", "json"]
        )
        == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert event["id"] in [row["id"] for row in report["events"]]
    assert report["sections"][0]["title"] == "What it is about"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--format", "pdf"], 2, "no PDF here; write --format html and print it"),
        (["--format", "htlm"], 2, "no format 'htlm'; did you mean 'html'?"),
        (["--out", "x.docx"], 2, "cannot tell the format from '.docx'"),
        (["--stream", "stret"], 2, "no stream 'stret'; did you mean 'street"),
        (["--stream", "zzzz"], 2, "no stream 'zzzz'; `vidette streams` lists them"),
        (["--since", "2001-01-01", "--until", "2001-01-02"], 1, "no footage in that time"),
        (["--since", "1:00"], 1, "no footage in that time"),
        (["--since", "never"], 2, "cannot read the time 'never'"),
        (["--event", "abcd"], 2, "--event is for --kind incident"),
        (["--kind", "incident", "--event", "ffffffff"], 2, "ffffffff"),
        (["--kind", "incident", "--event", "ffffffff", "--since", "1"], 2, "--event says the time"),
        (["--kind", "weekly"], 2, "weekly"),
        (["--out", "/no/such/folder/x.html"], 2, "cannot write '/no/such/folder/x.html'"),
    ],
)
def test_mistakes_are_one_line(watched, capsys, options, code, said):
    assert cli.main(["report", "--db", str(watched), *options]) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_no_memory_and_empty_memory(tmp_path, capsys):
    assert cli.main(["report", "--db", str(tmp_path / "none.db")]) == 1
    assert "no memory at" in capsys.readouterr().err
    from graph.embedded import EmbeddedStore

    EmbeddedStore(tmp_path / "empty.db").close()
    assert cli.main(["report", "--db", str(tmp_path / "empty.db")]) == 1
    err = capsys.readouterr().err
    assert "memory holds no streams; watch something first" in err
    assert err.count("\n") == 1


def test_a_stream_by_its_name_without_the_tag(watched, name, capsys):
    assert cli.main(["report", "--db", str(watched), "--stream", name[:-9]]) == 0
    assert "2 objects came into view" in capsys.readouterr().out


def test_nothing_is_left_of_a_file_that_could_not_be_written(watched, tmp_path):
    assert cli.main(["report", "--db", str(watched), "--out", str(tmp_path)]) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real_clips
def test_a_real_clip_is_told_with_its_scene_and_moments(videos, tmp_path, capsys):
    db, out = str(tmp_path / "v.db"), tmp_path / "r.html"
    assert cli.main(["watch", str(videos / "crossing_cyclist.mkv"), "--db", db, "-q"]) == 0
    assert cli.main(["report", "--db", db, "--kind", "traffic", "--out", str(out)]) == 0
    html = out.read_text(encoding="utf-8")
    assert "where things stood; up to" in html
    assert "100 %" in html
    assert cli.main(["tracks", "--db", db, "--json"]) == 0
    things = len(capsys.readouterr().out.splitlines())
    assert f"<li><b>{things}</b>things seen</li>" in html
