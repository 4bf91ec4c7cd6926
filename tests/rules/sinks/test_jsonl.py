import json
import os
import threading

import pytest

from rules.sinks.jsonl import JsonlSink
from tests.telling import delivery


def test_lines_carry_the_id_and_what_was_there_stays(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text('{"id":"before"}\n')
    sink = JsonlSink("file", path)
    assert sink.send(delivery(1)).ok
    assert sink.send(delivery(1)).ok  # again, after a crash
    ids = [json.loads(line)["id"] for line in path.read_text().splitlines()]
    assert ids == ["before", delivery(1).id, delivery(1).id]


def test_a_line_that_somebody_left_unfinished_spoils_only_itself(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text('{"id":"cut o')
    assert JsonlSink("file", path).send(delivery()).ok
    assert json.loads(path.read_text().splitlines()[1])["id"] == delivery().id


def test_many_writers_keep_lines_whole(tmp_path):
    path = tmp_path / "out.jsonl"
    threads = [
        threading.Thread(target=lambda n=n: [JsonlSink("file", path).send(delivery(n * 100 + i)) for i in range(20)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line)["id"] for line in path.read_text().splitlines()]
    assert len(set(lines)) == len(lines) == 80


@pytest.mark.parametrize("place", ["missing/out.jsonl", "pipe", "."])
def test_what_is_no_file_is_said_and_holds_nobody_up(tmp_path, place):
    os.mkfifo(tmp_path / "pipe")
    sent = JsonlSink("file", tmp_path / place).send(delivery())
    assert (sent.ok, sent.again) == (False, True)
    assert "cannot append" in sent.error


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_device_is_refused(tmp_path):
    assert not JsonlSink("file", tmp_path.__class__("/dev/full")).send(delivery()).ok
