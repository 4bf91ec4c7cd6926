"""Deep looks of a detector: what its boxes tell of the tracks, and what no track covers; alone or beside a vision model."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from threading import Lock
from time import monotonic

from agent.perception.detect.linking import things
from agent.perception.vlm.merging import entities
from ingest.jpeg import decode
from vidette.errors import ModelError, StoreError, TooMuch
from vidette.ids import make_id
from vidette.models import Keyframe, Label, Run, Usage
from vidette.ports import Detector, Image, MediaStore, VisionModel
from vidette.vision import Detection, LookReply, LookRequest

_SIDE = 1333  # detectors look at pictures of 640 to 1333 px
_UNASKED = {Label.OTHER, Label.OBJECT}


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorLook:
    """Looks at the keyframes of a segment with a detector (vidette.ports.VisionModel).

    `words`: what is looked for and what it is; empty: all that the detector knows and the closed list has a label for.
    With `second`, that describes the segment too: its word on a thing counts, what only the detector saw is added. Where
    one of the two fails, the reply is the other's, says so, and the look is still owed. One segment at a time, by `turn`:
    who waits for it is not counted as the detector's time.
    """

    detector: Detector
    media: MediaStore
    words: Mapping[str, Label] = field(default_factory=dict)
    second: VisionModel | None = None
    turn: AbstractContextManager[object] = field(default_factory=Lock, repr=False, compare=False)

    @property
    def run(self) -> Run:
        """Of the detector and what it looks for, or of both: another detector is another look."""
        return self._own() if self.second is None else self._both(self.second.run)

    def look(self, request: LookRequest) -> LookReply:
        """What is seen. Raises ModelError where nothing could look."""
        if request.parts and self.second is None:
            raise TooMuch("a detector looks at one segment at a time")
        if self.second is None:
            return self._seen(request)
        try:
            seen = self._seen(request)
        except ModelError as error:
            reply = self.second.look(request)
            return replace(reply, run=reply.run or self.second.run, note=reply.note or f"without the detector: {error}")
        return self._beside(self.second, request, seen)

    def close(self) -> None:
        """Close both."""
        self.detector.close()
        if self.second is not None:
            self.second.close()

    def _beside(self, second: VisionModel, request: LookRequest, seen: LookReply) -> LookReply:
        try:
            reply = second.look(request)
        except ModelError as error:
            if request.parts and isinstance(error, TooMuch):
                raise
            usage = (seen.usage or Usage()) + (error.usage or Usage())
            return replace(seen, run=self._own(), usage=usage, note=f"by the detector alone: {error}")
        return replace(
            reply,
            entities=entities((*reply.entities, *seen.entities)),
            usage=(reply.usage or Usage()) + (seen.usage or Usage()),
            run=self._both(reply.run) if reply.run else None,
        )

    def _seen(self, request: LookRequest) -> LookReply:
        """What the detector finds in the pictures that are still there."""
        began = monotonic()
        pictures = list(self._pictures(request))
        if not pictures:
            raise ModelError("none of the segment's pictures is in the media store any more; keep them longer")
        with self.turn:
            start = monotonic()
            found = self.detector.detect([image for _, image in pictures], tuple(self.words))
            end = monotonic()
        at = [(frame.pts_s, self._meant(some)) for (frame, _), some in zip(pictures, found, strict=True)]
        usage = Usage(wall_s=round(end - began, 3), gpu_s=end - start)
        return LookReply(caption="", entities=things(at, request.tracks), usage=usage)

    def _pictures(self, request: LookRequest) -> Iterator[tuple[Keyframe, Image]]:
        for frame in sorted(request.segment.keyframes, key=lambda frame: (frame.pts_s, frame.id)):
            try:
                yield frame, decode(self.media.get(frame.sha256), least=_SIDE)
            except StoreError:
                continue

    def _meant(self, found: list[Detection]) -> list[Detection]:
        """With the labels that the settings give the words; without settings, what has one."""
        if not self.words:
            return [one for one in found if one.label not in _UNASKED]
        return [replace(one, label=self.words.get(one.kind, one.label)) for one in found]

    def _own(self) -> Run:
        run = self.detector.run
        if not self.words:
            return run
        words = {word: label.value for word, label in sorted(self.words.items())}
        id_ = make_id("run", "detector", run.id, json.dumps(words))
        return replace(run, id=id_, params={**run.params, "words": words})

    def _both(self, run: Run) -> Run:
        own = self._own()
        said = {"model": own.model, "revision": own.revision, **own.params}
        return replace(run, id=make_id("run", "beside", own.id, run.id), params={**run.params, "detector": said})
