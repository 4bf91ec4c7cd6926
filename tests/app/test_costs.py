"""What deep looks cost and answered, as tables and as JSON lines, from a memory that looked."""

import json
from datetime import UTC, datetime

import pytest

from agent.perception.deep import deep_look
from agent.perception.scripted import ScriptedVision
from app import cli
from app.costs import audit_line
from graph.embedded import EmbeddedStore
from vidette.ids import segment_id, stream_id
from vidette.looks import GateAudit
from vidette.models import EventType, Keyframe, Observation, Run, Segment, Usage, Verdict
from vidette.streams import Stream
from vidette.vision import LookReply, LookRequest, SeenEvent

YARD = stream_id("yard")
QUESTION = "Is the gate \x1b[31mopen?"
RUN = Run(id="fast", model="fast", revision="1")


def segment(start_s, *, gated=False):
    id_ = segment_id(YARD, start_s)
    frame = Keyframe(id=f"{id_}k", segment_id=id_, pts_s=start_s, sha256="ab" * 32, uri="media:ab.jpg")
    keyframes = () if gated and start_s > 100 else (frame,)
    return Segment(id=id_, stream_id=YARD, start_s=start_s, end_s=start_s + 10, keyframes=keyframes, gated=gated)


@pytest.fixture
def db(tmp_path):
    """A let-through segment that was examined, one that failed, an audit that found something, many gated ones."""
    path = tmp_path / "v.db"
    store = EmbeddedStore(path)
    store.open_stream(Stream(id=YARD, name="yard", kind="file", uri="x", start=datetime(2026, 1, 1, tzinfo=UTC)))
    seen, failed, audited = segment(0.0), segment(10.0), segment(20.0, gated=True)
    segments = (seen, failed, audited, *(segment(200.0 + at, gated=True) for at in range(9)))
    fast = {"stream_id": YARD, "look": "fast", "run": RUN, "start_s": 0, "end_s": 300, "sequence": 0}
    store.settle(Observation(id="fast", segments=segments, **fast))
    fire = SeenEvent(type=EventType.FIRE, start_s=21.0, end_s=22.0, confidence=0.9, caption="flames")
    verdict = Verdict(question=QUESTION, answer="yes", confidence=0.75, at_s=0.0)
    usage = Usage(calls=2, prompt_tokens=12_000, completion_tokens=80, wall_s=3.25, gpu_s=1.5)
    model = ScriptedVision(
        replies={
            seen.id: LookReply(caption="a yard", verdicts=(verdict,), usage=usage, events=(fire,)),
            audited.id: LookReply(caption="fire", events=(fire,)),
        }
    )
    for one in (seen, failed, audited):
        request = LookRequest(stream_id=YARD, stream_name="yard", segment=one, questions=(QUESTION,))
        store.settle(deep_look(model, request))
    store.close()
    return str(path)


def rows(capsys, *arguments):
    assert cli.main([*arguments, "--json"]) in (0, None)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_costs_and_audits_as_json_lines(db, capsys):
    hour, gate = rows(capsys, "coverage", "--cost", "--db", db)
    assert (hour["row"], gate["row"]) == ("hour", "gate")
    assert (hour["start"], hour["examined"], hour["failed"], hour["gated"]) == ("2026-01-01T00:00:00Z", 2, 1, 9)
    assert (hour["looks"], hour["calls"], hour["prompt_tokens"], hour["gpu_s"]) == (3, 3, 12_000, 1.5)
    assert (gate["gated"], gate["audited"], gate["missed"], gate["missed_high"]) == (10, 1, 1, 1)
    assert 0 <= gate["recall_low"] <= gate["recall"] <= gate["recall_high"] <= 1


def test_costs_as_a_table(db, capsys):
    cli.main(["coverage", "--cost", "--db", db])
    out = capsys.readouterr().out
    assert "12,000" in out
    assert "1 held something" in out
    cli.main(["coverage", "--cost", "--db", db, "--since", "2030-01-01T00:00"])
    assert capsys.readouterr().out == "no segments here\n"


def test_answers(db, capsys):
    (row,) = rows(capsys, "verdicts", "--db", db, "--question", "gate", "--answer", "yes")
    assert (row["question"], row["answer"], row["confidence"], row["stream"]) == (QUESTION, "yes", 0.75, "yard")
    assert (row["run"]["model"], row["evidence"]["sha256"]) == ("scripted", "ab" * 32)
    assert rows(capsys, "verdicts", "--db", db, "--answer", "no") == []
    cli.main(["verdicts", "--db", db])
    out = capsys.readouterr().out
    assert "open?" in out
    assert "\x1b" not in out


def test_an_audit_in_words():
    assert audit_line(GateAudit(stream="yard", passed=3, gated=5)) == ""
    some = GateAudit(stream="yard", passed=40, examined=40, found=20, gated=1000, audited=50, missed=0)
    assert "50 were looked at, 0 held something" in audit_line(some)
    assert "lets through 100% of what there is (22% to 100%)" in audit_line(some)
    assert "lets through" not in audit_line(GateAudit(stream="yard", gated=10, audited=5))
