"""Simulated cameras among those of a watch that runs already: its settings have them as streams, we play them."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from app.running import Watching, running
from app.simulation.doors import closed_port
from app.simulation.faults import PASSWORD, USERNAME, Fault, of_guests
from app.simulation.memory import Memory
from vidette.errors import ConfigError, SourceError, StoreError
from vidette.settings import Settings

PREFIX = "simulated-"
_HERE = "rtsp://127.0.0.1:"
_PRINTED = "put what `vidette simulate --yaml` prints into them"


def streams_yaml(faults: Sequence[Fault]) -> str:
    """`streams:` for settings: a camera a fault, each at a port of this machine that is free now."""
    import yaml

    ports: dict[int, Fault] = {}
    while len(ports) < len(faults):
        ports.setdefault(closed_port(), faults[len(ports)])
    streams = [
        {
            "name": f"{PREFIX}{fault.name}",
            "source": f"{_HERE}{port}/cam",
            "username": USERNAME,
            "password": PASSWORD,
        }
        for port, fault in ports.items()
    ]
    return yaml.safe_dump({"streams": streams}, sort_keys=False)


def ports_of(settings: Settings, names: Sequence[str]) -> tuple[tuple[Fault, ...], dict[str, int]]:
    """Faults of these names (default: whichever the settings have cameras for), and the port of each by its stream.

    Raises ConfigError where one is not in the settings, or not as `streams_yaml` has it.
    """
    said = {one.name: one for one in settings.streams}
    faults = of_guests(names)
    if not names:
        faults = tuple(fault for fault in faults if f"{PREFIX}{fault.name}" in said)
    if not faults:
        raise ConfigError(f"the settings have no simulated cameras; {_PRINTED}")
    ports = {}
    for name in (f"{PREFIX}{fault.name}" for fault in faults):
        one = said.get(name)
        port = _port(one.source) if one is not None else None
        if one is None or port is None or (one.username, one.password) != (USERNAME, PASSWORD):
            raise ConfigError(f"the settings have no stream {name!r} that can be simulated; {_PRINTED}")
        ports[name] = port
    return faults, ports


def _port(source: str) -> int | None:
    """Of an address that we can serve."""
    try:
        found = urlsplit(source).port
    except ValueError:
        return None
    return found if found and source == f"{_HERE}{found}/cam" else None


class Running(Memory):
    """The watch that runs into a memory now: the one with these settings, where there are several.

    Raises StoreError where there is none.
    """

    def __init__(self, db: Path, config: Path) -> None:
        found = sorted(running(db), key=lambda one: one.config != str(config.absolute()))
        if not found:
            raise StoreError(f"nothing is watched into {str(db)!r} now; start `vidette watch`")
        super().__init__(db, f"see what the watch of process {found[0].pid} says")
        self._watching: Watching = found[0]

    @property
    def pid(self) -> int:
        """The process of the watch."""
        return self._watching.pid

    def check(self) -> None:
        """Raises SourceError where it has ended."""
        if self.pid not in {one.pid for one in running(self.db)}:
            raise SourceError(f"the watch of process {self.pid} has ended; start it again")
