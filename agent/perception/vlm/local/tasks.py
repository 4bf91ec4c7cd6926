"""Looks of families without a chat template: a few set tasks a picture, made one reply."""

from collections.abc import Callable, Sequence

from agent.perception.vlm.families import Family
from agent.perception.vlm.local.asked import Answered, Asked
from agent.perception.vlm.prompt import Prompt
from vidette.errors import ModelError
from vidette.models import LookReply, LookRequest
from vidette.ports import Image


def task_reply(
    ask: Callable[[Asked], Answered], request: LookRequest, prompt: Prompt, images: Sequence[Image], family: Family
) -> tuple[LookReply, int]:
    """The reply of a family that knows set tasks, and how much of what it said was refused.

    `images`: one for each of `prompt.pictures`, in their order. Raises ModelError where the family has no tasks, or as
    `ask` does.
    """
    raise ModelError(f"{family.name!r} has no set tasks; choose a model with a chat template")
