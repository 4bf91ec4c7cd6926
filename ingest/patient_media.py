"""A media store that takes pictures even while the disk is full: a camera must go on being watched."""

import logging
from collections import OrderedDict

from ingest.media import address
from vidette.errors import StoreError
from vidette.ports import MediaStore

_MOST = 48  # pictures that wait, of some 150 kB each
_log = logging.getLogger(__name__)


class PatientMedia:
    """What cannot be written waits in memory until it can; of too many the oldest are lost (vidette.ports.MediaStore)."""

    def __init__(self, media: MediaStore) -> None:
        self._media = media
        self._waiting: OrderedDict[str, tuple[bytes, str]] = OrderedDict()

    def put(self, data: bytes, suffix: str) -> tuple[str, str]:
        """Keep the bytes, or hold them; -> (sha256, uri)."""
        try:
            kept = self._media.put(data, suffix)
        except StoreError as error:
            if not self._waiting:
                _log.warning("%s; until then the last %d are held in memory", error, _MOST)
            return self._hold(data, suffix)
        self._write_waiting()
        return kept

    def get(self, sha256: str) -> bytes:
        """The bytes of that address. Raises StoreError."""
        held = self._waiting.get(sha256)
        return held[0] if held is not None else self._media.get(sha256)

    def _hold(self, data: bytes, suffix: str) -> tuple[str, str]:
        sha256, uri = address(data, suffix)
        self._waiting[sha256] = data, suffix
        self._waiting.move_to_end(sha256)
        while len(self._waiting) > _MOST:
            self._waiting.popitem(last=False)
        return sha256, uri

    def _write_waiting(self) -> None:
        """There is room again: write what waits, as far as it goes."""
        while self._waiting:
            sha256, (data, suffix) = next(iter(self._waiting.items()))
            try:
                self._media.put(data, suffix)
            except StoreError:
                return
            del self._waiting[sha256]
