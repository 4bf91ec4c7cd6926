"""The families with a chat template: a question as messages, messages as tensors."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from agent.perception.vlm.local.asked import Asked
from agent.perception.vlm.local.template import Part, Template, template_of, text
from vidette.errors import ModelError
from vidette.ports import Image

Frames = Literal["images", "video"]
_MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """How a question is put to a family with a chat template; `control` finds words that only a template may write."""

    template: Template
    control: re.Pattern[str]
    frames: Frames = "images"

    def tensors(self, processor: Any, asked: Asked) -> dict[str, Any]:
        """The model's inputs, one row. Raises ModelError where the pictures did not arrive."""
        film = self.frames == "video" and self.template.video and _filmable(asked)
        parts = self._filmed(asked) if film else self._pictured(asked)
        # a fresh table each time: what it is given, the processor writes into
        more: dict[str, Any] = {"video_metadata": [_metadata(asked)], "do_sample_frames": False} if film else {}
        made = processor.apply_chat_template(
            self.template.messages(self._harmless(asked.system), parts),
            self.template.film if film else self.template.source,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            add_generation_prompt=True,
            processor_kwargs=more,
        )
        if asked.images and not any(shows_pictures(key) for key in made):
            raise ModelError("the pictures did not reach the model: its chat template dropped them")
        return dict(made)

    def _pictured(self, asked: Asked) -> list[Part]:
        return [
            text(self._harmless(part))
            if isinstance(part, str)
            else {"type": "image", "image": _pil(asked.images[part])}
            for part in asked.parts
        ]

    def _filmed(self, asked: Asked) -> list[Part]:
        """One video where the first picture stood; words keep their order."""
        words = [text(self._harmless(part)) for part in asked.parts if isinstance(part, str)]
        first = next(i for i, part in enumerate(asked.parts) if not isinstance(part, str))
        words.insert(first, {"type": "video", "video": np.stack(asked.images)})
        return words

    def _harmless(self, words: str) -> str:
        """Words of a name, a sign or a setting that would end a turn or stand for a picture are broken up."""
        return self.control.sub(lambda found: f"{found[0][0]} {found[0][1:]}", words)


def chat_of(processor: Any, frames: Frames) -> Chat:
    """How to put questions to it. Raises ConfigError."""
    template = template_of(processor)
    return Chat(template=template, control=_control(processor, template.source), frames=frames)


def shows_pictures(key: str) -> bool:
    """Whether an input of that name is pixels."""
    return key.startswith(("pixel_values", "image_patches", "high_res_pixel_values"))


def _control(processor: Any, source: str) -> re.Pattern[str]:
    """Tokens of the template and special ones: what a person may not write, so that no text turns into a command."""
    added = processor.tokenizer.added_tokens_decoder.values()
    tokens = {one.content for one in added if (one.special or one.content in source) and len(one.content.strip()) > 1}
    for name in ("image_token", "video_token"):
        token = getattr(processor, name, None)
        tokens |= {str(token)} if token else set()
    longest_first = sorted(tokens, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _filmable(asked: Asked) -> bool:
    """Whether its pictures are of one size and each has its time: one to compare with has none and is no frame."""
    timed = len(asked.times_s) in (0, len(asked.images))
    return timed and len(asked.images) > 1 and len({image.shape for image in asked.images}) == 1


def _pil(image: Image) -> Any:
    from PIL.Image import fromarray

    return fromarray(image)


def _metadata(asked: Asked) -> Any:
    """When each frame was, in ms, and the true mean rate: without it a processor takes 24 frames a second for granted."""
    from transformers.video_utils import VideoMetadata

    times = _times(asked)
    span = (times[-1] - times[0]) * len(times) / (len(times) - 1)
    height, width = asked.images[0].shape[:2]
    return VideoMetadata(
        total_num_frames=max(1, round(span * _MS)),
        fps=_MS,
        width=width,
        height=height,
        duration=span,
        frames_indices=[round(at * _MS) for at in times],
    )


def _times(asked: Asked) -> Sequence[float]:
    """The times that were given, or one a second."""
    given = asked.times_s
    return (
        given
        if len(given) == len(asked.images) and given[-1] > given[0]
        else [float(i) for i in range(len(asked.images))]
    )
