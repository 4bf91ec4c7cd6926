"""Answers in a folder, by what was asked: for tests, demonstrations and reports of faults."""

import os
import secrets
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from agent.perception.vlm.prompt import prompt_of
from vidette import codec
from vidette.errors import ConfigError, ModelError, StoreError, TooMuch
from vidette.models import Run
from vidette.ports import VisionModel
from vidette.vision import LookReply, LookRequest

_RUN = "run.json"
_MAX_BYTES = 2**20


class RecordedVision:
    """Replays what a model said, and with `source` asks it for what is not there and keeps that.

    (vidette.ports.VisionModel.) `run.json` in the folder says who spoke: a replay says that it was that model.
    Raises ConfigError for a folder without answers, or one of another run than the source's.
    """

    def __init__(self, folder: Path, *, max_images: int = 8, source: VisionModel | None = None) -> None:
        self._folder, self._most, self._source = folder, max_images, source
        known = _run_in(folder)
        if source is None and known is None:
            raise ConfigError(f"vlm.path: no recorded answers in {str(folder)!r}; record some with `record_from`")
        if source is not None and known not in (None, source.run):
            raise ConfigError(
                f"vlm.path: {str(folder)!r} holds answers of another model or prompt; give an empty folder"
            )
        self.run = source.run if source is not None else known or Run(id="", model="", revision="")
        if known is None:
            self._keep(folder / _RUN, codec.encode(self.run))

    def look(self, request: LookRequest) -> LookReply:
        """What was said to the same question. Raises ModelError where nothing was, or the model asked fails."""
        path = self._folder / f"{prompt_of(request, self._most).digest}.json"
        if path.is_file():
            return _kept(path)
        if self._source is None:
            fault = TooMuch if request.parts else ModelError  # perhaps each was recorded alone
            raise fault(f"no recorded answer {path.name!r} in {str(self._folder)!r}; record it with `record_from`")
        reply = self._source.look(request)
        self._keep(path, codec.encode(replace(reply, usage=None)))  # a replay costs nothing
        return reply

    def close(self) -> None:
        """Close the model that is recorded."""
        if self._source is not None:
            self._source.close()

    def _keep(self, path: Path, data: bytes) -> None:
        """Written beside its place and renamed: never half there."""
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            os.replace(part, path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise ModelError(f"cannot keep an answer in {str(self._folder)!r} ({error.strerror})") from error


def _run_in(folder: Path) -> Run | None:
    path = folder / _RUN
    try:
        return codec.decode(Run, _bytes(path)) if path.is_file() else None
    except (ModelError, StoreError) as error:
        raise ConfigError(f"vlm.path: {str(path)!r} is damaged; give another folder") from error


def _kept(path: Path) -> LookReply:
    try:
        return codec.decode(LookReply, _bytes(path))
    except StoreError as error:
        raise ModelError(f"the recorded answer {str(path)!r} is damaged; delete it") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            data = handle.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"cannot read {str(path)!r} ({error.strerror})") from error
    if len(data) > _MAX_BYTES:
        raise ModelError(f"{str(path)!r} is longer than any answer; delete it")
    return data
