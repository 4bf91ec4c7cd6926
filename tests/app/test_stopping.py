import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.stopping import ended_as_by_ctrl_c, stop_on_signals
from graph.embedded import EmbeddedStore


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_asks_and_the_second_insists(number):
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(5)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) == before


_EXPORTING = """
import signal, sys, time
from app.cli import main
from graph.dump import carrying

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have its jobs ignore it

def export(memory, out, **_):
    out.write(b"half of it")
    out.flush()
    print("begun", flush=True)
    time.sleep(60)

carrying.export = export
sys.exit(main(["graph", "export", "x.jsonl", "--db", "v.db"]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_told_to_end_leaves_nothing_half_written(tmp_path, number):
    EmbeddedStore(tmp_path / "v.db").close()
    before = {one.name for one in tmp_path.iterdir()}
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", _EXPORTING],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout.readline() == "begun\n"
        command.send_signal(number)
        _, error = command.communicate(timeout=60)
    assert (command.returncode, error) == (1, "error: stopped\n")
    assert {one.name for one in tmp_path.iterdir()} == before


def test_what_nohup_ignores_is_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_as_by_ctrl_c():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
