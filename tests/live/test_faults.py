"""Every fault at once, against real cameras and a real watch: `vidette simulate`, and what it must find."""

import json
import subprocess
import sys

import pytest

from app.simulation.faults import FAULTS, STEADY, WHOLE

OTHERS = ("secrets", "ctrl-c", "doubled")
LONGEST_S = 600


@pytest.fixture(scope="module")
def scores(_gstreamer, tmp_path_factory):
    """What came of each fault, by its name."""
    folder = tmp_path_factory.mktemp("simulate")
    command = [sys.executable, "-m", "app.cli", "simulate", "--json", "--keep", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows, done.stderr
    assert done.returncode == (0 if all(row["passed"] for row in rows) else 1)
    return {row["fault"]: row for row in rows}


@pytest.mark.parametrize("name", [STEADY.name, *(fault.name for fault in FAULTS), *WHOLE, *OTHERS])
def test_a_fault_is_told_recovered_from_and_written_in_the_ledger(scores, name):
    score = scores[name]
    assert score["passed"], score
    assert score["honest"]
    assert not score["problems"]
