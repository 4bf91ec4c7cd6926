"""What the user named, as streams."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources import expand, natural, offsets
from vidette.errors import ConfigError
from vidette.ids import content_tag, stream_id

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def put(clip, tmp_path):
    """`put("clip2.mp4")`: a real clip of 4 s at that path, different from every other, last changed at AT."""

    def place(name: str, *, at: datetime = AT, **recipe) -> Path:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip("plain.mp4", **recipe), target)
        with target.open("ab") as handle:
            handle.write(b"\0\0\0\x18free" + name.encode()[-16:].rjust(16))
        os.utime(target, (at.timestamp(), at.timestamp()))
        return target

    return place


def names(expansion) -> list[str]:
    return [spec.paths[0].name for spec in expansion.specs]


def test_one_file(put):
    path = put("yard.mp4")
    (spec,) = expand([str(path)]).specs
    assert spec.name == f"yard-{content_tag(path)}"
    assert spec.stream_id == stream_id(spec.name)
    assert (spec.paths, spec.offsets_s) == ((path,), (0.0,))
    assert spec.duration_s == pytest.approx(4.0)
    assert (spec.width, spec.height) == (160, 120)


def test_the_start_time_comes_from_the_best_that_is_known(put):
    tag = {"metadata": {"creation_time": "2023-01-02T03:04:05Z"}}
    cases = [
        (put("a_20240101_000000.mp4", **tag), {"start_time": AT}, AT, "option"),
        (put("b_20240101_000000.mp4", **tag), {}, datetime(2023, 1, 2, 3, 4, 5, tzinfo=UTC), "metadata"),
        (put("c_20240101_000000.mp4"), {}, datetime(2024, 1, 1, tzinfo=UTC), "name"),
        (put("2024-05-06/07-08-09.mp4"), {}, AT, "name"),
        (put("d.mp4"), {}, AT - timedelta(seconds=4), "file time"),
    ]
    for path, options, start, told in cases:
        (spec,) = expand([str(path)], **options).specs
        assert (spec.start, spec.start_from) == (start, told)


def test_ids_do_not_depend_on_the_start_time(put):
    path = put("yard.mp4")
    one, two = (expand([str(path)], start_time=at).specs[0] for at in (AT, AT + timedelta(days=9)))
    assert (one.name, one.stream_id) == (two.name, two.stream_id)


def test_naive_times_are_in_the_zone(put):
    path = put("a_20240506_090809.mp4")
    paris = ZoneInfo("Europe/Paris")
    assert expand([str(path)], tz=paris).specs[0].start == AT
    assert (
        expand([str(path)], start_time=datetime(2024, 5, 6, 9, 8, 9), tz=paris).specs[0].start == AT
    )  # naive on purpose


def test_folders_in_natural_order_without_what_is_hidden_or_no_video(put, tmp_path):
    for name in ("clip10.mp4", "clip2.mp4", "Clip1.MP4", "sub/clip3.mp4", ".hidden.mp4", ".git/clip4.mp4"):
        put(name)
    (tmp_path / "notes.txt").write_text("no video")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    found = expand([str(tmp_path)])
    assert names(found) == ["Clip1.MP4", "clip2.mp4", "clip10.mp4", "clip3.mp4"]
    assert found.errors == ()


def test_globs(put, tmp_path):
    for name in ("a2.mp4", "a10.mp4", "b1.mp4"):
        put(name)
    (tmp_path / "a3.json").write_text("{}")
    assert names(expand([str(tmp_path / "a*")])) == ["a2.mp4", "a10.mp4"]
    assert names(expand([str(tmp_path / "**" / "b?.mp4")])) == ["b1.mp4"]


def test_a_file_may_be_called_like_a_glob(put):
    assert names(expand([str(put("odd[1].mp4"))])) == ["odd[1].mp4"]


def test_a_file_named_twice_is_one_stream(put, tmp_path):
    path = put("a.mp4")
    assert len(expand([str(path), str(tmp_path), str(tmp_path / "*.mp4")]).specs) == 1


def test_a_copy_is_told(put, tmp_path):
    path = put("one/a.mp4")
    (tmp_path / "two").mkdir()
    shutil.copy(path, tmp_path / "two" / "a.mp4")
    found = expand([str(tmp_path)])
    assert len(found.specs) == 1
    assert "copy of" in str(found.errors[0])


def test_one_bad_file_does_not_stop_the_others(put, tmp_path):
    put("good.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    found = expand([str(tmp_path), str(tmp_path / "none.mp4"), "ftp://camera/1", str(tmp_path / "x*.mkv")])
    assert names(found) == ["good.mp4"]
    said = [str(error) for error in found.errors]
    assert [text for text in said if "\n" in text] == []
    for word in ("bad.mp4", "no such file", "ftp://camera/1", "no file matches"):
        assert any(word in text for text in said), word


def test_an_empty_folder_is_told(tmp_path):
    assert "no video in the folder" in str(expand([str(tmp_path)]).errors[0])


def test_nothing_to_watch():
    with pytest.raises(ConfigError, match="nothing to watch"):
        expand([])


@pytest.mark.parametrize(
    "argument", ["concat:a.mp4|b.mp4", "subfile,,start,0:/etc/passwd", "\0", "", "ftp://x/a.mp4", "x" * 5000]
)
def test_hostile_arguments_are_told_in_a_line(put, tmp_path, monkeypatch, argument):
    put("here.mp4")
    monkeypatch.chdir(tmp_path)
    found = expand([argument])
    assert found.specs == ()
    assert len(found.errors) == 1


def test_files_whose_names_tell_that_they_follow_are_one_stream(put, tmp_path):
    for at in ("070800", "070804", "070809", "071000"):
        put(f"gate_20240506_{at}.mp4")
    put("yard_20240506_070804.mp4")
    first, second, other = expand([str(tmp_path)]).specs
    assert [p.name[-10:-4] for p in first.paths] == ["070800", "070804", "070809"]
    assert first.offsets_s == pytest.approx((0.0, 4.0, 9.0)), "the second between them stays a gap"
    assert first.duration_s == pytest.approx(13.0)
    assert second.paths[0].name == "gate_20240506_071000.mp4"
    assert other.paths[0].name.startswith("yard")


def test_numbered_parts_join_by_their_file_times(put, tmp_path):
    for number in (9, 10, 11):
        put(f"part{number}.mp4", at=AT + timedelta(seconds=4.3 * number))
    (spec,) = expand([str(tmp_path)]).specs
    assert [p.name for p in spec.paths] == ["part9.mp4", "part10.mp4", "part11.mp4"]
    assert spec.offsets_s == pytest.approx((0.0, 4.0, 8.0))
    assert spec.start == AT + timedelta(seconds=4.3 * 9 - 4)


def test_files_copied_at_one_moment_do_not_join(put, tmp_path):
    for number in (1, 2, 3):
        put(f"clip{number}.mp4")
    assert len(expand([str(tmp_path)]).specs) == 3


def test_a_name_for_one_and_for_several(put, tmp_path):
    for at in ("070800", "070804"):
        put(f"joined/gate_20240506_{at}.mp4")
    for name in ("a.mp4", "b.mp4"):
        put(f"apart/{name}")
    assert [s.name for s in expand([str(tmp_path / "joined")], name="gate").specs] == ["gate"]
    assert [s.name for s in expand([str(tmp_path / "apart")], name="gate").specs] == ["gate-1", "gate-2"]


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_natural_order_is_that_of_the_numbers(numbers):
    paths = sorted((Path(f"clip{n}.mp4") for n in numbers), key=natural)
    assert paths == [Path(f"clip{n}.mp4") for n in sorted(numbers)]


@given(st.lists(st.text(max_size=8)))
def test_natural_order_orders_anything(texts):
    sorted((Path(text) for text in texts), key=natural)


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(-3, 3)), min_size=1, max_size=20), st.booleans())
def test_offsets_never_overlap(parts, exact):
    group, at = [], AT
    for duration_s, gap_s in parts:
        group.append((at, duration_s))
        at += timedelta(seconds=max(0.0, duration_s + gap_s))
    begins = offsets(group, exact=exact)
    for (a, b), (_, duration_s) in zip(pairwise(begins), group, strict=False):
        assert b >= a + duration_s - 1e-9
        assert exact or b == a + duration_s


def test_a_camera_is_a_stream_that_begins_now_and_has_no_credentials(put):
    before = datetime.now(UTC)
    (spec,) = expand(["rtsp://user:hunter2@camera:554/1?password=hunter2"]).specs
    assert (spec.name, spec.url, spec.paths) == ("rtsp://camera:554/1", "rtsp://camera:554/1", ())
    assert before <= spec.start <= datetime.now(UTC)
    assert (spec.start_from, spec.stream_id) == ("clock", stream_id(spec.name))
    assert "hunter2" not in repr(spec)


def test_cameras_and_files_are_named_together(put):
    path = put("a.mp4")
    specs = expand(["rtsp://camera/1", str(path), "rtsp://u:p@camera/1"], name="yard").specs
    assert [(spec.name, spec.url) for spec in specs] == [("yard-1", "rtsp://camera/1"), ("yard-2", "")]
    assert expand(["rtsp://camera/1"], name="yard").specs[0].name == "yard"


@given(st.text("abc/é", min_size=1, max_size=600))
def test_a_camera_that_nobody_named_has_a_name_that_settings_can_have(path):
    (one, other) = expand([f"rtsp://camera/{path}", f"rtsp://camera/{path}x"]).specs
    assert 0 < len(one.name) <= 100
    assert one.name != other.name
