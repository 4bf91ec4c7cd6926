"""Streams that the settings name: watched without being named again, with their zones, lines and masks."""

import json

import pytest

from app import cli


@pytest.fixture
def settings(street, tmp_path):
    path = tmp_path / "vidette.yml"
    path.write_text(
        f"""
db: {tmp_path / "v.db"}
streams:
  - name: front
    source: {street}
    zones: [{{name: all, polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]}}]
    lines: [{{name: middle, points: [[0.5, 0], [0.5, 1]]}}]
"""
    )
    return path


def rows(capsys, *args):
    assert cli.main([str(arg) for arg in args]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_streams_of_the_settings_are_watched_under_their_names(settings, capsys):
    assert cli.main(["watch", "--config", str(settings), "-q"]) == 0
    capsys.readouterr()
    (stream,) = rows(capsys, "streams", "--config", settings, "--json")
    assert stream["name"] == "front"
    events = rows(capsys, "events", "--config", settings, "--json")
    crossed = [row for row in events if row["type"] == "line_crossed"]
    assert crossed
    assert {row["line"] for row in crossed} == {"middle"}
    assert any(row["type"] == "zone_entered" and row["zone"] == "all" for row in events)


def test_a_source_named_by_hand_is_that_stream_too(settings, street, capsys):
    assert cli.main(["watch", str(street), "--config", str(settings), "-q"]) == 0
    capsys.readouterr()
    assert [row["name"] for row in rows(capsys, "streams", "--config", settings, "--json")] == ["front"]


def test_what_is_masked_is_not_seen(settings, capsys):
    text = settings.read_text().replace("    zones:", "    masks: [[[0, 0], [1, 0], [1, 1], [0, 1]]]\n    zones:")
    settings.write_text(text)
    assert cli.main(["watch", "--config", str(settings), "-q"]) == 0
    capsys.readouterr()
    assert rows(capsys, "tracks", "--config", settings, "--json") == []


def test_nothing_to_watch_is_said(tmp_path, capsys):
    assert cli.main(["watch", "--db", str(tmp_path / "v.db")]) == 2
    assert "nothing to watch" in capsys.readouterr().err
