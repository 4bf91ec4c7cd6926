"""Rules on a real clip: one alert for each bottle that was put down, the same in spans and watched again."""

import json
from dataclasses import replace

import pytest

from ingest.sources import expand
from vidette.alerting import Alerts, Deliveries
from vidette.settings import Settings
from workers.inline import watch_sources
from workers.wiring import pipeline_of

pytestmark = pytest.mark.real_clips

CLIP = "bottles_placed_removed"
RULES = [
    {"id": "left", "when": {"event": "object_left", "for_s": 2}},
    {"id": "parked", "when": {"event": ["object_left", "object_stopped", "object_abandoned", "loitering"]}},
]


def watched(videos, folder, span_s=None, *, again=False):
    """Alerts without the wall clock, and how many messages there are."""
    said = {"db": str(folder / f"{span_s}.db"), "rules": RULES, "sinks": [{"id": "desk", "kind": "console"}]}
    pipeline = pipeline_of(Settings.model_validate(said))
    try:
        (spec,) = expand([str(videos / f"{CLIP}.mp4")], name="shelf").specs
        for repeat in (False, True)[: 1 + again]:
            (outcome,) = watch_sources(pipeline, [spec], span_s=span_s, again=repeat)
            assert (outcome.status, outcome.error) == ("watched", None)
        alerts = pipeline.store.read(Alerts(limit=1000))
        deliveries = pipeline.store.read(Deliveries(limit=1000))
    finally:
        pipeline.close()
    return [replace(one, raised_at=one.at) for one in alerts], sorted(one.id for one in deliveries), outcome.start


def test_one_alert_a_bottle_however_it_is_watched(videos, tmp_path):
    alerts, messages, start = watched(videos, tmp_path)
    assert watched(videos, tmp_path, 10.0, again=True) == (alerts, messages, start)
    truth = json.loads((videos / f"{CLIP}.events.json").read_text())["events"]
    placed = [(one["start_s"], one["end_s"]) for one in truth if one["type"] == "object_placed"]
    for rule in ("left", "parked"):
        since = [(one.at - start).total_seconds() - 2 * (rule == "left") for one in alerts if one.rule == rule]
        assert len(since) == len(placed)
        assert all(low - 1 <= at <= high + 1 for at, (low, high) in zip(sorted(since), placed, strict=True))
