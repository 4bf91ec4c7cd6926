"""A camera's process as its parent holds it: pipes that never block, its log lines in ours."""

import json
import logging
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from vidette.errors import StoreError
from vidette.log import redact
from workers.cameras.messages import CameraJob, Command, Inbox, Message, line_of

log = logging.getLogger("camera")

COMMAND = (sys.executable, "-m", "workers.cameras.camera")
_PIECE = 1 << 18
_LONGEST_LINE = 4000
_REAP_S = 1.0
_KEPT = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "USER", "LD_LIBRARY_PATH", "SYSTEMROOT")
_KEPT_FAMILIES = ("LC_", "PYTHON", "XDG_", "COV", "SSL_", "LIBVA_", "CUDA_")


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """What of the environment a camera's process gets: where things are, and no secrets."""
    return {name: text for name, text in environ.items() if name in _KEPT or name.startswith(_KEPT_FAMILIES)}


class Child:
    """One running process. `selector` is told what to wait for; whoever selects calls `key.data()`.

    `heard` is called with each message, `ended` once when its stdout is over.
    """

    def __init__(
        self,
        job: CameraJob,
        selector: selectors.BaseSelector,
        heard: Callable[[Message], None],
        ended: Callable[[], None],
        *,
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self.name = job.stream.name
        self._selector, self._heard, self._ended = selector, heard, ended
        self._inbox, self._out, self._log = Inbox(), bytearray(), b""
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=surroundings(os.environ),
            process_group=0,  # Ctrl-C is for us: a camera leaves when it is told to
        )
        self._stdin, self._stdout, self._stderr = _pipes(self._process)
        selector.register(self._stdout, selectors.EVENT_READ, self._read)
        selector.register(self._stderr, selectors.EVENT_READ, self._read_log)
        self._leaving = False
        self._send(line_of(job))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time that it took so far (Linux; elsewhere 0)."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime: proc_pid_stat(5)
        except (OSError, ValueError, IndexError):
            return 0.0

    def order(self, command: Command) -> None:
        """Send it a command; nothing where it is leaving."""
        if not self._stdin.closed and not self._leaving:
            self._send(line_of(command))

    def leave(self) -> None:
        """Ask it to tell what it has and to end."""
        self._leaving = True
        self._flush()

    def hold(self, held: bool) -> None:
        """Do not read it for now (or read it again): once its pipe is full it waits, and says what it left out."""
        if not self._stdout.closed:
            _listen(self._selector, self._stdout, self._read, listen=not held)

    def strike(self) -> None:
        """Have it killed; `reap` it then."""
        with suppress(OSError):
            self._process.kill()

    def reap(self) -> None:
        """Let go of its pipes (what it said and was not read is lost) and of the process, which has ended or is killed."""
        for pipe in (self._stdin, self._stdout, self._stderr):
            if not pipe.closed:
                with suppress(KeyError):
                    self._selector.unregister(pipe)
                pipe.close()
        for _ in range(2):
            try:
                self._process.wait(timeout=_REAP_S)
            except subprocess.TimeoutExpired:
                self.strike()
            else:
                return
        log.warning("the process %d of camera %r cannot be killed; a driver holds it", self.pid, self.name)

    def _send(self, data: bytes) -> None:
        self._out += data
        self._flush()

    def _flush(self) -> None:
        """Write what goes in; the rest when there is room."""
        if self._stdin.closed:
            return
        try:
            while self._out:
                written = self._stdin.write(bytes(self._out[:_PIECE]))
                if not written:
                    break
                del self._out[:written]
        except OSError:
            self._out.clear()  # it is gone, as its stdout will say
        _listen(self._selector, self._stdin, self._flush, listen=bool(self._out), event=selectors.EVENT_WRITE)
        if self._leaving and not self._out:
            self._stdin.close()

    def _read(self) -> None:
        data = _piece(self._stdout)
        if data is None:
            return
        try:
            messages = self._inbox.take(data)
        except StoreError as error:
            log.warning("the process of camera %r is not understood: %s", self.name, error)
            messages, data = [], b""
        for message in messages:
            self._heard(message)
        if not data:
            self._selector.unregister(self._stdout)
            self._stdout.close()
            self._ended()

    def _read_log(self) -> None:
        data = _piece(self._stderr)
        if data is None:
            return
        *lines, self._log = (self._log + data).split(b"\n")
        if not data or len(self._log) > _LONGEST_LINE:
            lines, self._log = [*lines, self._log], b""
        if not data:
            self._selector.unregister(self._stderr)
            self._stderr.close()
        for line in lines:
            if line.strip():
                say(self.name, line[:_LONGEST_LINE].decode(errors="replace"))


def say(name: str, line: str) -> None:
    """Log a line of a camera's process: at its own level where it is one of our log lines, else as a warning."""
    level, text = logging.WARNING, line
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        record = json.loads(line)
        level = logging.getLevelNamesMapping()[record["level"].upper()]
        text = " ".join(str(record[key]) for key in ("logger", "message", "error") if key in record)
    log.log(level, "%s: %s", name, redact(" ".join(text.split())))


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    for pipe in (process.stdin, process.stdout, process.stderr):
        os.set_blocking(pipe.fileno(), False)
    return process.stdin, process.stdout, process.stderr


def _piece(pipe: IO[bytes]) -> bytes | None:
    """What there is to read; None: nothing now (or it was let go of meanwhile), nothing in it: it is over."""
    if pipe.closed:
        return None
    try:
        return os.read(pipe.fileno(), _PIECE)
    except BlockingIOError:
        return None


def _listen(
    selector: selectors.BaseSelector,
    pipe: IO[bytes],
    then: Callable[[], None],
    *,
    listen: bool,
    event: int = selectors.EVENT_READ,
) -> None:
    known = pipe in selector.get_map()
    if listen and not known:
        selector.register(pipe, event, then)
    elif known and not listen:
        selector.unregister(pipe)
