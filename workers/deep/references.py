"""Pictures that the settings give of a stream, for models to compare with: read, made small, kept as media."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from ingest.jpeg import decode, encode, fitted
from vidette.errors import ConfigError, StoreError
from vidette.models import Segment
from vidette.ports import MediaStore
from vidette.settings import AUTO, Settings, StreamSettings
from vidette.vision import Example

MAX_BYTES = 32 * 2**20
_SIDE = 1280


@dataclass(slots=True)
class References:
    """Addresses of pictures by their paths: each file is read once, and again where media lost it. For many threads."""

    media: MediaStore
    _known: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def normal(self, said: StreamSettings, segment: Segment) -> str:
        """Address of the picture of how a stream looks when nothing is wrong, which may be its own of the empty scene;
        empty where there is none. Raises ConfigError where a file cannot be read.
        """
        if said.normal == AUTO:
            return segment.backdrop or ""
        return self._address(said.name, said.normal) if said.normal else ""

    def examples(self, said: StreamSettings) -> tuple[Example, ...]:
        """A stream's examples. Raises ConfigError where a picture cannot be read."""
        return tuple(Example(sha256=self._address(said.name, one.picture), says=one.says) for one in said.examples)

    def _address(self, stream: str, path: str) -> str:
        with self._lock:
            if path not in self._known or not self._is_kept(self._known[path]):
                self._known[path] = self.media.put(_small(stream, path), ".jpg")[0]
            return self._known[path]

    def _is_kept(self, sha256: str) -> bool:
        try:
            return bool(self.media.get(sha256))
        except StoreError:
            return False


def check_references(settings: Settings) -> None:
    """Raises ConfigError where a picture that the settings name cannot be read, which names it and its stream."""
    for said in settings.streams:
        for path in _paths(said):
            _small(said.name, path)


def _paths(said: StreamSettings) -> Iterable[str]:
    normal = [said.normal] if said.normal not in ("", AUTO) else []
    return [*normal, *(one.picture for one in said.examples)]


def _small(stream: str, path: str) -> bytes:
    """The picture anew, so that nothing of the file but its pixels is kept."""
    try:
        with Path(path).expanduser().open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise StoreError(f"it is larger than {MAX_BYTES // 2**20} MiB")
        return encode(fitted(decode(data, least=_SIDE), _SIDE))
    except (OSError, StoreError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"stream {stream!r}: cannot use the picture {path!r} ({why}); give a JPEG file") from error
