"""What the extras of the installed distribution need, and which of it is missing."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)[^;]*;.*extra == ['\"]([a-z]+)['\"]")
FOR = {
    "vlm": "deep looks by a vision-language model in this process",
    "quantised": "models in 4 or 8 bits, LoRA adapters",
    "scale": "Celery workers, Redis, Neo4j",
    "trace": "traces of what workers do",
    "flower": "Flower, a page about queues",
    "server": "the web page and API",
    "embeddings": "search by meaning",
    "ocr": "text in pictures",
    "decord": "the second reader",
    "onvif": "finding cameras",
    "sinks": "templates of messages, MQTT, Apprise",
    "dev": "tests and checks",
}


def needed() -> dict[str, list[str]]:
    """The distributions that each extra asks for directly."""
    out: dict[str, list[str]] = {extra: [] for extra in FOR}
    for line in requires("vidette") or ():
        found = _REQUIREMENT.match(line)
        if found and found[2] in out and found[1] != "vidette":
            out[found[2]].append(found[1])
    return out


def core() -> list[str]:
    """The distributions that Vidette cannot do without."""
    return [
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        for line in requires("vidette") or ()
        if "extra ==" not in line
    ]


def installed(name: str) -> str | None:
    """The version that is installed, if any."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def missing() -> Iterator[tuple[str, list[str]]]:
    """Each extra with what it lacks here."""
    for extra, names in needed().items():
        yield extra, [name for name in names if installed(name) is None]
