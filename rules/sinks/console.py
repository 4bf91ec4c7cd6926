"""A sink for people at a terminal: one line an alert."""

import os
import sys
from typing import TextIO

from rules.sinks.message import sentence
from vidette.alerts import Delivery, Sent, Severity

_COLOURS = {Severity.LOW: "36", Severity.MEDIUM: "33", Severity.HIGH: "31", Severity.CRITICAL: "1;31"}


class ConsoleSink:
    """Lines on stderr; coloured on a terminal, where the word before them says the same."""

    address = "stderr"

    def __init__(self, sink_id: str, out: TextIO | None = None) -> None:
        self.id, self._out = sink_id, out

    def send(self, delivery: Delivery) -> Sent:
        """Write the line."""
        out = self._out or sys.stderr
        text = sentence(delivery.message)
        try:
            if out.isatty():
                colour = "" if "NO_COLOR" in os.environ else _COLOURS[delivery.message.severity]
                text = f"\r\x1b[K\x1b[{colour}m{text}\x1b[0m"  # over a line of progress
            out.write(f"{text}\n")
            out.flush()
        except (OSError, ValueError) as error:
            return Sent(ok=False, error=f"cannot write to stderr: {error}")
        return Sent(ok=True)

    def close(self) -> None:
        """Nothing is held."""
