"""The families of vision-language models, and how each is reached: the table behind `vidette models`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of models.

    `model_types`: of its config.json. `style`: `chat` has a chat template and answers in JSON; `task` knows set tasks.
    `boxes`: name of its codec, empty for none. `memory`: of the smallest usual size, in bf16.
    """

    name: str
    model_types: tuple[str, ...] = ()
    style: Literal["chat", "task"] = "chat"
    images: Literal["many", "one"] = "many"
    video: bool = False
    boxes: str = ""
    masks: bool = False
    licence: str = ""
    memory: str = ""
    reached: Literal["transformers", "server", "converted", "trust_remote_code"] = "transformers"
    note: str = ""
