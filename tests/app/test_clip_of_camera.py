"""What was kept of a camera can be cut out again; what was not, or is not any more, is said."""

import json
import os
from datetime import UTC, datetime

import pytest

from app import cli
from graph.embedded import EmbeddedStore
from ingest.gone import note
from ingest.live.clipping import clip
from ingest.live.recording import Files
from ingest.live.recordings import folder_of
from ingest.masks import Masks
from ingest.media import FolderMedia
from tests.arriving import arrivals, ringed, shown
from tests.clips import Recipe, make, read_index
from tests.telling import alert
from vidette.alerts import Judgement
from vidette.ids import stream_id
from vidette.models import Assertion, EventType, Evidence, Observation, Run
from vidette.streams import Stream

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
YARD = Stream(id=stream_id("yard"), name="yard", kind="live", uri="rtsp://yard", start=START)
EVENT = "event-1"
REGULAR = {"sc_threshold": "0"}


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """20 s of numbered pictures from media time 100 on, a keyframe a second."""
    return arrivals(make(tmp_path_factory.mktemp("sent") / "clip.mp4", Recipe(frames=500, gop=25, options=REGULAR)))


@pytest.fixture
def memory(tmp_path):
    """A camera of which something happened from media time 107 to 109, and an alert of it; nothing is kept yet."""
    store = EmbeddedStore(tmp_path / "v.db")
    store.open_stream(YARD)
    run = Run(id="run", model="fast", revision="1")
    said = Assertion(
        id=EVENT, stream_id=YARD.id, look="fast", run_id=run.id, type=EventType.LOITERING, start_s=107.0, end_s=109.0,
        confidence=1.0, caption="somebody waits", of=EVENT,
    )  # fmt: skip
    store.settle(
        Observation(
            id="o", stream_id=YARD.id, look="fast", run=run, start_s=0, end_s=120, sequence=0, assertions=(said,)
        )
    )
    yield store
    store.close()


def alerted(store, tmp_path, sent, start_s, end_s):
    """The alert of it has a clip of that stretch."""
    media = FolderMedia(tmp_path / "v.media")
    part = tmp_path / "part.mp4"
    made = clip(ringed(sent).window(start_s, end_s), part, Masks())
    media.root.mkdir(exist_ok=True)
    sha256, uri = media.adopt(part, ".mp4")
    evidence = Evidence(kind="clip", sha256=sha256, uri=uri, pts_s=made.start_s)
    told = alert(1, events=(EVENT,), at=YARD.at(108), evidence=(evidence,))
    store.amend(lambda read: Judgement(alerts=(told,)))
    return media.path(sha256)


def recorded(tmp_path, sent):
    files = Files(folder_of(tmp_path / "v.media", YARD.id), YARD.at, Masks(), 4.0)
    for arrival in sent:
        files.write(arrival)
    files.close()


@pytest.fixture
def cut(tmp_path, capsys):
    def run(*args, out="e.mp4"):
        code = cli.main(["clip", *args, "--db", str(tmp_path / "v.db"), "--out", str(tmp_path / out)])
        return code, capsys.readouterr()

    return run


def numbers(path):
    return [read_index(luma) for _, _, luma in shown(path)]


def test_an_event_is_cut_out_of_the_clip_of_its_alert(memory, sent, cut, tmp_path):
    alerted(memory, tmp_path, sent, 103.0, 115.0)
    code, said = cut(EVENT, "--pad", "1")
    assert (code, said.err) == (0, "")
    assert "yard from 2026-05-01" in said.out
    assert "loitering: somebody waits" in said.out
    assert numbers(tmp_path / "e.mp4") in (list(range(150, 250)), list(range(150, 251)))


def test_what_no_clip_has_is_cut_out_of_recordings(memory, sent, cut, tmp_path):
    recorded(tmp_path, sent)
    assert cut(EVENT, "--pad", "1")[0] == 0
    assert numbers(tmp_path / "e.mp4") == list(range(150, 250))
    window = ["--since", "2026-05-01T12:01:42Z", "--until", "2026-05-01T12:01:54Z"]
    code, said = cut("--stream", "yard", *window, out="w.mp4")
    assert (code, said.err) == (0, "")
    assert numbers(tmp_path / "w.mp4") == list(range(50, 350))
    code, said = cut("--stream", "yard", "--since", "115", "--until", "130", out="s.mp4")
    assert (code, said.err) == (0, "not all of it was recorded\n")
    assert numbers(tmp_path / "s.mp4") == list(range(375, 500))


def test_a_clip_that_has_part_of_it_is_better_than_nothing(memory, sent, cut, tmp_path):
    alerted(memory, tmp_path, sent, 108.0, 115.0)
    code, said = cut(EVENT, "--pad", "1")
    assert code == 0
    assert "not all of it is kept" in said.err
    recorded(tmp_path, sent)
    code, said = cut(EVENT, "--pad", "1", out="r.mp4")
    assert (code, said.err) == (0, "")
    assert numbers(tmp_path / "r.mp4")[0] == 150


def test_what_was_never_kept_is_said_and_what_is_not_kept_any_more(memory, sent, cut, tmp_path):
    code, said = cut(EVENT)
    assert code == 1
    assert "no alert has a clip of it, and it was not recorded (`record: continuous`)" in said.err
    path = alerted(memory, tmp_path, sent, 103.0, 115.0)
    path.unlink()
    note(
        tmp_path / "v.media",
        {"media of alerts": YARD.at(115).timestamp()},
        datetime(2027, 5, 2, tzinfo=UTC).timestamp(),
    )
    code, said = cut(EVENT)
    assert code == 1
    assert "media of alerts of before 2026-05-01 12:01 UTC are no longer kept since 2027-05-02" in said.err
    assert list(tmp_path.glob("*.mp4")) == []


@pytest.mark.parametrize(
    ("args", "part"),
    [
        ([], "give an EVENT, or --stream"),
        ([EVENT, "--stream", "yard"], "give an EVENT, or --stream"),
        (["--stream", "yard", "--since", "100"], "needs --since and --until"),
        (["--stream", "yard", "--since", "110", "--until", "100"], "give a start before the end"),
        (["--stream", "nowhere", "--since", "1", "--until", "2"], "no stream 'nowhere'"),
    ],
)
def test_what_cannot_be_asked_is_told(memory, cut, args, part):
    code, said = cut(*args)
    assert code == 2
    assert part in said.err


def test_recordings_are_cut_as_mp4_only_and_whole_or_not_at_all(memory, sent, cut, tmp_path):
    recorded(tmp_path, sent)
    code, said = cut(EVENT, out="e.mkv")
    assert (code, "as .mp4 only" in said.err) == (2, True)
    (tmp_path / "e.mp4").mkdir()
    (tmp_path / "e.mp4" / "x").touch()
    code, said = cut(EVENT)
    assert code in (1, 2)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_stretch_of_files_is_cut_too(street, tmp_path, capsys):
    db, out = str(tmp_path / "v.db"), tmp_path / "w.mp4"
    assert cli.main(["watch", str(street), "--db", db, "-q", "--tz", "UTC"]) == 0
    capsys.readouterr()
    assert cli.main(["streams", "--db", db, "--json"]) == 0
    name = json.loads(capsys.readouterr().out)["name"]
    code = cli.main(["clip", "--stream", name, "--since", "4", "--until", "6", "--db", db, "--out", str(out)])
    assert code == 0
    assert f"{name} from 0:04.0 to 0:06." in capsys.readouterr().out
    assert os.path.getsize(out) > 1000
