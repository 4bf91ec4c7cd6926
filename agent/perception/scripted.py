"""A vision model and a detector that say what they were told to: for tests and demonstrations of the deep look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vidette.errors import ModelError
from vidette.models import Run
from vidette.ports import Image
from vidette.vision import Detection, LookReply, LookRequest

SCRIPTED = Run(id="scripted", model="scripted", revision="1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedVision:
    """Replies by segment id; `otherwise` for every other segment, a ModelError where that is None."""

    replies: Mapping[str, LookReply] = field(default_factory=dict)
    otherwise: LookReply | None = None
    run: Run = SCRIPTED

    def look(self, request: LookRequest) -> LookReply:
        """The scripted reply. Raises ModelError where the script has none for this segment."""
        reply = self.replies.get(request.segment.id, self.otherwise)
        if reply is None:
            raise ModelError(f"no scripted reply for segment {request.segment.id!r}; add one to the script")
        return reply

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedDetector:
    """Finds the same things in every picture: those of its script that are of the kinds looked for."""

    finds: Sequence[Detection] = ()
    run: Run = SCRIPTED

    def detect(self, images: Sequence[Image], labels: Sequence[str]) -> list[list[Detection]]:
        """As scripted, surest first."""
        found = [one for one in self.finds if not labels or one.kind in labels]
        return [sorted(found, key=lambda one: -(one.confidence or 0.0)) for _ in images]

    def close(self) -> None:
        """Nothing is held open."""
