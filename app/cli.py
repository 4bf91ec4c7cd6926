"""The command line: `vidette COMMAND`. A command's file is read only when it is called for."""

import atexit
import gc
import importlib
import os
import sys
import traceback

import click

from app.stopping import ended_as_by_ctrl_c
from vidette.errors import VidetteError
from vidette.log import redact

COMMANDS = {
    "watch": "app.watch:watch",
    "reload": "app.reload:reload",
    "ask": "app.ask:ask",
    "events": "app.listing:events",
    "tracks": "app.listing:tracks",
    "entities": "app.listing:entities",
    "coverage": "app.listing:coverage",
    "verdicts": "app.verdicts:verdicts",
    "streams": "app.streams:streams",
    "alerts": "app.alerts:alerts",
    "rules": "app.rules:rules",
    "silence": "app.silence:silence",
    "deliveries": "app.deliveries:deliveries",
    "sinks": "app.sinks:sinks",
    "receive": "app.receive:receive",
    "status": "app.status:status",
    "jobs": "app.jobs:jobs",
    "report": "app.report:report",
    "clip": "app.clip:clip",
    "import": "app.importing:import_",
    "embed": "app.embed:embed",
    "graph": "app.graph:graph",
    "demo": "app.demo:demo",
    "discover": "app.discover:discover",
    "models": "app.models:models",
    "doctor": "app.doctor:doctor",
    "simulate": "app.simulate:simulate",
    "worker": "app.worker:worker",
    "beat": "app.beat:beat",
    "config": "app.config:config",
}


_GC_EVERY = (
    50_000  # new containers between two searches for garbage: an import makes hundreds of thousands, none garbage
)
atexit.register(
    gc.freeze
)  # what is there at the end goes with the process; to search it for garbage costs as much as numpy


class Commands(click.Group):
    """A group that imports a command's module when the command is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command where there is none."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(COMMANDS)}"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"vidette {version('vidette')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.option(
    "--debug", is_flag=True, expose_value=False, help="Show a traceback when something fails (anywhere on the line)."
)
def commands() -> None:
    """Watch video, remember what happened, answer questions with evidence.

    \b
    vidette watch clip.mp4                  watch a file, folder or glob
    vidette watch rtsp://camera/stream      watch a camera until Ctrl-C
    vidette events                          what happened
    vidette ask "how many things entered?"  an answer with its evidence
    """


def main(args: list[str] | None = None) -> int:
    """Run a command line; -> 0 done, 1 ran but something failed, 2 usage or configuration."""
    gc.set_threshold(_GC_EVERY)
    given = list(sys.argv[1:] if args is None else args)
    debug = _take_debug(given)
    try:
        with ended_as_by_ctrl_c():
            code = _run(given)
        sys.stdout.flush()
    except click.ClickException as error:
        return _say(error.format_message() + (_file_hint(error, given) or _help_hint(error)), 2)
    except VidetteError as error:
        return _say(str(error), error.exit_code, trace=debug)
    except (KeyboardInterrupt, click.Abort):
        return _say("stopped", 1)
    except BrokenPipeError:
        # whoever read our output has had enough; keep the interpreter from complaining on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  the edge: a person sees one line, not a traceback
        return _say(f"internal error: {type(error).__name__}: {error}; run again with --debug", 1, trace=debug)
    return code


def _run(args: list[str]) -> int:
    """Without click's own `main`, which prints and exits where we return a code."""
    if "_VIDETTE_COMPLETE" in os.environ:
        commands.main(args=args, prog_name="vidette")  # the shell asks for completions
    try:
        with commands.make_context("vidette", args) as context:
            result = commands.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    return result if isinstance(result, int) else 0


def _take_debug(args: list[str]) -> bool:
    end = args.index("--") if "--" in args else len(args)
    debug = "--debug" in args[:end]
    args[:end] = [arg for arg in args[:end] if arg != "--debug"]
    return debug


def _help_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see `{context.command_path} --help`)" if context else ""


def _file_hint(error: click.ClickException, args: list[str]) -> str:
    """What to write for a file whose name begins as an option does."""
    if not isinstance(error, click.NoSuchOption):
        return ""
    files = (arg for arg in args if arg.startswith(error.option_name) and os.path.lexists(arg))
    return next((f" For the file of that name write {'./' + name!r}." for name in files), "")


def _say(message: str, code: int, *, trace: bool = False) -> int:
    if trace:
        sys.stderr.write(redact(traceback.format_exc()))
    said = redact(" ".join(message.split()))
    sys.stderr.write(f"error: {''.join(char if char.isprintable() else '?' for char in said)}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
