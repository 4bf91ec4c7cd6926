"""Only the named file is opened: no playlist, protocol or reference inside leads to another file or address."""

from pathlib import Path

import av
import pytest

from app import cli
from tests import bad_files
from tests.canary import canary, doorbell
from tests.clips import Recipe, make


@pytest.fixture
def bait(tmp_path):
    """A good clip that nobody named."""
    (tmp_path / "bait").mkdir()
    return make(tmp_path / "bait" / "bait.ts", Recipe(frames=50))


@pytest.fixture
def refused(tmp_path, capsys):
    """`refused(argument)`: it is told in one line, and nothing is remembered."""

    def run(argument) -> str:
        db = tmp_path / "v.db"
        assert cli.main(["watch", "-q", "--db", str(db), "--", str(argument)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert str(argument)[:20] in line
        assert not db.exists()
        return line

    return run


PLAYLISTS = [
    ("list.m3u8", bad_files.hls),
    ("list.mp4", bad_files.hls),
    ("list.ts", bad_files.hls),
    ("list.ffconcat", bad_files.concat),
    ("list.txt", bad_files.concat),
    ("list.mkv", bad_files.concat),
    ("list.mpd", bad_files.dash),
    ("list.mov", bad_files.dash),
]


@pytest.mark.parametrize(("name", "write"), PLAYLISTS, ids=[case[0] for case in PLAYLISTS])
@pytest.mark.parametrize("form", ["{}", "file:{}", "http://127.0.0.1:{port}/x.ts"])
def test_a_playlist_leads_nowhere(name, write, form, bait, tmp_path, refused):
    with canary(bait) as bird, doorbell() as bell:
        write(tmp_path / name, form.format(bait, port=bell.port))
        assert "it is a playlist; give the files that it names" in refused(tmp_path / name)
        assert not bird.sang()
        assert not bell.rang()


def test_the_bird_sings_and_the_bell_rings(bait, tmp_path):
    """The same playlists where nothing forbids them: what the other tests look for can be seen."""
    with canary(bait) as bird, doorbell() as bell:
        bad_files.concat(tmp_path / "list.ffconcat", str(bait))
        av.open(str(tmp_path / "list.ffconcat"), options={"safe": "0"}).close()
        assert bird.sang()
        bad_files.elsewhere(tmp_path / "elsewhere.mov", bait)
        av.open(str(tmp_path / "elsewhere.mov"), options={"enable_drefs": "1", "use_absolute_path": "1"}).close()
        assert bird.sang()
        with pytest.raises(av.FFmpegError):
            av.open(f"tcp://127.0.0.1:{bell.port}?listen=0&timeout=100000", timeout=1.0)
        assert bell.rang()


def test_a_movie_whose_pictures_lie_elsewhere(bait, tmp_path, refused):
    bad_files.elsewhere(tmp_path / "elsewhere.mov", bait)
    with canary(bait) as bird:
        refused(tmp_path / "elsewhere.mov")
        assert not bird.sang()


def test_a_description_of_a_stream(tmp_path, refused):
    bad_files.sdp(tmp_path / "list.sdp", 5004)
    assert "it describes a stream" in refused(tmp_path / "list.sdp")


@pytest.mark.parametrize(
    "argument",
    [
        "concat:{0}|{0}",
        "concatf:{0}",
        "subfile,,start,0,end,9999,,:{0}",
        "file:{0}",
        "file://{0}",
        "async:file:{0}",
        "cache:{0}",
        "crypto:{0}",
        "tee:{0}",
        "pipe:0",
        "fd:0",
        "data:video/mp4;base64,AAAA",
        "hls+http://127.0.0.1:{port}/x.m3u8",
        "tcp://127.0.0.1:{port}",
        "rtp://127.0.0.1:{port}",
        "unix:{0}",
        "lavfi:testsrc",
    ],
)
def test_a_protocol_is_no_file(argument, bait, refused):
    with canary(bait) as bird, doorbell() as bell:
        refused(argument.format(bait, port=bell.port))
        assert not bird.sang()
        assert not bell.rang()


@pytest.mark.parametrize("name", ["concat:a|b.mp4", "file:a.mp4", "pipe:0", "subfile,,start,0,end,9,,:a.mp4", "data:,"])
def test_a_file_may_be_called_like_a_protocol(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "clip.mp4", Recipe(frames=5)).rename(tmp_path / name)
    assert cli.main(["watch", "-q", "--db", "v.db", "--", name]) == 0
    assert Path("v.db").is_file()
    assert capsys.readouterr().err == ""


def test_a_pattern_in_a_name_is_a_name(tmp_path, capsys):
    """`frame%d.mp4` is one file, not every frame of a sequence."""
    make(tmp_path / "frame%d.mp4", Recipe(frames=5))
    next_one = make(tmp_path / "frame1.mp4", Recipe(frames=5))
    with canary(next_one) as bird:
        assert cli.main(["watch", "-q", "--db", str(tmp_path / "v.db"), "--", str(tmp_path / "frame%d.mp4")]) == 0
        assert not bird.sang()
    assert capsys.readouterr().err == ""
