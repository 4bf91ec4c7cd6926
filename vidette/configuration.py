"""Loading settings: option > environment > file > default, every mistake as one line that says where."""

import difflib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vidette.errors import ConfigError
from vidette.log import redact
from vidette.settings import Settings
from vidette.yaml_tree import MAX_BYTES, Tree, parse

FILE = "vidette.yml"
PREFIX = "VIDETTE_"
RESERVED = frozenset({"VIDETTE_REQUIRE_ALL"})  # read by the test suite
HIDDEN = "***"
KeyPath = tuple[str | int, ...]


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
    try:
        settings = Settings.model_validate(sources.tree)
    except ValidationError as error:
        lines = [sources.explain(detail) for detail in error.errors()]
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        raise ConfigError(lines[0] + more) from None
    origins = {dotted(key): said for key, said in sources.origins.items()}
    return Loaded(settings=settings, origins=origins, secret=frozenset(map(dotted, sources.secret)))


def problems(path: Path, environ: Mapping[str, str]) -> list[str]:
    """Every mistake in a settings file, one line each; empty where it is good."""
    try:
        sources = _Sources.gather(path, environ, {}, files_only=True)
        Settings.model_validate(sources.tree)
    except ConfigError as error:
        return [str(error)]
    except ValidationError as error:
        return [sources.explain(detail) for detail in error.errors()]
    return []


def dotted(path: KeyPath) -> str:
    """`("streams", 0, "name")` as `streams[0].name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".")


@dataclass(slots=True, kw_only=True)
class _Sources:
    name: str
    tree: dict[str, Any]
    lines: dict[KeyPath, int]
    origins: dict[KeyPath, str]
    secret: set[KeyPath]

    @classmethod
    def gather(
        cls, path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object], files_only: bool = False
    ) -> "_Sources":
        name, read = _read(path, environ)
        origins: dict[KeyPath, str] = {key: f"{name}:{read.lines[key]}" for key, _ in _leaves(read.value)}
        sources = cls(name=name, tree=read.value, lines=read.lines, origins=origins, secret=set(read.secret))
        if not files_only:
            for variable in sorted(environ):
                if variable.startswith(PREFIX) and variable not in RESERVED | read.variables:
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

    def explain(self, detail: ErrorDetails) -> str:
        """One line: where, which key, what value, what is allowed."""
        path = tuple(part for part in detail["loc"])
        where, key = self._where(path), dotted(path)
        if detail["type"] == "extra_forbidden":
            return f"{where}: {key}: unknown key{_nearest(path)}"
        if detail["type"] == "missing":
            return f"{where}: {key}: missing; give it a value"
        value = HIDDEN if path in self.secret else redact(repr(detail["input"])[:80])
        said = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
        return f"{where}: {key} is {value}: {said}"

    def _where(self, path: KeyPath) -> str:
        for length in range(len(path), 0, -1):
            known = self.origins.get(path[:length])
            if known:
                return known
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name


def _read(path: Path | None, environ: Mapping[str, str]) -> tuple[str, Tree]:
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
    return str(file), parse(text, str(file), environ)


def _leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif path:
        yield path, value


def _nearest(path: KeyPath) -> str:
    fields = sorted(_table(path[:-1]).model_fields)
    near = difflib.get_close_matches(str(path[-1]), fields, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; allowed: {', '.join(fields)}"


def _table(path: KeyPath) -> type[BaseModel]:
    model: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, str):
            model = model_in(model.model_fields[part].annotation) or model
    return model


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings table that a field's type holds, alone or in a list; None where it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := model_in(inner))), None)
