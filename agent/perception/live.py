"""The live look: the fast look at a camera, for ever; what is missing is said, nothing waits to be told."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from agent.perception import captions
from agent.perception.fast import FastLook
from agent.perception.ledger import Saying
from agent.perception.outage import Outage
from agent.perception.sight import sight_of
from agent.perception.waiting import Waiting
from ingest.masks import masks_of
from ingest.patient_media import PatientMedia
from vidette.models import Commit, EventType, Observation
from vidette.ports import Feed, Frame, MediaStore
from vidette.settings import Settings
from vidette.signals import Signal
from vidette.streams import Stream

_COMMIT_S = 5.0
_STATE_S = 1.0
_WRONG_S = 60.0  # a camera's clock may be off by this much
_SURE_S = 10.0  # ... or by more, for this long
_MOMENT_S = 1e-6
_AGAIN_S = 60.0  # a clock that jumps more often is told of this often


def live_look(
    feed: Feed,
    stream: Stream,
    *,
    settings: Settings,
    media: MediaStore,
    commit: Commit | None = None,
    deep: bool = False,
    now: Callable[[], float],
    since_s: float | None = None,
) -> Iterator[Observation]:
    """Watch a feed until it is closed, going on from `commit` where one is given; `now` is the media time now.

    `since_s`: when the first picture of the feed was taken, where the feed has waited since then.

    Yields an observation as soon as something begins, changes or ends, and one at least every 5 s of
    media time; each says how the feed is. None is final.
    """
    look = LiveLook(feed, stream, settings=settings, media=media, deep=deep, now=now)
    if commit is not None:
        yield look.restore(commit, since_s)
    for item in feed.frames():
        yield from look.take(item)
    yield from look.end()


class LiveLook:
    """The fast look at one feed."""

    def __init__(
        self,
        feed: Feed,
        stream: Stream,
        *,
        settings: Settings,
        media: MediaStore,
        deep: bool,
        now: Callable[[], float],
    ) -> None:
        self.feed, self.now = feed, now
        self.masks, self.wide = masks_of(settings, stream.name), settings.segments.keyframe_px
        self.waiting = Waiting(settings.live.lost_s)
        kept = PatientMedia(media)
        self.look = FastLook(self.waiting, stream, settings=settings, media=kept, masks=self.masks, deep=deep)
        self.outage = Outage(self.look, settings.live.lost_s)
        self.clock = CameraClock(self.look)
        # The feed waits for `idle_s` itself; what came to rest must be judged before it sleeps.
        self.quiet_s = max(0.0, settings.fast.still_s + 1 - settings.live.idle_s)
        self.now_s = self.frame_s = -1.0
        self.stirred_s = self.asked_s = -1e9
        self.committed_s = now()

    def restore(self, commit: Commit, since_s: float | None = None) -> Observation:
        """Go on from a commit of this stream; until now, or until `since_s`, nothing watched."""
        self.look.restore(commit)
        self.outage.restore(self.look.live)
        self.clock.restore(self.look.live)
        if since_s is None or since_s > self.look.last_s:
            self.outage.absent(self.now() if since_s is None else since_s)
        elif self.look.segmenter.start_s is None:
            self.look.segmenter.step(self.look.last_s, busy=False)  # no picture is missing since then
        self.now_s = self.frame_s = self.look.last_s
        return self._commit()

    def take(self, item: Frame | Signal) -> Iterator[Observation]:
        """Look at what the feed gave."""
        self._queue(item)
        yield from self._looked()
        if not self.waiting.learning:
            self.outage.time(self.now_s)
        if self.now_s - self.asked_s >= _STATE_S:
            self.asked_s = self.now_s
            self.clock.check(self.feed.state().clock_s, self.now_s)
        if self.look.news or self.now() - self.committed_s >= _COMMIT_S:
            yield self._commit()
        quiet = not self.look.stirs and self.now_s - self.stirred_s >= self.quiet_s
        self.feed.calm(quiet and not self.waiting.learning)

    def end(self) -> Iterator[Observation]:
        """The feed was closed: everything that came is looked at and told."""
        self.waiting.hurry()
        yield from self._looked()
        self.look.interrupt(self.look.last_s)
        yield self._commit()

    def _queue(self, item: Frame | Signal) -> None:
        self.now_s = max(self.now_s, item.pts_s)
        if isinstance(item, Signal):
            if item.loss is not None or item.jump_s is not None:
                self.waiting.add(item)
            if item.loss is not None:  # the picture that ends a loss may be of its very last moment
                self.frame_s = max(self.frame_s, item.pts_s - _MOMENT_S)
        elif item.pts_s > self.frame_s and not self.waiting.dense(item.pts_s):
            self.waiting.add(sight_of(self.masks.frame(item), None, self.frame_s, self.masks, self.wide))
            self.frame_s = item.pts_s

    def _looked(self) -> Iterator[Observation]:
        """Look at what waits, as far as it need not wait longer."""
        while (item := self.waiting.next()) is not None:
            if isinstance(item, Signal):
                self._signal(item)
            else:
                self.outage.picture(item.pts_s)
                self.waiting.back(self.look.take(item))
                self.stirred_s = item.pts_s if self.look.stirs else self.stirred_s
            if self.look.news:
                yield self._commit()

    def _signal(self, signal: Signal) -> None:
        if signal.jump_s is not None:
            self.clock.jumped(signal.jump_s, signal.pts_s)
        if signal.loss is not None:
            self.outage.lost(signal)

    def _commit(self) -> Observation:
        self.committed_s = self.now()
        self.look.live = {**self.outage.kept(), **self.clock.kept()}
        self.look.blinded()
        feed = self.feed.state()
        return replace(self.look.commit(), feed=replace(feed, state="learning") if self.waiting.learning else feed)


class CameraClock:
    """What is wrong with a camera's own clock."""

    def __init__(self, look: FastLook) -> None:
        self.look = look
        self._event = ""
        self._turned_s: float | None = None
        self._jumped_s = -1e9

    def jumped(self, by_s: float, pts_s: float) -> None:
        """It jumped; of a clock that does so all the time only some jumps are told."""
        if pts_s - self._jumped_s < _AGAIN_S:
            return
        self._jumped_s = pts_s
        way = "forward" if by_s > 0 else "back"
        text = captions.said(f"the camera's clock jumped {way} by {_spoken(by_s)}")
        saying = Saying(type=EventType.CLOCK_JUMPED, caption=text, confidence=1.0, attributes={"by_s": round(by_s, 3)})
        self.look.ledger.happened(saying, "clock", pts_s)

    def check(self, off_s: float | None, pts_s: float) -> None:
        """It is off by this much now; what is not known changes nothing."""
        if off_s is None or (abs(off_s) > _WRONG_S) == bool(self._event):
            self._turned_s = None
            return
        self._turned_s = pts_s if self._turned_s is None else self._turned_s
        if pts_s - self._turned_s >= _SURE_S:
            self._turn(off_s, self._turned_s)
            self._turned_s = None

    def kept(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {"clock": self._event}

    def restore(self, kept: dict[str, Any]) -> None:
        """Go on from that."""
        self._event = kept.get("clock", "")

    def _turn(self, off_s: float, since_s: float) -> None:
        if self._event:
            self.look.ledger.end(self._event, since_s)
            self._event = ""
            return
        text = captions.said(f"the camera's clock is {_spoken(off_s)} {'fast' if off_s > 0 else 'slow'}")
        saying = Saying(type=EventType.CLOCK_WRONG, caption=text, confidence=1.0, attributes={"off_s": round(off_s, 1)})
        self._event = self.look.ledger.begin(saying, "clock", since_s)


def _spoken(seconds: float) -> str:
    """A length of time in words, its sign left out."""
    for unit, name in ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if abs(seconds) >= 2 * unit:
            return f"{abs(seconds) / unit:.0f} {name}"
    return f"{abs(seconds):.1f} seconds"
