"""What a server says in a chat completion: the model's text, or why there is none, and what it cost."""

from dataclasses import dataclass
from typing import Any

from agent.perception.vlm.loose import Fault
from vidette.models import Usage

CUT = "cut off at `vlm.max_tokens`, the longest answer that is allowed"
_MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a model answered and what that cost; `fault`: why the text is no whole answer, empty where it may be one."""

    text: str = ""
    fault: str = ""
    usage: Usage


def spoken(answer: dict[str, Any], tries: int) -> Spoken:
    """What the model said in a server's reply, which took so many tries."""
    usage = _usage(answer, tries)
    try:
        return Spoken(text=_content(answer), usage=usage)
    except Fault as error:
        return Spoken(fault=str(error), usage=usage)


def _content(answer: dict[str, Any]) -> str:
    """What the model said. Raises Fault where it said nothing, or was cut off."""
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise Fault("no answer in the reply")
    if choice.get("finish_reason") == "length":
        raise Fault(CUT)
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        content = "".join(one["text"] for one in content if isinstance(one, dict) and isinstance(one.get("text"), str))
    if not isinstance(content, str) or not content.strip():
        raise Fault("an empty answer")
    return content


def _usage(answer: dict[str, Any], tries: int) -> Usage:
    said = answer.get("usage")
    counts = said if isinstance(said, dict) else {}
    return Usage(
        calls=tries,
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
    )


def _count(value: object) -> int:
    """A number of tokens; 0 for anything else that a server may say."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS else 0
