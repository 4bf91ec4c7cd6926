"""What two models said of one thing, beside what it is taken for."""

import json
from datetime import UTC, datetime

from agent.perception.deep import deep_look
from agent.perception.scripted import ScriptedVision
from app import cli
from graph.embedded import EmbeddedStore
from vidette.ids import segment_id, stream_id
from vidette.models import Label, Observation, Run, Segment, Track
from vidette.streams import Stream
from vidette.vision import LookReply, LookRequest, SeenEntity

YARD = stream_id("yard")
FAST = Run(id="fast", model="fast", revision="1")


def test_disagreeing_models_are_both_told(tmp_path, capsys):
    path = tmp_path / "v.db"
    store = EmbeddedStore(path)
    store.open_stream(Stream(id=YARD, name="yard", kind="file", uri="x", start=datetime(2026, 1, 1, tzinfo=UTC)))
    track = Track(
        id="t",
        stream_id=YARD,
        label=Label.OBJECT,
        start_s=0,
        end_s=9,
        confidence=0.5,
        path=(),
        attributes={"size": 0.1},
    )
    segment = Segment(id=segment_id(YARD, 0.0), stream_id=YARD, start_s=0.0, end_s=10.0)
    fast = {"stream_id": YARD, "look": "fast", "run": FAST, "start_s": 0, "end_s": 9, "sequence": 0}
    store.settle(Observation(id="fast", tracks=(track,), segments=(segment,), **fast))
    request = LookRequest(stream_id=YARD, stream_name="yard", segment=segment, tracks=(track,))
    for model, label in (("small", Label.BAG), ("large", Label.ANIMAL), ("third", Label.ANIMAL)):
        thing = SeenEntity(label=label, description=f"a \x1b[31m{label}", track_id="t")
        run = Run(id=model, model=model, revision="1")
        store.settle(deep_look(ScriptedVision(otherwise=LookReply(caption="x", entities=(thing,)), run=run), request))
    store.close()
    cli.main(["entities", "--said", "--db", str(path), "--json"])
    (row,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert row["entity"]["label"] == "animal"
    assert [(one["run"]["model"], one["label"]) for one in row["said"]] == [
        ("fast", "object"),
        ("large", "animal"),
        ("small", "bag"),
        ("third", "animal"),
    ]
    cli.main(["entities", "--said", "--db", str(path)])
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 5
    assert "\x1b" not in out
    cli.main(["entities", "--said", "--db", str(path), "--stream", "none"])
    assert capsys.readouterr().out == "no entities here\n"
