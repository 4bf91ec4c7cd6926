"""What the process list shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.disguise import hide
from vidette.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
CODE = (
    "import sys; from pathlib import Path; from app.disguise import hide\n"
    "print(hide(sys.argv[2:])); print(Path('/proc/self/cmdline').read_bytes()); print(sys.argv[2:])"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def shown(*addresses):
    command = [sys.executable, "-c", CODE, "watch", *addresses]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    done, line, kept = said.splitlines()
    return done, line, kept


@linux
@pytest.mark.parametrize(
    "address",
    ["rtsp://user:hunter2@camera/1", "http://camera/mjpg?user=a&password=hunter2", "rtsp://ü:hunter2%40@camera/é"],
)
def test_credentials_are_gone_and_the_program_has_them_still(address):
    done, line, kept = shown("rtsp://camera/2", address, address)
    assert done == "True"
    assert "hunter2" not in line
    assert "rtsp://camera/2" in line
    assert kept.count("hunter2") == 2


@linux
def test_nothing_is_touched_where_there_is_nothing_to_hide():
    done, line, _ = shown("rtsp://camera/2")
    assert done == "False"
    assert "rtsp://camera/2" in line


def test_what_is_no_address_is_an_error_without_its_secret():
    with pytest.raises(ConfigError) as caught:
        hide(["rtsp://user:hunter2@"])
    assert "hunter2" not in str(caught.value)
