import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from app import cli

ROOT = Path(__file__).resolve().parents[2]


def run(capsys, *args, code=0):
    """Run a command line here; -> what it wrote to stdout and stderr."""
    assert cli.main([str(arg) for arg in args]) == code
    return capsys.readouterr()


def rows(said):
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.fixture(scope="session")
def watched(street, tmp_path_factory):
    """A memory of the street."""
    db = tmp_path_factory.mktemp("memory") / "v.db"
    assert cli.main(["watch", str(street), "--db", str(db), "-q", "--tz", "UTC"]) == 0
    return db


def test_watch_says_what_it_did_and_what_to_do_next(street, tmp_path, capsys):
    said = run(capsys, "watch", street, "--db", tmp_path / "v.db", "--tz", "UTC")
    assert "street_2026-05-01_12-00-00-" in said.out
    assert "2026-05-01 12:00:00 (name)" in said.out
    assert f"vidette events --db {tmp_path / 'v.db'}" in said.out
    (progress,) = said.err.splitlines()
    assert "0:14.0 / 0:14.0" in progress
    assert "2 tracks" in progress


def test_json_gives_the_events_as_they_close_and_nothing_else(street, tmp_path, capsys):
    told = rows(run(capsys, "watch", street, "--db", tmp_path / "v.db", "--json"))
    kept = rows(run(capsys, "events", "--db", tmp_path / "v.db", "--json"))
    assert sorted(row["id"] for row in told) == sorted(row["id"] for row in kept)
    assert {"object_entered", "object_exited"} <= {row["type"] for row in told}


def test_a_second_watch_says_so_and_again_gives_the_same(street, tmp_path, capsys):
    db = ["--db", tmp_path / "v.db"]
    run(capsys, "watch", street, *db, "-q")
    before = run(capsys, "events", *db, "--json").out
    assert "--again watches it anew" in run(capsys, "watch", street, *db).err
    run(capsys, "watch", street, *db, "--again", "-q")
    assert run(capsys, "events", *db, "--json").out == before


def test_spans_give_the_same_events(street, tmp_path, capsys):
    run(capsys, "watch", street, "--db", tmp_path / "a.db", "-q")
    run(capsys, "watch", street, "--db", tmp_path / "b.db", "-q", "--span", "5")
    whole, spans = (run(capsys, "events", "--db", tmp_path / name, "--json").out for name in ("a.db", "b.db"))
    assert whole == spans


def test_name_and_start_time_are_taken(street, tmp_path, capsys):
    db = ["--db", tmp_path / "v.db"]
    run(
        capsys, "watch", street, *db, "-q", "--name", "road", "--start-time", "2026-01-01T10:00", "--tz", "Europe/Paris"
    )
    (stream,) = rows(run(capsys, "streams", *db, "--json"))
    assert (stream["name"], stream["start"], stream["start_from"]) == ("road", "2026-01-01T09:00:00Z", "option")


@pytest.mark.parametrize("name", ["none.mp4", "none-*.mp4", "empty"])
def test_a_source_that_is_not_there_is_named(name, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    said = run(capsys, "watch", tmp_path / name, "--db", tmp_path / "v.db", code=1)
    assert name in said.err
    assert said.out == ""


def test_a_bad_file_does_not_stop_the_others(street, tmp_path, capsys):
    shutil.copy(street, tmp_path / "good.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"no video" * 1000)
    said = run(capsys, "watch", tmp_path, "--db", tmp_path / "v.db", "-q", code=1)
    assert "bad.mp4" in said.err
    assert len(rows(run(capsys, "streams", "--db", tmp_path / "v.db", "--json"))) == 1


@pytest.mark.parametrize("extra", [["--sample", "99"], ["--tz", "Mars/Base"], ["--start-time", "gibberish xyz"]])
def test_a_bad_option_is_usage(extra, street, tmp_path, capsys):
    said = run(capsys, "watch", street, "--db", tmp_path / "v.db", *extra, code=2)
    assert extra[1] in said.err
    assert not (tmp_path / "v.db").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_is_clean_and_the_same_command_goes_on(number, street, tmp_path, capsys):
    folder, db = tmp_path / "many", str(tmp_path / "v.db")
    folder.mkdir()
    for letter in "abcde":  # unlike by name, content and time, so that each is a stream
        with (folder / f"{letter}.mp4").open("wb") as out:
            out.write(street.read_bytes() + b"\0\0\0\x08free" + letter.encode() * 2)
    command = [sys.executable, "-m", "app.cli", "watch", str(folder), "--db", db]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "0:14.0" in process.stderr.readline()  # the first is through
        os.kill(process.pid, number)
        began = time.monotonic()
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - began < 30
    assert process.returncode == 0, said
    assert "the same command goes on from there" in said
    done = run(capsys, "watch", folder, "--db", db)
    assert "watched before" in done.err + done.out
    streams = rows(run(capsys, "streams", "--db", db, "--json"))
    assert {row["state"] for row in streams} == {"ended"}
    assert len(streams) == 5


def test_lists_of_what_was_seen(watched, capsys):
    db = ["--db", watched]
    tracks = rows(run(capsys, "tracks", *db, "--limit", "100000", "--json"))
    assert [round(row["start_s"]) for row in tracks] == [3, 8]
    coverage = rows(run(capsys, "coverage", *db, "--json"))
    assert coverage[0]["start_s"] == 0
    assert coverage[-1]["end_s"] == pytest.approx(14, abs=0.3)
    assert all(a["end_s"] == b["start_s"] for a, b in pairwise(coverage))
    assert len(rows(run(capsys, "entities", *db, "--json"))) == 2
    late = rows(run(capsys, "events", *db, "--since", "7", "--type", "object_entered", "--json"))
    assert [round(row["start_s"]) for row in late] == [8]
    clock = rows(run(capsys, "events", *db, "--until", "2026-05-01T12:00:07Z", "--type", "object_entered", "--json"))
    assert [round(row["start_s"]) for row in clock] == [3]
    for what in ("events", "tracks", "entities", "coverage", "streams"):
        assert run(capsys, what, *db).out


def test_a_question_is_answered_with_citations(watched, capsys):
    db = ["--db", watched]
    (answer,) = rows(run(capsys, "ask", "how many objects entered?", *db, "--json"))
    assert (answer["value"], answer["unknown"]) == (2, False)
    known = {row["id"] for row in rows(run(capsys, "events", *db, "--json"))}
    cited = {one for claim in answer["claims"] for one in claim["citations"]}
    assert cited
    assert cited <= known
    said = run(capsys, "ask", "how many objects entered?", *db).out
    assert "2 objects" in said
    assert "plan: " in said
    assert "watched: 14 s of 14 s" in said


def test_settings_bring_zones(street, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    zone = "[[0.4, 0], [0.6, 0], [0.6, 1], [0.4, 1]]"
    (tmp_path / "vidette.yml").write_text(
        f"db: v.db\nstreams:\n- name: road\n  zones:\n  - {{name: middle, polygon: {zone}}}\n"
    )
    run(capsys, "watch", street, "--name", "road", "-q")
    entered = rows(run(capsys, "events", "--zone", "middle", "--type", "zone_entered", "--json"))
    assert len(entered) == 2
    assert {row["zone"] for row in entered} == {"middle"}
