"""A second model for what the first one does not answer."""

from dataclasses import dataclass, replace

from vidette.errors import ModelError, TooMuch
from vidette.models import Run, Usage
from vidette.ports import VisionModel
from vidette.vision import LookReply, LookRequest


@dataclass(frozen=True, slots=True)
class WithFallback:
    """Asks `second` where `first` fails (vidette.ports.VisionModel); the reply says who spoke."""

    first: VisionModel
    second: VisionModel

    @property
    def run(self) -> Run:
        """Of the first: it still owes what the second one answered."""
        return self.first.run

    def look(self, request: LookRequest) -> LookReply:
        """The first one's answer, else the second one's. Raises ModelError with both reasons."""
        try:
            return self.first.look(request)
        except ModelError as first:
            if request.parts and isinstance(first, TooMuch):
                raise  # less is asked of the same model
            try:
                reply = self.second.look(request)
            except ModelError as second:
                if request.parts and isinstance(second, TooMuch):
                    raise
                why = f"{first}; and then {second}"
                spent = _both(first.usage, second.usage)
                raise ModelError(why, retryable=first.retryable, usage=spent) from second
            return replace(reply, run=reply.run or self.second.run, usage=_both(first.usage, reply.usage))

    def close(self) -> None:
        """Close both."""
        self.first.close()
        self.second.close()


def _both(first: Usage | None, second: Usage | None) -> Usage | None:
    """What the failed look and the one that answered cost together."""
    return first + second if first and second else second or first
