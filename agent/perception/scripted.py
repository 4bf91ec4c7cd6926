"""A vision model that says what it was told to: for tests and demonstrations of the deep look."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vidette.errors import ModelError
from vidette.models import LookReply, LookRequest, Run

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
