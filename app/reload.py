"""`vidette reload`: a running watch takes its changed settings."""

import os
import time
from pathlib import Path
from typing import Any

import click

from app.options import memory_options
from app.running import Watching, running

_PATIENCE_S, _POLL_S = 15.0, 0.05


@click.command()
@memory_options
def reload(**given: Any) -> int:
    """Let every watch into this memory take its changed settings.

    What changed is started again, camera by camera; nothing else is. Faulty settings are refused, and those before stay.
    A running watch also looks at its files every 2 s.
    """
    from app.memory import settings_of
    from app.reloading import SIGNAL
    from vidette.errors import StoreError
    from workers.wiring import db_path

    path = db_path(settings_of(given["db"], given["config"]))
    found = list(running(path))
    if not found:
        raise StoreError(f"nothing is watched into {str(path)!r} now; start `vidette watch`")
    for one in found:
        os.kill(one.pid, SIGNAL)
    return max(_said(_answer(path, one), one) for one in found)


def _answer(path: Path, before: Watching) -> Watching | None:
    """The watch once it has answered; None where it ended or did not."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        now = next((one for one in running(path) if one.pid == before.pid), None)
        if now is None or now.reloads > before.reloads:
            return now
        time.sleep(_POLL_S)
    return None


def _said(now: Watching | None, before: Watching) -> int:
    from vidette.log import redact
    from vidette.text import plain

    if now is None:
        click.echo(f"failed: the watch of process {before.pid} did not answer", err=True)
        return 1
    if now.refused:
        click.echo(redact(plain(f"refused by process {now.pid}: {now.refused}")), err=True)
        return 2
    click.echo(f"taken by process {now.pid}")
    return 0
