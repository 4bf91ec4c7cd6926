import subprocess
import sys
from pathlib import Path

import click
import pytest

from app import cli
from vidette.errors import ConfigError, StoreError

VIDETTE = [sys.executable, "-m", "app.cli"]
ROOT = Path(__file__).resolve().parents[2]


def test_help_names_every_command(capsys):
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {name} " in said for name in cli.COMMANDS)


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_help(name, capsys):
    assert cli.main([name, "--help"]) == 0
    assert f"Usage: vidette {name}" in capsys.readouterr().out


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("vidette ")


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["wach", "x"], "did you mean 'watch'"),
        (["zzzz"], "choose from watch"),
        (["watch"], "SOURCE"),
        (["events", "--limt", "3"], "--limit"),
        (["events", "--limit", "0"], "0"),
        (["config", "check", "none.yml"], "cannot read settings file 'none.yml'"),
        (["events", "--config", "none.yml"], "cannot read settings file 'none.yml'"),
    ],
)
def test_usage_faults_are_one_line_and_code_2(args, part, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(args) == 2
    said = capsys.readouterr()
    assert part in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_no_memory_is_code_1(capsys, tmp_path):
    assert cli.main(["events", "--db", str(tmp_path / "none.db")]) == 1
    assert "watch something first" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (ConfigError("bad rtsp://u:hunter2@h"), 2, "***@h"),
        (StoreError("two\nlines"), 1, "two lines"),
        (KeyboardInterrupt(), 1, "stopped"),
        (ZeroDivisionError("x"), 1, "internal error: ZeroDivisionError: x; run again with --debug"),
    ],
)
def test_errors_become_one_line_and_a_code(monkeypatch, capsys, error, code, part):
    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.setitem(cli.COMMANDS, "broken", f"{__name__}:broken")
    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: broken)
    assert cli.main(["broken"]) == code
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert part in said
    assert said.count("\n") == 1
    assert "hunter2" not in said


def test_debug_anywhere_shows_the_traceback(capsys, tmp_path):
    cli.main(["events", "--debug", "--db", str(tmp_path / "none.db")])
    assert "Traceback" in capsys.readouterr().err


def test_a_broken_pipe_is_quiet():
    code = (
        "import os, sys\nfrom app import cli\n"
        "import click\n"
        "@click.command()\ndef much():\n    for _ in range(100000): click.echo('x' * 80)\n"
        "cli.COMMANDS['much'] = ''\ncli.Commands.get_command = lambda *_: much\n"
        "sys.exit(cli.main(['much']))"
    )
    script = f'{sys.executable} -c "$CODE" | head -1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        env={"CODE": code, "PATH": "/bin:/usr/bin"},
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom app import cli\ncli.main(['--help'])\n"
        "heavy = {'cv2', 'av', 'numpy', 'pydantic', 'networkx', 'scipy', 'rich', 'yaml'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
