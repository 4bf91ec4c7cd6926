"""The keyframes of the segment that is open: chosen while it goes on, stored when it closes."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from agent.perception.audit import drawn
from agent.perception.sight import Sight
from ingest.keyframes import Candidate, KeyframePicker
from vidette import ids
from vidette.carry import Arrays
from vidette.errors import StoreError
from vidette.models import Keyframe
from vidette.ports import MediaStore

_THUMB = (32, 18)
_AUDITED_S = 10.0
_HELD_PX = 50_000_000  # of decoded frames that are held: some 75 MB


Shot = Candidate[Sight | bytes | str]


class Shots:
    """Offers frames to the picker: decoded, JPEG bytes where the small picture will do, or an address once committed.

    Most are not chosen in the end, so that few need be encoded. Of a camera they are at once: its memory is scarce.

    With each commit those that would be keyframes are stored as such, the others no wider than 1280 px: of wide ones
    that nobody will see, a disk would soon be full. `audited` is the share of quiet segments that have keyframes, too.
    """

    def __init__(self, media: MediaStore, limit: int, audited: float = 0.0) -> None:
        self.media, self.limit, self.audited = media, limit, audited
        self.picker: KeyframePicker[Sight | bytes | str] = KeyframePicker(limit)
        self.spare = False  # what is held is not telling: the first frame, until there is a telling one

    def offer(self, sight: Sight, activity: float) -> None:
        """A frame of an active segment; only telling ones count, and the first where the segment ends before one comes."""
        if not sight.telling and self.picker.held():
            return
        if self.spare:
            self.picker = KeyframePicker(self.limit)
        self.spare = not sight.telling
        thumbnail = np.asarray(cv2.resize(sight.view.small, _THUMB, interpolation=cv2.INTER_AREA), np.uint8)
        self.picker.offer(
            Candidate(
                pts_s=sight.pts_s,
                thumbnail=thumbnail,
                sharpness=sight.view.sharpness,
                activity=activity,
                payload=sight if sight.telling else sight.small_jpeg(),
            )
        )
        self._bound()

    def audit(self, sight: Sight, segment_id: str) -> None:
        """A frame of a quiet segment: now and then one counts, where the segment was drawn to audit the gate."""
        held = self.picker.held()
        rested = not held or sight.pts_s - held[-1].pts_s >= _AUDITED_S
        if rested and drawn(segment_id, self.audited):
            self.offer(sight, 0.0)

    def close(self, segment_id: str, start_s: float, end_s: float, *, quiet: bool = False) -> tuple[Keyframe, ...]:
        """The chosen keyframes of the segment that closed, stored; then start anew. A quiet one that was not drawn has none."""
        chosen = [shot for shot in self.picker.chosen() if start_s <= shot.pts_s < end_s]
        self.picker, self.spare = KeyframePicker(self.limit), False
        if quiet and not drawn(segment_id, self.audited):
            return ()
        return tuple(frame for shot in chosen if (frame := self._keyframe(segment_id, shot)))

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """What `restore` needs; pictures go to the media store."""
        held = self._commit()
        thumbnails = np.stack([shot.thumbnail for shot in held]) if held else np.zeros((0, 18, 32), np.uint8)
        rows = [[s.pts_s, s.sharpness, s.activity, s.payload] for s in held]
        return {"thumbnails": thumbnails}, {"shots": rows, "spare": self.spare}

    def restore(self, arrays: Arrays, state: dict[str, Any]) -> None:
        """Go on from that state."""
        self.picker, self.spare = KeyframePicker(self.limit), state.get("spare", False)
        for thumbnail, (pts_s, sharpness, activity, sha256) in zip(arrays["thumbnails"], state["shots"], strict=True):
            self.picker.offer(
                Candidate(pts_s=pts_s, thumbnail=thumbnail, sharpness=sharpness, activity=activity, payload=sha256)
            )

    def _bound(self) -> None:
        """Encode those held longest where too many are decoded."""
        held = [shot.payload for shot in self.picker.held() if isinstance(shot.payload, Sight)]
        pixels = sum(sight.pixels for sight in held)
        for sight in held:
            if pixels > _HELD_PX or sight.source is None:
                pixels -= sight.pixels
                sight.wait(hold=False)

    def _commit(self) -> list[Shot]:
        """What is held, all of it stored: what follows is the same for who goes on and for a successor."""
        best = {shot.pts_s for shot in self.picker.chosen()}
        held = [self._stored(shot, wide=shot.pts_s in best) for shot in self.picker.held()]
        self.picker = KeyframePicker(self.limit)
        for shot in held:
            self.picker.offer(shot)
        return held

    def _stored(self, shot: Shot, *, wide: bool) -> Shot:
        if isinstance(shot.payload, str):
            return shot
        return replace(shot, payload=self.media.put(_picture(shot.payload, wide=wide), ".jpg")[0])

    def _keyframe(self, segment_id: str, shot: Shot) -> Keyframe | None:
        kept = shot.payload
        try:
            picture = self.media.get(kept) if isinstance(kept, str) else _picture(kept, wide=True)
        except StoreError:
            return None  # it was deleted while the segment was open, or there was never room for it
        sha256, uri = self.media.put(picture, ".jpg")
        key = ids.make_id("keyframe", segment_id, ids.milliseconds(shot.pts_s))
        return Keyframe(id=key, segment_id=segment_id, pts_s=round(shot.pts_s, 3), sha256=sha256, uri=uri)


def _picture(kept: Sight | bytes, *, wide: bool) -> bytes:
    """A frame as JPEG, 1280 px wide at most unless it is to be `wide`."""
    if isinstance(kept, bytes):
        return kept
    return (kept.keyframe() if wide else b"") or kept.jpeg()
