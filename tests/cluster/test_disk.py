"""The disk of one worker is full."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.cluster import check

SIZE = 2 * 2**20
ON_A_SMALL_DISK = f'mount -t tmpfs -o size={SIZE} none "$0" && exec "$@"'


def can_mount() -> bool:
    unshare = shutil.which("unshare")
    trial = ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(unshare) and subprocess.run([unshare, *trial], capture_output=True, check=False).returncode == 0


def is_small(folder: Path) -> bool:
    """Whether it is on the small disk."""
    found = os.statvfs(folder)
    return found.f_blocks * found.f_frsize == SIZE


def fill(folder: Path) -> Path:
    """All of the small disk, and of no other."""
    assert is_small(folder)
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        assert file.write(bytes(2 * SIZE)) <= SIZE, "what does not fit is not written"
    return filler


if can_mount():  # elsewhere there is no small disk to be had

    def test_a_worker_whose_disk_is_full_waits_for_memory_and_loses_nothing(cluster, films, undisturbed):
        """A few observations are held in memory; with more its film waits, while nobody settles those."""
        place = cluster()
        spool = place.folder / "spool"
        spool.mkdir()
        ill = place.worker(
            "ingest", name="ill", at_once=1, before=("unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, str(spool))
        )
        seen = Path(f"/proc/{ill.process.pid}/root{spool}")
        place.until(lambda: is_small(seen), "its disk")
        fill(seen)
        place.beat()
        first = place.watch(films[0], name="first")
        place.until(lambda: "No space left" in ill.said(), "it to say that its disk is full")
        assert place.commits() <= 0
        place.worker("settle", "deliver")
        place.worker("ingest", name="well")
        place.watch(*films[1:], name="others")
        check(place, place.finish(len(films)), undisturbed)
        assert first.wait(60) == 0, place.tell()
        assert ill.alive
