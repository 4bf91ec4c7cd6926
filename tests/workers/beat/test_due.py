"""What beat decides: pure, and tried over days of a cluster that is killed, crowded and forgetful."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources import camera
from workers.beat.due import (
    FRUITLESS,
    Begin,
    Calm,
    Forget,
    GiveUp,
    Seen,
    Stop,
    Tell,
    Want,
    due,
    mark_of_sink,
    mark_of_watch,
    reconciled,
)
from workers.jobs import Watch
from workers.queue.priority import priority_of
from workers.shared.markers import WATCH_S
from workers.shared.registry import Wanted

AT = datetime(2026, 5, 1, tzinfo=UTC)
GRACE_S = 12.0


def job(name, url="rtsp://127.0.0.1/one"):
    return Watch(spec=camera(name, url))


def wanted(name="yard", state="wanted", **more):
    made = job(name)
    return Wanted(stream_id=made.spec.stream_id, name=name, job=made, state=state, at=AT, **more)


def doing(seen, calm_s=60.0):
    return list(due(seen, calm_s=calm_s, grace_s=GRACE_S))


YARD = wanted()
LIVE = priority_of(YARD.job)


def test_a_stream_that_nobody_watches_is_sent():
    assert doing(Seen(wanted=[YARD])) == [Begin(wanted=YARD)]


@pytest.mark.parametrize(
    "seen",
    [
        Seen(wanted=[]),
        Seen(wanted=[YARD], leased={YARD.stream_id}),
        Seen(wanted=[YARD], marked={mark_of_watch(YARD.stream_id)}),
        Seen(wanted=[YARD], watches={LIVE: 1}),
        *(Seen(wanted=[replace(YARD, state=state)]) for state in ("stopping", "done", "failed", "dead")),
    ],
    ids=["nothing", "leased", "sent a moment ago", "waits in the queue", "stopping", "done", "failed", "dead"],
)
def test_nothing_is_sent_for_one_that(seen):
    assert doing(seen) == []


def test_holders_have_time_to_come_back_first():
    assert doing(Seen(wanted=[YARD]), calm_s=GRACE_S - 0.1) == []
    assert doing(Seen(wanted=[YARD]), calm_s=GRACE_S) == [Begin(wanted=YARD)]


def test_what_nobody_takes_is_not_heaped_up():
    many = [wanted(f"cam{number}") for number in range(5)]
    assert len(doing(Seen(wanted=many, watches={LIVE: 3}))) == 2
    assert doing(Seen(wanted=many, watches={LIVE: 50})) == []


def test_a_camera_is_sent_though_files_wait_and_one_that_was_begun_before_others():
    file = replace(YARD, job=replace(YARD.job, spec=replace(YARD.job.spec, url="", stream_id="f")), stream_id="f")
    files = [replace(file, stream_id=f"f{number}") for number in range(9)]
    rank = priority_of(file.job)
    assert rank != LIVE
    assert doing(Seen(wanted=[*files, YARD], watches={rank: 12})) == [Begin(wanted=YARD)]
    begun = replace(files[5], tries=1)
    assert doing(Seen(wanted=[*files, begun], watches={rank: 9})) == [Begin(wanted=begun)]


def test_one_that_was_begun_in_vain_three_times_is_given_up():
    poor = replace(YARD, tries=FRUITLESS, sequence=7)
    id_ = poor.stream_id
    assert doing(Seen(wanted=[poor], settled={id_: 7})) == [GiveUp(wanted=poor)]
    assert doing(Seen(wanted=[poor], settled={id_: 8})) == [Begin(wanted=poor)]  # it got on after all
    assert doing(Seen(wanted=[poor])) == []  # memory does not answer
    assert doing(Seen(wanted=[poor], settled={id_: 7}, leased={id_})) == []
    assert doing(Seen(wanted=[poor], settled={id_: 7}), calm_s=1) == []
    twice = replace(poor, tries=FRUITLESS - 1)
    assert doing(Seen(wanted=[twice], settled={id_: 7})) == [Begin(wanted=twice)]


def test_one_that_is_given_up_takes_no_room_from_others():
    poor, well = replace(wanted("poor"), tries=FRUITLESS), wanted("well")
    seen = Seen(wanted=[poor, well], settled={poor.stream_id: -1})
    assert doing(seen) == [GiveUp(wanted=poor), Begin(wanted=well)]


def test_sinks_are_told_of_what_is_due_once():
    seen = Seen(wanted=[], sinks=["ops", "log"], marked={mark_of_sink("ops")})
    assert doing(seen) == [Tell(sink="log")]
    assert doing(replace(seen, deliveries=2)) == []
    assert doing(replace(seen, marked=frozenset()), calm_s=0) == [Tell(sink="ops"), Tell(sink="log")]


# A cluster over time ------------------------------------------------------------------------------


@dataclass
class Cluster:
    """Redis and workers as beat sees them, second by second."""

    names: tuple[str, ...]
    room: int
    now: int = 0
    listening: bool = True
    queue: list[str] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)  # until when its lease lives, unless it is renewed
    alive: set[str] = field(default_factory=set)
    marks: dict[str, float] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    begun: list[tuple[int, str]] = field(default_factory=list)

    def rows(self):
        return [
            replace(wanted(name), tries=self.tries.get(name, 0)) for name in self.names if name not in self.given_up
        ]

    def leased(self):
        return {name for name, until in self.held.items() if until > self.now or name in self.alive}

    def marked(self):
        return {name for name, until in self.marks.items() if until > self.now}

    def take(self):
        """Workers take what waits, as long as they have room."""
        while self.listening and self.queue and len(self.alive) < self.room:
            name = self.queue.pop(0)
            self.marks.pop(name, None)
            if name not in self.leased():
                self.alive.add(name)
                self.held[name] = self.now + 6
                self.tries[name] = self.tries.get(name, 0) + 1

    def beat(self):
        by_id = {row.stream_id: row.name for row in self.rows()}
        seen = Seen(
            wanted=self.rows(),
            leased={row.stream_id for row in self.rows() if row.name in self.leased()},
            marked={mark_of_watch(row.stream_id) for row in self.rows() if row.name in self.marked()},
            watches={LIVE: len(self.queue)},
            settled=dict.fromkeys(by_id, -1),
        )
        for action in due(seen, calm_s=100, grace_s=GRACE_S):
            name = action.wanted.name
            assert name not in self.leased(), "sent though somebody has it"
            if isinstance(action, GiveUp):
                assert self.tries[name] >= FRUITLESS
                self.given_up.add(name)
                continue
            assert name not in self.marked(), "sent twice within the marker's time"
            self.marks[name] = self.now + WATCH_S
            self.queue.append(name)
            self.begun.append((self.now, name))
        assert len(self.queue) <= len(self.names)


EVENTS = st.sampled_from(["pass", "pass", "long", "die", "lose messages", "deaf", "hear", "commit"])


@given(st.integers(1, 4), st.lists(st.tuples(EVENTS, st.integers(0, 3)), max_size=80))
def test_a_cluster_over_time(streams, events):
    names = tuple(f"cam{number}" for number in range(streams))
    place = Cluster(names, room=streams)
    alone_s = dict.fromkeys(names, 0)
    for event, which in events:
        name = names[which % streams]
        match event:
            case "die":
                place.alive.discard(name)
            case "lose messages":
                place.queue.clear()
            case "deaf" | "hear":
                place.listening = event == "hear"
            case "commit" if name in place.alive:
                place.tries[name] = 1
        for _ in range(12 if event == "long" else 1):
            _second(place, alone_s)


def _second(place, alone_s):
    for one in place.alive:
        place.held[one] = place.now + 6
    place.beat()
    place.take()
    place.now += 1
    for one in place.names:
        alone = one not in place.leased() and one not in place.given_up and place.listening
        alone_s[one] = alone_s[one] + 1 if alone else 0
        assert alone_s[one] <= WATCH_S + 1, f"{one} was left alone"


# Cameras of the settings -----------------------------------------------------------------------------


def near(cameras, rows, ours=(), leased=(), anew=False, calm=True):
    by_id = {one.spec.stream_id: one for one in cameras}
    return list(
        reconciled(
            by_id,
            {row.stream_id: row for row in rows},
            ours=frozenset(ours),
            leased=frozenset(leased),
            anew=anew,
            calm=calm,
        )
    )


def test_a_camera_of_the_settings_is_wanted_until_it_is():
    assert near([YARD.job], []) == [Want(job=YARD.job)]
    assert near([YARD.job], [YARD]) == []
    assert near([YARD.job], [replace(YARD, state="done")]) == [Want(job=YARD.job)]


def test_one_that_failed_is_tried_again_when_the_settings_are_taken_and_a_dead_one_is_left_to_people():
    failed, dead = replace(YARD, state="failed"), replace(YARD, state="dead")
    assert near([YARD.job], [failed]) == []
    assert near([YARD.job], [failed], anew=True) == [Want(job=YARD.job)]
    assert near([YARD.job], [dead], anew=True) == []


def test_a_camera_that_moved_is_let_go_and_then_wanted_there():
    moved = job("yard", "rtsp://127.0.0.1/two")
    id_ = YARD.stream_id
    assert near([moved], [YARD], leased=[id_]) == [Stop(stream_id=id_)]
    stopping = replace(YARD, state="stopping")
    assert near([moved], [stopping], leased=[id_]) == []
    assert near([moved], [stopping]) == [Want(job=moved)]
    assert near([moved], [replace(YARD, state="dead")]) == [Want(job=moved)]


def test_a_camera_that_is_gone_is_let_go_and_forgotten_and_nobody_elses_is():
    id_ = YARD.stream_id
    assert near([], [YARD], ours=[id_], leased=[id_]) == [Stop(stream_id=id_)]
    assert near([], [replace(YARD, state="stopping")], ours=[id_], leased=[id_]) == []
    assert near([], [replace(YARD, state="stopping")], ours=[id_]) == [Forget(stream_id=id_)]
    assert near([], [], ours=[id_]) == [Forget(stream_id=id_)]
    assert near([], [YARD]) == []


def test_while_redis_has_just_come_back_a_camera_without_a_lease_may_still_be_watched():
    id_, stopping, moved = YARD.stream_id, replace(YARD, state="stopping"), job("yard", "rtsp://127.0.0.1/two")
    assert near([], [YARD], ours=[id_], calm=False) == [Stop(stream_id=id_)]
    assert near([], [stopping], ours=[id_], calm=False) == []
    assert near([moved], [stopping], ours=[id_], calm=False) == []
    assert near([YARD.job], [], ours=[id_], calm=False) == [Want(job=YARD.job)]


STATES = st.sampled_from(["absent", "wanted", "stopping", "done", "failed", "dead"])


@given(st.booleans(), st.booleans(), STATES, st.booleans(), st.booleans())
def test_whatever_there_is_it_comes_to_what_the_settings_say(there, moved, state, leased, ours):
    """Each action done in its turn, and who watches lets go when told: no camera is left half."""
    cameras = [job("yard", "rtsp://127.0.0.1/two" if moved else YARD.job.spec.url)] if there else []
    rows, held, known = ([] if state == "absent" else [replace(YARD, state=state)]), leased, ours or there
    for _ in range(4):
        for action in near(
            cameras, rows, ours=[YARD.stream_id] if known else [], leased=[YARD.stream_id] if held else []
        ):
            match action:
                case Want(job=made):
                    rows = [replace(YARD, job=made)]
                case Stop():
                    rows = [replace(rows[0], state="stopping")]
                case Forget():
                    rows, known = [replace(one, state="done") for one in rows], False
        if rows and rows[0].state == "stopping":
            held = False
        if not rows or rows[0].state != "wanted":
            held = False
    if there and state not in ("dead", "failed"):
        assert (rows[0].state, rows[0].job.spec.url) == ("wanted", cameras[0].spec.url)
    if not there:
        assert not known
        assert not ours or not rows or rows[0].state == "done"


# How long Redis has been there --------------------------------------------------------------------


def test_redis_that_always_answered_is_trusted_for_as_long_as_it_runs():
    calm = Calm(slow_s=2)
    calm.answered(100, 100, uptime_s=500)
    assert calm.seconds(100) == 500
    calm.answered(101, 101, uptime_s=501)
    assert calm.seconds(101) == 501


def test_after_it_was_away_restarted_or_slow_time_begins_anew():
    calm = Calm(slow_s=2)
    calm.answered(100, 100, uptime_s=500)
    calm.away(110)
    calm.answered(115, 115, uptime_s=515)
    assert calm.seconds(115) == 5
    calm.answered(120, 120, uptime_s=1)
    assert calm.seconds(120) == 1
    calm.answered(130, 134, uptime_s=500)
    assert calm.seconds(134) == 0


@given(st.lists(st.tuples(st.floats(0.1, 5), st.sampled_from(["answers", "slow", "away", "restarted"])), min_size=1))
def test_no_break_is_forgotten(steps):
    calm, now, began, last = Calm(slow_s=2), 1000.0, 0.0, float("-inf")
    for passed, what in steps:
        now += passed
        match what:
            case "away":
                last = now
                calm.away(now)
                continue
            case "restarted":
                began = now
            case "slow":
                last = now + 3
        calm.answered(now, now + 3 if what == "slow" else now, uptime_s=max(0.0, now - began))
        now = now + 3 if what == "slow" else now
        assert calm.seconds(now) <= now - last + 1e-6
        assert calm.seconds(now) <= now - began + 3 + 1e-6
