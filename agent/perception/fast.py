"""The fast look: every sampled frame, on the CPU, without weights.

A pure step (carry, frames) -> (carry, observation): what it knows is in its carry, which goes with
each commit, so that a resumed or handed-over watch continues exactly.
"""

from collections.abc import Iterator
from typing import Any

import cv2

from agent.perception import captions, decoded, kept
from agent.perception.ahead import PRIME_S, Ahead, Pictures
from agent.perception.backdrops import Backdrops
from agent.perception.background import Background, Foreground
from agent.perception.camera import Camera, Notice, View, background_view, is_cut
from agent.perception.covering import Covering
from agent.perception.ledger import Ledger, Saying
from agent.perception.scene import Scene
from agent.perception.shots import Shots
from agent.perception.sight import Sight
from agent.perception.views import Views
from ingest.gate import Gate
from ingest.masks import Masks, masks_of
from ingest.segments import Segmenter, Slice
from vidette import ids
from vidette.models import Commit, DeepState, EventType, FastState, Observation, Run, Segment, State, Track
from vidette.ports import MediaStore, VideoSource
from vidette.settings import Settings
from vidette.streams import Stream

REVISION = "2"
_COMMIT_S = 10.0
_LONG_S = 3600.0  # after that long without pictures light and shadows are others
_CLEAR = 2.5  # gate score that counts even where the background model sees nothing
_UNSETTLED = 0.55  # share of the picture in the foreground that no thing explains
_UNSETTLED_S = 1.0
_BLINDING = (EventType.VIEW_BLOCKED, EventType.TOO_DARK, EventType.TOO_BRIGHT)
_WORDS = {
    EventType.CAMERA_MOVED: "the camera was moved",
    EventType.VIEW_BLOCKED: "the view is blocked",
    EventType.TOO_DARK: "the picture is too dark to see anything",
    EventType.TOO_BRIGHT: "the picture is too bright to see anything",
    EventType.BLURRED: "the picture is blurred",
    EventType.PICTURE_FROZEN: "the picture is frozen",
    EventType.PICTURE_LOOPED: "the picture repeats itself: an old recording may be shown",
    EventType.SCENE_CHANGED: "the scene changed",
}


def fast_run(settings: Settings) -> Run:
    """The run that the fast look's facts carry: our own code at these settings."""
    params = {
        "sample": settings.sample,
        "gate": settings.gate.model_dump(),
        "segments": settings.segments.model_dump(),
        "fast": settings.fast.model_dump(),
    }
    return Run(id=ids.make_id("run", "fast", REVISION, params), model="vidette-fast", revision=REVISION, params=params)


def fast_look(
    source: VideoSource,
    stream: Stream,
    *,
    settings: Settings,
    media: MediaStore,
    commit: Commit | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    deep: bool = False,
    reading: decoded.Reading | None = None,
) -> Iterator[Observation]:
    """Watch [start_s, end_s) of a source, going on from `commit` where one is given.

    Yields an observation each time segments close, at least every 10 s of media time; the last one of the stream is
    final. `deep` says that a vision model will look: what deserves it is `pending`. `reading` gives the sights in place of
    the source, where they were decoded elsewhere: what is said is the same. Raises SourceError.
    """
    before_s = -1.0 if commit is None else commit.watermark_s
    masks = masks_of(settings, stream.name)
    source = masks.source(source)
    begin_s, wide = start_s if commit is None else before_s + 1e-4, settings.segments.keyframe_px
    own = decoded.reading(source, masks, wide)
    ahead = Ahead(reading or own, begin_s, end_s, before_s, again=own)
    look = FastLook(ahead, stream, settings=settings, media=media, masks=masks, deep=deep, source=source)
    if commit is not None:
        look.restore(commit)
    for sight in ahead:
        look.take(sight)
        if look.due:
            yield look.commit()
    length_s = source.duration_s
    ended = end_s is None or (length_s is not None and end_s >= length_s - 1e-6)
    yield look.finish(source.duration_s or 0.0) if ended else look.commit()


class FastLook:
    """The fast look at one stream."""

    def __init__(
        self,
        ahead: Pictures,
        stream: Stream,
        *,
        settings: Settings,
        media: MediaStore,
        masks: Masks,
        deep: bool = False,
        source: VideoSource | None = None,
    ) -> None:
        cv2.setNumThreads(1)  # many streams share the cores: a thread each costs less than many for one
        self.source, self.ahead, self.stream, self.settings, self.masks = source, ahead, stream, settings, masks
        self.run = fast_run(settings)
        self.ledger = Ledger(stream.id, self.run.id, stream.zones)
        self.views, self.backdrops = Views(media), Backdrops(media, settings, stream.name)
        self.shots = Shots(media, settings.segments.keyframes, settings.vlm.audit)
        self.camera = Camera()
        self.gate = Gate(settings.gate.threshold, settings.gate.heartbeat_s)
        self.segmenter = Segmenter(max_s=settings.segments.max_s, idle_s=settings.segments.idle_s)
        self.covering = Covering(stream.id, deep=deep)
        self.deep, self.stirs, self.sequence = deep, True, 0
        self.scene: Scene | None = None
        self.reference: View | None = None
        self.before: View | None = None
        self.last_s = self.seen_s = self.step_s = self.committed_s = 0.0
        self.unsettled_s: float | None = None
        self.primed_s = -1e9
        self.told: dict[str, str] = {}
        self.live: dict[str, Any] = {}
        self.captions: list[tuple[float, str, str, str]] = []
        self._held: Sight | None = None  # may be the first of another scene: the next frame tells
        self._segments: list[Segment] = []
        self._tracks: list[Track] = []
        self._awaited: Sight | None = None  # a scene began with it, whose background is not known yet

    def take(self, sight: Sight) -> tuple[Sight, ...]:
        """Look at the next frame, believing a cut once a second one shows the new scene; -> what must wait
        until it is known what the empty scene looks like.
        """
        held, self._held = self._held, None
        if held is None and self.before is not None and is_cut(self.before, sight.view):
            self._held = sight
            return ()
        sights: tuple[Sight, ...] = (sight,)
        if held and is_cut(self.before or sight.view, sight.view):
            self._cut(held.pts_s)
            sights = (held, sight)
        elif held and self.segmenter.start_s is None:
            self.segmenter.step(held.pts_s, busy=False)  # a flash, too, was watched
        return tuple(one for one in sights if not self._process(one))

    @property
    def news(self) -> bool:
        """Whether something began, changed or ended since the last commit."""
        return bool(self._segments) or self.ledger.news

    @property
    def due(self) -> bool:
        """Whether there is something to commit."""
        return bool(self._segments) or self.last_s - self.committed_s >= _COMMIT_S

    def commit(self) -> Observation:
        """Everything said since the last commit, and the carry to go on from."""
        self._damaged(self.last_s)
        decided_s = self.segmenter.decided_s(self.last_s)
        if self.segmenter.start_s is not None:
            self.covering.watched(self.segmenter.start_s, decided_s, self.segmenter.deep)
        return self._observation(decided_s, final=False)

    def finish(self, length_s: float) -> Observation:
        """The stream is over, as long as it was or longer: close what is open."""
        end_s = max(length_s, self.last_s + self.step_s)
        self._leave()
        self._notices(self.camera.finish(self.last_s), None)
        self._close(self.segmenter.cut(end_s))
        self._damaged(end_s)
        return self._observation(end_s, final=True)

    def restore(self, commit: Commit) -> None:
        """Go on from a commit of this stream."""
        kept.unpack(self, commit)

    def interrupt(self, since_s: float) -> None:
        """No picture comes from `since_s` on: what was watched ends there."""
        self._held = None
        self.last_s = max(self.last_s, since_s)
        self._close(self.segmenter.cut(self.last_s))
        self.segmenter.start_s = None

    def missed(self, until_s: float, state: FastState, reason: str) -> None:
        """Nothing was looked at up to `until_s`."""
        self.covering.missed(self.last_s, until_s, state, reason)
        self.last_s = max(self.last_s, until_s)

    def lose(self) -> None:
        """Pictures are missing for longer than a thing may be hidden: what moved ended where it was last seen."""
        self._notices(self.camera.finish(self.seen_s), None)
        self.unsettled_s = None
        if self.scene is not None:
            self.scene.lose(self.seen_s)

    def resume(self, pts_s: float) -> None:
        """Pictures come again after `lose`; what stands there now may have come at any time since."""
        if pts_s - self.seen_s > _LONG_S:
            self.forget_scene()
        elif self.scene is not None:
            self.scene.tracker.start_s = pts_s

    def blinded(self) -> None:
        """Tell coverage of what cannot be made out now, before it is over."""
        for type_, spell in self.camera.spells.items():
            if spell.said and type_ in _BLINDING:
                self.covering.blind(spell.since_s, spell.seen_s, _WORDS[type_])

    def forget_scene(self) -> None:
        """What is known of the scene holds no more, though nothing happened: it is learned anew."""
        self._leave()
        self._notices(self.camera.finish(self.last_s), None)
        self.before = self.reference = self.unsettled_s = None
        self.camera = Camera(self.camera.loops)
        self.gate = Gate(self.settings.gate.threshold, self.settings.gate.heartbeat_s)

    def _process(self, sight: Sight) -> bool:
        pts_s, planes, now = sight.pts_s, sight.planes, sight.view
        scene = self._shown(sight)
        if scene is None:
            return False
        assert self.reference is not None
        dt_s = min(2.0, max(0.0, pts_s - self.last_s)) if self.before is not None else 0.0
        self.step_s = dt_s or self.step_s
        fore = scene.background.compare(planes)
        reading = self.gate.read(planes[0], pts_s)
        self._notices(self.camera.check(now, self.reference, fore.share, pts_s), sight)
        busy = self._settle(scene, sight, fore, dt_s)
        if reading.heartbeat:
            self.covering.watched(pts_s, pts_s + max(self.step_s, 0.04), DeepState.HEARTBEAT)
        backed = reading.open and (reading.score > _CLEAR or scene.stirring())
        self._close(self.segmenter.step(pts_s, busy=busy or backed))
        if self.segmenter.active:
            self.shots.offer(sight, reading.score)
        else:
            self.shots.audit(sight, ids.segment_id(self.stream.id, self.segmenter.start_s or 0.0))
        self.stirs = reading.score > 1 or scene.astir() or self.unsettled_s is not None or self.camera.doubtful
        self.before, self.last_s, self.seen_s = now, pts_s, pts_s
        return True

    def _shown(self, sight: Sight) -> Scene | None:
        """The scene that the frame is of; None while its background is not known yet."""
        scene = self.scene or self._begin(sight)
        if scene is not None and scene.background.y.shape != sight.planes[0].shape:
            self._cut(sight.pts_s, said=False)
            scene = self._begin(sight)
        return scene

    def _settle(self, scene: Scene, sight: Sight, fore: Foreground, dt_s: float) -> bool:
        """Follow things, unless the whole picture is in turmoil; then wait, and begin anew."""
        pts_s = sight.pts_s
        moved = EventType.CAMERA_MOVED in self.camera.spells
        if EventType.BLURRED in self.camera.spells:
            return False  # what a blurred picture smears is no thing; the scene stays as it was known
        if not (self.camera.blind or moved or fore.share > _UNSETTLED):
            self.unsettled_s = None
            if scene.background.frames % 100 == 99:
                self.reference = background_view(scene.background, self.masks)
            return scene.step(sight, fore, dt_s)
        if self.unsettled_s is None:
            self.unsettled_s = pts_s
        said = moved and self.camera.spells[EventType.CAMERA_MOVED].said
        calm = self.before is not None and not is_cut(self.before, sight.view)
        if said or (pts_s - self.unsettled_s >= 3 * _UNSETTLED_S and calm and not self.camera.blind):
            self._anew(sight)
        return not self.camera.blind

    def _anew(self, sight: Sight) -> None:
        """The scene is not what it was, though nothing was cut: take what is seen now for it."""
        self._leave()
        self._notices(self.camera.over(EventType.CAMERA_MOVED, sight.pts_s), None)
        self.unsettled_s = None
        if sight.pts_s - self.primed_s >= 2 * PRIME_S:
            self._begin(sight)
        else:
            self._install(Background([sight.planes], self.settings.fast.sensitivity), sight.pts_s)

    def _cut(self, pts_s: float, *, said: bool = True) -> None:
        """Another scene begins at `pts_s`."""
        self._leave()
        self._notices(self.camera.finish(self.last_s), None)
        self._close(self.segmenter.cut(pts_s))
        if said:
            text = captions.said(_WORDS[EventType.SCENE_CHANGED])
            self.ledger.happened(Saying(type=EventType.SCENE_CHANGED, caption=text, confidence=0.9), "view", pts_s)
        self.before, self.unsettled_s = None, None
        self.camera = Camera(self.camera.loops)
        self.gate = Gate(self.settings.gate.threshold, self.settings.gate.heartbeat_s)

    def _leave(self) -> None:
        """The scene is over: its tracks end, to be told with the next commit."""
        if self.scene is not None:
            self.scene.end(self.last_s)
            self._tracks += self.scene.tracks()
        self.scene = self._awaited = None

    def _begin(self, sight: Sight) -> Scene | None:
        """Look ahead for the empty background, then start a scene; None where that lies in the future."""
        first = self._awaited = self._awaited or sight
        pictures = self.ahead.look(first)
        if pictures is None:
            return None
        self._awaited, self.primed_s = None, first.pts_s
        return self._install(Background(pictures, self.settings.fast.sensitivity), first.pts_s)

    def _install(self, background: Background, pts_s: float) -> Scene:
        self.reference = background_view(background, self.masks)
        self.backdrops.begin(background, pts_s)
        stream, fast, ledger, views = self.stream, self.settings.fast, self.ledger, self.views
        self.scene = Scene(
            stream=stream, settings=fast, ledger=ledger, views=views, background=background, start_s=pts_s
        )
        return self.scene

    def _notices(self, notices: list[Notice], sight: Sight | None) -> None:
        """Camera conditions as events; a blinding one is coverage too."""
        for notice in notices:
            text = captions.said(_WORDS[notice.type])
            if notice.end_s is None:
                picture = self.views.picture(sight, None, text) if sight else ()
                saying = Saying(type=notice.type, caption=text, confidence=0.8, evidence=picture)
                self.told[notice.type] = self.ledger.begin(saying, "view", notice.start_s)
            else:
                self.ledger.end(self.told.pop(notice.type, ""), notice.end_s)
                if notice.type in _BLINDING:
                    self.covering.blind(notice.start_s, notice.end_s, _WORDS[notice.type])

    def _close(self, slices: list[Slice]) -> None:
        """Slices that ended: coverage, and segments with captions and keyframes."""
        for piece in slices:
            active = piece.deep is DeepState.EXAMINED
            key = ids.segment_id(self.stream.id, piece.start_s)
            keyframes = self.shots.close(key, piece.start_s, piece.end_s, quiet=not active)
            backdrop = self.backdrops.at(self.scene.background if self.scene else None, piece.end_s)
            self.covering.watched(piece.start_s, piece.end_s, piece.deep, shown=bool(keyframes))
            segment = Segment(
                id=key,
                stream_id=self.stream.id,
                start_s=round(piece.start_s, 3),
                end_s=round(piece.end_s, 3),
                caption=self._caption(piece) if active else "Nothing moved.",
                keyframes=keyframes,
                gated=not active,
                backdrop=backdrop if keyframes else None,
            )
            self._segments.append(segment)

    def _caption(self, piece: Slice) -> str:
        said = self.captions + self._said()
        inside = [row for row in said if piece.start_s - 0.5 <= row[0] < piece.end_s]
        newest = {event: (type_, text) for _, type_, text, event in inside}
        self.captions = [row for row in said if row[0] >= piece.end_s]
        return captions.segment(
            [told for told in newest.values() if told[1]], self.scene.in_view() if self.scene else 0
        )

    def _damaged(self, until_s: float) -> None:
        if self.source is not None:
            self.covering.damaged(self.source, until_s)

    def _said(self) -> list[tuple[float, str, str, str]]:
        """Start, type, words (none where it was taken back) and event of what the next commit will say."""
        return [
            (a.start_s, str(a.type), "" if a.state is State.RETRACTED else a.caption, a.of or a.id)
            for a in self.ledger.said
        ]

    def _observation(self, end_s: float, *, final: bool) -> Observation:
        self.captions += self._said()[-200:]
        assertions = self.ledger.drain()
        segments, self._segments = tuple(self._segments), []
        start_s, self.committed_s = self.committed_s, self.last_s
        observation = Observation(
            id=ids.make_id("observation", self.stream.id, "fast", self.run.id, self.sequence),
            stream_id=self.stream.id,
            look="fast",
            run=self.run,
            start_s=round(start_s, 3),
            end_s=round(end_s, 3),
            sequence=self.sequence,
            watermark_s=self.last_s,
            tracks=tuple(self._tracks) + (self.scene.tracks() if self.scene else ()),
            assertions=assertions,
            segments=segments,
            coverage=self.covering.drain(),
            carry=b"" if final else kept.pack(self),
            final=final,
        )
        self.sequence += 1
        self._tracks = []
        self.covering.forget(self.segmenter.start_s or 0.0)
        return observation
