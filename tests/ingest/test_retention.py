"""Old media goes, young media stays as long as there is room, and what is not ours is never touched."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import retention
from ingest.gone import gone, note, why_missing
from ingest.live.recordings import folder_of, name_of
from ingest.media import FolderMedia
from ingest.media_files import media_files
from ingest.retention import FRESH_S, Kind, Retention
from vidette.errors import StoreError
from vidette.ids import stream_id
from vidette.settings import KeepSettings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = 86_400.0
FOREIGN = ["notes.txt", "ab/readme.md", "recordings/holiday.mp4", "cd/" + "0" * 64 + ".mp4", "recordings/my cam/a.mp4"]


class Folder:
    """A folder of media on a disk of so many bytes, with what alerts hold of it."""

    def __init__(self, root: Path, capacity: int = 10**15) -> None:
        self.root, self.capacity = root, capacity
        self.held: dict[str, datetime] = {}
        self.told: list[str] = []
        self.kinds: dict[Path, Kind] = {}
        root.mkdir(parents=True, exist_ok=True)

    def put(self, kind: Kind, days: float, size: int = 100, number: int = 0) -> Path:
        """A file that was written so many days ago."""
        at = NOW - timedelta(days=days)
        if kind is Kind.RECORDING:
            path = folder_of(self.root, stream_id(f"cam {number % 3}")) / name_of(at + timedelta(seconds=number))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"r" * size)
        else:
            data = f"{kind} {days} {number} ".encode().ljust(size, b".")
            sha256, _ = FolderMedia(self.root).put(data, ".mp4" if kind is Kind.ALERT else ".jpg")
            path = FolderMedia(self.root).path(sha256)
            if kind is Kind.ALERT:
                self.held[sha256] = at
        os.utime(path, (at.timestamp(), at.timestamp()))
        self.kinds[path] = kind
        return path

    def retention(self, **keep) -> Retention:
        given = {"free_gb": 0, **keep}
        return Retention(
            self.root,
            KeepSettings.model_validate(given),
            held=lambda asked: {one: self.held[one] for one in asked if one in self.held},
            told=self.told.append,
            free=lambda _: self.capacity - sum(path.stat().st_size for path in self.there()),
        )

    def there(self) -> set[Path]:
        return {path for path in self.kinds if path.exists()}


def swept(keeper: Retention, now: datetime = NOW):
    """Sweeps until there is no more to do; -> what they did."""
    out = [keeper.sweep(now)]
    while out[-1].more:
        assert len(out) < 100
        out.append(keeper.sweep(now))
    return out


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "media")


def test_each_kind_goes_after_its_own_time(folder):
    paths = {(kind, days): folder.put(kind, days) for kind in Kind for days in (1, 8, 31, 366)}
    (done,) = swept(folder.retention())
    left = {key for key, path in paths.items() if path.exists()}
    assert left == {
        (Kind.RECORDING, 1),
        *((Kind.PICTURE, days) for days in (1, 8)),
        *((Kind.ALERT, days) for days in (1, 8, 31)),
    }
    assert (done.files, done.early, done.more, folder.told) == (6, 0, False, [])


def test_a_picture_that_a_young_alert_holds_too_stays(folder):
    path = folder.put(Kind.PICTURE, 400)
    folder.held[path.stem] = NOW - timedelta(days=2)
    swept(folder.retention())
    assert path.exists()
    folder.held[path.stem] = NOW - timedelta(days=366)
    swept(folder.retention())
    assert not path.exists()


def test_a_picture_that_is_kept_once_more_is_young_again(folder):
    path = folder.put(Kind.PICTURE, 40)
    FolderMedia(folder.root).put(path.read_bytes(), ".jpg")
    swept(folder.retention(), datetime.now(UTC))
    assert path.exists()


def test_what_is_not_ours_is_never_touched(folder, tmp_path):
    old = (NOW - timedelta(days=4000)).timestamp()
    outside = tmp_path / "outside" / ("1" * 64 + ".jpg")
    outside.parent.mkdir()
    outside.write_bytes(b"mine")
    for name in FOREIGN:
        path = folder.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
        os.utime(path, (old, old))
    (folder.root / "11").symlink_to(outside.parent)
    (folder.root / "22").mkdir()
    (folder.root / "22" / ("2" * 64 + ".jpg")).symlink_to(outside)
    os.utime(outside, (old, old))
    folder.capacity = -(10**12)  # no room at all
    swept(folder.retention())
    assert all((folder.root / name).read_bytes() == b"mine" for name in FOREIGN)
    assert outside.read_bytes() == b"mine"
    assert (folder.root / "22" / ("2" * 64 + ".jpg")).is_symlink()


def test_what_a_kill_left_half_written_goes_after_a_day(folder):
    shelf = folder.root / "ab"
    shelf.mkdir()
    names = [f"ab/.{'ab' * 32}.jpg.0011aabb.part", ".clip-0011aabb.part"]
    for days, gone_by in ((0.5, False), (1.5, True)):
        at = (NOW - timedelta(days=days)).timestamp()
        for name in names:
            (folder.root / name).write_bytes(b"half")
            os.utime(folder.root / name, (at, at))
        swept(folder.retention())
        assert [(folder.root / name).exists() for name in names] == [not gone_by] * 2


def test_too_little_room_takes_recordings_then_pictures_then_alerts_the_oldest_first(folder):
    for kind in Kind:
        for number in range(4):
            folder.put(kind, 1 + number / 10, size=100, number=number)
    gone_before: list[Kind] = []
    for missing in (100, 400, 600, 1000, 1200):
        folder.capacity = 1200 - missing
        swept(folder.retention())
        lost = Counter(folder.kinds[path] for path in folder.kinds if not path.exists())
        assert sum(lost.values()) == missing / 100
        gone_before = [kind for kind in Kind if lost[kind] == 4]
        assert all(lost[kind] == 0 for kind in list(Kind)[len(gone_before) + 1 :])
        for kind in Kind:
            ages = {path: path.stat().st_mtime for path in folder.there() if folder.kinds[path] is kind}
            oldest = sorted((path for path in folder.kinds if folder.kinds[path] is kind), key=str)
            assert len(ages) == len(oldest) - lost[kind]
    assert gone_before == list(Kind)


def test_what_goes_before_its_time_is_told_at_most_once_an_hour_and_all_of_it(folder):
    for number in range(20):
        folder.put(Kind.RECORDING, 2 - number / 100, size=100, number=number)
    folder.capacity = 2000 - 300
    keeper = folder.retention()
    assert sum(one.early for one in swept(keeper)) == 3
    assert len(folder.told) == 1
    assert "3 of recordings (7 days asked)" in folder.told[0]
    folder.capacity -= 200
    swept(keeper, NOW + timedelta(minutes=10))
    folder.capacity -= 100
    swept(keeper, NOW + timedelta(minutes=20))
    assert len(folder.told) == 1
    swept(keeper, NOW + timedelta(minutes=61))
    assert "3 of recordings" in folder.told[1]
    swept(keeper, NOW + timedelta(hours=9))
    assert len(folder.told) == 2


def test_it_is_told_that_nothing_is_left_that_may_go(folder):
    fresh = folder.put(Kind.PICTURE, FRESH_S / DAY / 2)
    folder.capacity = -(10**9)
    keeper = folder.retention()
    (done,) = swept(keeper)
    assert fresh.exists()
    assert (done.early, done.more, done.low_bytes) == (0, False, 10**9 + 100)
    assert "nothing is left that may go" in folder.told[0]


def test_all_media_together_are_bounded(folder):
    for number in range(10):
        folder.put(Kind.PICTURE, 1 + number, size=1000, number=number)
    swept(folder.retention(max_gb=4500 / 1e9))
    assert len(folder.there()) == 4
    assert all(path.stat().st_mtime > (NOW - timedelta(days=5)).timestamp() for path in folder.there())


def test_a_sweep_does_a_bounded_share_of_the_work(folder, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 7)
    for number in range(50):
        folder.put(Kind.PICTURE, 31 + number, number=number)
    keeper = folder.retention()
    done = swept(keeper)
    assert [one.files for one in done[:-1]] == [7] * 7
    assert folder.there() == set()


@settings(max_examples=60)
@given(st.data(), st.lists(st.integers(3, 9600), unique=True, max_size=12))
def test_nothing_young_goes_while_there_is_room_and_no_more_than_needed_where_not(tmp_path_factory, data, hours):
    folder = Folder(tmp_path_factory.mktemp("media"))
    days = {Kind.RECORDING: 7, Kind.PICTURE: 30, Kind.ALERT: 365}
    for number, age in enumerate(hours):
        folder.put(data.draw(st.sampled_from(list(Kind))), age / 24, data.draw(st.integers(60, 300)), number)
    sizes = {path: path.stat().st_size for path in folder.kinds}
    ages = {path: NOW.timestamp() - path.stat().st_mtime for path in folder.kinds}
    young = {path for path in folder.kinds if ages[path] <= days[folder.kinds[path]] * DAY}
    folder.capacity = data.draw(st.integers(0, max(1, sum(sizes.values()))))
    swept(folder.retention())
    left = folder.there()
    assert left <= young
    kept = sum(sizes[path] for path in left)
    assert kept <= folder.capacity
    order = list(Kind)

    def turn(path):
        return order.index(folder.kinds[path]), -ages[path]

    early = young - left
    if early:
        last = max(early, key=turn)
        assert kept + sizes[last] > folder.capacity  # without the last one there was too little room
        assert all(turn(path) > turn(last) for path in left)
        assert folder.told
    else:
        assert folder.told == []


def test_what_is_gone_is_said_where_it_is_asked_for(folder):
    path = folder.put(Kind.PICTURE, 40)
    with pytest.raises(StoreError, match="was the folder moved"):
        FolderMedia(folder.root).get("9" * 64)
    swept(folder.retention())
    with pytest.raises(StoreError, match=r"pictures of before 2026-04-22 .* no longer kept since 2026-06-01"):
        FolderMedia(folder.root).get(path.stem)
    assert why_missing(folder.root, "recordings") == ""


@given(st.binary(max_size=60))
def test_a_note_that_is_damaged_is_no_note(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("note")
    (root / ".gone.json").write_bytes(data)
    assert isinstance(gone(root), dict)
    note(root, {"recordings": 5.0}, 9.0)
    note(root, {"recordings": 3.0}, 10.0)
    assert gone(root)["recordings"].until == datetime.fromtimestamp(5, UTC)
    assert gone(root)["recordings"].at == datetime.fromtimestamp(10, UTC)


SMALL_DISK = """
import subprocess, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ingest.media import FolderMedia
from ingest.retention import Retention
from vidette.errors import StoreError
from vidette.settings import KeepSettings
disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], check=True)
media, told, refused, number = FolderMedia(disk / "media"), [], 0, 0
keeper = Retention(disk / "media", KeepSettings(free_gb=0.001), held=lambda asked: {}, told=told.append)
for number in range(300):
    try:
        media.put(number.to_bytes(4, "big") * 16_384, ".jpg")
    except StoreError:
        refused += 1
        while keeper.sweep(datetime.now(UTC) + timedelta(minutes=10)).more:
            pass
print(refused, len(told), sorted(path.stat().st_size for path in disk.rglob("*.jpg"))[0], (disk / "media" / ".gone.json").exists())
"""


def mounts() -> bool:
    unshare = shutil.which("unshare")
    trial = ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(unshare) and subprocess.run([unshare, *trial], capture_output=True, check=False).returncode == 0


if mounts():  # elsewhere what is counted above stands for it; a test that is skipped would fail where all must run

    def test_a_real_full_disk_is_written_to_again(tmp_path):
        """A real small disk (tmpfs), where a user may mount one."""
        command = ["unshare", "-rm", sys.executable, "-c", SMALL_DISK, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        refused, told, smallest, noted = done.stdout.split()
        assert 0 < int(refused) < 60  # each time some room was made
        assert (int(told), int(smallest), noted) == (1, 65_536, "True")


def test_half_a_file_has_no_address(folder):
    data = b"picture"
    sha256 = hashlib.sha256(data).hexdigest()
    shelf = folder.root / sha256[:2]
    shelf.mkdir()
    (shelf / f"{sha256}.jpg").write_bytes(data)
    (shelf / f"{sha256}.exe").write_bytes(data)
    assert [(one.kind, one.sha256) for one in media_files(folder.root)] == [("media", sha256)]
