"""Loading settings: option > environment > file > default, every mistake as one line that says where."""

import difflib
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from vidette.bounded import PATTERNS
from vidette.errors import ConfigError
from vidette.log import redact
from vidette.settings import Settings
from vidette.surroundings import Surroundings
from vidette.yaml_tree import MAX_BYTES, Tree, parse, shown

FILE = "vidette.yml"
PREFIX = "VIDETTE_"
RESERVED = frozenset({"VIDETTE_REQUIRE_ALL", "VIDETTE_RECEIVE_SECRET"})  # the test suite's, and that of `receive`
TOLD = "VIDETTE_ALERT_"  # what a script is told of its alert; it may call `vidette` itself
HIDDEN = "***"
KeyPath = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)
_MANY = 12
_BROKER = "VIDETTE_BROKER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings, and where each value that is not a default came from (by dotted key)."""

    settings: Settings
    origins: dict[str, str]
    secret: frozenset[str] = frozenset()


def load(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None) -> Settings:
    """Settings of `path` (None: `vidette.yml` here if there is one), environment and options.

    `overrides` are dotted keys; a value of None is not given. Raises ConfigError.
    """
    return examine(path, environ, overrides).settings


def examine(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None) -> Loaded:
    """As `load`, with origins. Raises ConfigError on the first mistake, saying how many more there are."""
    sources = _Sources.gather(path, environ, overrides or {})
    settings = sources.good()
    origins = {dotted(key): said for key, said in sources.origins.items()}
    hidden = sources.secret | {key for key in sources.origins if is_secret(key)}
    return Loaded(settings=settings, origins=origins, secret=frozenset(map(dotted, hidden)))


def broker_alone(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """No more than the broker of what `load` reads, whatever is wrong in the rest, which is as if nobody said it.

    Raises ConfigError where the broker is wrong, or stands in a file that cannot be read.
    """
    try:
        name, read = _read(path, environ, _of_broker)
    except ConfigError:
        if _BROKER not in environ:
            raise
        name, read = FILE, Tree()
    sources = _Sources.of(name, read)
    if _BROKER in environ and _BROKER not in read.variables:
        sources.put(("broker",), environ[_BROKER], f"environment {_BROKER}")
    return sources.good()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Generic[M]):
    """A file as the tables of `M`, or every mistake in it, one line each."""

    name: str
    value: M | None
    problems: tuple[str, ...]
    lines: Mapping[KeyPath, int]

    def where(self, *path: str | int) -> str:
        """`file:line` of a key, or of the nearest one above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name


def check(path: Path, environ: Mapping[str, str], root: type[M]) -> Checked[M]:
    """A file held against the tables of `root`; never raises for what is in it."""
    try:
        sources = _Sources.gather(path, environ, {}, files_only=True)
    except ConfigError as error:
        return Checked(name=str(path), value=None, problems=(str(error),), lines={})
    value, wrong = sources.validated(root)
    return Checked(name=sources.name, value=value, problems=tuple(wrong), lines=sources.lines)


def problems(path: Path, environ: Mapping[str, str]) -> list[str]:
    """Every mistake in a settings file, one line each; empty where it is good."""
    return list(check(path, environ, Settings).problems)


def dotted(path: KeyPath) -> str:
    """`("streams", 0, "name")` as `streams[0].name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{shown(part)}" for part in path)
    return text.lstrip(".")


@dataclass(slots=True, kw_only=True)
class _Sources:
    name: str
    tree: dict[str, Any]
    lines: dict[KeyPath, int]
    origins: dict[KeyPath, str]
    secret: set[KeyPath]

    @classmethod
    def of(cls, name: str, read: Tree) -> "_Sources":
        origins: dict[KeyPath, str] = {key: f"{name}:{read.lines[key]}" for key, _ in _leaves(read.value)}
        return cls(name=name, tree=read.value, lines=read.lines, origins=origins, secret=set(read.secret))

    @classmethod
    def gather(
        cls, path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object], files_only: bool = False
    ) -> "_Sources":
        name, read = _read(path, environ)
        sources = cls.of(name, read)
        if not files_only:
            for variable in sorted(environ):
                ours = variable.startswith(PREFIX) and not variable.startswith(TOLD)
                if ours and variable not in RESERVED | read.variables:
                    key = tuple(variable.removeprefix(PREFIX).lower().split("__"))
                    sources.put(key, environ[variable], f"environment {variable}")
        for option, value in overrides.items():
            if value is not None:
                sources.put(tuple(option.split(".")), str(value), f"option --{option.replace('.', '-')}")
        return sources

    def put(self, key: tuple[str, ...], value: str, origin: str) -> None:
        table = self.tree
        for part in key[:-1]:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{origin}: {dotted(key)!r} is not a setting; see `vidette config show`")
            table = inner
        table[key[-1]] = value
        self.origins[key] = origin
        self.secret.discard(key)

    def good(self) -> Settings:
        """The settings. Raises ConfigError on the first mistake, saying how many more there are."""
        settings, wrong = self.validated(Settings)
        if settings is None:
            raise ConfigError(wrong[0] + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""))
        return settings

    def validated(self, root: type[M]) -> tuple[M | None, list[str]]:
        """The tables, or None and every mistake."""
        try:
            value = root.model_validate(self.tree)
        except ValidationError as error:
            return None, [self.explain(detail, root) for detail in error.errors()]
        wrong = [f"{self._where(path)}: {said}" for path, said in _repeated(value)]
        return (None, wrong) if wrong else (value, [])

    def explain(self, detail: ErrorDetails, root: type[BaseModel]) -> str:
        """One line: where, which key, what value, what is allowed."""
        path = tuple(part for part in detail["loc"])
        where, key = self._where(path), dotted(path)
        if detail["type"] == "extra_forbidden":
            return f"{where}: {key}: unknown key{_nearest(path, root)}"
        if detail["type"] == "missing":
            return f"{where}: {key}: missing; give it a value"
        if isinstance(detail["input"], dict | list):
            return f"{where}: {key}: {_said(detail)}"
        hidden = path in self.secret or is_secret(path, root)
        value = HIDDEN if hidden else redact(repr(detail["input"]))[:80]
        return f"{where}: {key} is {value}: {_said(detail)}"

    def _where(self, path: KeyPath) -> str:
        for length in range(len(path), 0, -1):
            known = self.origins.get(path[:length])
            if known:
                return known
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name


def _read(
    path: Path | None, environ: Mapping[str, str], part: Callable[[str], str] = lambda text: text
) -> tuple[str, Tree]:
    given = path is not None
    file = path if path is not None else Path(FILE)
    if not given and not file.is_file():
        return FILE, Tree()
    try:
        with file.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot read settings file {str(file)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 text at byte {error.start}; save it as UTF-8") from error
    return str(file), parse(part(text), str(file), Surroundings(environ, file.parent))


def _of_broker(text: str) -> str:
    """The lines of the key `broker` where they stand, the others empty: read so, what is no YAML hides nothing but itself."""
    lines, ours = [], False
    for line in text.split("\n"):
        ours = line.startswith("broker:") or (ours and line.startswith((" ", "\t")))
        lines.append(line if ours else "")
    return "\n".join(lines)


def _leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif path:
        yield path, value


def _said(detail: ErrorDetails) -> str:
    """What is allowed, in words; of a long list the nearest."""
    context = detail.get("ctx") or {}
    if "pattern" in context:
        return PATTERNS.get(context["pattern"], detail["msg"])
    choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    near = difflib.get_close_matches(str(detail["input"]), choices, n=1) if len(choices) > _MANY else []
    if near:
        return f"did you mean {near[0]!r}?"
    return (
        detail["msg"].removeprefix("Value error, ").replace("Input should", "should").replace("String should", "should")
    )


def _repeated(value: BaseModel) -> Iterator[tuple[KeyPath, str]]:
    """Rules and sinks whose id is another one's."""
    for table in ("rules", "sinks"):
        seen: set[str] = set()
        for i, one in enumerate(getattr(value, table, ())):
            if one.id in seen:
                yield (table, i, "id"), f"{table}[{i}].id is {one.id!r}: given twice; each needs its own"
            seen.add(one.id)


def is_secret(path: KeyPath, root: type[BaseModel] = Settings) -> bool:
    """Whether the key is one whose value is never shown."""
    if not path or not isinstance(path[-1], str):
        return False
    found = _fields(_table(path[:-1], root)).get(path[-1])
    return found is not None and "secret" in found.metadata


def _nearest(path: KeyPath, root: type[BaseModel]) -> str:
    fields = sorted(_fields(_table(path[:-1], root)))
    near = difflib.get_close_matches(str(path[-1]), fields, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; allowed: {', '.join(fields)}"


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the names that a file uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _table(path: KeyPath, root: type[BaseModel]) -> type[BaseModel]:
    model = root
    for part in path:
        field = _fields(model).get(part) if isinstance(part, str) else None
        model = (model_in(field.annotation) if field else None) or model
    return model


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings table that a field's type holds, alone or in a list; None where it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := model_in(inner))), None)
