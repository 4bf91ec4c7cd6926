"""What a language model may answer: the settings of one rule as a JSON Schema that servers can make a grammar of.

It is narrower than what a person may write: conditions inside each other three deep, names from the settings only, no
file, nobody who is told. Every key is wanted, as strict modes ask for; zero, an empty list or text, or null says nothing.
"""

from collections.abc import Sequence
from typing import Any

from agent.wording.places import Places
from vidette.alerts import Severity
from vidette.models import EventType, Label

Schema = dict[str, Any]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
_KINDS = ("kind", "colour")
_LONGEST_S = 86_400 * 366
_PARTS = 8


def rule_schema(places: Places, *, lengths: bool = True) -> Schema:
    """The schema of a rule about these places; without `lengths`, texts have none (hosted strict modes refuse them)."""
    rule = {
        "when": _any("event", "ask", "count", "rate", "absence", "in_order", "all", "any"),
        "severity": _one_of(Severity),
        "active": {"anyOf": [_ref("hours"), {"type": "null"}]},
        "cooldown_s": _number(0, _LONGEST_S),
    }
    return {**_table(rule), "$defs": _tables(places, lengths)}


def _tables(places: Places, lengths: bool) -> dict[str, Schema]:
    bound, seconds = {"anyOf": [_number(0, 1_000_000), {"type": "null"}]}, _number(0, _LONGEST_S)
    counted = {"at_least": bound, "at_most": bound, "within_s": seconds, "for_s": seconds}
    parts = ("event", "ask", "count", "rate", "absence")
    related = {"within_s": seconds, "same": _one_of(("", "thing", "stream", "zone"))}
    return {
        "hours": _table({"days": _some_of(_DAYS), "from": _text(5, lengths), "to": _text(5, lengths)}),
        "event": _table(_event(places, lengths)),
        "ask": _table({"ask": _text(300, lengths), **_streams(places), "confidence": _number(0, 1), "for_s": seconds}),
        "count": _table({"count": _any("event", "ask"), **counted}),
        "rate": _table({"rate": _any("event", "ask"), "per_s": _number(1, _LONGEST_S), **counted}),
        "absence": _table(
            {
                "absence": _any("event", "ask"),
                "for_s": seconds,
                "between": {"anyOf": [_ref("hours"), {"type": "null"}]},
            }
        ),
        "not": _table({"not": _any("event", "ask")}),
        "in_order": _table({"in_order": _list(_any(*parts), 2), **related}),
        "all": _table({"all": _list(_any(*parts, "not"), 2), **related, "for_s": seconds}),
        "any": _table({"any": _list(_any(*parts), 1), "for_s": seconds}),
    }


def _event(places: Places, lengths: bool) -> dict[str, Schema]:
    words = {"type": "array", "items": _text(120, lengths), "maxItems": _PARTS}
    return {
        "event": _some_of(EventType),
        "label": _some_of(Label),
        "attributes": _table(dict.fromkeys(_KINDS, words)),
        "caption": _text(200, lengths),
        **_named("zone", places.zones),
        **_named("line", places.lines),
        "direction": _one_of(("", "forward", "backward")),
        **_streams(places),
        "confidence": _number(0, 1),
        "for_s": _number(0, _LONGEST_S),
    }


def _streams(places: Places) -> dict[str, Schema]:
    return _named("stream", places.streams)


def _named(key: str, names: Sequence[str]) -> dict[str, Schema]:
    """No key where there is no name: a choice of nothing is no schema."""
    return {key: _some_of(names)} if names else {}


def _table(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _any(*names: str) -> Schema:
    return {"anyOf": [_ref(name) for name in names]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(item: Schema, least: int) -> Schema:
    return {"type": "array", "items": item, "minItems": least, "maxItems": _PARTS}


def _one_of(words: Sequence[str] | type[Severity]) -> Schema:
    return {"type": "string", "enum": [str(word) for word in words]}


def _some_of(words: Sequence[str] | type[EventType] | type[Label]) -> Schema:
    return {"type": "array", "items": {"type": "string", "enum": [str(word) for word in words]}, "maxItems": _PARTS}


def _text(longest: int, lengths: bool) -> Schema:
    return {"type": "string", **({"maxLength": longest} if lengths else {})}


def _number(least: float, most: float) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most}
