"""Reference pages made from the code: `python -m app.reference [--check]`."""

import difflib
import inspect
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[1]
_MADE = "made from the code by `python -m app.reference`; edit the code"


def pages() -> dict[str, str]:
    """Every generated file by its path from the repository's root."""
    return {
        "docs/cli.md": cli_page(),
        "docs/configuration.md": configuration_page(),
        "docs/models.md": models_page(),
        "docs/alert.schema.json": schema_page(),
        "vidette.example.yml": example(),
    }


def cli_page() -> str:
    """Every command with its options."""
    from app.cli import commands

    parts = [f"# Command line\n\n<!-- {_MADE} -->\n", _INTRO]
    with click.Context(commands, info_name="vidette") as top:
        for name in commands.list_commands(top):
            command = commands.get_command(top, name)
            assert command is not None
            parts += _command(command, name, top)
    return "\n".join(parts)


_INTRO = """Exit codes: 0 done; 1 ran, but a source, a stretch of it or a step failed (said which); 2 usage or configuration.
`--json` prints only JSON lines on stdout; everything else goes to stderr. `--debug` anywhere shows a traceback when
something fails. Every command that reads or writes memory takes `--db` and `--config`.
"""


def models_page() -> str:
    """The families of models."""
    from app.models import page

    return f"# Models\n\n<!-- {_MADE} -->\n\n{page()}"


def schema_page() -> str:
    """The JSON Schema of messages about alerts."""
    import json

    from rules.sinks.schema import body_schema

    return json.dumps(body_schema(), indent=2, ensure_ascii=False) + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    with click.Context(command, info_name=name, parent=parent) as ctx:
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield from _page(command, ctx)
            for inner in command.list_commands(ctx):
                found = command.get_command(ctx, inner)
                assert found is not None
                yield from _command(found, inner, ctx)
            return
        yield from _page(command, ctx)


def _page(command: click.Command, ctx: click.Context) -> Iterator[str]:
    yield f"## {ctx.command_path}\n"
    yield f"```\n{_usage(command, ctx)}\n```\n"
    yield _prose(command.help or "") + "\n"
    rows = [row for param in command.params if (row := param.get_help_record(ctx)) and row[1]]
    yield "".join(["| option | meaning |\n|---|---|\n", *(f"| `{_cell(a)}` | {_cell(b)} |\n" for a, b in rows)])


def _usage(command: click.Command, ctx: click.Context) -> str:
    return " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])


def _prose(text: str) -> str:
    """A help text as markdown: blocks kept as they are (`\\b`) become code."""
    out = []
    for block in inspect.cleandoc(text).split("\n\n"):
        if block.startswith("\b\n"):
            out.append("```\n" + block.removeprefix("\b\n") + "\n```")
        else:
            out.append(" ".join(block.split()))
    return "\n\n".join(out)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def configuration_page() -> str:
    """Every settings key with its type, default and meaning."""
    from vidette.settings import Settings

    parts = [
        f"# Settings\n\n<!-- {_MADE} -->\n",
        "`vidette.yml` in the working directory, or `--config FILE`. An option wins over the environment, the environment\n"
        "over the file, the file over the default. In the environment a key is `VIDETTE_` and its path joined by `__`:\n"
        "`VIDETTE_FAST__CROWD=12`. In the file `${NAME}` is the environment's NAME, and `${file:PATH}` the one line that a file\n"
        "holds, as secrets of containers do; PATH counts from the settings file's folder. `vidette config show` prints what\n"
        "holds and where it came from, `vidette config check FILE` every mistake.\n",
        "```yaml\nstreams:\n  - name: yard\n    source: recordings/yard*.mp4\n    zones:\n"
        "      - {name: gate, polygon: [[0.1, 0.5], [0.4, 0.5], [0.4, 0.9], [0.1, 0.9]]}\n    lines:\n"
        "      - {name: door, points: [[0.7, 0.4], [0.7, 0.9]]}\n"
        "rules:\n  - {id: bag-left, when: {event: object_left, zone: gate, for_s: 60}, severity: high}\nsinks:\n"
        '  - {id: ops, kind: webhook, url: "https://ops.example/hook", secret: "${OPS_SECRET}"}\n```\n'
        "\nHow rules hold, what one alert is and who is told: [rules.md](rules.md).\n",
    ]
    for path, model in tables(Settings, ""):
        parts.append(f"## {path or 'top level'}\n\n{' '.join((model.__doc__ or '').split())}\n")
        rows = [
            f"| `{key}` | {_cell(kind)} | {_cell(default)} | {_cell(said)} |\n"
            for key, kind, default, said in keys(model)
        ]
        parts.append("".join(["| key | value | default | meaning |\n|---|---|---|---|\n", *rows]))
    return "\n".join(parts)


def tables(model: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The settings table and those inside it, with their dotted paths (`[]` for lists)."""
    from vidette.configuration import model_in

    yield path, model
    for name, field in model.model_fields.items():
        inner = model_in(field.annotation)
        if inner and inner is not model:  # a condition holds conditions: told once
            many = "[]" if typing.get_origin(field.annotation) is list else ""
            yield from tables(inner, f"{path}.{name}{many}".lstrip("."))


def keys(model: Any) -> Iterator[tuple[str, str, str, str]]:
    """(key, what is allowed, default, meaning) of one settings table."""
    schema = model.model_json_schema()
    properties = _inner(schema, schema)["properties"]  # one that holds itself is a reference
    for name, field in model.model_fields.items():
        key = field.alias or name
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        yield key, allowed(properties[key], schema), default, field.description or ""


def allowed(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """The values that a JSON Schema fragment lets through, in words."""
    inner = _inner(schema, root)
    if inner.get("type") == "object":
        return "table"
    if "enum" in inner:
        return ", ".join(f"`{value}`" for value in inner["enum"])
    if "const" in inner:
        return f"`{inner['const']}`"
    if inner["type"] == "array":
        return _list(_inner(inner.get("items") or {}, root))
    return {"boolean": "true, false", "string": "text"}.get(inner["type"], _range(inner))


def _inner(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The fragment itself: a reference followed, `null` left out of a choice."""
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            return _inner(choice, root)
    if "$ref" in schema:
        return dict(root["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    return schema


def _list(item: dict[str, Any]) -> str:
    if item.get("type") == "object":
        return "list of tables"
    return f"list of {', '.join(f'`{value}`' for value in item['enum'])}" if "enum" in item else "list"


def _range(schema: dict[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    kind = "whole number" if schema["type"] == "integer" else "number"
    above = "above " if "exclusiveMinimum" in schema else "from "
    bounds = [f"{above}{low:.10g}" if low is not None else "", f"to {high:.10g}" if high is not None else ""]
    return " ".join([kind, *(bound for bound in bounds if bound)])


def _default(value: Any) -> str:
    if hasattr(type(value), "model_fields"):
        return "see below"
    if value in ("", [], (), {}):
        return "empty"
    if value is None:
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def example() -> str:
    """A settings file with every key at its default and what it means above it."""
    from vidette.settings import Settings

    return f"# Every setting with its default ({_MADE}). Copy what you change to vidette.yml.\n" + "".join(
        _example(Settings, "")
    )


def _example(model: Any, pad: str) -> Iterator[str]:
    from vidette.configuration import model_in

    for name, field in model.model_fields.items():
        yield f"\n{pad}# {field.description}\n"
        default = field.get_default(call_default_factory=True)
        if field.annotation is model_in(field.annotation):
            yield f"{pad}{name}:\n"
            yield from _example(field.annotation, pad + "  ")
        else:
            text = str(default).lower() if isinstance(default, bool) else default if default != "" else '""'
            yield f"{pad}{name}: {text}\n"


def main(args: list[str]) -> int:
    """Write the pages, or with `--check` say where they differ; -> exit code."""
    stale = 0
    for name, text in pages().items():
        file = ROOT / name
        there = file.read_text(encoding="utf-8") if file.is_file() else ""
        if there == text:
            continue
        if "--check" in args:
            stale = 1
            diff = difflib.unified_diff(there.splitlines(), text.splitlines(), name, "from the code", lineterm="", n=1)
            sys.stderr.write("\n".join(list(diff)[:20]) + f"\n{name} is out of step; run: python -m app.reference\n")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
