import json

import av
import pytest

from app import cli


@pytest.fixture(scope="module")
def watched(street, tmp_path_factory):
    db = str(tmp_path_factory.mktemp("clip") / "v.db")
    assert cli.main(["watch", str(street), "--db", db, "-q"]) == 0
    return db


@pytest.fixture
def entered(watched, capsys):
    assert cli.main(["events", "--db", watched, "--type", "object_entered", "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[1])


def test_an_event_is_cut_out_by_the_start_of_its_id(watched, entered, tmp_path, capsys):
    out = tmp_path / "e.mp4"
    assert cli.main(["clip", entered["id"][:8], "--db", watched, "--out", str(out), "--pad", "1"]) == 0
    assert "object_entered" in capsys.readouterr().out
    with av.open(str(out)) as clip:
        seconds = len(list(clip.decode(video=0))) / 10
    assert 2 <= seconds <= 6  # an instant, a second around it, back to a keyframe


@pytest.mark.parametrize(
    ("event", "out", "code", "part"),
    [
        ("zzzzzzzz", "e.mp4", 2, "no event has the id 'zzzzzzzz'"),
        ("a", "e.mp4", 2, "too short"),
        (None, "e.exe", 2, "cannot write a clip as"),
        (None, "none/e.mp4", 2, "cannot write"),
    ],
)
def test_what_cannot_be_cut_is_told(event, out, code, part, watched, entered, tmp_path, capsys):
    assert cli.main(["clip", event or entered["id"], "--db", watched, "--out", str(tmp_path / out)]) == code
    assert part in capsys.readouterr().err


def test_two_events_of_one_beginning_are_not_guessed_at(watched, monkeypatch, capsys):
    from app import clip
    from graph.embedded import EmbeddedStore

    monkeypatch.setattr(clip, "SHORTEST", 0)
    store = EmbeddedStore(watched)
    with pytest.raises(Exception, match="events have ids that start with"):
        clip.find(store, "")
    store.close()


def test_what_was_only_told_has_no_clip(tmp_path, capsys):
    file, db = tmp_path / "t.srt", str(tmp_path / "v.db")
    file.write_text("1\n00:00:01,000 --> 00:00:03,500\nA man\n")
    cli.main(["import", str(file), "--db", db])
    cli.main(["events", "--db", db, "--json"])
    row = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert cli.main(["clip", row["id"], "--db", db, "--out", str(tmp_path / "e.mp4")]) == 1
    assert "no files to cut from" in capsys.readouterr().err


def test_a_source_that_is_gone_is_told(street, tmp_path, capsys):
    gone, db = tmp_path / "gone.mp4", str(tmp_path / "v.db")
    gone.write_bytes(street.read_bytes())
    cli.main(["watch", str(gone), "--db", db, "-q"])
    gone.unlink()
    cli.main(["events", "--db", db, "--json"])
    row = json.loads(capsys.readouterr().out.splitlines()[0])
    assert cli.main(["clip", row["id"], "--db", db, "--out", str(tmp_path / "e.mp4")]) == 1
    assert "put it back" in capsys.readouterr().err


def test_what_masks_hide_is_in_no_clip(watched, entered, street, tmp_path, capsys):
    settings, out = tmp_path / "vidette.yml", tmp_path / "e.mp4"
    whole = [[[0, 0], [1, 0], [1, 0.5], [0, 0.5]]]
    settings.write_text(json.dumps({"streams": [{"name": entered["stream"], "masks": whole}]}))
    asked = ["clip", entered["id"], "--db", watched, "--config", str(settings), "--out", str(out)]
    assert cli.main(asked) == 0
    assert "encoded anew" in capsys.readouterr().err
    with av.open(str(out)) as clip:
        pictures = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    assert pictures
    for picture in pictures:
        half = picture.shape[0] // 2
        assert picture[: half - 4].max() < 40
        assert picture[half + 4 :].mean() > 40
    assert cli.main([*asked[:-1], str(tmp_path / "e.avi")]) == 2
    assert "encoded anew" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir() if ".part" in one.name] == []
