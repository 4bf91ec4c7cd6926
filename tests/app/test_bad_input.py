"""Bad sources through the real command line: one line that names each, the right exit code, the others go on."""

import json
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from app import cli
from tests import bad_files
from tests.clips import Recipe, make


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What a watch said and what memory holds of it: coverage rows by the stream's name."""

    code: int
    lines: list[str]
    coverage: dict[str, list[dict]]

    def of(self, path: Path) -> list[dict]:
        """Coverage of the stream that a file became; it tiles its time."""
        (rows,) = [rows for name, rows in self.coverage.items() if name.startswith(path.stem)] or [[]]
        assert all(a["end_s"] == b["start_s"] for a, b in pairwise(rows))
        return rows


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """Two seconds with nothing wrong."""
    return make(tmp_path_factory.mktemp("good") / "good.mp4", Recipe(frames=50))


@pytest.fixture
def watch(tmp_path, good, capsys):
    """`watch(path, ...)`: those and, after them, a good clip; checks that the good one is whole in memory."""

    def run(*sources, options=()):
        capsys.readouterr()
        db = ["--db", str(tmp_path / "v.db")]
        code = cli.main(["watch", *options, "-q", *db, "--", *map(str, sources), str(good)])
        said = capsys.readouterr()
        assert said.out == ""
        cli.main(["coverage", "--json", *db, "--limit", "100000"])
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        streams = {row["stream"]: [one for one in rows if one["stream"] == row["stream"]] for row in rows}
        watched = Watched(code=code, lines=said.err.splitlines(), coverage=streams)
        whole = watched.of(good)
        assert (whole[0]["start_s"], whole[-1]["end_s"], {row["state"] for row in whole}) == (0, 2, {"watched"})
        return watched

    return run


REFUSED = [
    ("missing.mp4", lambda path: None, "no such file"),
    ("empty.mp4", bad_files.empty, "empty file"),
    ("text.mp4", bad_files.text, "it is text"),
    ("noise.mp4", bad_files.noise, "not a video"),
    ("noise.ts", bad_files.noise, "not a video"),
    ("noise.mjpeg", bad_files.noise, "no picture can be decoded"),
    ("cut.mp4", bad_files.before_moov, "its index (moov) is missing"),
    ("opens.mp4", bad_files.damaged_moov, "no picture can be decoded"),
    ("tables.mp4", bad_files.spoiled_moov, "convert it"),
    ("sound.mp4", bad_files.sound_only, "no video in"),
    ("words.mkv", bad_files.words_only, "only attachment, subtitle"),
    ("zero.y4m", bad_files.no_size, "not a video"),
    ("wide.y4m", bad_files.too_wide, "60000x16"),
    ("bomb.avi", bad_files.picture_bomb, "no picture can be decoded"),
    ("photo.jpg", bad_files.picture, "it is a picture"),
    ("photo.png", bad_files.picture, "it is a picture"),
    ("photo.mp4", lambda path: shutil.move(jpeg_beside(path), path), "it is a picture"),
    ("zip.mp4", bad_files.archive, "it is an archive"),
    ("pipe.mp4", bad_files.fifo, "not a regular file"),
    ("socket.mp4", bad_files.unix_socket, "not a regular file"),
    ("loop.mp4", lambda path: path.symlink_to(path), "symbolic links"),
    ("gone.mp4", lambda path: path.symlink_to(path.with_name("nowhere")), "no such file"),
]


def jpeg_beside(path: Path) -> Path:
    aside = path.with_suffix(".jpg")
    bad_files.picture(aside)
    return aside


@pytest.mark.parametrize(("name", "build", "says"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_is_no_video_is_one_line_and_the_others_go_on(name, build, says, tmp_path, watch):
    build(tmp_path / name)
    seen = watch(tmp_path / name)
    assert seen.code == 1
    (line,) = seen.lines
    assert line.startswith("failed: ")
    assert repr(str(tmp_path / name)) in line
    assert says in line
    assert len(seen.coverage) == 1


@pytest.mark.parametrize("name", ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty"])
def test_a_device_is_refused_without_being_read(name, watch):
    seen = watch(name)
    (line,) = seen.lines
    assert seen.code == 1
    assert f"not a regular file: {name!r}" in line


@pytest.mark.parametrize(
    ("name", "build", "read_s", "lost_s", "why"),
    [
        ("cut.mp4", bad_files.after_moov, (4, 6.5), 10.0, "the file ends early"),
        ("middle.mp4", bad_files.corrupt_middle, (3.5, 4.5), 7.0, "damaged"),
    ],
)
def test_what_can_be_read_is_watched_and_the_rest_has_failed(name, build, read_s, lost_s, why, tmp_path, watch):
    build(tmp_path / name)
    seen = watch(tmp_path / name)
    assert seen.code == 1
    (line,) = seen.lines
    assert line.startswith(f"not watched: {Path(name).stem}-")
    rows = seen.of(tmp_path / name)
    (lost,) = [row for row in rows if row["state"] == "failed"]
    assert why in lost["reason"]
    assert why in line
    assert read_s[0] < lost["start_s"] < read_s[1]
    assert lost["end_s"] == pytest.approx(lost_s, abs=1)
    assert {row["state"] for row in rows if row is not lost} == {"watched"}
    assert (rows[0]["start_s"], rows[-1]["end_s"]) == (0, bad_files.SECONDS)


def test_a_picture_bomb_after_a_good_picture_is_damage(tmp_path, watch):
    bad_files.late_picture_bomb(tmp_path / "late.avi")
    seen = watch(tmp_path / "late.avi", options=["--sample", "25"])
    assert seen.code == 1
    assert [row["state"] for row in seen.of(tmp_path / "late.avi")][-1] == "failed"


WATCHED = [
    ("one.mp4", bad_files.one_frame, 0.04),
    ("one.avi", bad_files.one_frame, 0.04),
    ("one.mkv", bad_files.one_frame, 0.04),
    ("zero.mp4", bad_files.claims_no_size, 2),
    ("wide.mp4", bad_files.claims_too_wide, 2),
    ("fast.avi", bad_files.absurd_rate, 2),
    ("slow.avi", bad_files.absurd_slowness, 2),
    ("dense.mp4", bad_files.dense_times, 0.06),
    ("negative.mkv", bad_files.negative_times, 2),
    ("huge.mkv", bad_files.huge_times, 2),
    ("equal.mkv", bad_files.equal_times, 2),
    ("backward.ts", bad_files.backward_times, 4),
    ("endless.mkv", bad_files.endless, 2),
]


@pytest.mark.parametrize(("name", "build", "end_s"), WATCHED, ids=[case[0] for case in WATCHED])
def test_what_is_odd_but_can_be_read_is_watched_whole(name, build, end_s, tmp_path, watch):
    build(tmp_path / name)
    seen = watch(tmp_path / name)
    assert (seen.code, seen.lines) == (0, [])
    rows = seen.of(tmp_path / name)
    assert {row["state"] for row in rows} == {"watched"}
    assert rows[0]["start_s"] == 0
    assert rows[-1]["end_s"] == pytest.approx(end_s, abs=0.05)
