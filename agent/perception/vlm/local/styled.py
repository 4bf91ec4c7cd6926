"""The families without a chat template: one picture and plain words of a set task."""

from dataclasses import dataclass
from typing import Any

from agent.perception.vlm.families import Family
from agent.perception.vlm.local.asked import Asked
from vidette.errors import ModelError

_BEFORE = {"paligemma": "<image>"}
"""What stands before the words, where the processor asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Styled:
    """How a task is put to a family without a chat template."""

    family: Family

    def tensors(self, processor: Any, asked: Asked) -> dict[str, Any]:
        """The model's inputs, one row. Raises ModelError for a question that is not one picture and words."""
        from PIL.Image import fromarray

        words = [part for part in asked.parts if isinstance(part, str)]
        if len(asked.images) != 1:
            raise ModelError(f"{self.family.name} takes one picture a question, this one has {len(asked.images)}")
        before = _BEFORE.get(self.family.model_types[0], "")
        # only the picture as tensors: made of words, PaliGemma's are turned back into arrays, with a warning
        made = processor(
            images=[fromarray(asked.images[0])],
            text=[before + " ".join(words)],
            images_kwargs={"return_tensors": "pt"},
        )
        return dict(made)
