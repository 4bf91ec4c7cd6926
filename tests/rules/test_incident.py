"""Incidents: what belongs together, whatever the order, against the pairs of all alerts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from rules.docket import Docket
from rules.incident import Grouping, milliseconds
from rules.policy import policy_of
from tests.rules.conftest import START
from tests.rules.test_sending import LIFE, bag
from tests.telling import alert
from vidette.alerting import Alerts, Deliveries
from vidette.ids import make_id
from vidette.models import EventType
from vidette.rule_settings import AlertSettings

WITHIN_S = 60.0
NEAR = {"yard": frozenset({"road"}), "road": frozenset({"yard"})}
POLICY = policy_of([], max_age_s=3600, tz=START.tzinfo, alerts=AlertSettings(incident_s=WITHIN_S), near=NEAR)


def made(number, at_s, stream, zones, subject):
    return replace(
        alert(number),
        at=START + timedelta(seconds=at_s),
        streams=(stream,),
        zones=zones or None,
        subject=subject,
        incident="",
    )


@st.composite
def stories(draw):
    """Alerts in any order, in any batches."""
    count = draw(st.integers(1, 12))
    found = [
        made(
            number,
            draw(st.integers(0, 40)) * 10.0,
            draw(st.sampled_from(["yard", "road", "lobby"])),
            draw(st.sampled_from([(), ("gate",), ("door",), ("door", "gate")])),
            draw(st.sampled_from([None, None, "anna", "bob"])),
        )
        for number in range(count)
    ]
    order = draw(st.permutations(found))
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=4)))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, count], strict=True)]


def linked(a, b):
    """The definition, word for word."""
    if abs(milliseconds(a.at) - milliseconds(b.at)) > WITHIN_S * 1000:
        return False
    if a.subject and a.subject == b.subject:
        return True
    if a.streams == b.streams:
        return bool(set(a.zones or ("",)) & set(b.zones or ("",)))
    return b.streams[0] in NEAR.get(a.streams[0], ())


def reference(alerts):
    """Components by pairs; each named by its first alert."""
    groups = [{one.id} for one in alerts]
    by_id = {one.id: one for one in alerts}
    merged = True
    while merged:
        merged = False
        for i, one in enumerate(groups):
            for other in groups[i + 1 :]:
                if any(linked(by_id[a], by_id[b]) for a in one for b in other):
                    one.update(other)
                    groups.remove(other)
                    merged = True
                    break
            if merged:
                break
    out = {}
    for group in groups:
        first = min((milliseconds(by_id[key].at), key) for key in group)[1]
        out |= dict.fromkeys(group, make_id("incident", first))
    return out


def group(store, batch, told=None):
    def decide(read):
        docket = Docket(read, START)
        grouping = Grouping(docket, POLICY)
        for one in batch:
            joined = grouping.join(one)
            docket.alerts[one.id] = replace(one, incident=joined.incident)
            docket.deliver(docket.alerts[one.id], ["desk"])
        judgement = docket.judgement()
        if told is not None:
            told.append(judgement)
        return judgement

    store.amend(decide)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories())
def test_in_any_order_and_batches_incidents_are_what_pairs_of_alerts_join(batches):
    store, told = EmbeddedStore(":memory:"), []
    for batch in batches:
        group(store, batch, told)
    rows = store.read(Alerts(limit=100))
    assert {one.id: one.incident for one in rows} == reference(rows)
    for judgement in told:  # a message names the incident as it was when its transaction ended
        known = {one.id: one.incident for one in judgement.alerts}
        assert all(one.message.incident == known[one.message.id] for one in judgement.deliveries)
    store.close()


def test_one_thing_seen_by_overlapping_cameras_is_one_incident(watch):
    """Frigate 23289, 4007, 6647: a person in two pictures is told as two unrelated things."""
    rule = {"id": "r", "when": {"event": "object_left"}}
    near = {"yard": frozenset({"road"}), "road": frozenset({"yard"})}
    yard = watch(rule, alerts=LIFE, near=near)
    road = watch(rule, alerts=LIFE, near=near, name="road", store=yard.store)
    far = watch(rule, alerts=LIFE, near=near, name="far", store=yard.store)
    for n, w in enumerate((yard, road, far)):
        bag(w, f"bag {n}", at_s=1.0 + n)
    by_stream = {one.streams[0]: one.incident for one in yard.alerts()}
    assert by_stream["yard"] == by_stream["road"] != by_stream["far"]
    assert yard.why("grouped") == ["stream yard near by as alert " + yard.alerts()[0].id[:8] + ": one incident"]


def test_one_thing_in_two_places_is_one_incident_and_two_things_in_two_places_are_not(watch):
    w = watch({"id": "r", "when": {"event": ["zone_entered", "object_left"]}}, alerts=LIFE)
    thing = w.thing("walker", box=(0.7, 0.6, 0.8, 0.8))
    w.happens(EventType.ZONE_ENTERED, thing, 1, zone="gate")
    w.commit(2)
    w.happens(EventType.ZONE_ENTERED, thing, 60, zone="dock")
    other = w.thing("other", box=(0.7, 0.6, 0.8, 0.8))
    w.opens(EventType.OBJECT_LEFT, other, 61)
    w.commit(70)
    alerts = w.alerts()
    assert len(alerts) == 3
    assert len({one.incident for one in alerts}) == 2


def test_long_after_it_is_another_incident(watch):
    w = watch({"id": "r", "when": {"event": "object_left"}}, alerts={**LIFE, "incident_s": 30})
    for n, at_s in enumerate((1, 20, 100)):
        bag(w, f"bag {n}", at_s=at_s, box=(0.1 * n, 0.6, 0.1 * n + 0.05, 0.8))
    first, second, third = (one.incident for one in w.alerts())
    assert first == second != third


def test_a_late_alert_joins_two_incidents_and_changes_no_message():
    store = EmbeddedStore(":memory:")
    for number, at_s in ((0, 0.0), (2, 100.0), (1, 50.0)):
        group(store, [made(number, at_s, "yard", (), None)])
    rows = store.read(Alerts())
    assert {one.incident for one in rows} == {make_id("incident", rows[0].id)}
    assert {one.sequence for one in rows} == {1}
    assert len(store.read(Deliveries())) == 3
    store.close()


@pytest.mark.parametrize("shadow", [True, False])
def test_what_is_on_trial_joins_nothing(watch, shadow):
    w = watch(
        {"id": "r", "when": {"event": "object_left"}},
        {"id": "t", "when": {"event": "object_left"}, "shadow": shadow},
        alerts=LIFE,
    )
    bag(w)
    assert len({one.incident for one in w.alerts()}) == (2 if shadow else 1)
