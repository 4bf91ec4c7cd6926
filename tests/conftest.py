"""What every test stands on: no network, no settings of the person who runs it, no silent skips."""

import json
import logging
import os
import shutil
import socket
from pathlib import Path

import pytest
from hypothesis import settings

from vidette.log import JsonFormat, TextFormat

REQUIRE_ALL = os.environ.get("VIDETTE_REQUIRE_ALL") == "1"
VIDEOS = Path(__file__).resolve().parents[1].parent / "shared" / "videos"

# A busy machine is no failure; in CI the same is tried each time, at a desk something new.
settings.register_profile("vidette", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("vidette")


@pytest.fixture(autouse=True, scope="module")
def _no_more_urgent():
    """A library that makes this process real-time (clips.no_more_urgent) would starve all that runs beside it."""
    policy = _scheduling()
    yield
    assert _scheduling() == policy, "a test changed how urgent its process is"


def _scheduling() -> int | None:
    return os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else None


@pytest.fixture(scope="session")
def videos() -> Path:
    """The folder of annotated real clips; tests that use it are marked `real_clips`."""
    return VIDEOS


@pytest.fixture(scope="session")
def _torch():
    """For tests of models: one thread, so that the machine's other cores stay free; skips where torch is absent."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers").utils.logging.disable_progress_bar()
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_model(_torch, tmp_path_factory):
    """`tiny_model(family)`: the folder of that family's tiny random model, made once; families are in tests/tiny_models.py."""
    from tests.tiny_models import build

    made = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = build(family, tmp_path_factory.mktemp("tiny") / family)
        return made[family]

    return folder


@pytest.fixture(scope="session")
def tiny_embedder(_torch, tmp_path_factory):
    """`tiny_embedder(kind)`: the folder of a tiny random `clip`, `siglip` or `sentences` model, made once."""
    from tests import tiny_embedders

    made = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = getattr(tiny_embedders, kind)(tmp_path_factory.mktemp("embedders") / kind)
        return made[kind]

    return folder


@pytest.fixture(scope="session")
def terse_model(tiny_model, tmp_path_factory):
    """`terse_model(family)`: its tiny model, inclined to end its texts and lists, so that a whole answer is short."""

    def folder(family: str) -> Path:
        made = tmp_path_factory.mktemp("terse") / family
        shutil.copytree(tiny_model(family), made)
        tokens = json.loads((made / "tokenizer.json").read_text())["model"]["vocab"]
        config = json.loads((made / "generation_config.json").read_text())
        config["sequence_bias"] = [[[tokens['"']], 60.0], [[tokens["]"]], 50.0]]
        (made / "generation_config.json").write_text(json.dumps(config))
        return made

    return folder


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch, tmp_path_factory):
    for name in [name for name in os.environ if name.startswith("VIDETTE_") and name != "VIDETTE_REQUIRE_ALL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(autouse=True)
def _own_log():
    """What a command line run in this process sets up is over with its test."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = [
        one for one in root.handlers if one in handlers or not isinstance(one.formatter, TextFormat | JsonFormat)
    ]


@pytest.fixture(autouse=True, scope="session")
def _no_network():
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in {"localhost", "127.0.0.1", "::1"}:
            raise RuntimeError(f"a test reached for the network: {address!r}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def pytest_collection_modifyitems(items):
    if not VIDEOS.is_dir():
        absent = pytest.mark.skip(reason="the annotated clips are not in ../shared/videos")
        for item in items:
            if item.get_closest_marker("real_clips"):
                item.add_marker(absent)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return _strict((yield), item)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _strict((yield), collector)


def _strict(report, node):
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{node.nodeid}: skipped though VIDETTE_REQUIRE_ALL=1: {reason}"
    return report
