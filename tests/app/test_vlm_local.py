"""`--vlm FOLDER` from the command line to the answer: a real process, a real class with random weights, a drawn clip."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import cli

ROOT = Path(__file__).resolve().parents[2]
needs_models = pytest.mark.needs_models


def run(capsys, *args, code=0):
    assert cli.main([str(arg) for arg in args]) == code
    return capsys.readouterr()


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def deep(capsys, db):
    """What the deep look did with each stretch, and why."""
    return [(row["deep"], row.get("reason", "")) for row in rows(run(capsys, "coverage", "--db", db, "--json").out)]


def begun(*args):
    """A command line as a process of its own, under a terminal of nobody."""
    line = [sys.executable, "-m", "app.cli", *map(str, args)]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@needs_models
def test_a_clip_is_watched_with_the_model_of_a_folder(street, terse_model, tmp_path):
    folder, db = terse_model("smolvlm"), tmp_path / "v.db"
    with begun("watch", street, "--db", db, "--vlm", folder, "--tz", "UTC") as process:
        _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert "not examined" not in said
    assert re.search(r"deep looks: (\d+) of \1", said)
    with begun("coverage", "--cost", "--db", db, "--json") as process:
        costs, _ = process.communicate(timeout=60)
    (cost,) = [row for row in rows(costs) if row["row"] == "hour"]
    assert cost["examined"] >= 2
    assert cost["calls"] >= 1  # segments of one minute share a question
    assert cost["gpu_s"] > 0


@needs_models
def test_what_was_examined_is_not_asked_again_and_nothing_is_loaded_for_it(
    street, terse_model, tmp_path, capsys, monkeypatch
):
    folder, db = terse_model("smolvlm"), tmp_path / "v.db"
    run(capsys, "watch", street, "--db", db, "--vlm", folder, "-q")
    before = deep(capsys, db)
    assert "examined" in {state for state, _ in before}
    monkeypatch.setattr("agent.perception.vlm.local.vision.awoken", lambda wish: pytest.fail("it was loaded"))
    run(capsys, "watch", street, "--db", db, "--vlm", folder, "-q")
    assert deep(capsys, db) == before


@needs_models
def test_a_model_that_cannot_be_loaded_leaves_the_fast_look_whole(street, terse_model, tmp_path, capsys):
    folder, plain, db = terse_model("smolvlm"), tmp_path / "plain.db", tmp_path / "v.db"
    (folder / "model.safetensors").write_bytes(b"\0" * 100)
    run(capsys, "watch", street, "--db", plain, "-q")
    said = run(capsys, "watch", street, "--db", db, "--vlm", folder, "-q").err
    assert "not examined" in said
    assert "cannot be loaded" in said
    assert "Traceback" not in said
    states = deep(capsys, db)
    assert "failed" in {state for state, _ in states}
    assert "examined" not in {state for state, _ in states}
    events = [rows(run(capsys, "events", "--db", one, "--json").out) for one in (plain, db)]
    assert events[0] == events[1]


@needs_models
@pytest.mark.parametrize("at", ["loading ", "the model answers"])
def test_a_watch_that_is_stopped_waits_for_no_model(at, street, tiny_model, tmp_path, capsys):
    """The model says more than anybody wants to hear; what it was at is owed, not failed."""
    config, db = tmp_path / "v.yml", tmp_path / "v.db"
    config.write_text("log: info\nvlm: {max_tokens: 15000, temperature: 1, batch: 1, tiles: 0}\n")
    with begun("watch", street, "--db", db, "--vlm", tiny_model("smolvlm"), "--config", config) as process:
        assert any(at in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert (process.returncode, "Traceback" in said, "Error" in said) == (0, False, False), said
    assert "deep looks: 0 of" in said
    assert not {"examined", "failed"} & {state for state, _ in deep(capsys, db)}


def test_a_cameras_process_knows_nothing_of_models():
    """One model a process means one on the machine: cameras' processes send segments to their parent, which looks."""
    said = "import sys, workers.cameras.camera; print([name for name in sys.modules if name in ('torch', 'transformers') or '.vlm.local' in name])"
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_command_line_loads_no_model_before_it_is_needed(street, tmp_path):
    """What takes seconds to import is not imported to say what is wrong with a folder."""
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "no-such-model"}')
    code = "import sys; from app import cli; code = cli.main(sys.argv[1:]); print(code, 'torch' in sys.modules)"
    line = [sys.executable, "-c", code, "watch", str(street), "--db", str(tmp_path / "v.db"), "--vlm", str(folder)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["2", "False"]
    assert "no-such-model" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@needs_models
@pytest.mark.real_clips
def test_a_real_clip_ends_examined_wherever_the_gate_let_it_through(videos, terse_model, tmp_path, capsys):
    db, clip = tmp_path / "v.db", videos / "crossing_cyclist.mkv"
    (tmp_path / "v.yml").write_text("vlm: {max_side: 128, tiles: 2}\n")
    run(capsys, "watch", clip, "--db", db, "--vlm", terse_model("smolvlm"), "--config", tmp_path / "v.yml", "-q")
    states = [state for state, _ in deep(capsys, db)]
    assert "examined" in states
    assert set(states) <= {"examined", "gated", "heartbeat"}
    run(capsys, "watch", clip, "--db", tmp_path / "plain.db", "-q")
    kinds = [rows(run(capsys, "tracks", "--db", one, "--json").out) for one in (db, tmp_path / "plain.db")]
    assert [row["path"] for row in kinds[0]] == [row["path"] for row in kinds[1]]
