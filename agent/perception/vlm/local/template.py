"""What a chat template does with what it is given: found out by asking it, for many drop things without a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vidette.errors import ConfigError

Part = dict[str, Any]
Message = dict[str, Any]
_SYSTEM, _ONE, _TWO = "vidette-system", "vidette-one", "vidette-two"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A chat template and its manners.

    `system`: how it takes a system message, as `parts` or as `text`; `user`: it does not, so the words go before the
    user's. `texts`: it shows several texts of one message; else they are joined. `film`: the template for videos; empty
    where there is none, None where the processor has one of its own (SmolVLM).
    """

    source: str
    system: Literal["parts", "text", "user"]
    texts: bool
    film: str | None

    @property
    def video(self) -> bool:
        """Whether video parts are shown."""
        return self.film != ""

    def messages(self, system: str, parts: Sequence[Part]) -> list[Message]:
        """System words and the user's parts as the messages that it takes whole."""
        own = list(parts)
        if system and self.system == "user":
            own.insert(0, text(f"{system}\n\n"))
        user = {"role": "user", "content": own if self.texts else _joined(own)}
        if not system or self.system == "user":
            return [user]
        return [{"role": "system", "content": system if self.system == "text" else [text(system)]}, user]


def text(words: str) -> Part:
    """A part that is words."""
    return {"type": "text", "text": words}


def template_of(processor: Any) -> Template:
    """The processor's template. Raises ConfigError where it has none, or one that shows no pictures."""
    source = _source(processor)
    alone = _rendered(processor, source, [_user(text(_ONE))])
    pictured = _rendered(processor, source, [_user({"type": "image"}, text(_ONE))])
    if alone is None or _ONE not in alone or pictured is None or pictured == alone:
        raise ConfigError("the model's chat template shows no pictures; it is not one of a vision-language model")
    both = _rendered(processor, source, [_user(text(_ONE), {"type": "image"}, text(_TWO))])
    return Template(
        source=source,
        system=_system(processor, source),
        film=_film(processor, source, alone),
        texts=both is not None and _ONE in both and _TWO in both,
    )


def _source(processor: Any) -> str:
    found = getattr(processor, "chat_template", None) or getattr(processor.tokenizer, "chat_template", None)
    if isinstance(found, dict):
        found = found.get("default")
    if not isinstance(found, str):
        raise ConfigError("the model's folder has no chat template; take a newer copy that has chat_template.jinja")
    return found


def _film(processor: Any, source: str, alone: str) -> str | None:
    """The first template that shows videos: the folder's, else what the processor takes without one; empty for none."""
    ways: tuple[str | None, ...] = (source, None) if hasattr(processor, "video_processor") else ()
    for way in ways:
        shown = _rendered(processor, way, [_user({"type": "video"}, text(_ONE))])
        if shown not in (None, alone) and shown != _rendered(processor, way, [_user(text(_ONE))]):
            return way
    return ""


def _system(processor: Any, source: str) -> Literal["parts", "text", "user"]:
    user = _user({"type": "image"}, text(_ONE))
    ways: tuple[tuple[Literal["parts", "text"], Any], ...] = (("parts", [text(_SYSTEM)]), ("text", _SYSTEM))
    for way, content in ways:
        shown = _rendered(processor, source, [{"role": "system", "content": content}, user]) or ""
        if _SYSTEM in shown and _ONE in shown and "'type'" not in shown and '"type"' not in shown:
            return way
    return "user"


def _rendered(processor: Any, source: str | None, messages: list[Message]) -> str | None:
    """The prompt, or None where the template refuses."""
    import jinja2

    try:
        return str(processor.apply_chat_template(messages, source, tokenize=False, add_generation_prompt=True))
    except (jinja2.TemplateError, TypeError, ValueError, KeyError, IndexError):
        return None


def _user(*parts: Part) -> Message:
    return {"role": "user", "content": list(parts)}


def _joined(parts: Sequence[Part]) -> list[Part]:
    """The pictures, then all the words as one."""
    words = " ".join(part["text"] for part in parts if part["type"] == "text")
    return [*(part for part in parts if part["type"] != "text"), text(words)]
