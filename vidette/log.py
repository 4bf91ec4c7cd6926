"""Log lines to stderr, as text or JSON lines, with secrets taken out."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

HIDDEN = "***"
_WORDS = r"pass(?:word|wd|phrase)?|pwd|token|secret|api[_-]?key|access[_-]?key|signature|sig"
_PATTERNS = (
    # user:password@ of a URL: up to the last @ before a slash, or, with a slash in the password, up to the next @
    (re.compile(r"(://)[^\s/\"'<>]*@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(://)[^\s/:@\"'<>]+:[^\s@\"'<>]*@"), rf"\1{HIDDEN}@"),
    (
        re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic|digest)\s+)?[^\s\"',;]+"),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(rf"(?i)((?:\b|[_-])(?:{_WORDS})[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s&\"',;]+)"), rf"\1{HIDDEN}"),
    (re.compile(r"whsec_[\w+/=-]+"), f"whsec_{HIDDEN}"),
)

_TWICE = ("neo4j",)
"""Loggers of libraries that warn of what is an error of ours as well, and said there in one line."""


def redact(text: str) -> str:
    """The text with passwords, tokens and signing secrets replaced by `***`; idempotent."""
    for pattern, put in _PATTERNS:
        text = pattern.sub(put, text)
    return text


class TextFormat(logging.Formatter):
    """`time level logger: message`, redacted, traceback and all."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as redacted text."""
        return redact(super().format(record))


class JsonFormat(logging.Formatter):
    """One JSON object a line: at, level, logger, message, error."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one redacted JSON line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {"at": at.replace("+00:00", "Z"), "level": record.levelname.lower(), "logger": record.name}
        fields["message"] = redact(record.getMessage())
        if record.exc_info:
            fields["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)


def configure(level: str = "warning", form: Literal["text", "json"] = "text", stream: TextIO | None = None) -> None:
    """Send log records of `level` and above to `stream` (stderr); a second call replaces the first."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormat() if form == "json" else TextFormat())
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, TextFormat | JsonFormat)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _TWICE:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.ERROR)
