"""Rules over time under every order of facts: what was said in the end is what weighing everything at once finds.

Two cameras speak in turns, one far ahead of the other; things begin, end and are taken back, deep looks tell late, the
memory is closed and opened again. In the end nothing may remain of how it came.
"""

from datetime import UTC

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from graph.embedded import EmbeddedStore
from rules.fitting import fittings, leaves_for
from rules.pattern import Weighing
from rules.pursuit import as_seen
from rules.rule import rule_of
from rules.witness import Witness, ms_of
from vidette.alerting import Alerts
from vidette.alerts import AlertFilter, Case
from vidette.models import EventType, Label
from vidette.queries import Events, Filter, StreamOf
from vidette.remembering import HeardOf, SaidOfRule
from vidette.rule_settings import RuleSettings

CROSSED, ENTERED, LOITERS, FIRE = (
    EventType.LINE_CROSSED,
    EventType.ZONE_ENTERED,
    EventType.LOITERING,
    EventType.FIRE,
)
CROSS, ENTER, LOITER, BURN = ({"event": one} for one in ("line_crossed", "zone_entered", "loitering", "fire"))
CONDITIONS = {
    "in order": {"in_order": [CROSS, ENTER], "within_s": 20},
    "of one thing": {"in_order": [CROSS, ENTER, CROSS], "within_s": 60, "same": "thing"},
    "all": {"all": [LOITER, CROSS], "within_s": 5},
    "all at once, on one stream": {"all": [LOITER, CROSS], "same": "stream"},
    "all but": {"all": [LOITER, {"not": BURN}], "within_s": 10},
    "count": {"count": CROSS, "at_least": 3, "within_s": 30},
    "count at one time": {"count": LOITER, "at_least": 2, "for_s": 5},
    "few": {"count": CROSS, "at_most": 1, "within_s": 30, "for_s": 10},
    "rate": {"rate": {"any": [CROSS, ENTER]}, "per_s": 60, "at_least": 6, "within_s": 20},
    "absence": {"absence": {"any": [CROSS, BURN]}, "for_s": 25},
    "in it another": {"all": [{"count": CROSS, "at_least": 2, "within_s": 30}, {"absence": BURN, "for_s": 20}]},
    "any": {"any": [{"event": "loitering", "for_s": 15}, BURN]},
    "hours": {"absence": CROSS, "between": {"from": "08:01", "to": "08:02", "tz": "UTC"}},
}


def machine_of(watch, when, folder):
    said = {"id": "r", "when": when}

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self):
            self.path = folder / f"{len(list(folder.iterdir()))}.db"
            yard = watch(said, store=EmbeddedStore(self.path), kind="live")
            self.cameras = [yard, watch(said, store=yard.store, name="roof", kind="live")]
            self.open, self.happened, self.looks = [], [], 0
            self.clock()

        def clock(self):
            """The clock on the wall is that of the camera that is ahead."""
            now = max(one.instant for one in self.cameras)
            for one in self.cameras:
                one.now = now

        @rule(camera=st.integers(0, 1), back_s=st.integers(0, 4), thing=st.integers(0, 2))
        def cross(self, camera, back_s, thing):
            self.instant(self.cameras[camera], CROSSED, back_s, thing, line="door")

        @rule(camera=st.integers(0, 1), back_s=st.integers(0, 4), thing=st.integers(0, 2))
        def enter(self, camera, back_s, thing):
            self.instant(self.cameras[camera], ENTERED, back_s, thing, zone="gate")

        def instant(self, w, type_, back_s, thing, **place):
            at = max(0.0, w.watermark_s - back_s)
            key = w.happens(type_, w.thing(f"{w.stream.name} {thing}", Label.PERSON), at, **place)
            self.happened.append((w, key))

        @rule(camera=st.integers(0, 1), back_s=st.integers(0, 10), thing=st.integers(0, 2))
        def loiter(self, camera, back_s, thing):
            w = self.cameras[camera]
            at = max(0.0, w.watermark_s - back_s)
            self.open.append((w, w.opens(LOITERS, w.thing(f"{w.stream.name} {thing}", Label.PERSON), at), at))

        @rule(back_s=st.integers(0, 3))
        def end(self, back_s):
            if self.open:
                w, key, at = self.open.pop(0)
                w.ends(key, max(at, w.watermark_s - back_s))

        @rule()
        def take_back(self):
            if self.open:
                w, key, _ = self.open.pop()
                w.ledger.retract(key)

        @rule(camera=st.integers(0, 1), long_s=st.sampled_from([1, 3, 10, 35]))
        def commit(self, camera, long_s):
            w = self.cameras[camera]
            w.commit(w.watermark_s + long_s)
            self.clock()

        @rule(camera=st.integers(0, 1), at=st.integers(0, 100), long_s=st.integers(0, 10))
        def look_closer(self, camera, at, long_s):
            w = self.cameras[camera]
            if at + long_s < w.watermark_s:
                self.looks += 1
                w.look_closer(FIRE, at, at + long_s, number=self.looks * 2 + camera)

        @rule()
        def tick(self):
            self.cameras[0].tick()

        @rule()
        def restart(self):
            self.cameras[0].store.close()
            store = EmbeddedStore(self.path)
            for one in self.cameras:
                one.store = store

        def teardown(self):
            if not hasattr(self, "cameras"):
                return
            end_s = max(one.watermark_s for one in self.cameras) + 130
            for one in self.cameras:
                one.commit(end_s)
                self.clock()
            for one in self.cameras:
                one.commit(end_s + 1, final=True)
            self.check()
            self.cameras[0].store.close()

        def check(self):
            read = self.cameras[0].store.read
            asked = rule_of(RuleSettings.model_validate(said), UTC)
            found = [(one.id, one.start, one.end) for one in everything(read, asked, self.cameras[0].now)]
            kept = read(SaidOfRule(rule="r", version=asked.version))
            assert sorted((one.match.start, one.match.end or 0) for one in kept) == sorted(
                (start, end or 0) for _, start, end in found
            )
            if when.keys() & {"in_order", "all", "any"} and "absence" not in str(when):
                assert {one.id for one in kept} == {id_ for id_, *_ in found}
            alerts = {one.id: one for one in read(Alerts(where=AlertFilter(rules=("r",)), limit=1000))}
            living = {one.alert for one in kept}
            assert living <= alerts.keys()
            for key, alert in alerts.items():
                assert alert.text.startswith("Taken back") == (key not in living), alert
                assert alert.state in (("resolved",) if key not in living else ("open", "resolved"))

    return Machine


def everything(read, asked, now):
    """All that is stored, weighed at once."""
    heard = tuple(read(HeardOf()))
    witness = Witness(heard, ms_of(now)).of(asked.leaves)
    given = {}
    for one in heard:
        stream = read(StreamOf(name=one.stream))
        events = read(Events(where=Filter(streams=(one.stream,)), limit=100_000))
        case = Case(stream=stream, look="fast", watermark_s=0, final=False, events=tuple(events))
        leaves = leaves_for([asked], one.stream)
        for fit in fittings(case, leaves, lambda event: frozenset({event.zone} - {None}), lambda _: []):
            reach = {other.stream: other.reach for other in heard}
            given.setdefault(fit.found.leaf, []).append(as_seen(fit.found.match, reach))

    def known(leaves, _looked):
        return witness.of(asked.leaves[number] for number in leaves).known(read, 0)

    return Weighing(given, known).of(asked.when)


@pytest.mark.parametrize("name", CONDITIONS)
def test_in_the_end_nothing_remains_of_how_it_came(watch, tmp_path, name):
    run_state_machine_as_test(
        machine_of(watch, CONDITIONS[name], tmp_path),
        settings=settings(
            max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
