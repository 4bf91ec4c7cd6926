"""`vidette discover` against a camera of our own, and what it writes for vidette.yml."""

import json
import socket

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app import cli
from app.discover import streams_yaml
from ingest.onvif import probe
from ingest.onvif.cameras import Channel, Offer, OnvifCamera
from tests.ingest.onvif.responder import PROFILES, Responder, responding
from vidette.configuration import load
from vidette.yaml_tree import escaped, parse

ASK = ["--timeout", "1", "--username", "viewer", "--password-env", "CAMERA_PASSWORD"]


@pytest.fixture
def camera(monkeypatch):
    monkeypatch.setattr(probe, "interfaces", lambda: [("127.0.0.1", socket.if_nametoindex("lo"))])
    monkeypatch.setenv("CAMERA_PASSWORD", "hunter2")
    with responding(Responder(profiles=(*PROFILES, ("yard", "two", "H265", 1920, 1080)))) as there:
        monkeypatch.setattr(probe, "PORT", there.discovery_port)
        yield there


def test_a_table_of_every_stream(camera, capsys):
    assert cli.main(["discover", *ASK]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[-1] for line in out.splitlines()[1:]] == [
        "rtsp://127.0.0.1:8554/big",
        "rtsp://127.0.0.1:8554/small",
        "rtsp://127.0.0.1:8554/yard",
    ]
    assert "Front Door" in out
    assert "2560x1440" in out
    assert err == ""


def test_rows(camera, capsys):
    assert cli.main(["discover", *ASK, "--json"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["host"], row["name"], len(row["channels"])) == ("127.0.0.1", "Front Door", 2)
    assert row["channels"][0]["sub"]["width"] == 640
    assert "refused" not in row


def test_what_it_writes_is_what_is_watched(camera, capsys, tmp_path):
    assert cli.main(["discover", *ASK, "--yaml"]) == 0
    text = capsys.readouterr().out
    assert "hunter2" not in text
    file = tmp_path / "vidette.yml"
    file.write_text(text)
    streams = load(file, {"CAMERA_PASSWORD": "hunter2"}, {}).streams
    assert [one.name for one in streams] == ["Front Door 1", "Front Door 2"]
    assert (streams[0].source, streams[0].sub) == ("rtsp://127.0.0.1:8554/big", "rtsp://127.0.0.1:8554/small")
    assert [(one.username, one.password) for one in streams] == [("viewer", "hunter2")] * 2


def test_one_that_is_not_taken_is_said_and_the_code_says_so(camera, capsys):
    camera.uri = "rtsp://admin:secret99@10.0.0.9/{token}"
    assert cli.main(["discover", *ASK]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("not taken: 127.0.0.1 Front Door: its address ")
    assert "secret99" not in err
    assert cli.main(["discover", "--timeout", "1"]) == 1
    assert "give --username and --password-env" in capsys.readouterr().err


def test_nobody_there(camera, capsys):
    camera.probe = b"nothing"
    assert cli.main(["discover", "--timeout", "0.2"]) == 0
    assert "no camera answered" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--password-env", "X"], "needs --username"),
        (["--username", "a", "--password-env", "hunter 2"], "no name of a variable"),
        (["--username", "a", "--password-env", "NOT_SET_HERE"], "not set in the environment"),
    ],
)
def test_mistakes_are_said_before_anybody_is_asked(options, said, capsys):
    assert cli.main(["discover", *options]) == 2
    assert said in capsys.readouterr().err


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)


@given(TEXT | st.sampled_from(["~", "null", "yes", "12", "${HOME}", "$${x}", "$$${x}", "- a", "a: b # c", "'\"", "!x"]))
def test_any_text_is_read_back_as_itself(text):
    tree = parse(yaml.safe_dump({"key": escaped(text)}, allow_unicode=True), "x", {"HOME": "/root", "x": "y"})
    assert tree.value == {"key": text}
    assert not tree.secret


CAMERAS = st.builds(
    lambda name, host, count: OnvifCamera(
        host=host,
        name=name,
        channels=(Channel(main=Offer(url="rtsp://h/${HOME}", codec="H264", width=1, height=1)),) * count,
    ),
    st.sampled_from(["", "Door", "Door 1", "Door 10.0.0.1", "${HOME}"]),
    st.sampled_from(["10.0.0.1", "10.0.0.2"]),
    st.integers(0, 3),
)


@given(st.lists(CAMERAS, max_size=6))
def test_no_two_streams_have_one_name_and_nothing_stands_for_a_variable(cameras):
    tree = parse(streams_yaml(cameras, "viewer", ""), "x", {"HOME": "/root"})
    names = [one["name"] for one in tree.value["streams"]]
    assert len(names) == sum(len(one.channels) for one in cameras)
    assert len(set(names)) == len(names)
    assert all(one["source"] == "rtsp://h/${HOME}" for one in tree.value["streams"])
