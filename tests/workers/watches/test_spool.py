"""What waits on disk: whole, in order, within its bounds, and whatever happened to it meanwhile."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.privileges import modes_hold
from vidette import codec, ids
from vidette.errors import StoreError
from vidette.models import Assertion, EventType, Observation, Run
from workers.watches.spool import Room, Spool, waiting

RUN = Run(id="fast", model="fast", revision="1")
YARD = ids.stream_id("yard")


def said(sequence: int, fence: int = 1, *, carry: bytes = b"\x00carry\xff", stream: str = YARD) -> Observation:
    seen = Assertion(
        id=f"{sequence}",
        stream_id=stream,
        look="fast",
        run_id="fast",
        type=EventType.LOITERING,
        start_s=float(sequence),
        end_s=None,
        confidence=0.5,
        caption="somebody waits — «Größe» \N{BOMB}",
    )
    return Observation(
        id=f"{fence}-{sequence}",
        stream_id=stream,
        look="fast",
        run=RUN,
        start_s=float(sequence),
        end_s=sequence + 1.0,
        watermark_s=sequence + 1.0,
        sequence=sequence,
        carry=carry,
        fence=fence,
        assertions=(seen,),
    )


def spool(folder: Path, room: Room | None = None, stream: str = YARD) -> Spool:
    return Spool(folder, stream, room or Room(1))


def test_what_is_kept_comes_back_as_it_was_and_in_order(tmp_path):
    kept = spool(tmp_path)
    for sequence in (0, 1, 2, 10, 11):
        kept.add(said(sequence), sync=sequence == 1)
    assert kept.places == [(1, 0), (1, 1), (1, 2), (1, 10), (1, 11)]
    assert [kept.get(place) for place in kept.places] == [said(one) for one in (0, 1, 2, 10, 11)]


def test_another_process_finds_what_this_one_left(tmp_path):
    first = spool(tmp_path)
    first.add(said(3, fence=2))
    first.add(said(2, fence=2))
    first.close()
    room = Room(1)
    second = spool(tmp_path, room)
    assert second.places == [(2, 2), (2, 3)]
    assert second.get((2, 3)) == said(3, fence=2)
    assert room.taken == sum(file.stat().st_size for file in second.folder.iterdir())
    second.clear()
    assert (second.places, room.taken, list(second.folder.iterdir())) == ([], 0, [])


def test_the_room_is_that_of_all_spools_of_a_process(tmp_path):
    room, big = Room(1), b"x" * 400_000
    yard, gate = spool(tmp_path, room), spool(tmp_path, room, ids.stream_id("gate"))
    yard.add(said(0, carry=big))
    gate.add(said(0, carry=big, stream=ids.stream_id("gate")))
    with pytest.raises(StoreError, match="bytes wait in") as full:
        yard.add(said(1, carry=big))
    assert full.value.retryable
    assert yard.places == [(1, 0)]
    yard.add(said(1))  # a small one fits
    gate.drop((1, 0))
    yard.add(said(2, carry=big))
    assert yard.places == [(1, 0), (1, 1), (1, 2)]
    assert room.left


def test_what_is_there_from_before_is_counted_even_where_it_is_too_much(tmp_path):
    before = spool(tmp_path, Room(10))
    for sequence in range(4):
        before.add(said(sequence, carry=b"x" * 300_000))
    before.close()
    room = Room(1)
    after = spool(tmp_path, room)
    assert len(after.places) == 4
    assert not room.left
    with pytest.raises(StoreError):
        after.add(said(4))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-20],
        lambda data: b"\xff" * 100,
        lambda data: b"[]",
        lambda data: data.replace(YARD.encode(), ids.stream_id("gate").encode()),
        lambda data: data.replace(b'"sequence":1', b'"sequence":7'),
    ],
)
def test_what_is_damaged_is_put_aside_with_a_line(tmp_path, caplog, damage):
    kept = spool(tmp_path)
    for sequence in range(3):
        kept.add(said(sequence))
    file = kept.folder / "000001-0000000001.json"
    file.write_bytes(damage(file.read_bytes()))
    assert kept.get((1, 1)) is None
    assert "is put aside" in caplog.text
    assert kept.places == [(1, 0), (1, 2)]
    assert sorted(one.name for one in kept.folder.iterdir()) == [
        "000001-0000000000.carry",
        "000001-0000000000.json",
        "000001-0000000001.damaged",
        "000001-0000000002.carry",
        "000001-0000000002.json",
    ]
    kept.close()
    assert spool(tmp_path).places == [(1, 0), (1, 2)]


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-1], lambda data: bytes(len(data))])
def test_an_observation_whose_carry_is_damaged_is_damaged(tmp_path, caplog, damage):
    kept = spool(tmp_path)
    kept.add(said(0))
    file = kept.folder / "000001-0000000000.carry"
    file.write_bytes(damage(file.read_bytes()))
    assert kept.get((1, 0)) is None
    assert "its carry is damaged" in caplog.text
    assert kept.places == []


def test_without_its_carry_it_takes_little_and_is_as_it_was_else(tmp_path):
    room = Room(1)
    kept = spool(tmp_path, room)
    kept.add(said(0, carry=b"x" * 100_000))
    kept.add(said(1, carry=b"y"))
    kept.thin((1, 0))
    kept.thin((1, 0))
    kept.thin((1, 7))
    assert [kept.whole(place) for place in kept.places] == [False, True]
    assert room.taken < 3000
    again = spool(tmp_path, Room(1))
    assert [again.get(place) for place in again.places] == [said(0, carry=b""), said(1, carry=b"y")]
    assert [again.whole(place) for place in again.places] == [False, True]
    again.clear()
    assert not list(again.folder.iterdir())


def test_what_the_version_before_kept_is_read(tmp_path):
    """One file, with the carry in it."""
    (tmp_path / YARD).mkdir()
    (tmp_path / YARD / "000001-0000000004.json").write_bytes(codec.encode(said(4)))
    assert spool(tmp_path).get((1, 4)) == said(4)


class Dead(BaseException):
    """The process is no more."""


class Mortal:
    """A disk that a process writes to until it dies, after so many writes."""

    def __init__(self, patched: pytest.MonkeyPatch, writes: int) -> None:
        self.left = writes
        for name in ("replace", "unlink", "open"):
            patched.setattr(Path, name, self._counted(getattr(Path, name)))

    def _counted(self, real):
        def counted(path, *given, **more):
            self.left -= 1
            if self.left < 0:
                raise Dead
            return real(path, *given, **more)

        return counted


ACTS = st.lists(st.sampled_from(["add", "add", "add", "thin", "drop", "again"]), max_size=25)


@given(acts=ACTS, writes=st.integers(0, 60))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_process_that_dies_between_any_two_writes_leaves_each_whole_or_not_at_all(acts, writes, tmp_path_factory):
    """What was kept is there, in order, with the carries that were not taken; only what it was about may be or not."""
    folder, room = tmp_path_factory.mktemp("spool"), Room(1)
    there: dict[tuple[int, int], bytes] = {}
    under_way: set[tuple[int, int]] = set()
    following = 0
    with pytest.MonkeyPatch.context() as patched:
        kept = spool(folder, room)
        Mortal(patched, writes)
        with suppress(Dead):
            for act in acts:
                oldest = min(there, default=(1, following))
                under_way = {(1, following) if act == "add" else oldest}
                if act == "add":
                    kept.add(said(following, carry=b"%d" % following), sync=bool(following % 2))
                    there[1, following] = b"%d" % following
                    following += 1
                elif act == "thin" and there:
                    kept.thin(oldest)
                    there[oldest] = b""
                elif act == "drop":
                    kept.drop(oldest)
                    there.pop(oldest, None)
                elif act == "again":
                    kept.close()
                    kept = spool(folder, room)
            under_way = set()
    room = Room(1)
    after = spool(folder, room)
    assert set(after.places) - under_way == set(there) - under_way
    for place in after.places:
        found = after.get(place)
        assert found is not None
        assert found == said(place[1], carry=found.carry)
        assert found.carry in ({b"", b"%d" % place[1]} if place in under_way else {there[place]})
        assert after.whole(place) == bool(found.carry)
    files = list(after.folder.iterdir()) if after.folder.is_dir() else []
    assert room.taken == sum(file.stat().st_size for file in files)


def test_what_was_not_written_to_its_end_is_no_observation(tmp_path):
    kept = spool(tmp_path)
    kept.add(said(0))
    (kept.folder / "000001-0000000001.part").write_bytes(b'{"id":')
    (kept.folder / "notes.txt").write_text("of somebody else")
    again = spool(tmp_path)
    assert again.places == [(1, 0)]
    assert sorted(one.name for one in again.folder.iterdir()) == [
        "000001-0000000000.carry",
        "000001-0000000000.json",
        "notes.txt",
    ]


def test_a_disk_that_takes_nothing_is_said(tmp_path):
    kept, room = None, Room(1)
    tmp_path.chmod(0o500)
    try:
        with modes_hold():
            kept = spool(tmp_path, room)
            with pytest.raises(StoreError, match="cannot write to") as refused:
                kept.add(said(0))
    finally:
        tmp_path.chmod(0o700)
    assert refused.value.retryable
    assert (kept.places, room.taken) == ([], 0)


@given(st.text(max_size=300))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_stream_of_any_id_has_a_folder_of_its_own_inside(tmp_path, stream):
    inside = spool(tmp_path, stream=stream).folder
    assert inside.parent == tmp_path
    assert inside.name not in ("", ".", "..")
    assert os.path.basename(inside) == inside.name
    assert len(inside.name) <= 64


def test_all_that_waits_is_known_by_stream(tmp_path):
    assert waiting(tmp_path / "nowhere") == {}
    spool(tmp_path).add(said(1, fence=3))
    spool(tmp_path).add(said(2, fence=4))
    spool(tmp_path, stream=ids.stream_id("gate"))
    assert waiting(tmp_path) == {YARD: [(3, 1), (4, 2)]}


def test_the_same_twice_is_one(tmp_path):
    room = Room(1)
    kept = spool(tmp_path, room)
    kept.add(said(0))
    taken = room.taken
    kept.add(replace(said(0)))
    assert (kept.places, room.taken) == ([(1, 0)], taken)
