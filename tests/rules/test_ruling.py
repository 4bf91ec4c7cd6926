"""What a rule finds does not depend on how the watch was cut, stopped or repeated."""

from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidette.alerting import Alerts, Decisions, Deliveries
from vidette.alerts import AlertState
from vidette.models import EventType

LEFT, STOPPED, LOITERS, ENTERED = (
    EventType.OBJECT_LEFT,
    EventType.OBJECT_STOPPED,
    EventType.LOITERING,
    EventType.ZONE_ENTERED,
)
PLACES = [(0.1 + 0.2 * i, 0.6, 0.15 + 0.2 * i, 0.8) for i in range(4)]
DELAY = {LEFT: 3.0, STOPPED: 5.0, LOITERS: 20.0, ENTERED: 0.0}
END_S = 300.0


@dataclass(frozen=True, slots=True)
class Told:
    """One event of thing `thing`: told `DELAY` after its start, over at `end_s`."""

    type: EventType
    thing: int
    start_s: float
    end_s: float


def tolds(types):
    times = st.integers(0, 280).map(float)
    one = st.builds(
        lambda type_, thing, start, long: Told(
            type_, thing, start, start if type_ is ENTERED else min(END_S - 5, start + DELAY[type_] + long)
        ),
        st.sampled_from(types),
        st.integers(0, 2),
        times,
        st.integers(0, 120).map(float),
    )
    return st.lists(one, max_size=8, unique_by=lambda told: (told.type, told.thing, told.start_s))


def play(watch, story, cuts, *, stop_after=None):
    """Tell the story as a fast look would, with a commit at each cut; what is known by then is said."""
    keys, done = {}, set()
    for n, cut in enumerate(sorted({*cuts, END_S})):
        for told in story:
            thing = watch.thing(f"thing {told.thing}", box=PLACES[told.thing])
            if told not in keys and told.start_s + DELAY[told.type] <= cut:
                if told.type is ENTERED:
                    keys[told] = watch.happens(ENTERED, thing, told.start_s, zone="gate")
                    done.add(told)
                else:
                    keys[told] = watch.opens(told.type, thing, told.start_s, f"{told.type} it is.")
            if told in keys and told not in done and told.end_s <= cut:
                watch.ends(keys[told], told.end_s)
                done.add(told)
        watch.commit(cut, final=cut == END_S)
        if n == stop_after:
            return


def outcome(watch):
    """What people get to see, without the wall clock."""
    alerts = {
        one.id: (one.at, one.state, one.sequence, frozenset(one.events), one.why, one.text, one.subject)
        for one in watch.store.read(Alerts(limit=1000))
    }
    told = {
        one.id: (one.message.change, one.message.text, one.message.at)
        for one in watch.store.read(Deliveries(limit=1000))
    }
    decided = {
        (one.event, str(one.verdict)): one.why
        for one in watch.store.read(Decisions(rules=("r",), limit=1000))
        if one.verdict != "waiting"  # whoever comes late need not wait
    }
    return alerts, told, decided


CUTS = st.lists(st.integers(1, 299).map(float), max_size=12)
FOR_S = st.sampled_from([0, 0, 4, 30, 61])
RELAXED = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@RELAXED
@given(st.sampled_from([LEFT, STOPPED, ENTERED]).flatmap(lambda one: tolds([one])), CUTS, FOR_S)
def test_any_cut_of_the_watch_gives_the_same_alerts_messages_and_decisions(watch, story, cuts, for_s):
    rule = {
        "id": "r",
        "when": {"event": ["object_left", "object_stopped", "loitering", "zone_entered"], "for_s": for_s},
    }
    whole, cut = watch(rule, kind="file"), watch(rule, kind="file")
    play(whole, story, [])
    play(cut, story, cuts)
    assert outcome(whole) == outcome(cut)


@RELAXED
@given(tolds([LEFT, STOPPED, LOITERS, ENTERED]), CUTS, FOR_S)
def test_every_event_that_lasts_is_in_one_alert_of_its_thing_however_the_watch_is_cut(watch, story, cuts, for_s):
    rule = {"id": "r", "when": {"event": ["object_left", "object_stopped", "loitering"], "for_s": for_s}}
    w = watch(rule, kind="file")
    play(w, story, cuts)
    alerts = w.alerts()
    held = [event for one in alerts for event in one.events]
    assert len(held) == len(set(held))
    assert len(held) == sum(told.end_s - told.start_s >= for_s for told in story if told.type is not ENTERED)
    assert all(one.state is AlertState.RESOLVED for one in alerts)
    assert all(one.sequence % 2 == 0 for one in alerts)


@RELAXED
@given(tolds([LEFT, STOPPED, LOITERS, ENTERED]), CUTS, FOR_S)
def test_judging_everything_anew_changes_nothing(watch, story, cuts, for_s):
    rule = {"id": "r", "when": {"event": ["object_left", "object_stopped", "loitering"], "for_s": for_s}}
    w = watch(rule, kind="file")
    play(w, story, cuts)
    before = outcome(w)[:2]
    w.rejudge()
    assert outcome(w)[:2] == before
    w.begin(again=True)
    play(w, story, cuts)
    assert outcome(w)[:2] == before


@RELAXED
@given(tolds([LEFT, STOPPED, LOITERS]), CUTS, FOR_S, st.integers(0, 12))
def test_rules_that_come_later_find_what_they_would_have_found(watch, story, cuts, for_s, when):
    """Watched without rules to some moment, then with: the rest is judged as it comes, the past at once."""
    rule = {"id": "r", "when": {"event": ["object_left", "object_stopped", "loitering"], "for_s": for_s}}
    w = watch(kind="file")
    play(w, story, cuts, stop_after=when)
    w.rule_by(rule)
    assert w.engine.new_rules(w.store.read, w.stream.id) == ("r",)
    w.rejudge()
    assert w.engine.new_rules(w.store.read, w.stream.id) == ()
    if w.watermark_s < END_S:
        return
    held = {event for one in w.alerts() for event in one.events}
    assert len(held) == sum(told.end_s - told.start_s >= for_s for told in story)
