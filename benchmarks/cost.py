"""What a command costs: a process of its own, CPU seconds of it and its children."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run took: CPU seconds (user + system), wall seconds, peak memory in MB; and what it printed."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    said: str = ""


def run(command: list[str], cores: Iterable[int] | None = None) -> Cost:
    """Run a command to its end, on these cores only. Raises SystemExit where it fails."""
    free = os.sched_getaffinity(0)
    began = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        os.sched_setaffinity(0, free if cores is None else set(cores))  # a child inherits it
        try:
            process = subprocess.Popen(command, stdout=out, stderr=log, stdin=subprocess.DEVNULL, env=_surroundings())
        finally:
            os.sched_setaffinity(0, free)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), log.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command[:3])}… failed: {log.read()[-500:].decode(errors='replace')}")
        said = out.read().decode(errors="replace")
    return Cost(cpu_s=usage.ru_utime + usage.ru_stime, wall_s=wall_s, peak_mb=usage.ru_maxrss / 1024, said=said)


def _surroundings() -> dict[str, str]:
    """Ours, but that compiled modules are kept, as where a program is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def in_turns(commands: Mapping[str, list[str]], rounds: int) -> dict[str, Cost]:
    """The cheapest of some rounds of each: in turns, so that another's load on the machine meets them all alike."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            costs[name].append(run(command))
    return {name: min(each, key=lambda cost: cost.cpu_s) for name, each in costs.items()}
