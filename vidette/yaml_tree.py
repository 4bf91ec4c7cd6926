"""YAML as plain text values with the line of every key: bounded, safe, no tags, no surprises."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from vidette.errors import ConfigError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
MAX_NODES = 20_000
MAX_SHOWN = 80  # characters
_VARIABLE = re.compile(r"\$(\$)?\{([^}]*)\}")
_BREAKS = re.compile("[\x85\u2028\u2029]")
_NULLS = {"", "~", "null", "Null", "NULL"}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Path = tuple[str | int, ...]


@dataclass(slots=True, kw_only=True)
class Tree:
    """A file's mapping: scalars as text, the line of each key path, what came from `${…}`."""

    value: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    secret: set[Path] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)


def parse(text: str, name: str, environ: Mapping[str, str]) -> Tree:
    """The tree of a YAML text; `${NAME}` is the NAME of `environ`, `$${` a plain `${`.

    A key with no value is as if it were not there. Raises ConfigError (with file and line) for
    what is not YAML, too big, too deep, tagged, given twice, or names a variable that is not set.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise ConfigError(f"{name}: larger than {MAX_BYTES // 1024} KiB; settings are a page, not a data file")
    try:
        _bounded(text, name)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}{_where(error)}: not YAML: {_problem(error)}") from error
    walk = _Walk(name=name, environ=environ)
    if root is None or _is_null(root):
        return walk.tree
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{name}:{root.start_mark.line + 1}: settings are `key: value` lines")
    walk.tree.value = walk.mapping(root, ())
    return walk.tree


def _bounded(text: str, name: str) -> None:
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        line = event.start_mark.line + 1 if event.start_mark else 1
        tag = getattr(event, "tag", None)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise ConfigError(f"{name}:{line}: nested or repeated beyond any settings file; simplify it")
        if tag not in (None, "!"):
            raise ConfigError(f"{name}:{line}: tag {tag!r} is not allowed; write the plain value")


def shown(name: str) -> str:
    """A key or variable as it is put into a message: as it stands if it is short and printable, else as a literal."""
    return name if name.isprintable() and len(name) <= MAX_SHOWN else repr(name[:MAX_SHOWN])


def escaped(text: str) -> str:
    """The text as a value that `parse` reads as just that: nothing in it stands for a variable."""
    return text.replace("${", "$${")


class _Dumper(yaml.SafeDumper):
    """Writes texts so that they are read back as they are: YAML 1.1 takes more than line feeds for line breaks (5.4)."""


def _told(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _BREAKS.search(text) else None)


_Dumper.add_representer(str, _told)


def dump(value: Any, **layout: Any) -> str:
    """Plain values as YAML, keys in their order; `layout` as for `yaml.dump`."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, **layout)
    return text


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    said = getattr(error, "problem", None) or str(error)
    return " ".join(said.split())[:200]


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in _NULLS


@dataclass(slots=True, kw_only=True)
class _Walk:
    name: str
    environ: Mapping[str, str]
    tree: Tree = field(default_factory=Tree)
    seen: int = 0

    def any(self, node: yaml.Node, path: Path) -> Any:
        self.seen += 1  # aliases are walked again each time, so this bounds what they expand to
        if self.seen > MAX_NODES or len(path) > MAX_DEPTH:
            raise ConfigError(f"{self._at(node)}: aliases expand beyond any settings file; write the values out")
        self.tree.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.any(item, (*path, i)) for i, item in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, line, value in self._pairs(node):
            if key in out:
                raise ConfigError(f"{self.name}:{line}: key {key[:MAX_SHOWN]!r} is given twice; keep one")
            self.tree.lines[*path, key] = line
            if not _is_null(value):
                out[key] = self.any(value, (*path, key))
        return out

    def _pairs(self, node: yaml.MappingNode) -> Iterator[tuple[str, int, yaml.Node]]:
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(f"{self._at(key)}: a key is one word")
            yield key.value, key.start_mark.line + 1, value

    def scalar(self, node: yaml.Node, path: Path) -> str:
        text = str(node.value)

        def put(found: re.Match[str]) -> str:
            if found[1]:
                return "${" + found[2] + "}"
            if found[2] not in self.environ:
                variable = shown(found[2])
                raise ConfigError(f"{self._at(node)}: ${{{variable}}} is not set in the environment; set it")
            self.tree.secret.add(path)
            self.tree.variables.add(found[2])
            try:
                return self.environ[found[2]]
            except ConfigError as error:
                raise ConfigError(f"{self._at(node)}: {error}") from error

        return _VARIABLE.sub(put, text)

    def _at(self, node: yaml.Node) -> str:
        return f"{self.name}:{node.start_mark.line + 1}"
