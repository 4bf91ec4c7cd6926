"""A back-test of a busy week: seven days of twenty streams, half a million events, fifty rules (`python -m benchmarks.backtest CAPTIONS`).

History is made by repeating timed captions (JSON as `vidette import` takes it) on every stream, shifted in time, with
the event types and labels that their words tell. It is settled twice: whole, to be back-tested; and of some streams
observation by observation with the rules as judge, as a watch does it. What both find is compared alert by alert.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from graph.embedded import EmbeddedStore
from ingest.captions import TimedCaption, read_captions
from rules.backtest import backtest
from rules.engine import Engine
from vidette import ids
from vidette.alerting import Alerts
from vidette.alerts import Alert, Case, Judgement
from vidette.models import Assertion, Coverage, DeepState, Entity, EventType, FastState, Label, Observation, Role, Run
from vidette.ports import Judge, Reader
from vidette.queries import Count
from vidette.rule_settings import RuleSettings, SinkSettings
from vidette.streams import Stream

START = datetime(2026, 3, 2, tzinfo=UTC)
RUN = Run(id=ids.make_id("run", "captions"), model="captions", revision="1")
GAP_S = 4.0
TYPES = {
    "fight": EventType.FIGHT,
    "beat": EventType.FIGHT,
    "fell": EventType.PERSON_FELL,
    "stole": EventType.THEFT,
    "took": EventType.OBJECT_REMOVED,
    "put": EventType.OBJECT_LEFT,
    "ran": EventType.RUNNING,
    "crash": EventType.TRAFFIC_ACCIDENT,
    "entered": EventType.OBJECT_ENTERED,
    "came in": EventType.OBJECT_ENTERED,
    "left": EventType.OBJECT_EXITED,
    "stopped": EventType.OBJECT_STOPPED,
    "smoke": EventType.SMOKE,
    "fire": EventType.FIRE,
}
LABELS = {"car": Label.VEHICLE, "truck": Label.VEHICLE, "dog": Label.ANIMAL, "bag": Label.BAG, "man": Label.PERSON}
DAYS, CAMERAS, HOUR_S = 7, 20, 3600.0
WORDS = (
    "gun man", "knife", "wheelchair", "motorcycle stopped", "bicycle fell", "helmet car", "cashier money", "police car",
    "dog woman", "umbrella", "ladder", "hammer", "broken glass", "white car crash", "black car left", "red car", "shelf took",
    "door kicked", "truck hit", "child fell", "window smashed", "counter robbed",
)  # fmt: skip


def stream_of(number: int) -> Stream:
    """One of the cameras."""
    name = f"camera {number + 1:02d}"
    return Stream(id=ids.stream_id(name), name=name, kind="live", uri=name, start=START, start_from="option")


def told(captions: Sequence[TimedCaption], number: int, length_s: float) -> Iterator[TimedCaption]:
    """Captions of one camera without end of the videos: one after the other, each camera in another order."""
    videos: dict[str, list[TimedCaption]] = {}
    for caption in captions:
        videos.setdefault(caption.stream, []).append(caption)
    order, draw, at_s = list(videos.values()), random.Random(number), 0.0
    while True:
        draw.shuffle(order)
        for video in order:
            for one in video:
                if at_s + one.start_s >= length_s:
                    return
                yield TimedCaption(
                    stream=one.stream,
                    start_s=round(at_s + one.start_s, 3),
                    end_s=round(min(at_s + one.end_s, length_s), 3),
                    text=one.text,
                    type=next((type_ for word, type_ in TYPES.items() if word in one.text), None),
                    label=next((label for word, label in LABELS.items() if word in one.text), None),
                )
            at_s += max(one.end_s for one in video) + GAP_S * len(video)


def observations(
    captions: Sequence[TimedCaption], number: int, length_s: float, step_s: float
) -> Iterator[Observation]:
    """What a camera's look says, every `step_s`: each caption when it is over."""
    stream = stream_of(number)
    said = sorted(told(captions, number, length_s), key=lambda one: (one.end_s, one.start_s, one.text))
    at, sequence = 0, 0
    for sequence in range(int(length_s // step_s)):
        end_s = (sequence + 1) * step_s
        upto = at
        while upto < len(said) and said[upto].end_s <= end_s:
            upto += 1
        pairs = [_assertion(stream, said[i], i) for i in range(at, upto)]
        at = upto
        yield Observation(
            id=ids.make_id("observation", stream.id, sequence, step_s),
            stream_id=stream.id,
            look="fast",
            run=RUN,
            start_s=end_s - step_s,
            end_s=end_s,
            sequence=sequence,
            watermark_s=end_s,
            assertions=tuple(one for one, _ in pairs),
            entities=tuple(entity for _, entity in pairs if entity),
            coverage=(
                Coverage(
                    stream_id=stream.id,
                    start_s=end_s - step_s,
                    end_s=end_s,
                    state=FastState.WATCHED,
                    deep=DeepState.EXAMINED,
                ),
            ),
            final=end_s >= length_s,
        )


def _assertion(stream: Stream, caption: TimedCaption, number: int) -> tuple[Assertion, Entity | None]:
    key = ids.make_id("said", stream.id, number, caption.start_s)
    entity = None
    if caption.label:
        entity = Entity(id=ids.make_id("entity", key), stream_id=stream.id, label=caption.label)
    said = Assertion(
        id=key,
        stream_id=stream.id,
        look="fast",
        run_id=RUN.id,
        type=caption.type or EventType.OTHER,
        start_s=caption.start_s,
        end_s=caption.end_s,
        confidence=0.9,
        caption=caption.text,
        of=key,
        roles=(Role(role="subject", entity_id=entity.id),) if entity else (),
    )
    return said, entity


def fill(
    store: EmbeddedStore,
    captions: Sequence[TimedCaption],
    cameras: Sequence[int],
    days: float,
    step_s: float,
    judge: Judge | None,
) -> None:
    """Settle the history of some cameras, in the order of time over all of them."""
    for number in cameras:
        store.open_stream(stream_of(number))
    lots = [observations(captions, number, days * 86_400, step_s) for number in cameras]
    for row in zip(*lots, strict=True):
        for observation in row:
            store.settle(observation, judge)


def rules() -> list[RuleSettings]:
    """Fifty rules: words of captions, types with labels and hours, sequences, counts, rates, absences."""
    said: list[dict[str, Any]] = [
        {"id": f"word-{word.replace(' ', '-')}", "when": {"caption": word}, "cooldown_s": 600} for word in WORDS
    ]
    said += [
        {
            "id": f"type-{type_}",
            "when": {"event": type_, "label": "person"},
            "active": {"from": "22:00", "to": "06:00", "tz": "UTC"},
        }
        for type_ in ("fight", "person_fell", "theft", "running", "object_removed", "smoke")
    ]
    said += [
        {"id": f"all-{type_}", "when": {"event": type_}, "cooldown_s": 60} for type_ in ("fire", "traffic_accident")
    ]
    entered, left = {"event": "object_entered"}, {"event": "object_exited"}
    for number, then in enumerate(("fight", "theft", "running", "object_removed", "person_fell", "fire")):
        parts = [{**entered, "label": "person"}, {"event": then}]
        said.append({"id": f"then-{number}", "when": {"in_order": parts, "within_s": 30, "same": "stream"}})
    for number in range(5):
        name = stream_of(number).name
        said.append(
            {"id": f"many-{number}", "when": {"count": {**entered, "stream": name}, "at_least": 6, "within_s": 600}}
        )
        said.append({"id": f"none-{number}", "when": {"absence": {"event": "running", "stream": name}, "for_s": 7200}})
    hours = {"from": "08:00", "to": "09:00", "tz": "UTC"}
    said += [
        {
            "id": "rate",
            "when": {
                "rate": {"event": "fight", "stream": stream_of(7).name},
                "per_s": 60,
                "at_least": 1,
                "within_s": 300,
            },
        },
        {"id": "expected", "when": {"absence": {"event": "smoke", "stream": stream_of(0).name}, "between": hours}},
        {"id": "without", "when": {"all": [{"event": "theft"}, {"not": left}], "within_s": 60, "same": "stream"}},
        {"id": "either", "when": {"any": [{"event": "smoke"}, {"event": "fire", "for_s": 5}]}},
    ]
    return [RuleSettings.model_validate(one) for one in said]


def standing(alerts: Iterable[Alert]) -> "set[tuple[object, ...]]":
    """What stood in the end: what was said too early and taken back, as cameras tell in turns, stands for nothing."""
    return {
        (one.rule, one.id, one.at, one.subject, one.state) for one in alerts if not one.text.startswith("Taken back")
    }


def compared(
    captions: Sequence[TimedCaption],
    chosen: Sequence[RuleSettings],
    folder: Path,
    cameras: Sequence[int] = (0, 7),
    days: float = 0.25,
) -> int:
    """Watch some cameras as they are watched, in steps of ten seconds, and back-test the same; -> alerts that differ."""
    now = [START]
    engine = Engine(chosen, [SinkSettings(id="desk", kind="console")], tz=UTC, max_age_s=1e9, now=lambda: now[0])
    store = EmbeddedStore(folder / "sample.db")

    class Clocked:
        """The engine by the clock of what is settled."""

        def judge(self, case: Case, read: Reader) -> Judgement:
            now[0] = case.stream.at(case.watermark_s)
            return engine.judge(case, read)

    begun = time.process_time()
    fill(store, captions, cameras, days, 10.0, Clocked())
    watched_s = time.process_time() - begun
    found = standing(firing.alert for firing in backtest(chosen, store.read, tz=UTC))
    seen = standing(store.read(Alerts(limit=1_000_000)))
    print(
        f"{store.read(Count(of='events')):,} events of {len(cameras)} cameras, settled in steps of 10 s under {len(chosen)} rules: {watched_s:.0f} CPU s"
    )
    print(
        f"  watched {len(seen):,} alerts, back-tested {len(found):,}, only watched {len(seen - found)}, only back-tested {len(found - seen)}"
    )
    for one in sorted(seen ^ found, key=repr)[:10]:
        print("   ", "watched" if one in seen else "back-tested", *one)
    store.close()
    return len(seen ^ found)


def whole(db: Path, chosen: Sequence[RuleSettings]) -> None:
    """Back-test all of it, once."""
    store = EmbeddedStore(db)
    begun, cpu = time.perf_counter(), time.process_time()
    fired: Counter[str] = Counter()
    peaks = []
    for number, firing in enumerate(backtest(chosen, store.read, tz=UTC)):
        fired[firing.alert.rule] += 1
        if number % 2000 == 0:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    events = store.read(Count(of="events"))
    print(
        f"{events:,} events, {len(chosen)} rules: {took:.1f} s, {cpu:.1f} CPU s, {1e6 * cpu / events:.0f} us an event"
    )
    print(
        f"  {sum(fired.values()):,} alerts of {len(fired)} rules: {', '.join(f'{rule} {count}' for rule, count in fired.most_common(8))} ..."
    )
    print(f"  peak memory after each 2,000 alerts, MiB: {' '.join(f'{one:.0f}' for one in peaks)}")
    store.close()


def main() -> int:
    """Fill, back-test, compare."""
    given = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    given.add_argument("captions", type=Path, help="timed captions, JSON as `vidette import` takes it")
    given.add_argument("--db", type=Path, help="where to keep the filled memory; it is used again if it is there")
    given.add_argument("--short", action="store_true", help="one day of four cameras")
    asked = given.parse_args()
    captions, chosen = read_captions(asked.captions), rules()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        db = asked.db or Path(folder) / "week.db"
        if not db.exists():
            store = EmbeddedStore(db)
            fill(store, captions, range(4 if asked.short else CAMERAS), 1 if asked.short else DAYS, HOUR_S, None)
            store.close()
        whole(db, chosen)
        compared(captions, chosen, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
