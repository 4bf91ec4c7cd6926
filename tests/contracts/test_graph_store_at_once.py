"""What every GraphStore promises threads that settle at once: what one after another would give, and faults of their own."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from tests.graph_stores import STORES
from tests.telling import alert, delivery
from tests.yard import FAST, FIRE, LOITER, START, covered, deep, deep_said, fast, said, stream_of, track
from vidette.alerting import Alerts, Deliveries, RuleStates
from vidette.alerts import Alert, Case, Delivery, DeliveryStatus, Judgement, RuleState, Storm
from vidette.errors import StoreError
from vidette.handling import StormOf
from vidette.models import DeepState, Entity, FastState, Label, Observation, Role, Run, State
from vidette.ports import GraphStore, Judge, Reader
from vidette.queries import Count, CoverageIn, Events, Filter, LastCommit, Neighbours, Runs, Streams, Tracks, WholeGraph
from vidette.streams import Stream

DEADLINE_S = 60
CAMERAS = tuple(stream_of(name) for name in ("north", "south", "west"))


class Refuses:
    """Has nothing to say of some observations, and does not know what to make of the others."""

    def judge(self, case: Case, read: Reader) -> Judgement:
        raise ValueError(f"no rule for {case.stream.name}")


class Searches:
    """Looks for the captions of what it is told by their words."""

    def judge(self, case: Case, read: Reader) -> Judgement:
        for event in case.events:
            if event.state is State.RETRACTED:
                continue
            found = read(Events(where=Filter(text=event.caption, streams=(event.stream,)), limit=1000))
            assert event.id in {one.id for one in found}
        return Judgement()


def fast_of(stream: Stream, number: int) -> Observation:
    """Ten seconds: one thing that stays."""
    name, at = f"{stream.name}{number}", number * 10.0
    roles = (Role(role="subject", track_id=name),)
    stays = said(f"e{name}", LOITER, at, at + 8, stream_id=stream.id, roles=roles, caption=f"waits {name}")
    seen = fast(
        number,
        stream_id=stream.id,
        tracks=(track(name, at, at + 9, stream),),
        assertions=(stays,),
        coverage=(replace(covered(at, at + 10, FastState.WATCHED, DeepState.PENDING), stream_id=stream.id),),
        carry=name.encode() * 100,
    )
    return replace(seen, id=f"f{name}")


def deep_of(stream: Stream, number: int) -> Observation:
    """What a model says of the same ten seconds: it supports what stays there, and founds a fire or adds to one."""
    name, at = f"{stream.name}{number}", number * 10.0
    told = (
        deep_said(f"d{name}", LOITER, at + 1, at + 7, stream_id=stream.id, caption=f"stands {name}"),
        deep_said(f"x{name}", FIRE, at, at + 12, stream_id=stream.id, caption=f"burns {name}"),
    )
    return replace(deep(f"l{name}", *told), stream_id=stream.id, start_s=at, end_s=at + 10)


Work = list[tuple[Observation, Judge | None]]
PIECES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 5), st.sampled_from([None, "refuses", "searches"])), max_size=24
)
JUDGES: dict[str | None, Judge | None] = {None: None, "refuses": Refuses(), "searches": Searches()}


@pytest.fixture(params=list(STORES))
def opened(request: pytest.FixtureRequest) -> Callable[[Path], GraphStore]:
    return STORES[request.param]


@pytest.fixture
def store(opened: Callable[[Path], GraphStore], tmp_path: Path) -> Iterator[GraphStore]:
    made = opened(tmp_path)
    yield made
    made.close()


def at_once(lanes: Sequence[Callable[[], object]]) -> None:
    """Run each in a thread of its own, all from one moment on; raises what one raised."""
    together, faults = threading.Barrier(len(lanes)), []

    def run(lane: Callable[[], object]) -> None:
        try:
            together.wait(DEADLINE_S)
            lane()
        except BaseException as fault:  # noqa: BLE001  a thread hands over whatever went wrong
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
        assert not thread.is_alive()
    assert faults == []


def settled(store: GraphStore, work: Work) -> list[str]:
    """What each came to, with the id of the observation."""
    out = []
    for observation, judge in work:
        try:
            came: object = store.settle(observation, judge)
        except (StoreError, ValueError) as fault:
            came = str(fault).rpartition(": ")[2]
        out.append(f"{observation.id} {came}")
    return out


def held(store: GraphStore) -> list[object]:
    """All that can be asked of it, whatever the order in which it came."""
    asked = (Events(limit=999), Tracks(limit=999), CoverageIn(limit=999), Streams())
    graph = store.read(WholeGraph(limit=9999))
    words = [Filter(text=word) for word in ("waits", "stands", "burns")]
    return [
        *(store.read(one) for one in asked),
        sorted(graph.nodes, key=repr),
        sorted(graph.edges, key=repr),
        *(store.read(LastCommit(stream_id=stream.id)) for stream in CAMERAS),
        *({event.id for event in store.read(Events(where=one, limit=999))} for one in words),
    ]


UNRULY = {
    "deep_looks": st.lists(PIECES, min_size=1, max_size=4),
    "unruly": st.sets(st.tuples(st.integers(0, 2), st.integers(0, 5))),
}
"""A thread a camera, some of whose looks no judge can make anything of at first, and threads of deep looks."""


@settings(max_examples=10, deadline=None)
@given(**UNRULY)
@pytest.mark.parametrize("kind", ["embedded on disk", "embedded in memory"])
def test_it_is_what_one_after_another_would_give(
    kind: str, deep_looks: list[list[tuple[int, int, str | None]]], unruly: set[tuple[int, int]]
) -> None:
    all_at_once(kind, deep_looks, unruly)


@settings(max_examples=2, deadline=None)
@given(**UNRULY)
def test_it_is_on_a_server_too(
    deep_looks: list[list[tuple[int, int, str | None]]], unruly: set[tuple[int, int]]
) -> None:
    all_at_once("neo4j", deep_looks, unruly)


def all_at_once(kind: str, deep_looks: list[list[tuple[int, int, str | None]]], unruly: set[tuple[int, int]]) -> None:
    lanes: list[Work] = []
    for at, stream in enumerate(CAMERAS):
        lane: Work = []
        for number in range(6):
            seen = fast_of(stream, number)
            lane += [(seen, Refuses())] if (at, number) in unruly else []
            lane += [(fast_of(stream, number + 2), None), (seen, Searches()), (seen, None)]
        lanes.append(lane)
    lanes += [[(deep_of(CAMERAS[at], number), JUDGES[judge]) for at, number, judge in piece] for piece in deep_looks]
    with TemporaryDirectory() as folder:
        plain, crowded = EmbeddedStore(":memory:"), STORES[kind](Path(folder))
        for stream in CAMERAS:
            plain.open_stream(stream)
            crowded.open_stream(stream)
        expected = [settled(plain, lane) for lane in lanes]
        came: dict[int, list[str]] = {}
        at_once([partial(_hear, crowded, came, at, lane) for at, lane in enumerate(lanes)])
        assert held(crowded) == held(plain)
        assert [came[at] for at in range(3)] == expected[:3]
        told = Counter(one for at in range(3, len(lanes)) for one in came[at])
        meant = {look.id for lane in lanes[3:] for look, judge in lane if not isinstance(judge, Refuses)}
        assert {one: count for one, count in told.items() if one.endswith("True")} == {
            f"{id_} True": 1 for id_ in meant
        }
        for store in (plain, crowded):
            store.close()


def _hear(store: GraphStore, came: dict[int, list[str]], at: int, lane: Work) -> None:
    came[at] = settled(store, lane)


def test_the_same_observation_is_settled_by_one_of_them(store: GraphStore) -> None:
    yard, heard = CAMERAS[0], []
    store.open_stream(yard)
    at_once([lambda: heard.append(store.settle(fast_of(yard, 0)))] * 6)
    assert sorted(heard) == [False] * 5 + [True]
    assert store.read(Count(of="events")) == 1


SHARED = ("ann", "bob", "cleo", "dan")
"""Things that every camera names, each in an order of its own."""


class Raises:
    """One rule for all streams: what one of them raises belongs to the incident of all."""

    def judge(self, case: Case, read: Reader) -> Judgement:
        return Judgement(
            alerts=tuple(self._alert(one.id, case.stream.name) for one in case.events),
            deliveries=tuple(
                Delivery(
                    id=f"to {one.id}",
                    sink="desk",
                    message=self._alert(one.id, case.stream.name),
                    status=DeliveryStatus.PENDING,
                    next_at=START,
                )
                for one in case.events
            ),
        )

    def _alert(self, event: str, stream: str) -> Alert:
        return alert(id=f"of {event}", rule="all", incident="one", streams=(stream,), events=(event,))


def shared_by(stream: Stream, number: int, turn: int) -> Observation:
    """A fast observation in which all of the things that are shared take part, and are described."""
    seen = fast_of(stream, number)
    order = [SHARED[(at + turn + number) % len(SHARED)] for at in range(len(SHARED))][:: -1 if turn % 2 else 1]
    named = tuple(Role(role="taker", entity_id=name) for name in order)
    (stays,) = seen.assertions
    things = tuple(Entity(id=name, stream_id=stream.id, label=Label.PERSON) for name in order)
    return replace(seen, entities=things, assertions=(replace(stays, roles=(*stays.roles, *named)),))


def test_streams_that_share_things_and_rules_all_arrive(store: GraphStore) -> None:
    """What locks the same nodes in another order is undone by the server and done again."""
    streams = [stream_of(f"camera {at}") for at in range(8)]
    for stream in streams:
        store.open_stream(stream)

    def watch(stream: Stream, turn: int) -> None:
        for number in range(4):
            assert store.settle(shared_by(stream, number, turn), Raises())

    at_once([partial(watch, stream, turn) for turn, stream in enumerate(streams)])
    assert store.read(Count(of="events")) == 32
    assert len(store.read(Alerts(limit=99))) == len(store.read(Deliveries(limit=99))) == 32
    parts = store.read(Neighbours(id="ann", limit=999)).edges
    assert len([edge for edge in parts if edge.type == "TAKES_PART"]) == 32


def test_other_writes_may_come_between(store: GraphStore) -> None:
    """Streams are opened anew, and events put to a judge again, while others settle."""
    for stream in CAMERAS:
        store.open_stream(stream)

    def watch(stream: Stream) -> None:
        for number in range(8):
            assert store.settle(fast_of(stream, number))
            store.rejudge(stream.id, Searches())
            commit = store.open_stream(stream)
            assert commit is not None
            assert commit.sequence == number

    at_once([partial(watch, stream) for stream in CAMERAS])
    assert store.read(Count(of="events")) == 24


CROWD = tuple(stream_of(f"camera {at}") for at in range(8))


def quiet(stream: Stream, number: int, run: str = FAST.id) -> Observation:
    """Ten seconds of which there is nothing to say: what is said takes turns anyway, with all that its run says."""
    seen = fast(number, stream_id=stream.id)
    return replace(seen, id=f"{stream.name} {number}", run=Run(id=run, model="fast", revision="1"))


def crowded(store: GraphStore) -> None:
    """Open the streams of the crowd; their run has spoken before."""
    for stream in CROWD:
        store.open_stream(stream)
        assert store.settle(quiet(stream, 0))


def stormier(read: Reader) -> Judgement:
    """One more alert was told to the desk."""
    storm = read(StormOf(sink="desk", start=START)) or Storm(sink="desk", start=START, due_at=START)
    return Judgement(storms=(replace(storm, sent=storm.sent + 1),))


def updated(read: Reader) -> Judgement:
    """The alert of all cameras has one more update, which is delivered."""
    (known,) = read(Alerts())
    sequence, streams = known.sequence + 1, tuple(stream.name for stream in CROWD)
    update = delivery(1, sink="desk", sequence=sequence, streams=streams, events=())
    return Judgement(alerts=(update.message,), deliveries=(update,))


class Does:
    """Makes the same of each observation: something that belongs to no stream."""

    def __init__(self, decide: Callable[[Reader], Judgement]) -> None:
        self._decide = decide

    def judge(self, case: Case, read: Reader) -> Judgement:
        return self._decide(read)


class Remembers:
    """Remembers which events of a stream it was told of; with `meanwhile` those of now alone, while that is under way."""

    def __init__(self, meanwhile: threading.Thread | None = None) -> None:
        self._meanwhile = meanwhile

    def judge(self, case: Case, read: Reader) -> Judgement:
        told = {event.id for event in case.events}
        if self._meanwhile is None:
            told |= {event for state in read(RuleStates(stream_id=case.stream.id)) for event in state.state.split()}
        else:
            self._meanwhile.start()
            self._meanwhile.join(0.5)
        kept = RuleState(rule="all", version="1", stream_id=case.stream.id, state=" ".join(sorted(told)))
        return Judgement(states=(kept,))


def test_what_judges_share_has_a_word_of_each(store: GraphStore) -> None:
    crowded(store)
    at_once([partial(store.settle, quiet(stream, 1), Does(stormier)) for stream in CROWD])
    storm = store.read(StormOf(sink="desk", start=START))
    assert storm is not None
    assert storm.sent == 8


def test_what_people_say_of_an_alert_and_what_judges_do_both_stay(store: GraphStore) -> None:
    crowded(store)
    store.amend(lambda _: Judgement(alerts=(alert(1, streams=tuple(stream.name for stream in CROWD), events=()),)))
    lanes: list[Callable[[], object]] = [partial(store.settle, quiet(stream, 1), Does(updated)) for stream in CROWD[:5]]
    at_once([*lanes, *[partial(store.amend, updated)] * 3])
    assert [one.sequence for one in store.read(Alerts())] == [9]
    assert sorted(one.message.sequence for one in store.read(Deliveries())) == list(range(2, 10))


def test_what_is_settled_while_a_stream_is_judged_again_is_not_forgotten(store: GraphStore) -> None:
    yard = CAMERAS[0]
    store.open_stream(yard)
    assert store.settle(fast_of(yard, 0), Remembers())
    settling = threading.Thread(target=store.settle, args=(fast_of(yard, 1), Remembers()))
    store.rejudge(yard.id, Remembers(meanwhile=settling))
    settling.join(DEADLINE_S)
    (state,) = store.read(RuleStates(stream_id=yard.id))
    assert state.state.split() == ["enorth0", "enorth1"]


def test_runs_that_speak_first_at_once_have_numbers_of_their_own(store: GraphStore) -> None:
    for stream in CROWD:
        store.open_stream(stream)
    at_once([partial(store.settle, quiet(stream, 0, f"run of {stream.name}")) for stream in CROWD])
    assert store.settle(quiet(CROWD[0], 1, "a later run"))
    known = [run.id for run in store.read(Runs())]
    assert sorted(known[:-1]) == sorted(f"run of {stream.name}" for stream in CROWD)
    assert known[-1] == "a later run"
