"""What waits on disk for memory: full disks, full spools, and files that cannot be read any more."""

import pytest

from tests.workers.watches.test_spool import YARD, said
from tests.workers.watches.way import Way
from vidette.errors import StoreError
from vidette.queries import LastCommit
from workers.watches.spool import waiting


def test_what_cannot_be_read_ends_the_watch_after_what_was_before(way):
    emitter = way.watched()
    for sequence in range(12):
        emitter.put(said(sequence))
    (way.folder / YARD / "000001-0000000006.json").write_bytes(b"gone")
    while not emitter.broken:
        way.later()
        way.drain()
    with pytest.raises(StoreError, match="watched anew"):
        emitter.put(said(12))
    while not emitter.settled():
        way.drain()
        way.later()
    assert way.store.read(LastCommit(stream_id=YARD)).sequence == 5
    assert not waiting(way.folder)
    emitter.begin(way.store.take(YARD))
    emitter.put(said(6))
    way.later()
    way.drain()
    way.later()
    assert emitter.settled()


def test_a_full_disk_stops_nothing_while_memory_takes_it(way):
    emitter = way.watched()
    way.folder.rmdir() if way.folder.exists() else None
    way.folder.write_text("a file where the folder would be")
    for sequence in range(8):
        emitter.put(said(sequence))
        way.later()
        way.drain()
        way.later()
    assert emitter.settled()
    assert way.sent == list(range(8))


def test_what_neither_disk_nor_memory_takes_is_refused(way):
    emitter = way.watched()
    way.folder.write_text("a file where the folder would be")
    way.away = True
    for sequence in range(4):
        emitter.put(said(sequence))
        way.later()
    with pytest.raises(StoreError, match="cannot write") as full:
        emitter.put(said(4))
    assert full.value.retryable
    way.away = False
    while not emitter.settled():
        way.drain()
        way.later()
    emitter.put(said(4))  # the very same, once there is room


def test_a_full_spool_is_refused_until_there_is_room(tmp_path):
    way = Way(tmp_path / "spool", window=1)
    emitter, big = way.watched(), b"x" * 400_000
    emitter.put(said(0, carry=big))
    emitter.put(said(1, carry=big))
    with pytest.raises(StoreError, match="bytes wait in"):
        emitter.put(said(2, carry=big))
    way.later()
    way.drain()
    way.later()
    emitter.put(said(2, carry=big))
    way.store.close()


def test_what_no_disk_took_and_is_not_settled_is_lost_with_a_line(way, caplog):
    emitter = way.watched()
    way.folder.write_text("a file where the folder would be")
    emitter.put(said(0))
    way.emitters.close(emitter)
    assert "1 observations that no disk took are lost" in caplog.text
