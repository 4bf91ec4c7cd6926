"""What a thousand rules cost: CPU of settling and judging, an event, through the real store.

    python -m benchmarks.rules_bench [--rules 1000] [--events 2000]

Rules of every kind over 20 streams with 8 zones and 4 lines each; observations of five events each, five seconds apart a
stream, the streams in turns.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.perception.ledger import Ledger, Saying
from graph.embedded import EmbeddedStore
from rules.engine import Engine
from vidette import ids
from vidette.alerting import AlertCounts
from vidette.models import (
    Coverage,
    DeepState,
    Entity,
    EventType,
    FastState,
    Label,
    Observation,
    PathPoint,
    Role,
    Run,
    Track,
)
from vidette.rule_settings import RuleSettings, SinkSettings
from vidette.streams import Line, Stream, Zone

STREAMS, ZONES, LINES = 20, 8, 4
EACH, STEP_S = 5, 5.0
_START = datetime(2026, 3, 2, 8, tzinfo=UTC)
_RUN = Run(id="fast", model="vidette", revision="1")
_TYPES = ("zone_entered", "zone_exited", "line_crossed", "loitering", "object_left", "object_stopped")
_LABELS = ("person", "vehicle", "bag", "animal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What `events` cost under so many rules: CPU seconds of all and of judging alone, and the alerts they raised."""

    rules: int
    events: int
    cpu_s: float
    judging_s: float
    alerts: int

    def __str__(self) -> str:
        """One line."""
        each, judged = 1000 * self.cpu_s / self.events, 1000 * self.judging_s / self.events
        return (
            f"{self.rules} rules, {self.events} events: {each:.2f} CPU-ms an event all in, {judged:.2f} of it judging;"
            f" {self.alerts} alerts"
        )


def rules_bench(*, rules: int = 1000, events: int = 2000, seed: int = 1) -> Cost:
    """Settle so many events under so many rules into a new file."""
    chance = random.Random(seed)
    now = [_START]
    made = [RuleSettings.model_validate(one) for one in _rules(chance, rules)]
    sinks = [SinkSettings(id="desk", kind="console")]
    engine = _Timed(made, sinks, tz=UTC, max_age_s=3600.0, now=lambda: now[0])
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "bench.db")
        feeds = [_Feed(store, number) for number in range(STREAMS)]
        for feed in feeds:  # each rule has judged each stream once
            store.settle(feed.observation(chance, 0), engine)
        engine.spent_s, begun = 0.0, time.process_time()
        done = 0
        while done < events:
            for feed in feeds:
                observation = feed.observation(chance, EACH)
                now[0] = max(now[0], _START + timedelta(seconds=observation.watermark_s))
                store.settle(observation, engine)
                done += EACH
        cpu_s = time.process_time() - begun
        alerts = sum(store.read(AlertCounts()).values())
        store.close()
    return Cost(rules=rules, events=done, cpu_s=cpu_s, judging_s=engine.spent_s, alerts=alerts)


class _Timed(Engine):
    """The engine, with the CPU that it took."""

    spent_s = 0.0

    def judge(self, *case: Any) -> Any:
        begun = time.process_time()
        try:
            return super().judge(*case)
        finally:
            self.spent_s += time.process_time() - begun


class _Feed:
    """One stream and how far it is."""

    def __init__(self, store: EmbeddedStore, number: int) -> None:
        name = f"camera-{number:02}"
        square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        self.stream = Stream(
            id=ids.stream_id(name),
            name=name,
            kind="live",
            uri=name,
            start=_START,
            zones=tuple(Zone(id=f"{name}-z{i}", name=f"zone-{number}-{i}", polygon=square) for i in range(ZONES)),
            lines=tuple(Line(id=f"{name}-l{i}", name=f"line-{number}-{i}", a=(0, 0), b=(1, 1)) for i in range(LINES)),
        )
        self.number, self.sequence, self.at_s = number, 0, 0.0
        self.ledger = Ledger(self.stream.id, _RUN.id)
        store.open_stream(self.stream)

    def observation(self, chance: random.Random, events: int) -> Observation:
        """The next one."""
        tracks = [self._happens(chance, i) for i in range(events)]
        start_s, self.at_s = self.at_s, self.at_s + STEP_S
        self.sequence += 1
        row = Coverage(
            stream_id=self.stream.id, start_s=start_s, end_s=self.at_s, state=FastState.WATCHED, deep=DeepState.OFF
        )
        return Observation(
            id=ids.make_id("observation", self.stream.id, self.sequence),
            stream_id=self.stream.id,
            look="fast",
            run=_RUN,
            start_s=start_s,
            end_s=self.at_s,
            sequence=self.sequence - 1,
            watermark_s=self.at_s,
            tracks=tuple(tracks),
            entities=tuple(Entity(id=one.entity_id, stream_id=one.stream_id, label=one.label) for one in tracks),
            assertions=self.ledger.drain(),
            coverage=(row,),
            carry=b"",
        )

    def _happens(self, chance: random.Random, i: int) -> Track:
        at_s = self.at_s + i * STEP_S / EACH
        box = (0.2, 0.2, 0.3, 0.4)
        key = ids.track_id(self.stream.id, at_s, box, i)
        type_ = EventType(chance.choice(_TYPES))
        place: dict[str, str] = {}
        if type_ is EventType.LINE_CROSSED:
            place["line"] = f"line-{self.number}-{chance.randrange(LINES)}"
        elif type_ in (EventType.ZONE_ENTERED, EventType.ZONE_EXITED, EventType.LOITERING):
            place["zone"] = f"zone-{self.number}-{chance.randrange(ZONES)}"
        saying = Saying(
            type=type_, caption="something moves", confidence=0.8, roles=(Role(role="subject", track_id=key),), **place
        )
        self.ledger.happened(saying, key, at_s, at_s + chance.choice((0.0, 2.0)))
        return Track(
            id=key,
            stream_id=self.stream.id,
            label=Label(chance.choice(_LABELS)),
            start_s=at_s,
            end_s=at_s + 3,
            confidence=0.9,
            path=(PathPoint(pts_s=at_s, box=box),),
            entity_id=ids.entity_id(key),
        )


def _rules(chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"id": f"rule-{number}", "when": _when(chance, number % 10, number % STREAMS), "cooldown_s": 300}


def _when(chance: random.Random, kind: int, stream: int) -> dict[str, Any]:
    """Half of them on one event, the others over time; most of a place, some of every stream."""
    zone, line = f"zone-{stream}-{chance.randrange(ZONES)}", f"line-{stream}-{chance.randrange(LINES)}"
    label = chance.choice(_LABELS)
    match kind:
        case 0 | 1:
            return {"event": "zone_entered", "zone": zone, "label": label}
        case 2:
            return {"event": chance.choice(_TYPES), "stream": f"camera-{stream:02}", "confidence": 0.9}
        case 3:
            return {"event": ["object_left", "object_stopped"], "for_s": 60, "zone": zone}
        case 4:
            return {"caption": "a red umbrella", "label": label}
        case 5:
            return {"in_order": [{"event": "line_crossed", "line": line}] * 2, "within_s": 3}
        case 6:
            return {"count": {"event": "zone_entered", "zone": zone}, "at_least": 5, "within_s": 120}
        case 7:
            return {"absence": {"event": "zone_entered", "zone": zone}, "for_s": chance.choice((600, 3600))}
        case 8:
            parts = [{"event": "zone_entered", "zone": zone}, {"event": "line_crossed", "line": line}]
            return {"all": parts, "within_s": 30, "same": "stream"}
        case _:
            parts = [{"event": "loitering", "zone": zone, "label": label}, {"event": "object_left", "label": "bag"}]
            return {"in_order": parts, "within_s": 60, "same": chance.choice(("", "thing"))}


def main() -> None:
    """Print what it costs with and without rules."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--events", type=int, default=2000)
    said = parser.parse_args()
    print(rules_bench(rules=1, events=said.events))
    print(rules_bench(rules=said.rules, events=said.events))


if __name__ == "__main__":
    main()
