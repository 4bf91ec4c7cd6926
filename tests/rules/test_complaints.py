"""What users of camera systems complain of, a test each, named after the complaint; of the life of alerts.

The numbers are of discussions: Frigate (FR), frigate-notify (FN), LLM Vision (LV), Viseron (VI), Home Assistant
blueprints (HA).
"""

from datetime import timedelta

from rules.feedback import heard
from tests.rules.conftest import DEEP, START
from tests.rules.test_sending import LIFE, bag
from vidette import ids
from vidette.alerts import AlertState
from vidette.models import Assertion, EventType, Label, Observation, Segment

NIGHT_S = 8 * 3600


def changes(w):
    return sorted((sequence, change) for _, sequence, change in w.messages())


def test_a_cooldown_that_starts_on_unsent_alerts_swallows_the_one_that_matters(watch):
    """FR 15255, HA 36, 117: what was not sent must not start the pause before what should be."""
    w = watch(
        {"id": "r", "when": {"event": "object_left"}, "cooldown_s": 60},
        alerts={**LIFE, "known": [{"kind": "cat"}]},
    )
    cat = w.thing("cat", label=Label.ANIMAL, start_s=1, box=(0.8, 0.1, 0.9, 0.2))
    w.attributes[cat] = {"kind": "cat"}
    w.opens(EventType.OBJECT_LEFT, cat, 1)
    w.commit(2)
    bag(w, at_s=10)
    assert len(w.alerts()) == 2
    assert changes(w) == [(1, "raised")]


def test_hundreds_of_messages_of_one_windy_night_are_a_few_and_a_summary(watch):
    """FN 264 («hundreds of emails»), FR 15255, HA 219."""
    w = watch({"id": "r", "when": {"event": "line_crossed"}}, alerts={"storm": {"most": 5, "window_s": 3600}})
    for n in range(300):
        w.happens(EventType.LINE_CROSSED, w.thing(f"leaf {n}"), 10.0 + n, line="road")
    w.commit(400)
    w.tick(3700)
    assert len(w.messages()) == 6
    assert len([one for one in w.alerts() if one.rule == "r"]) == 300


def test_a_parked_car_is_one_alert_not_a_hundred_a_night(watch):
    """FR 3965, 2921, 2842, 16562, 20206: its track breaks and it is found again at the same place, all night."""
    w = watch({"id": "r", "when": {"event": ["object_stopped", "object_left", "loitering"]}}, alerts=LIFE)
    box, at_s = (0.6, 0.6, 0.8, 0.8), 10.0
    while at_s < NIGHT_S:
        car = w.thing(f"car since {at_s}", label=Label.VEHICLE, box=box, start_s=at_s, end_s=at_s + 580)
        w.ends(w.opens(EventType.OBJECT_STOPPED, car, at_s + 1), at_s + 580)
        at_s += 600  # lost for 20 s, then there again
        w.commit(at_s - 5)
    assert len(w.alerts()) == 1
    assert changes(w) == [(1, "raised")]


def test_the_same_person_in_two_pictures_is_one_incident(watch):
    """FR 23289, 4007, 6647, 2759: cameras that overlap make two unrelated alerts of one visitor."""
    near = {"porch": frozenset({"drive"}), "drive": frozenset({"porch"})}
    rule = {"id": "r", "when": {"event": "object_entered", "label": "person"}}
    porch = watch(rule, alerts=LIFE, near=near, name="porch")
    drive = watch(rule, alerts=LIFE, near=near, name="drive", store=porch.store)
    for n, w in enumerate((drive, porch)):
        w.happens(EventType.OBJECT_ENTERED, w.thing(f"visitor in {n}", label=Label.PERSON), 10.0 + 5 * n)
        w.commit(20)
    assert len(porch.alerts()) == 2
    assert len({one.incident for one in porch.alerts()}) == 1


def test_a_camera_that_is_offline_is_an_alert_after_a_while_and_its_end_is_told(watch):
    """FR 3910, 7473, 4945, 19281, FN 287: an event and an alert, with hold-off, and quiet about what it cannot see."""
    w = watch(
        {"id": "r", "when": {"event": "signal_lost", "for_s": 30}, "severity": "high"},
        {"id": "gone", "when": {"event": "object_exited"}},
        alerts=LIFE,
    )
    blip = w.opens(EventType.SIGNAL_LOST, None, 5, "No signal.")
    w.commit(10)
    w.ends(blip, 12)
    w.commit(60)
    assert w.messages() == []  # 7 s are no outage
    outage = w.opens(EventType.SIGNAL_LOST, None, 100, "No signal.")
    w.happens(EventType.OBJECT_EXITED, w.thing("walker"), 101)
    w.commit(135)
    assert changes(w) == [(1, "raised")]
    w.ends(outage, 200)
    w.commit(250)
    assert changes(w) == [(1, "raised"), (2, "resolved")]


def test_the_alert_is_told_at_once_and_what_a_model_says_comes_as_an_update_within_the_cooldown(watch):
    """LV 200, FR 18714, 15561, HA 467: no waiting for a model; the update is not eaten by the pause."""
    w = watch({"id": "r", "when": {"event": "object_left"}, "cooldown_s": 600}, alerts=LIFE)
    bag(w, at_s=1)
    assert changes(w) == [(1, "raised")]
    event = w.alert().events[0]
    said = Assertion(
        id=ids.make_id("deep", "bag"),
        stream_id=w.stream.id,
        look="deep",
        run_id=DEEP.id,
        type=EventType.OBJECT_LEFT,
        start_s=1.0,
        end_s=2.0,
        confidence=0.9,
        caption="A red suitcase stands alone by the door.",
    )
    segment = Segment(id="s1", stream_id=w.stream.id, start_s=0.0, end_s=3.0, caption="A suitcase.")
    w.store.settle(
        Observation(
            id="deep-1",
            stream_id=w.stream.id,
            look="deep",
            run=DEEP,
            start_s=0.0,
            end_s=3.0,
            assertions=(said,),
            segments=(segment,),
            segment_id="s1",
        ),
        w.engine,
    )
    assert w.alert().events == (event,)
    assert changes(w) == [(1, "raised"), (2, "described")]
    assert "suitcase" in w.alert().text


def test_when_the_model_never_answers_the_alert_was_told_all_the_same(watch):
    """FR 23481, LV 648: provider down, text lost; here only the text is missing."""
    w = watch({"id": "r", "when": {"event": "object_left"}}, alerts=LIFE)
    key = bag(w, at_s=1)
    w.ends(key, 30)
    w.commit(100)
    assert changes(w) == [(1, "raised"), (2, "resolved")]


def test_no_activity_is_no_message(watch):
    """LV 107, 545: «No activity observed» is sent all the same."""
    w = watch({"id": "r", "when": {"event": "object_entered"}}, alerts=LIFE)
    for at_s in range(10, 600, 10):
        w.commit(float(at_s))
    w.tick(600)
    assert w.alerts() == []
    assert w.messages() == []


def test_an_alert_only_about_those_who_are_not_known(watch):
    """FR 19608, VI 1375, FN 252, HA 499: not when it is one of us."""
    w = watch(
        {"id": "r", "when": {"event": "object_entered", "label": "person"}},
        alerts={**LIFE, "known": [{"name": ["Anna", "Bob"]}]},
    )
    for n, name in enumerate(("Anna", "bob", None)):
        person = w.thing(f"person {n}", label=Label.PERSON)
        w.attributes[person] = {"name": name} if name else {}
        w.happens(EventType.OBJECT_ENTERED, person, 1.0 + n)
    w.commit(10)
    assert len(w.alerts()) == 3
    assert changes(w) == [(1, "raised")]
    assert [one.subject for one in w.alerts()][2] is not None


def test_hours_weekdays_and_a_holiday_from_messages(watch):
    """FN 328, 131, HA 207: schedules, and a mute for a while that a restart does not forget."""
    weekend = {"days": ["sat", "sun"], "from": "00:00", "to": "24:00"}
    w = watch(
        {"id": "r", "when": {"event": "object_left"}},
        alerts={**LIFE, "quiet": [{"active": weekend, "below": "high"}]},
        now=START + timedelta(days=5),  # a Saturday
        max_age_s=1e9,
    )
    bag(w, at_s=1)
    assert w.messages() == []
    assert w.why("not_sent") == ["desk: quiet hours (Sat, Sun 00:00-24:00 UTC) for less than high"]
    w.now = START + timedelta(days=7)
    bag(w, "other", at_s=100, box=(0.8, 0.1, 0.9, 0.2))
    assert changes(w) == [(1, "raised")]


def test_a_reminder_that_nobody_needs_any_more_is_not_sent(watch):
    """HA 36: repeated messages after somebody has seen it."""
    w = watch({"id": "r", "when": {"event": "object_left"}, "repeat_s": 60}, alerts=LIFE, now=START)
    bag(w, at_s=1)
    w.tick(61)
    key = w.alert().id
    w.store.amend(lambda read: heard(key, "acknowledged", read, by="Anna", now=w.now))
    for at_s in range(120, 3600, 60):
        w.tick(at_s)
    assert w.alert().state is AlertState.ACKNOWLEDGED
    assert changes(w) == [(1, "raised"), (2, "repeated"), (3, "acknowledged")]
