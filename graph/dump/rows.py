"""Records from rows of either store, which have the same names in both."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from graph.dump import records as of
from graph.dump.records import POINTS, AnyRecord
from graph.patterning import GOES_ON
from graph.portrait import Told
from graph.reading.alerts import delivery_of
from graph.rows import to_box, to_instant
from vidette import alerts, codec, matches, models, streams
from vidette.feeds import FeedState

Row = Any
"""Values by name: what a row of SQLite and what a node of Neo4j have in common."""


def run_of(row: Row) -> of.RunRecord:
    """A run and its number."""
    run = models.Run(
        id=row["id"],
        model=row["model"],
        revision=row["revision"],
        prompt_hash=row["prompt_hash"],
        params=json.loads(row["params_json"]),
    )
    return of.RunRecord(number=row["seq"], run=run)


def stream_of(row: Row, stream: streams.Stream, commit: models.Commit | None) -> of.StreamRecord:
    """A stream and where its watch is."""
    committed = None
    if commit is not None:
        committed = of.Committed(
            sequence=commit.sequence,
            watermark_s=commit.watermark_s,
            carry=commit.carry,
            final=commit.final,
            run_id=commit.run_id,
        )
    return of.StreamRecord(
        stream=stream,
        watch=row["watch"],
        fence=row["fence"] or 0,
        commit=committed,
        feed=codec.decode(FeedState, row["feed_json"]) if row["feed_json"] else None,
        heard=codec.decode(matches.Heard, row["heard_json"]) if row["heard_json"] else None,
    )


def observation_of(row: Row) -> of.ObservationRecord:
    """An observation that was settled."""
    return of.ObservationRecord(
        id=row["id"],
        stream_id=row["stream_id"],
        look=row["look"],
        sequence=row["sequence"],
        run_id=row["run_id"],
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        watermark_s=row["watermark"],
    )


def entity_of(row: Row) -> of.EntityRecord:
    """A thing."""
    entity = models.Entity(id=row["id"], stream_id=row["stream_id"], **_known_as(row))
    return of.EntityRecord(entity=entity, present=bool(row["present"]))


def description_of(row: Row) -> of.DescriptionRecord:
    """What a look said of a thing."""
    told = Told(look=row["look"], at_s=row["at_pts"], run_id=row["run_id"], source=row["source"], **_known_as(row))
    return of.DescriptionRecord(entity_id=row["entity_id"], told=told)


def _known_as(row: Row) -> dict[str, Any]:
    return {
        "label": models.Label(row["label"]),
        "name": row["name"],
        "description": row["description"],
        "attributes": json.loads(row["attributes_json"]),
    }


def track_of(row: Row) -> of.TrackRecord:
    """A track, and as which thing it is known."""
    identity = None
    if row["entity_id"] is not None:
        identity = of.Identity(
            entity_id=row["entity_id"], confidence=row["sure"], method=row["method"], run_id=row["said_by"]
        )
    track = models.Track(
        id=row["id"],
        stream_id=row["stream_id"],
        label=models.Label(row["label"]),
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        confidence=row["confidence"],
        path=(),
        attributes=json.loads(row["attributes_json"]),
    )
    return of.TrackRecord(track=track, run_id=row["run_id"], present=bool(row["present"]), identity=identity)


def stretches(track: str, points: Iterable[Sequence[float]]) -> Iterator[of.PathRecord]:
    """A track's path, given as its points in order, cut where every store cuts it."""
    flat: list[float] = []
    for point in points:
        flat += point
        if len(flat) == POINTS * len(point):
            yield of.PathRecord(track_id=track, points=tuple(flat))
            flat = []
    if flat:
        yield of.PathRecord(track_id=track, points=tuple(flat))


def segment_of(
    row: Row, captions: Iterable[Row], tracks: Iterable[str], frames: Iterable[Row], texts: Iterable[Row]
) -> of.SegmentRecord:
    """A segment; captions in the order of runs, tracks and frames in that of ids, texts by frame and run."""
    segment = models.Segment(
        id=row["id"],
        stream_id=row["stream_id"],
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        caption=row["caption"],
        keyframes=tuple(_keyframe(row["id"], one) for one in frames),
        track_ids=tuple(tracks),
        gated=bool(row["gated"]),
        backdrop=row["backdrop"],
    )
    return of.SegmentRecord(
        segment=segment,
        present=bool(row["present"]),
        captions=tuple(of.Caption(run=one["run_seq"], look=one["look"], text=one["caption"]) for one in captions),
        texts=tuple(of.Text(keyframe_id=one["id"], run=one["run_seq"], text=one["text"]) for one in texts),
    )


def _keyframe(segment: str, row: Row) -> models.Keyframe:
    return models.Keyframe(
        id=row["id"], segment_id=segment, pts_s=row["pts"], sha256=row["sha256"], uri=row["uri"], text=row["text"]
    )


def coverage_of(row: Row) -> of.CoverageRecord:
    """A row of the ledger of a look."""
    coverage = models.Coverage(
        stream_id=row["stream_id"],
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        state=models.FastState(row["state"]),
        deep=models.DeepState(row["deep"]),
        reason=row["reason"],
    )
    return of.CoverageRecord(look=row["look"], coverage=coverage)


def look_of(row: Row, verdicts: tuple[models.Verdict, ...]) -> of.LookRecord:
    """What a look cost and answered."""
    names = ("calls", "prompt_tokens", "completion_tokens", "wall_s", "gpu_s", "refused")
    return of.LookRecord(
        observation_id=row["observation_id"],
        segment_id=row["segment_id"],
        stream_id=row["stream_id"],
        run_id=row["run_id"],
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        outcome=models.DeepState(row["outcome"]),
        usage=models.Usage(**{name: row[name] for name in names}),
        verdicts=verdicts,
    )


def embedding_of(row: Row, vector: bytes) -> of.EmbeddingRecord:
    """Where something lies."""
    return of.EmbeddingRecord(run_id=row["run_id"], of=row["of"], id=row["id"], text=row["said"], vector=vector)


def clock_of(row: Row) -> of.ClockRecord:
    """A reading of a clock."""
    box = to_box(row["box_json"]) or (0.0, 0.0, 1.0, 1.0)
    reading = models.ClockReading(pts_s=row["pts"], text=row["text"], box=box)
    return of.ClockRecord(stream_id=row["stream_id"], reading=reading)


def sink_of(row: Row) -> of.SinkRecord:
    """A sink that takes nothing."""
    name, disabled, trouble = row["sink"], None, None
    if row["disabled_at"] is not None:
        at = to_instant(row["disabled_at"])
        disabled = alerts.SinkState(sink=name, address=row["address"], disabled_at=at, reason=row["reason"])
    if row["trouble_since"] is not None:
        since, last = to_instant(row["trouble_since"]), to_instant(row["trouble_last"])
        trouble = alerts.SinkTrouble(sink=name, since=since, last=last)
    return of.SinkRecord(sink=name, disabled=disabled, trouble=trouble)


def rule_state_of(row: Row) -> of.RuleStateRecord:
    """What a rule remembers of a stream."""
    state = alerts.RuleState(
        rule=row["rule"], version=row["version"], stream_id=row["stream_id"], state=row["state_json"]
    )
    return of.RuleStateRecord(state=state)


def timer_of(row: Row) -> of.TimerRecord:
    """When an alert is told again."""
    due = to_instant(row["due_at"])
    return of.TimerRecord(timer=alerts.Timer(alert=row["alert_id"], rule=row["rule"], kind=row["kind"], due_at=due))


def pattern_of(row: Row) -> of.PatternRecord:
    """What a rule over time remembers."""
    state = matches.PatternState(rule=row["rule"], version=row["version"], state=row["state_json"], wake=row["wake"])
    return of.PatternRecord(pattern=state)


def leaf_of(row: Row, zones: Iterable[str]) -> of.LeafRecord:
    """What fits a leaf of a rule over time."""
    match = matches.Match(
        id=row["id"],
        start=row["start"],
        end=None if row["until"] == GOES_ON else row["until"],
        subject=row["subject"],
        streams=(row["stream"],),
        zones=tuple(zones),
        events=(row["id"],) if row["cited"] else (),
    )
    leaf = matches.LeafMatch(rule=row["rule"], version=row["version"], leaf=row["leaf"], id=row["id"], match=match)
    return of.LeafRecord(leaf=leaf)


def said_of(row: Row) -> of.SaidRecord:
    """What a rule over time has found."""
    said = matches.Said(id=row["id"], match=codec.decode(matches.Match, row["body_json"]), alert=row["alert_id"])
    return of.SaidRecord(rule=row["rule"], version=row["version"], said=said)


WHOLE: dict[str, Callable[[Row], AnyRecord]] = {
    "alert": lambda row: of.AlertRecord(alert=codec.decode(alerts.Alert, row["body_json"])),
    "delivery": lambda row: of.DeliveryRecord(delivery=delivery_of(row)),
    "attempt": lambda row: of.AttemptRecord(attempt=codec.decode(alerts.Attempt, row["body_json"])),
    "decision": lambda row: of.DecisionRecord(decision=codec.decode(alerts.Decision, row["body_json"])),
    "silence": lambda row: of.SilenceRecord(silence=codec.decode(alerts.Silence, row["body_json"])),
    "feedback": lambda row: of.FeedbackRecord(feedback=codec.decode(alerts.Feedback, row["body_json"])),
    "storm": lambda row: of.StormRecord(storm=codec.decode(alerts.Storm, row["body_json"])),
}
"""What either store keeps whole, as it was told."""
