"""A clip that is there later: told once, to those who were told of the alert."""

import pytest

from rules.exhibits import exhibited
from vidette.alerting import Deliveries
from vidette.alerts import AlertState, Change
from vidette.models import EventType, Evidence
from vidette.rule_settings import SinkSettings

RULE = {"id": "loiterer", "when": {"event": "loitering"}}
CLIP = Evidence(kind="clip", sha256="c" * 64, uri=f"media:{'c' * 64}.mp4", pts_s=3.0)
DESK, LOG = {"id": "desk", "kind": "console"}, {"id": "log", "kind": "jsonl", "path": "log.jsonl"}


def exhibit(watch, evidence=CLIP, alert_id=None):
    name = alert_id or watch.alert().id
    return watch.store.amend(lambda read: exhibited(name, evidence, read, sinks=watch.sinks, now=watch.instant))


def told(watch):
    rows = watch.store.read(Deliveries())
    return sorted((row.sink, row.message.sequence, row.message.change.value) for row in rows)


@pytest.fixture
def loitered(watch):
    """Somebody loiters, and the desk was told."""
    made = watch(RULE, sinks=(DESK,))
    made.key = made.opens(EventType.LOITERING, made.thing("someone"), 2.0)
    made.commit(5.0)
    return made


def test_it_is_told_once_with_all_the_evidence(loitered):
    before = loitered.alert()
    assert [exhibit(loitered), exhibit(loitered)] == [True, False]
    after = loitered.alert()
    assert (after.change, after.sequence, after.state) == (Change.EVIDENCE, 2, AlertState.OPEN)
    assert after.evidence == (*before.evidence, CLIP)
    assert told(loitered) == [("desk", 1, "raised"), ("desk", 2, "evidence")]


def test_only_those_are_told_who_were_told_before(loitered, watch):
    loitered.sinks.append(SinkSettings.model_validate(LOG))
    exhibit(loitered)
    assert told(loitered) == [("desk", 1, "raised"), ("desk", 2, "evidence")]
    quiet = watch(RULE, sinks=(DESK,), max_age_s=1.0, now=loitered.instant.replace(year=2030))
    quiet.opens(EventType.LOITERING, quiet.thing("someone"), 2.0)
    quiet.commit(5.0)
    exhibit(quiet)
    assert (quiet.alert().evidence[-1], told(quiet)) == (CLIP, [])


def test_the_end_of_the_alert_comes_after_it(loitered):
    exhibit(loitered)
    loitered.ends(loitered.key, 9.0)
    loitered.commit(60.0)
    after = loitered.alert()
    assert (after.state, after.sequence, after.evidence[-1]) == (AlertState.RESOLVED, 3, CLIP)
    assert told(loitered)[-1] == ("desk", 3, "resolved")


def test_an_alert_that_is_over_keeps_its_state_and_still_gets_it(loitered):
    loitered.ends(loitered.key, 9.0)
    loitered.commit(60.0)
    exhibit(loitered)
    assert (loitered.alert().state, loitered.alert().change) == (AlertState.RESOLVED, Change.EVIDENCE)


def test_an_alert_that_is_gone_gets_nothing(loitered):
    assert exhibit(loitered, alert_id="gone") is False


def test_pictures_that_come_later_do_not_push_a_clip_out(loitered):
    for number in range(4):
        exhibit(loitered, Evidence(kind="clip", sha256=f"{number}" * 64, uri="media:x.mp4", pts_s=1.0))
    thing = next(iter(loitered.tracks))
    picture = Evidence(kind="snapshot", sha256="d" * 64, uri="media:d.jpg", pts_s=6.0)
    loitered.happens(EventType.LOITERING, thing, 6.0, 7.0, evidence=(picture,))
    loitered.commit(8.0)
    assert [one.kind for one in loitered.alert().evidence].count("clip") == 4
