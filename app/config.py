"""`vidette config show|check`: the settings that hold, and whether a file is good."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.options import config_option, db_option

if TYPE_CHECKING:
    from vidette.configuration import Loaded


@click.group()
def config() -> None:
    """Show settings, check a settings file."""


@config.command()
@db_option
@config_option
def show(db: str | None, config: str | None) -> None:
    """Print the settings that hold, as YAML, with where each that is not a default came from."""
    from vidette.configuration import examine

    loaded = examine(Path(config) if config else None, os.environ, {"db": db})
    click.echo(as_yaml(loaded), nl=False)


@config.command()
@click.argument("file", type=click.Path(dir_okay=False))
def check(file: str) -> int:
    """Say every mistake in a settings FILE, one a line; exit code 2 where there is one."""
    from vidette.configuration import problems

    lines = problems(Path(file), os.environ)
    for said in lines:
        click.echo(said, err=True)
    if not lines:
        click.echo(f"{file}: good")
    return 2 if lines else 0


def as_yaml(loaded: "Loaded") -> str:
    """Settings as YAML with origins as comments; secrets as `***`."""
    return "".join(
        f"{text}\n" for text in _lines(loaded.settings.model_dump(mode="json", by_alias=True), "", 0, loaded)
    )


def _lines(value: dict[str, Any], path: str, depth: int, loaded: "Loaded") -> list[str]:
    out = []
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        pad = "  " * depth
        if isinstance(item, dict):
            out += [f"{pad}{key}:", *_lines(item, here, depth + 1, loaded)]
        else:
            out.append(f"{pad}{key}: {_scalar(item, here, loaded)}{_origin(here, loaded)}")
    return out


def _scalar(item: Any, path: str, loaded: "Loaded") -> str:
    from vidette.yaml_tree import dump

    text = dump(_without_secrets(item, path, loaded), default_flow_style=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _without_secrets(item: Any, path: str, loaded: "Loaded") -> Any:
    from vidette.log import redact

    if path in loaded.secret:
        return "***"
    if isinstance(item, dict):
        return {key: _without_secrets(inner, f"{path}.{key}", loaded) for key, inner in item.items()}
    if isinstance(item, list | tuple):
        return [_without_secrets(inner, f"{path}[{i}]", loaded) for i, inner in enumerate(item)]
    return redact(item) if isinstance(item, str) else item


def _origin(path: str, loaded: "Loaded") -> str:
    found = [said for key, said in loaded.origins.items() if key == path or key.startswith((f"{path}[", f"{path}."))]
    return f"  # {found[0]}" if found else ""
