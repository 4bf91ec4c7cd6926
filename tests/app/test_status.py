"""`vidette status`: what is wrong in words, tables that fit 100 columns, JSON lines; on a real Redis."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import cluster_tables, tables
from app.cli import main
from app.cluster_words import problems
from ingest.sources import SourceSpec
from tests.redis_server import emptied, free_port
from workers.jobs import Watch
from workers.queue.routing import waiting_key
from workers.shared.broker import Broker
from workers.shared.dead import Dead, DeadJob
from workers.shared.leases import LeaseRow, Leases
from workers.shared.overview import Overview, Server, overview
from workers.shared.places import Place
from workers.shared.presence import Counted, Presence, WorkerRow
from workers.shared.queues import QueueRow
from workers.shared.registry import Registry, Wanted

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
QUEUES = ("ingest", "settle", "vision", "deliver")


def watch(name: str = "yard", url: str = "rtsp://camera/1") -> Watch:
    spec = SourceSpec(
        name=name,
        stream_id=f"id of {name}",
        paths=() if url else (Path(f"/clips/{name}"),),
        offsets_s=(),
        start=NOW,
        start_from="clock",
        duration_s=0.0,
        url=url,
    )
    return Watch(spec=spec)


def wanted(name: str = "yard", url: str = "rtsp://camera/1", **said) -> Wanted:
    said = {"state": "wanted", "at": NOW - timedelta(minutes=5), **said}
    return Wanted(stream_id=f"id of {name}", name=name, job=watch(name, url), **said)


def lease(name: str, owner: str = "east:7:ab") -> LeaseRow:
    return LeaseRow(name=name, owner=owner, token=1, since=NOW - timedelta(hours=3), ttl_s=5.4)


def worker(queue: str, name: str = "east", **said) -> WorkerRow:
    given = {"host": "east.example", "pid": 4242, "queues": (queue,), "pool": "prefork", "silent_s": 0.5}
    return WorkerRow(
        **{"name": f"{name}-{queue}", "started": NOW - timedelta(days=2), "jobs": Counted(), **given, **said}
    )


def found(**said) -> Overview:
    """All is well: a worker for each queue, nothing waits; and what is said otherwise."""
    well = {
        "at": NOW,
        "queues": tuple(QueueRow(name=name, waiting=0) for name in QUEUES),
        "counted": dict.fromkeys(QUEUES, Counted()),
        "workers": tuple(worker(queue) for queue in QUEUES),
        "wanted": (),
        "leases": {},
        "dead": 0,
        "lost": 0,
        "newest": None,
        "server": Server(version="7.0.15", used=1 << 20, most=0, when_full="noeviction"),
    }
    return Overview(**{**well, **said})


def queue(name: str, **said) -> dict:
    return {"queues": tuple(QueueRow(**{"name": one, "waiting": 0, **(said if one == name else {})}) for one in QUEUES)}


def leases(*names: str) -> dict:
    return {"leases": {name: lease(name) for name in names}}


def without(queue: str) -> dict:
    return {"workers": tuple(worker(one) for one in QUEUES if one != queue)}


NEWEST = DeadJob(id="ab" * 8, queue="settle", text="{}", error="it broke", tries=5, at=NOW - timedelta(minutes=12))
ONE, OTHER = Place(mark="file 1:2", name="/a/v.db"), Place(mark="file 1:3", name="/b/v.db")
THERE, MOUNTED = Place(mark="5f", name="/media"), Place(mark="6a", name="/media")
CASES = {
    "nothing": ({}, []),
    "memory is away": (
        {"trouble": "memory bolt://graph: no Neo4j answers there"},
        ["memory bolt://graph: no Neo4j answers there"],
    ),
    "two memories": (
        {"workers": (worker("deliver"), worker("ingest", memory=ONE), worker("settle", memory=OTHER))},
        ["worker east-settle has memory '/b/v.db', east-ingest has '/a/v.db': give all of them the same `db`"],
    ),
    "two folders of media": (
        {"workers": (worker("deliver"), worker("ingest", media=THERE), worker("settle", media=MOUNTED))},
        [
            "worker east-settle keeps media in '/media', east-ingest in '/media', and these are two folders:"
            " share one with all of them (`media`)"
        ],
    ),
    "a camera that is watched": ({"wanted": (wanted(),), **leases("id of yard", "beat")}, []),
    "cameras and no worker": (
        {"wanted": (wanted(), wanted("gate"), wanted("dock")), **without("ingest"), **leases("beat")},
        ["3 cameras have no worker: start `vidette worker --queues ingest`"],
    ),
    "a camera and its job": (
        {"wanted": (wanted(),), **queue("ingest", waiting=1, oldest_s=99.0), **without("ingest"), **leases("beat")},
        ["1 camera has no worker: start `vidette worker --queues ingest`"],
    ),
    "one file and no worker": (
        {"wanted": (wanted(url=""),), **without("ingest")},
        ["1 watch has no worker: start `vidette worker --queues ingest`"],
    ),
    "files wait for their turn": ({"wanted": (wanted(url=""),)}, []),
    "a camera beside busy workers": (
        {"wanted": (wanted(), wanted("gate")), **leases("beat", "id of gate")},
        ["1 camera ('yard') is not watched: if this lasts, start one more `vidette worker --queues ingest`"],
    ),
    "no beat": (
        {"wanted": (wanted(),), **leases("id of yard")},
        ["no beat runs, so nobody gives 1 camera to another worker when theirs dies: start `vidette beat`"],
    ),
    "jobs that nobody takes": (
        {**queue("settle", waiting=120, oldest_s=2.0), **without("settle")},
        ["120 jobs wait in 'settle', which no worker takes: start `vidette worker --queues settle`"],
    ),
    "a queue that is behind": (
        queue("vision", waiting=812, oldest_s=200.0),
        ["'vision' is 3 min behind with 812 jobs: start one more `vidette worker --queues vision`"],
    ),
    "a queue that is busy": (queue("vision", waiting=812, oldest_s=2.0), []),
    "a watch that failed": (
        {"wanted": (wanted(state="failed", error="cannot open '/a'"),)},
        ["the watch of 'yard' failed: cannot open '/a'"],
    ),
    "watches that were given up": (
        {"wanted": tuple(wanted(f"cam {n}", state="dead", error=f"crash {n}") for n in range(5))},
        ["5 watches were given up ('cam 0', 'cam 1', 'cam 2', …), one of them: crash 0"],
    ),
    "dead jobs": (
        {"dead": 3, "newest": NEWEST, "lost": 2},
        [
            "3 jobs were given up (`vidette jobs list`), the last 12 min ago: it broke",
            "2 dead jobs had to go, there being no room for more",
        ],
    ),
    "a silent worker": (
        {"workers": (*found().workers, worker("settle", "west", silent_s=8.0))},
        ["worker west-settle on east.example has been silent for 8 s"],
    ),
    "a server that forgets": (
        {"server": Server(version="7", used=95 << 20, most=100 << 20, when_full="allkeys-lru")},
        [
            "Redis throws keys away when it is full (maxmemory-policy allkeys-lru), jobs among them:"
            " set maxmemory-policy noeviction",
            "Redis is 95% full: give it more than maxmemory 100 MB",
        ],
    ),
}


@pytest.mark.parametrize(("said", "expected"), CASES.values(), ids=CASES.keys())
def test_what_is_wrong_is_said_in_words(said, expected):
    assert list(problems(found(**said))) == expected


BUSY = found(
    wanted=(
        wanted("rtsp://192.168.100.100:8554/Streaming/Channels/101"),
        wanted("yard"),
        wanted(
            "broken-1a2b3c4d", "", state="failed", error="cannot open '/clips/x.mp4': " + "moov atom not found " * 20
        ),
        wanted("done-1a2b3c4d", "", state="done"),
        wanted("poison-1a2b3c4d", "", state="dead", error="the decoder crashed", tries=3),
    ),
    leases={**leases("id of yard", "beat")["leases"], "8a8a8a8a8a8a8a8a": lease("8a8a8a8a8a8a8a8a", "west:1:x")},
    dead=12_345,
    newest=NEWEST,
    **queue("settle", waiting=123_456, by_priority={0: 6, 5: 123_450}, under_way=48, oldest_s=4000.0),
    counted=dict.fromkeys(QUEUES, Counted(done=9, failed=1, done_a_minute=12_345.6, failed_a_minute=7.0)),
    workers=tuple(worker(one, "worker-of-the-east-wing-3") for one in QUEUES),
)


@pytest.fixture
def terminal(monkeypatch):
    def shown(what: Overview, limit: int = 20) -> str:
        from rich.console import Console

        out = io.StringIO()
        monkeypatch.setattr(
            tables, "console", lambda **_: Console(file=out, width=100, force_terminal=True, color_system=None)
        )
        monkeypatch.setattr(cluster_tables, "console", tables.console)
        cluster_tables.show_cluster(what, "redis://host:6379/0", limit)
        return out.getvalue()

    return shown


def test_it_fits_100_columns_the_worst_first(terminal):
    text = terminal(BUSY)
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith("redis://host:6379/0: 5 problems\n  1 camera (")
    for part in (
        "123456",
        "48",
        "67 min",
        "12346",
        "worker-of-the-east-wing-3-settle",
        "prefork",
        "4242",
        "2 d",
        "east:7",
        "3 h",
        "5.4 s",
    ):
        assert f" {part} " in text, part
    names = [text.index(f"\n {name}") for name in ("rtsp://", "poison", "broken", "yard", "done", "8a8a8a8a")]
    assert names == sorted(names)


def test_more_watches_than_asked_for_are_counted(terminal):
    text = terminal(found(wanted=tuple(wanted(f"camera {n:03d}", state="done") for n in range(30))), limit=5)
    assert "30 watches" in text
    assert "camera 004" in text
    assert "camera 005" not in text
    assert "and 25 more; --limit 30 shows them" in text


def test_when_all_is_well_it_says_so(capsys):
    cluster_tables.show_cluster(found(**leases("beat")), "redis://host", 20)
    assert capsys.readouterr().out.startswith("redis://host: all well; beat at east:7 for 3 h\n")
    cluster_tables.show_cluster(found(workers=()), "redis://host", 20)
    out = capsys.readouterr().out
    assert out.startswith("redis://host: no workers, and nothing to do\n")
    assert "no workers; start one: vidette worker --queues ingest,settle,vision,deliver" in out


@given(st.text(max_size=30), st.text(max_size=30))
def test_names_and_errors_steer_no_terminal(name, error):
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        cluster_tables.show_cluster(
            found(wanted=(wanted(name, state="failed", error=f"\x1b[2J{error}"),)), "redis://h", 9
        )
    assert all(char.isprintable() or char == "\n" for char in out.getvalue())


@pytest.fixture
def server(monkeypatch):
    with emptied() as one:
        monkeypatch.setenv("VIDETTE_BROKER", one.url)
        yield one


@pytest.fixture
def broker(server):
    one = Broker(server.url)
    yield one
    one.close()


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_lines_say_all_of_it(broker, capsys):
    registry, leases_ = Registry(broker), Leases(broker, ttl_s=600, owner="east:7:ab")
    registry.want(watch())
    registry.want(watch("gate"))
    leases_.take("id of yard")
    Dead(broker).add(queue="deliver", text="{}", error="no sink", tries=1)
    here = Presence(broker, name="east-settle", queues=("settle",), pool="prefork", memory=ONE)
    here.count("settle", "done")
    here.say()
    broker.client.lpush(waiting_key("vision", 3), b"whatever")
    assert main(["status", "--json"]) == 0
    rows = lines(capsys)
    by = {kind: [row for row in rows if row["kind"] == kind] for kind in {row["kind"] for row in rows}}
    assert set(by) == {"problem", "queue", "worker", "watch", "lease", "dead", "server"}
    assert [row["name"] for row in by["queue"]] == list(QUEUES)
    assert by["queue"][2]["by_priority"] == {"3": 1}
    assert by["queue"][1]["done"] == 1
    assert (by["worker"][0]["name"], by["worker"][0]["memory"]) == ("east-settle", "/a/v.db")
    assert [(row["stream"], row["state"], row.get("held_by")) for row in by["watch"]] == [
        ("gate", "wanted", None),
        ("yard", "wanted", "east:7"),
    ]
    assert by["lease"][0]["name"] == "id of yard"
    assert (by["dead"][0]["count"], by["dead"][0]["newest"]["error"]) == (1, "no sink")
    assert len(by["problem"]) == 4
    leases_.close()


def test_an_overview_of_nothing(broker):
    empty = overview(broker)
    assert (empty.workers, empty.wanted, empty.leases, empty.dead, empty.newest) == ((), (), {}, 0, None)
    assert empty.server.version
    assert empty.server.used > 0


def test_a_table_of_what_is_there(broker, capsys):
    Registry(broker).want(watch())
    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "1 camera has no worker: start `vidette worker --queues ingest`" in out
    assert "redis://127.0.0.1" in out


def test_a_memory_that_is_away_is_the_first_problem(broker, capsys, monkeypatch):
    monkeypatch.setenv("VIDETTE_DB", f"bolt://127.0.0.1:{free_port()}")
    assert main(["status"]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.endswith(": 1 problem")
    assert second.endswith("no Neo4j answers there; start it, or name another with --db")
    assert main(["status", "--json"]) == 0
    assert lines(capsys)[0] == {"kind": "problem", "text": second}


def test_without_a_server_one_line_and_exit_code_1(capsys, monkeypatch):
    port = free_port()
    monkeypatch.setenv("VIDETTE_BROKER", f"redis://:hunter2@127.0.0.1:{port}/0")
    for command in (["status"], ["status", "--json"]):
        assert main(command) == 1
        out, err = capsys.readouterr()
        assert out == ""
        said = (
            f"error: broker 'redis://127.0.0.1:{port}/0': Connection refused; start it, or name another with `broker`\n"
        )
        assert err == said


def test_without_a_broker_in_the_settings_it_is_said_how_to_name_one(capsys):
    assert main(["status"]) == 2
    assert (
        "name a Redis server: `broker: redis://host:6379/0` in vidette.yml, or VIDETTE_BROKER"
        in capsys.readouterr().err
    )


def test_the_settings_show_no_password(capsys, monkeypatch):
    monkeypatch.setenv("VIDETTE_BROKER", "redis://:hunter2@host/0")
    assert main(["config", "show"]) == 0
    out = capsys.readouterr().out
    assert "broker: '***'  # environment VIDETTE_BROKER" in out
    assert "hunter2" not in out
