"""A rule as it is written in a file, and a file with one rule more: nothing else in it changes, comments stay."""

from typing import Any

import yaml

from vidette.errors import ConfigError
from vidette.rule_settings import RuleSettings
from vidette.yaml_tree import dump, escaped, parse

_FIRST = ("id", "when", "severity", "active")
_WEEK = ["mon", "tue", "wed", "thu", "fri"]
_WIDE = 10_000
_RULES = "rules"
_LISTS = frozenset({"days", "sinks", "escalate_to"})


def written(rule: RuleSettings) -> str:
    """A rule as an item of a list of rules in YAML; what is left at its default is not in it."""
    said = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    ordered = {key: said.pop(key) for key in _FIRST if key in said} | said
    first, *rest = dump(_plain(ordered), default_flow_style=None, width=_WIDE).removesuffix("\n").split("\n")
    return "\n".join([f"- {first}", *(f"  {line}" for line in rest)]) + "\n"


def with_rule(text: str, rule: RuleSettings, name: str) -> str:
    """The text of a settings or rules file called `name` with the rule as the last of its `rules`.

    Raises ConfigError where the file is no YAML, or its rules are written so that one cannot be put beside them.
    """
    before = parse(text, name, _Anything()).value
    line_end = "\r\n" if "\r\n" in text else "\n"
    added = _inserted(text.replace("\r\n", "\n"), written(rule)).replace("\n", line_end)
    wanted = {
        **before,
        _RULES: [*before.get(_RULES, []), *parse(f"{_RULES}:\n{written(rule)}", name, {}).value[_RULES]],
    }
    try:
        same = parse(added, name, _Anything()).value == wanted
    except ConfigError:
        same = False
    if not same:
        raise ConfigError(
            f"{name}: its rules are written so that no other can be put beside them; add this one by hand"
        )
    return added


def ids_in(text: str, name: str) -> frozenset[str]:
    """Ids of the rules in the text of a settings or rules file. Raises ConfigError where it is no YAML."""
    rules = parse(text, name, _Anything()).value.get(_RULES, [])
    return (
        frozenset(str(rule.get("id")) for rule in rules if isinstance(rule, dict))
        if isinstance(rules, list)
        else frozenset()
    )


class _Anything(dict[str, str]):
    """An environment in which every variable is set: what a file takes from it does not matter here."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return f"the value of {key}"


def _inserted(text: str, item: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = next(((key, value) for key, value in pairs if key.value == _RULES), None)
    if found is None:
        return f"{_ended(text)}{_RULES}:\n{item}"
    key, value = found
    lines = text.split("\n")
    if isinstance(value, yaml.SequenceNode) and value.value and not value.flow_style:
        at, indent = _last_line(value) + 1, value.start_mark.column
    else:  # nothing in it: `rules:`, `rules: []`
        if value.start_mark.index < value.end_mark.index:
            row = value.start_mark.line
            lines[row] = (lines[row][: value.start_mark.column] + lines[row][value.end_mark.column :]).rstrip()
        at, indent = key.start_mark.line + 1, key.start_mark.column
    return "\n".join([*lines[:at], *(" " * indent + line for line in item.splitlines()), *lines[at:]])


def _ended(text: str) -> str:
    """With a line's end after the last line, where there is one."""
    return text if not text or text.endswith("\n") else f"{text}\n"


def _last_line(node: yaml.Node) -> int:
    """The line on which the last word of a node stands: what follows is comments and empty lines."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    end = node.end_mark
    return end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line


def _plain(value: Any, key: str = "") -> Any:
    """Lists of one word as that word, whole numbers without a fraction, nothing that would be read as a variable."""
    if isinstance(value, dict):
        return {escaped(name): _plain(one, name) for name, one in value.items()}
    if isinstance(value, list):
        alone = len(value) == 1 and isinstance(value[0], str) and key not in _LISTS
        return _plain(value[0]) if alone else [_plain(one) for one in (_ranged(value) if key == "days" else value)]
    if isinstance(value, float) and value == int(value):
        return int(value)
    return escaped(value) if isinstance(value, str) else value


def _ranged(days: list[str]) -> list[str]:
    """Five days of work as `mon-fri`."""
    return ["mon-fri", *days[len(_WEEK) :]] if days[: len(_WEEK)] == _WEEK else days
