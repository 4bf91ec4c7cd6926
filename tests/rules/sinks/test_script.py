import json
import os
import sys
import time

import pytest

from rules.sinks.script import ScriptSink
from tests.telling import delivery


def python(code: str, *args: object, timeout_s: float = 30) -> ScriptSink:
    return ScriptSink("run", [sys.executable, "-I", "-S", "-c", code, *map(str, args)], timeout_s=timeout_s)


def test_it_has_the_message_on_stdin_and_few_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("OPS_SECRET", "hunter2")
    code = "import json, os, sys; json.dump([json.load(sys.stdin), dict(os.environ)], open(sys.argv[1], 'w'))"
    one = delivery(text="two\nlines")
    assert python(code, tmp_path / "got").send(one).code == 0
    message, environ = json.loads((tmp_path / "got").read_text())
    assert message["data"]["alert"]["id"] == one.message.id
    assert "hunter2" not in str(environ)
    told = {name: value for name, value in environ.items() if name.startswith("VIDETTE_")}
    assert told == {
        "VIDETTE_ALERT_ID": one.message.id,
        "VIDETTE_ALERT_RULE": "bag-left",
        "VIDETTE_ALERT_SEVERITY": "high",
        "VIDETTE_ALERT_CHANGE": "raised",
        "VIDETTE_ALERT_SEQUENCE": "1",
        "VIDETTE_ALERT_STREAMS": "yard",
        "VIDETTE_ALERT_TEXT": "two lines",
        "VIDETTE_ALERT_DELIVERY": one.id,
    }


def test_no_shell_reads_its_arguments(tmp_path):
    sink = ScriptSink(
        "run",
        [sys.executable, "-c", "import sys; sys.exit(sys.argv[1] != '$(touch x); `id` *')", "$(touch x); `id` *"],
        timeout_s=30,
    )
    assert sink.send(delivery()).ok


@pytest.mark.parametrize("code", [1, 3, 255])
def test_another_exit_code_is_a_failure_that_quotes_the_output(code):
    sent = python(f"import sys; print('out'); print('err', file=sys.stderr); sys.exit({code})").send(delivery())
    assert (sent.ok, sent.code, sent.again) == (False, code, True)
    assert sent.error.startswith(f"exit code {code}: ")
    assert "out" in sent.error
    assert "err" in sent.error


def test_a_flood_of_output_is_read_and_dropped():
    sent = python("import sys\nfor _ in range(300): print('x' * 10000)\nsys.exit(1)").send(delivery())
    assert sent.code == 1
    assert len(sent.error) < 600


def test_a_script_that_does_not_read_or_closes_everything_is_fine():
    assert python("import os; os.close(0); os.close(1); os.close(2)").send(delivery()).ok


GROUP = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}")
time.sleep(60)
"""


def test_at_the_end_of_its_time_the_whole_group_is_killed(tmp_path):
    sent = python(GROUP, tmp_path / "pids", timeout_s=2).send(delivery())
    assert (sent.ok, sent.again, sent.code) == (False, True, None)
    assert sent.error == "killed after 2 s"
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        assert gone(pid)


def gone(pid: int) -> bool:
    """Whether the process ends soon; one whose parent was killed waits to be reaped by init."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
    return False


def test_a_child_left_behind_does_not_hold_it_up():
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(8)'])"
    began = time.monotonic()
    assert python(code).send(delivery()).ok
    assert time.monotonic() - began < 7


@pytest.mark.parametrize("command", [["/nowhere/at-all"], ["\0"], ["/etc/passwd"]])
def test_a_program_that_cannot_be_run_is_said(command):
    sent = ScriptSink("run", command, timeout_s=5).send(delivery())
    assert not sent.ok
    assert "cannot run" in sent.error
