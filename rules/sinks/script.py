"""A sink that runs a program: no shell, JSON on its stdin, a few variables, a time limit."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

from rules.sinks.composing import Composed, Composer
from vidette.alerts import Alert, Delivery, Sent
from vidette.errors import DeliveryError
from vidette.text import plain

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER")
_QUOTED = 500  # bytes of output that are kept
_TICK_S = 0.05


class ScriptSink:
    """Runs the command for each message; exit code 0 is delivered, anything else is tried again.

    On stdin it has what a webhook would post, and `VIDETTE_ALERT_…` say the main things. It is a
    process group of its own, which is killed when the time is over.
    """

    def __init__(
        self,
        sink_id: str,
        command: Sequence[str],
        *,
        timeout_s: float,
        compose: Callable[[Alert], Composed] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.id, self.address, self._compose, self._folder = sink_id, command[0], compose or Composer(), folder
        self._command, self._timeout_s, self._closed = tuple(command), timeout_s, Event()

    def send(self, delivery: Delivery) -> Sent:
        """Run it once, to its end or to the end of its time."""
        try:
            text = self._compose(delivery.message).text
        except DeliveryError as error:
            return Sent(ok=False, again=False, error=str(error))
        try:
            process = subprocess.Popen(  # noqa: S603  the command is the user's own, and no shell reads it
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_environment(delivery),
                start_new_session=True,
                cwd=self._folder,
            )
        except (OSError, ValueError) as error:
            return Sent(ok=False, error=f"cannot run {self.address!r}: {getattr(error, 'strerror', None) or error}")
        with process:
            return self._follow(process, text)

    def close(self) -> None:
        """Kill what is running."""
        self._closed.set()

    def _follow(self, process: "subprocess.Popen[bytes]", text: bytes) -> Sent:
        assert process.stdin is not None
        with suppress(OSError):  # it may not care for its stdin; a pipe holds all of the message
            process.stdin.write(text)
            process.stdin.close()
        output = self._output(process, time.monotonic() + self._timeout_s)
        code = process.poll()
        if code is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Sent(ok=False, error=f"killed after {self._timeout_s:g} s{_said(output)}")
        if code == 0:
            return Sent(ok=True, code=0)
        return Sent(ok=False, code=code, error=f"exit code {code}{_said(output)}")

    def _output(self, process: "subprocess.Popen[bytes]", deadline: float) -> bytes:
        """The beginning of what it says, until it ends or its time does; the rest is read and dropped."""
        assert process.stdout is not None
        pipe, kept, ended = process.stdout.fileno(), b"", False
        os.set_blocking(pipe, False)
        while time.monotonic() < deadline and not self._closed.is_set():
            over = process.poll() is not None  # asked before reading, so that its last words are read
            if not ended and select.select([pipe], [], [], 0 if over else _TICK_S)[0]:
                chunk = os.read(pipe, 65_536)
                kept, ended = (kept + chunk)[:_QUOTED], not chunk
                continue
            if over:
                break
            if ended:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK_S)
        return kept


def _environment(delivery: Delivery) -> dict[str, str]:
    alert: Alert = delivery.message
    said = {
        "ID": alert.id,
        "RULE": alert.rule,
        "SEVERITY": alert.severity,
        "CHANGE": alert.change,
        "SEQUENCE": str(alert.sequence),
        "STREAMS": ",".join(alert.streams),
        "TEXT": alert.text,
        "DELIVERY": delivery.id,
    }
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {f"VIDETTE_ALERT_{name}": plain(value)[:1000] for name, value in said.items()}


def _said(output: bytes) -> str:
    text = plain(output.decode("utf-8", "replace")).strip()
    return f": {text}" if text else ""
