"""VLC as a camera: over UDP only, it refuses TCP; truly live, so that who joins comes amid a group of pictures."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.simulation.doors import closed_port
from tests.live.arriving import Arriving, holes
from vidette.feeds import Cause

pytestmark = pytest.mark.skipif(shutil.which("cvlc") is None, reason="needs VLC; on Debian: apt-get install vlc-bin")


@pytest.fixture
def vlc(numbered):
    """-> the address of a clip that VLC broadcasts."""
    url = f"rtsp://127.0.0.1:{closed_port()}/cam"
    user = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []  # it refuses to run as root
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with TemporaryDirectory() as folder:  # which, unlike pytest's, that user may be let into
        Path(folder).chmod(0o755)
        clip = shutil.copy(numbered, folder)
        line = [*user, "cvlc", "-I", "dummy", "--loop", clip, "--sout", f"#rtp{{sdp={url}}}", "--sout-keep"]
        with subprocess.Popen(line, env={**os.environ, "HOME": folder}, **quiet) as process:
            yield url
            process.kill()


def test_tcp_is_refused_and_udp_works(vlc):
    with Arriving(vlc, transport="udp") as watch:
        watch.more(30)
        with Arriving(vlc) as other:
            other.wait(lambda: other.arrivals.reconnects)
            assert set(other.arrivals.reconnects) == {Cause.REFUSED}
    assert watch.packets[0].key
    assert holes(watch.items) == []
