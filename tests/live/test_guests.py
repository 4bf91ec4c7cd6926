"""Simulated cameras of a watch that runs already."""

import json
import subprocess
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app import cli
from app.running import running
from app.simulation.camera import until
from app.simulation.faults import FAULTS, STEADY, WHOLE, of_guests
from app.simulation.guests import PREFIX, ports_of, streams_yaml
from app.simulation.memory import START_S
from app.simulation.watch import Watch
from vidette.errors import ConfigError
from vidette.settings import Settings

STRUCK = ("dropped", "crashed")
LONGEST_S = 300


def streams(*names):
    return yaml.safe_load(streams_yaml(of_guests(names)))["streams"]


def settings(entries):
    return Settings.model_validate({"streams": entries})


@given(st.lists(st.sampled_from([fault.name for fault in FAULTS if not fault.first]), min_size=1, max_size=4))
def test_what_is_printed_are_settings_from_which_all_is_known_again(names):
    faults, ports = ports_of(settings(streams(*names)), ())
    assert {fault.name for fault in faults} == {STEADY.name, *names}
    assert ports.keys() == {f"{PREFIX}{fault.name}" for fault in faults}
    assert len(set(ports.values())) == len(ports)
    assert ports_of(settings(streams(*names)), names)[0] == of_guests(names)


@pytest.mark.parametrize("name", [*WHOLE, *(fault.name for fault in FAULTS if fault.first), "flood"])
def test_what_befalls_all_cameras_or_the_start_of_a_watch_is_refused(name):
    with pytest.raises(ConfigError, match=f"cannot have the fault {name!r}"):
        of_guests((name,))


@pytest.mark.parametrize(
    "change",
    [
        {"source": "rtsp://10.0.0.7:554/cam"},
        {"source": "rtsp://127.0.0.1:99999/cam"},
        {"source": "rtsp://127.0.0.1/cam"},
        {"password": "another"},
        {"name": "door"},
    ],
)
def test_a_camera_that_is_not_as_printed_is_left_alone(change):
    entries = [entry | change if "dropped" in entry["name"] else entry for entry in streams("dropped")]
    with pytest.raises(ConfigError, match="simulated-dropped"):
        ports_of(settings(entries), ("dropped",))


def test_settings_without_any_are_told_what_to_do():
    with pytest.raises(ConfigError, match="--yaml"):
        ports_of(settings([]), ())


def test_without_a_watch_nothing_is_broken(tmp_path, capsys):
    config = tmp_path / "vidette.yml"
    config.write_text(streams_yaml(of_guests(("dropped",))))
    options = ["--config", str(config), "--db", str(tmp_path / "memory.db")]
    assert cli.main(["simulate", "--running", *options]) == 1
    assert "nothing is watched" in capsys.readouterr().err
    assert cli.main(["simulate", *options]) == 2
    assert "add --running" in capsys.readouterr().err


@pytest.mark.usefixtures("_gstreamer")
def test_a_running_watch_is_scored_and_goes_on(numbered, tmp_path):
    with Watch(tmp_path, streams(*STRUCK), more={"sample": "2", "fast": {"people": False}}) as watch:
        watch.start()
        assert until(lambda: list(running(watch.db)), START_S)
        command = [sys.executable, "-m", "app.cli", "simulate", "--running", "--config", str(watch.settings), "--json"]
        given = ["--clip", str(numbered), "--keep", str(tmp_path)]
        done = subprocess.run([*command, *given], capture_output=True, text=True, timeout=LONGEST_S, check=False)
        rows = {row["fault"]: row for row in map(json.loads, done.stdout.splitlines())}
        assert rows.keys() == {STEADY.name, *STRUCK, "secrets", "doubled"}, done.stderr
        assert all(row["passed"] for row in rows.values()), rows
        assert done.returncode == 0
        watch.check()
        assert watch.leave() == 0
