"""A film watched half into one memory and, once that was moved, half into another, is the whole film watched into one."""

from threading import Event

import pytest

from graph.dump import carrying
from tests.graph_stores import address, fresh
from vidette.alerting import Alerts
from vidette.queries import LastCommit
from vidette.settings import Settings
from workers.inline import InlineRunner
from workers.moving import moved_memory

RULES = [
    {"id": "in", "when": {"event": "object_entered"}},
    {"id": "twice", "when": {"in_order": [{"event": "object_entered"}, {"event": "object_exited"}], "within_s": 60}},
]


def watched(pipeline, spec, until_s=None):
    """Watch the film, to its end or until it has told of so many seconds."""
    stop = Event()
    (outcome,) = InlineRunner(pipeline).watch(
        [spec], on_progress=lambda told: until_s and told.pts_s >= until_s and stop.set(), stop=stop
    )
    return outcome.status


def said(pipeline):
    """What rules told, but for when that was."""
    alerts = pipeline.store.read(Alerts(limit=999))
    return sorted((one.id, one.rule, one.at, str(one.state), one.events, one.sequence, one.why) for one in alerts)


def timeless(held):
    """What memory holds, but for when alerts were raised: that is the clock of the wall."""
    for node in held["nodes"]:
        node.properties.pop("raised_at", None)
    return held


@pytest.mark.parametrize(("given", "wanted"), [("file", "server"), ("server", "file")])
def test_half_a_film_here_and_half_there(memory, tmp_path, clip, spec_of, held, given, wanted):
    fresh().close()
    places = {"server": address(), "file": str(tmp_path / "moved.db")}
    settings = {name: Settings(db=db) for name, db in places.items()}
    undisturbed = memory("undisturbed", rules=RULES)
    watched(undisturbed, spec_of(clip))
    first = memory(db=places[given], rules=RULES)
    assert watched(first, spec_of(clip), until_s=4.0) == "stopped"
    with moved_memory(settings[given]) as origin, moved_memory(settings[wanted], into=True) as target:
        carrying.migrate(origin, target)
    second = memory(db=places[wanted], rules=RULES)
    before = second.store.read(LastCommit(stream_id=spec_of(clip).stream_id))
    assert 0 < before.watermark_s < 14
    assert len(before.carry) > 1000
    assert watched(second, spec_of(clip)) == "watched"
    assert timeless(held(second)) == timeless(held(undisturbed))
    assert said(second) == said(undisturbed)
    assert {rule for _, rule, *_ in said(second)} == {"in", "twice"}
