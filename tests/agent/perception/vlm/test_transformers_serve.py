"""A real `transformers serve` with a tiny random model: random words, so looks fail; but they end, and nothing else does.

It answers 200 and ignores `response_format`, so that all of what is said has to be refused here.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import cli
from graph.embedded import EmbeddedStore
from tests.app.conftest import draw
from vidette.models import DeepState
from vidette.queries import CoverageIn, Events, Segments

pytestmark = pytest.mark.needs_models
PATIENCE_S = 300.0
SETTINGS = """
segments: {max_s: 3}
vlm: {backend: openai, url: "URL", model: "MODEL", profile: transformers, max_tokens: 64, max_images: 2,
  timeout_s: 120, deadline_s: 240, retries: 1, concurrency: 2}
"""


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("yard") / "yard.mp4", 10, [(1, 4), (5, 9)])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def well(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


@contextmanager
def serving(model: Path, folder: Path):
    """(address, process) of a server for the model; it is killed in the end."""
    (folder / "hub").mkdir(parents=True)
    port = free_port()
    line = [Path(sys.executable).with_name("transformers"), "serve", model, "--device", "cpu", "--host", "127.0.0.1"]
    place = {"HF_HOME": str(folder), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (
        (folder / "log.txt").open("w") as log,
        subprocess.Popen(
            [*map(str, line), "--port", str(port)],
            env={**os.environ, **place},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            until = time.monotonic() + PATIENCE_S
            while not well(f"http://127.0.0.1:{port}"):
                assert process.poll() is None, (folder / "log.txt").read_text()[-2000:]
                assert time.monotonic() < until, (folder / "log.txt").read_text()[-2000:]
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1", process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def served(tiny_model, tmp_path_factory):
    """A model's folder, and the server that serves it."""
    model = tiny_model("smolvlm")
    with serving(model, tmp_path_factory.mktemp("hf") / "home") as (url, process):
        yield model, url, process


def watched(folder: Path, clip: Path, *, model: object = "", url: str = "") -> EmbeddedStore:
    """The memory of a watch, by the model where one is named."""
    config, db = folder / "v.yml", folder / f"{len(list(folder.iterdir()))}.db"
    text = SETTINGS.replace("URL", url).replace("MODEL", str(model))
    config.write_text(text if url else text.partition("vlm:")[0])
    source = [str(clip), "--name", "yard", "--start-time", "2026-05-01T12:00:00Z"]
    assert cli.main(["watch", *source, "--db", str(db), "--config", str(config), "-q"]) == 0
    return EmbeddedStore(db)


def ends(store: EmbeddedStore) -> list[tuple[DeepState, str]]:
    """How the look at each segment that has pictures ended, and why."""
    rows = store.read(CoverageIn())
    middles = [(one.start_s + one.end_s) / 2 for one in store.read(Segments(limit=1000)) if one.keyframes]
    return [(row.deep, row.reason or "") for at in middles for row in rows if row.start_s <= at < row.end_s]


def test_each_segment_ends_and_random_words_are_no_facts(served, yard, tmp_path, capsys):
    model, url, _ = served
    store = watched(tmp_path, yard, model=model, url=url)
    found = ends(store)
    assert len(found) >= 3
    assert {state for state, _ in found} <= {DeepState.EXAMINED, DeepState.FAILED}
    assert DeepState.PENDING not in {row.deep for row in store.read(CoverageIn())}
    for state, reason in found:
        assert state is DeepState.EXAMINED or "its answer cannot be read" in reason
    if all(state is DeepState.FAILED for state, _ in found):
        assert "not examined" in capsys.readouterr().err
        assert store.read(Events()) == watched(tmp_path, yard).read(Events())


def test_a_model_that_it_does_not_serve_is_a_failed_look_with_its_words(served, yard, tmp_path):
    _, url, _ = served
    found = ends(watched(tmp_path, yard, model="somebody/else", url=url))
    assert {state for state, _ in found} == {DeepState.FAILED}
    assert all("HTTP 4" in reason or "HTTP 5" in reason for _, reason in found)


def test_a_server_that_is_killed_leaves_failed_looks(served, yard, tmp_path):
    model, url, process = served
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    found = ends(watched(tmp_path, yard, model=model, url=url))
    assert {state for state, _ in found} == {DeepState.FAILED}
    assert all(url in reason for _, reason in found)
