"""What a camera's process and its supervisor say to each other.

To the child: lines of JSON on its stdin, a CameraJob first, then orders. From the child: JSON on its stdout, each
message with its length before it (4 bytes, big-endian).
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field

from vidette import codec
from vidette.errors import StoreError
from vidette.feeds import FeedState
from vidette.models import Commit, Observation
from vidette.settings import Settings
from vidette.signals import Loss
from vidette.streams import Stream
from workers.cameras.keeping import ClipDone, ClipOrder

MAX_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraJob:
    """All that a camera's process works with: `said` are the settings, with nothing of other streams and no sinks.

    `gap` is why the time since `commit` was not watched; without one nothing was running. `deep`: a vision model
    will look. `network`: as the command of that name. `poised`: somebody else still looks; connect, and wait for `Go`.
    """

    said: dict[str, Any]
    stream: Stream
    commit: Commit | None = None
    gap: Loss | None = None
    deep: bool = False
    network: bool = False
    poised: bool = False

    @property
    def settings(self) -> Settings:
        """The settings."""
        return Settings.model_validate(self.said)


def said_of(settings: Settings, name: str, media: Path) -> dict[str, Any]:
    """The settings that the process of stream `name` works by, as plain JSON: no more secrets than it needs.

    Two that are equal need no new process.
    """
    kept = ("sample", "tz", "log", "gate", "segments", "fast", "vlm", "live")
    ours = {key: value for key, value in settings.model_dump(mode="json", by_alias=True).items() if key in kept}
    streams = [one.model_dump(mode="json", by_alias=True) for one in settings.streams if one.name == name]
    return {**ours, "streams": streams, "media": str(media)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Many cameras are lost at once (or no more): a loss is the network's, not this camera's."""

    lost: bool
    kind: Literal["network"] = "network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A clip is wanted."""

    clip: ClipOrder
    kind: Literal["order"] = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """Nobody else looks any more: look, from this commit on."""

    commit: Commit | None
    kind: Literal["go"] = "go"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The live look's next observation."""

    observation: Observation
    kind: Literal["said"] = "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """The camera is being looked at; told at least every second, and at once when its feed is lost or found."""

    feed: FeedState
    loss: Loss | None = None
    kind: Literal["alive"] = "alive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The first picture is here, of a camera at which somebody else still looks."""

    kind: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What came of an order."""

    clip: ClipDone
    kind: Literal["kept"] = "kept"


Command = Annotated[Network | Order | Go, Field(discriminator="kind")]
Message = Annotated[Said | Alive | Kept | Ready, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Down:
    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class _Up:
    message: Message


def line_of(said: CameraJob | Command) -> bytes:
    """A line for the child's stdin."""
    return codec.encode(said if isinstance(said, CameraJob) else _Down(command=said)) + b"\n"


def command_of(line: bytes) -> Command:
    """An order from its line. Raises StoreError where it is none."""
    return codec.decode(_Down, line).command


def write(out: BinaryIO, message: Message) -> None:
    """Write one message and flush it."""
    data = codec.encode(_Up(message=message))
    out.write(_LENGTH.pack(len(data)) + data)
    out.flush()


class Inbox:
    """Messages out of bytes as they come, whatever the pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def take(self, data: bytes) -> list[Message]:
        """The messages that are whole now. Raises StoreError for what is none."""
        self._data += data
        found = []
        while len(self._data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data)
            if length > MAX_BYTES:
                raise StoreError(f"a message of {length} bytes; more than {MAX_BYTES} are not taken")
            end = _LENGTH.size + length
            if len(self._data) < end:
                break
            found.append(codec.decode(_Up, bytes(self._data[_LENGTH.size : end])).message)
            del self._data[:end]
        return found
