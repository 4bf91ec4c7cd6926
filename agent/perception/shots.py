"""The keyframes of the segment that is open: chosen while it goes on, stored when it closes."""

from typing import Any

import cv2
import numpy as np

from agent.perception.sight import Sight
from ingest.keyframes import Candidate, KeyframePicker
from vidette import ids
from vidette.carry import Arrays
from vidette.errors import StoreError
from vidette.models import Keyframe
from vidette.ports import MediaStore

_THUMB = (32, 18)


class Shots:
    """Offers frames to the picker; pictures are JPEG in memory, or an address once committed."""

    def __init__(self, media: MediaStore, limit: int) -> None:
        self.media = media
        self.limit = limit
        self.picker: KeyframePicker[bytes | str] = KeyframePicker(limit)
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
                payload=sight.jpeg() if sight.telling else sight.small_jpeg(),
            )
        )

    def close(self, segment_id: str, start_s: float, end_s: float) -> tuple[Keyframe, ...]:
        """The chosen keyframes of the segment that closed, stored; then start anew."""
        chosen = [shot for shot in self.picker.chosen() if start_s <= shot.pts_s < end_s]
        self.picker, self.spare = KeyframePicker(self.limit), False
        return tuple(frame for shot in chosen if (frame := self._keyframe(segment_id, shot)))

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """What `restore` needs; pictures go to the media store."""
        held = self.picker.held()
        thumbnails = np.stack([shot.thumbnail for shot in held]) if held else np.zeros((0, 18, 32), np.uint8)
        rows = [[s.pts_s, s.sharpness, s.activity, self._stored(s.payload)] for s in held]
        return {"thumbnails": thumbnails}, {"shots": rows, "spare": self.spare}

    def restore(self, arrays: Arrays, state: dict[str, Any]) -> None:
        """Go on from that state."""
        self.picker, self.spare = KeyframePicker(self.limit), state.get("spare", False)
        for thumbnail, (pts_s, sharpness, activity, sha256) in zip(arrays["thumbnails"], state["shots"], strict=True):
            self.picker.offer(
                Candidate(pts_s=pts_s, thumbnail=thumbnail, sharpness=sharpness, activity=activity, payload=sha256)
            )

    def _keyframe(self, segment_id: str, shot: Candidate[bytes | str]) -> Keyframe | None:
        try:
            picture = shot.payload if isinstance(shot.payload, bytes) else self.media.get(shot.payload)
        except StoreError:
            return None  # it was deleted while the segment was open, or there was never room for it
        sha256, uri = self.media.put(picture, ".jpg")
        key = ids.make_id("keyframe", segment_id, ids.milliseconds(shot.pts_s))
        return Keyframe(id=key, segment_id=segment_id, pts_s=round(shot.pts_s, 3), sha256=sha256, uri=uri)

    def _stored(self, payload: bytes | str) -> str:
        return payload if isinstance(payload, str) else self.media.put(payload, ".jpg")[0]
