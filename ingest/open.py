"""One door to files: `open_source`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ingest.joined import JoinedSource
from ingest.probe import length_s
from ingest.reader import FileSource
from ingest.sampling import Sampling, parse_sampling
from vidette.errors import SourceError
from vidette.ports import VideoSource

Reader = Literal["pyav", "decord"]


def open_source(
    paths: Sequence[Path], *, sample: str = "5", reader: Reader = "pyav", offsets_s: Sequence[float] | None = None
) -> VideoSource:
    """Files as one stream, one after the other in media time.

    `offsets_s` says where each file begins (see ingest.sources); without it each begins where the
    last one ended. Raises ConfigError, SourceError.
    """
    sampling = parse_sampling(sample)
    if not paths:
        raise SourceError("no file to open; give at least one")
    if len(paths) == 1:
        return _open(paths[0], sampling, reader)
    if offsets_s is None:
        offsets_s = [0.0]
        for path in paths[:-1]:
            offsets_s.append(offsets_s[-1] + length_s(path))
    return JoinedSource(
        [(path, offset) for path, offset in zip(paths, offsets_s, strict=True)],
        lambda path: _open(path, sampling, reader),
    )


def _open(path: Path, sampling: Sampling, reader: Reader) -> VideoSource:
    match reader:
        case "pyav":
            return FileSource(path, sampling)
        case "decord":
            from ingest.decord_reader import DecordSource  # seldom asked for

            return DecordSource(path, sampling)
