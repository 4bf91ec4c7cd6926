"""A watch whose events are given by hand: the fast look's own ledger, a real store, a real engine."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.perception.ledger import Ledger, Saying
from graph.embedded import EmbeddedStore
from rules.engine import Engine
from vidette import ids
from vidette.alerting import Alerts, Decisions, Deliveries, RuleStates
from vidette.alerts import Verdict
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    Entity,
    FastState,
    Keyframe,
    Label,
    Observation,
    PathPoint,
    Role,
    Run,
    Segment,
    Track,
)
from vidette.models import Verdict as Answer
from vidette.rule_settings import AlertSettings, RuleSettings, SinkSettings
from vidette.streams import Stream, Zone

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday
RUN = Run(id="fast-1", model="vidette", revision="1")
DEEP = Run(id="deep-1", model="vlm", revision="1", prompt_hash="ab")
GATE = Zone(id="zone-gate", name="gate", polygon=((0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0)))
HERE = (0.2, 0.6, 0.3, 0.8)
CONSOLE = {"id": "desk", "kind": "console"}


def rules_from(*said):
    return [RuleSettings.model_validate(one) for one in said]


class Watch:
    """One stream under rules; say what happens, then `commit`."""

    def __init__(
        self,
        *rules,
        sinks=(CONSOLE,),
        store=None,
        name="yard",
        kind="live",
        now=None,
        max_age_s=3600.0,
        alerts=None,
        near=None,
    ):
        self.store = store or EmbeddedStore(":memory:")
        self.stream = Stream(
            id=ids.stream_id(name), name=name, kind=kind, uri=name, start=START, start_from="option", zones=(GATE,)
        )
        self.now = now
        self.max_age_s = max_age_s
        self.life = {"alerts": None if alerts is None else AlertSettings.model_validate(alerts), "near": near}
        self.sinks = [SinkSettings.model_validate(one) for one in sinks]
        self.rule_by(*rules)
        self.begin()

    def rule_by(self, *rules):
        self.engine = Engine(
            rules_from(*rules),
            self.sinks,
            tz=UTC,
            max_age_s=self.max_age_s,
            now=lambda: self.now or self.instant,
            **self.life,
        )

    def begin(self, *, again=False):
        self.watermark_s, self.sequence = 0.0, 0
        self.ledger = Ledger(self.stream.id, RUN.id)
        self.tracks = {}
        self.attributes = {}  # of the thing of a track
        self.store.open_stream(self.stream, again=again)

    @property
    def instant(self):
        return START + timedelta(seconds=self.watermark_s)

    def thing(self, name, label=Label.OBJECT, box=HERE, start_s=0.0, end_s=None, path=None, still=False):
        key = ids.make_id("track", name)
        points = path or [(start_s, box)]
        self.tracks[key] = Track(
            id=key,
            stream_id=self.stream.id,
            label=label,
            start_s=start_s,
            end_s=end_s,
            confidence=0.9,
            path=tuple(PathPoint(pts_s=at, box=where) for at, where in points),
            attributes={"still": True} if still else {},
            entity_id=ids.entity_id(key),
        )
        return key

    def saying(self, type_, subject, caption="", confidence=0.8, **more):
        roles = (Role(role="subject", track_id=subject),) if subject else ()
        return Saying(type=type_, caption=caption, confidence=confidence, roles=roles, **more)

    def opens(self, type_, subject, start_s, caption="", **more):
        return self.ledger.begin(self.saying(type_, subject, caption, **more), subject or "view", start_s)

    def happens(self, type_, subject, at_s, end_s=None, caption="", **more):
        where = f"{subject or 'view'}:{more.get('zone') or more.get('line')}"
        return self.ledger.happened(self.saying(type_, subject, caption, **more), where, at_s, end_s)

    def ends(self, key, end_s):
        self.ledger.end(key, end_s)

    def commit(self, watermark_s, *, final=False, more=(), state=FastState.WATCHED):
        observation = Observation(
            id=ids.make_id("observation", self.stream.id, self.sequence, watermark_s),
            stream_id=self.stream.id,
            look="fast",
            run=RUN,
            start_s=self.watermark_s,
            end_s=watermark_s,
            sequence=self.sequence,
            watermark_s=watermark_s,
            tracks=tuple(self.tracks.values()),
            entities=tuple(
                Entity(
                    id=one.entity_id,
                    stream_id=self.stream.id,
                    label=one.label,
                    attributes=self.attributes.get(one.id, {}),
                )
                for one in self.tracks.values()
            ),
            assertions=self.ledger.drain() + tuple(more),
            coverage=self._covering(watermark_s, state),
            carry=b"",
            final=final,
        )
        self.watermark_s = watermark_s
        self.sequence += 1
        self.store.settle(observation, self.engine)
        return self.alerts()

    def _covering(self, watermark_s, state):
        if watermark_s <= self.watermark_s:
            return ()
        row = Coverage(
            stream_id=self.stream.id, start_s=self.watermark_s, end_s=watermark_s, state=state, deep=DeepState.OFF
        )
        return (row,)

    def answers(self, question, start_s, end_s, answer="yes", confidence=0.9):
        """A deep look at a segment that answers a closed question, with a picture a second after its begin."""
        name = ids.segment_id(self.stream.id, start_s)
        frame = Keyframe(id=f"{name}k", segment_id=name, pts_s=start_s + 1, sha256="ab" * 32, uri="media:ab.jpg")
        segment = Segment(id=name, stream_id=self.stream.id, start_s=start_s, end_s=end_s, keyframes=(frame,))
        self.store.settle(
            Observation(
                id=f"answered {question} {self.stream.name} {start_s}",
                stream_id=self.stream.id,
                look="deep",
                run=DEEP,
                start_s=start_s,
                end_s=end_s,
                segment_id=name,
                segments=(segment,),
                coverage=(
                    Coverage(
                        stream_id=self.stream.id,
                        start_s=start_s,
                        end_s=end_s,
                        state=FastState.WATCHED,
                        deep=DeepState.EXAMINED,
                    ),
                ),
                verdicts=(Answer(question=question, answer=answer, confidence=confidence, at_s=start_s + 1),),
            ),
            self.engine,
        )

    def look_closer(self, type_, start_s, end_s, number=0):
        """A deep look that saw something of its own."""
        said = Assertion(
            id=ids.make_id("deep", type_, start_s, number),
            stream_id=self.stream.id,
            look="deep",
            run_id=DEEP.id,
            type=type_,
            start_s=start_s,
            end_s=end_s,
            confidence=0.7,
            caption=f"{type_} is seen.",
        )
        self.store.settle(
            Observation(
                id=f"deep-{number}",
                stream_id=self.stream.id,
                look="deep",
                run=DEEP,
                start_s=start_s,
                end_s=end_s,
                assertions=(said,),
            ),
            self.engine,
        )

    def tick(self, later_s=None, *, ending=False):
        """Time passes: so many seconds of the wall clock after the watch began."""
        self.now = self.now if later_s is None else START + timedelta(seconds=later_s)
        return self.store.amend(lambda read: self.engine.tick(read, ending=ending))

    def rejudge(self):
        self.store.rejudge(self.stream.id, self.engine)
        return self.alerts()

    def alerts(self):
        return self.store.read(Alerts(limit=1000))

    def alert(self):
        (one,) = self.alerts()
        return one

    def messages(self):
        """(sequence, change) of every delivery, in order."""
        found = sorted(self.store.read(Deliveries(limit=1000)), key=lambda one: (one.message.at, one.id))
        return [(one.sink, one.message.sequence, str(one.message.change)) for one in found]

    def why(self, verdict, rule="r"):
        """The sentences of the decisions of that verdict."""
        found = self.store.read(Decisions(rules=(rule,), limit=1000))
        return [sentence for one in found if one.verdict is Verdict(verdict) for sentence in one.why]

    def verdicts(self, rule="r"):
        return sorted(str(one.verdict) for one in self.store.read(Decisions(rules=(rule,), limit=1000)))

    def states(self):
        return self.store.read(RuleStates(stream_id=self.stream.id))


@pytest.fixture
def watch():
    """Makes watches, closed in the end."""
    made = []

    def make(*rules, **more):
        made.append(Watch(*rules, **more))
        return made[-1]

    yield make
    for one in made:
        one.store.close()
