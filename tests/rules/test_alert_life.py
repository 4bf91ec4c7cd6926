"""The whole life of alerts, played at random, against a slow reference that keeps everything and looks at all of it."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graph.embedded import EmbeddedStore
from rules.feedback import heard
from rules.storm import RULE as STORM
from tests.rules.conftest import START, Watch
from tests.rules.test_incident import WITHIN_S, reference
from vidette import ids
from vidette.alerting import Alerts, Deliveries
from vidette.alerts import Judgement, Severity, Silence
from vidette.models import EventType, Label

ESCALATE_S, REPEAT_S, HOLD_S, WINDOW_S, MOST, GRACE_S = 90.0, 70.0, 60.0, 60.0, 2, 5.0
RULE = {
    "id": "r",
    "when": {"event": "object_left"},
    "sinks": ["desk"],
    "escalate_s": ESCALATE_S,
    "escalate_to": ["chief"],
    "repeat_s": REPEAT_S,
}
LIFE = {"storm": {"most": MOST, "window_s": WINDOW_S}, "incident_s": WITHIN_S}
SINKS = ({"id": "desk", "kind": "console"}, {"id": "chief", "kind": "console"})
THINGS = {  # box, label: the first two stand in the zone `gate`
    0: ((0.1, 0.6, 0.15, 0.7), Label.BAG),
    1: ((0.3, 0.6, 0.35, 0.7), Label.VEHICLE),
    2: ((0.7, 0.1, 0.75, 0.2), Label.BAG),
    3: ((0.9, 0.1, 0.95, 0.2), Label.VEHICLE),
}
LULL_S, OVER_S = 30.0, 40.0


@dataclass
class Told:
    """An alert as the reference has it; times in seconds since the watch began."""

    thing: int
    at_s: float
    open: bool
    last_s: float
    raised_s: float
    sent: bool = False
    state: str = "open"
    severity: str = "medium"
    sequence: int = 1
    sinks: set[str] = field(default_factory=set)
    timers: dict[str, float] = field(default_factory=dict)
    remembered: bool = True


@dataclass
class Window:
    """What one sink was told in a window."""

    due_s: float
    sent: int = 0
    held: int = 0


class Reference:
    """What should be told, worked out from everything that ever was, without a store and without an index."""

    def __init__(self):
        self.alerts, self.messages, self.silences, self.windows = [], [], [], {}

    def silenced(self, alert, now_s):
        zones = {"gate"} if alert.thing < 2 else set()
        values = {"rules": {"r"}, "zones": zones, "labels": {str(THINGS[alert.thing][1])}}
        return any(begin <= now_s < end and values[kind] & {value} for kind, value, begin, end in self.silences)

    def tell(self, alert, change, sinks):
        for sink in sinks:
            alert.sinks.add(sink)
            self.messages.append((sink, alert.thing, alert.at_s, alert.sequence, change, alert.severity))

    def left(self, thing, at_s, now_s):
        for alert in reversed(self.alerts):
            if alert.thing == thing and alert.remembered and (alert.open or at_s <= alert.last_s + LULL_S):
                alert.open = True
                return
        alert = Told(thing=thing, at_s=at_s, open=True, last_s=at_s, raised_s=now_s)
        self.alerts.append(alert)
        if not self.silenced(alert, now_s) and self.admitted(at_s, now_s):
            alert.sent = True
            alert.timers = {"escalate": now_s + ESCALATE_S, "repeat": now_s + REPEAT_S}
            self.tell(alert, "raised", ["desk"])

    def admitted(self, at_s, now_s):
        start_s = at_s // WINDOW_S * WINDOW_S
        within = start_s <= now_s < start_s + WINDOW_S
        end_s = start_s + WINDOW_S + GRACE_S
        window = self.windows.setdefault(start_s, Window(end_s))
        window.due_s = end_s if within else max(end_s, now_s + WINDOW_S)
        if window.sent < MOST:
            window.sent += 1
            return True
        window.held += 1
        return False

    def ended(self, thing, end_s):
        for alert in self.alerts:
            if alert.thing == thing and alert.open:
                alert.open, alert.last_s = False, end_s

    def settled(self, now_s):
        for alert in self.alerts:
            if alert.remembered and not alert.open and alert.last_s + OVER_S <= now_s:
                alert.remembered = False
                if alert.state in ("open", "acknowledged"):
                    alert.state = "resolved"
                    alert.sequence += 1
                    self.tell(alert, "resolved", sorted(alert.sinks) if alert.sent else [])

    def tick(self, now_s):
        due = sorted(
            (due_s, n, kind)
            for n, alert in enumerate(self.alerts)
            for kind, due_s in alert.timers.items()
            if due_s <= now_s
        )
        for _, n, kind in due:
            self.timer(self.alerts[n], kind, now_s)
        for start_s, window in sorted(self.windows.items()):
            if window.due_s <= now_s and window.held:
                self.messages.append(("desk", "storm", start_s, 1, "raised", window.held))
                window.held, window.due_s = 0, now_s + WINDOW_S
            elif window.due_s <= now_s:
                del self.windows[start_s]

    def timer(self, alert, kind, now_s):
        if alert.state != "open":
            del alert.timers[kind]
        elif self.silenced(alert, now_s):
            alert.timers[kind] = now_s + HOLD_S
        elif kind == "escalate":
            del alert.timers[kind]
            alert.severity = "high"
            alert.sequence += 1
            self.tell(alert, "escalated", sorted({"chief", "desk"}))
        else:
            alert.timers[kind] = now_s + REPEAT_S
            alert.sequence += 1
            self.tell(alert, "repeated", sorted(alert.sinks))

    def said(self, alert, says):
        state = {"acknowledged": "acknowledged", "dismissed": "dismissed"}[says]
        if alert.state == state or (says == "acknowledged" and alert.state != "open"):
            return
        alert.state = state
        alert.sequence += 1
        self.tell(alert, says, sorted(alert.sinks))


class AlertLife(RuleBasedStateMachine):
    """Things come and go, people silence, acknowledge and dismiss, time passes, the program is started again."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "v.db"
        self.watch = Watch(RULE, sinks=SINKS, alerts=LIFE, store=EmbeddedStore(self.path))
        self.reference = Reference()
        self.now_s, self.keys, self.pending = 0.0, {}, []

    def teardown(self):
        self.watch.store.close()
        self.folder.cleanup()

    @rule(things=st.sets(st.sampled_from(sorted(THINGS))), seconds=st.sampled_from([1.0, 7.0, 29.0, 31.0, 45.0, 95.0]))
    def things_come_and_go(self, things, seconds):
        """Those that are there go, the others come; then it is later."""
        for thing in sorted(things):
            (self.goes if thing in self.keys else self.comes)(thing)
        self.later(seconds)

    @rule(seconds=st.sampled_from([7.0, 31.0, 61.0, 95.0]))
    def time_passes(self, seconds):
        self.later(seconds)

    def comes(self, thing):
        at_s = self.now_s + 0.01 * (thing + 1)
        box, label = THINGS[thing]
        track = self.watch.thing(f"thing {thing}", label=label, box=box)
        self.keys[thing] = self.watch.opens(EventType.OBJECT_LEFT, track, at_s)
        self.pending.append((at_s, thing))

    def goes(self, thing):
        self.watch.ends(self.keys.pop(thing), self.now_s + 0.5)
        self.reference.ended(thing, self.now_s + 0.5)

    def later(self, seconds):
        self.now_s += seconds
        self.watch.commit(self.now_s)
        for at_s, thing in sorted(self.pending):
            self.reference.left(thing, at_s, self.now_s)
        self.pending = []
        self.reference.settled(self.now_s)
        self.watch.tick()
        self.reference.tick(self.now_s)

    @rule(
        asked=st.sampled_from([("rules", "r"), ("zones", "gate"), ("labels", "bag"), ("labels", "person")]),
        seconds=st.sampled_from([5.0, 40.0, 200.0]),
    )
    def somebody_silences(self, asked, seconds):
        kind, value = asked
        self.reference.silences.append((kind, value, self.now_s, self.now_s + seconds))
        start = START + timedelta(seconds=self.now_s)
        made = Silence(
            id=str(len(self.reference.silences)),
            start=start,
            end=start + timedelta(seconds=seconds),
            author="Anna",
            **{kind: (value,)},
        )
        self.watch.store.amend(lambda _: Judgement(silences=(made,)))

    @precondition(lambda self: self.reference.alerts)
    @rule(number=st.integers(0, 30), says=st.sampled_from(["acknowledged", "dismissed"]))
    def somebody_says(self, number, says):
        alert = self.reference.alerts[number % len(self.reference.alerts)]
        self.reference.said(alert, says)
        found = next(one for one in self.rows() if self.name(one) == (alert.thing, alert.at_s))
        self.watch.store.amend(lambda read: heard(found.id, says, read, by="Bob", now=self.watch.instant))

    @rule()
    def the_program_is_started_again(self):
        self.watch.store.close()
        self.watch.store = EmbeddedStore(self.path)
        self.watch.rule_by(RULE)

    def rows(self):
        return [one for one in self.watch.store.read(Alerts(limit=1000)) if one.rule != STORM]

    def name(self, alert):
        things = {ids.entity_id(ids.make_id("track", f"thing {n}")): n for n in THINGS}
        return things[alert.subject], round((alert.at - START).total_seconds(), 2)

    @invariant()
    def everybody_was_told_what_the_reference_says_once(self):
        told = []
        for one in self.watch.store.read(Deliveries(limit=10_000)):
            message = one.message
            if message.rule == STORM:
                start_s = (message.at - START).total_seconds()
                told.append((one.sink, "storm", start_s, 1, "raised", int(message.text.split(" ")[0])))
                continue
            told.append((one.sink, *self.name(message), message.sequence, str(message.change), str(message.severity)))
        assert sorted(told, key=repr) == sorted(_rounded(self.reference.messages), key=repr)

    @invariant()
    def one_alert_an_occurrence_and_incidents_are_what_pairs_join(self):
        rows = self.rows()
        expected = {(one.thing, round(one.at_s, 2)): (one.state, one.severity) for one in self.reference.alerts}
        assert {self.name(one): (str(one.state), str(one.severity)) for one in rows} == expected
        assert len(rows) == len(expected)
        assert {one.id: one.incident for one in rows} == reference(rows)
        assert all(one.severity in (Severity.MEDIUM, Severity.HIGH) for one in rows)


def _rounded(messages):
    return [(sink, thing, round(at_s, 2), *rest) for sink, thing, at_s, *rest in messages]


AlertLife.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAlertLife = AlertLife.TestCase
