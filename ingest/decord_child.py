"""The process that holds decord: `python -m ingest.decord_child PATH FPS|keyframes START END`.

Writes records to stdout: a header `HEADER` (kind, media time, width, height, bytes that follow),
then the bytes. Kinds: `i` duration of the file, `f` an RGB frame, `x` a reason for giving up.
decord 0.6.0 decodes ahead without bound, may hang, and may crash: its parent watches memory and time.
"""

import ctypes
import signal
import struct
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

from ingest.sampling import Sampling, firsts, parse_sampling

HEADER = struct.Struct("<cdIII")
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def wanted(times: list[float], keys: list[int], sampling: Sampling, start_s: float, end_s: float) -> Iterator[int]:
    """Indices of the frames to show, of frames shown at `times` (seconds from the first, rising)."""
    chosen = keys if sampling.keyframes else firsts([sampling.slot(Fraction(t)) for t in times])
    return (i for i in chosen if start_s <= times[i] < end_s)


def _read(out: BinaryIO, path: str, sampling: Sampling, start_s: float, end_s: float) -> None:
    import decord

    reader = decord.VideoReader(path, ctx=decord.cpu(0), num_threads=1)
    stamps = reader.get_frame_timestamp(range(len(reader)))
    times = [float(begin - stamps[0][0]) for begin, _ in stamps]
    _write(out, b"i", float(stamps[-1][1] - stamps[0][0]))
    last_s = -1.0
    for index in wanted(times, [int(i) for i in reader.get_key_indices()], sampling, start_s, end_s):
        if times[index] > last_s:
            last_s = times[index]
            _write(out, b"f", last_s, reader[index].asnumpy())


def _write(out: BinaryIO, kind: bytes, at_s: float, image: Any = None, text: bytes = b"") -> None:
    height, width = image.shape[:2] if image is not None else (0, 0)
    data = image.tobytes() if image is not None else text
    out.write(HEADER.pack(kind, at_s, width, height, len(data)) + data)
    out.flush()


def main(arguments: list[str]) -> int:
    """Write the frames asked for; 0 when all were written."""
    _die_with_parent()
    path, sample, start, end = arguments
    out = sys.stdout.buffer
    try:
        _read(out, path, parse_sampling(sample), float(start), float(end))
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001  # edge of the process: whatever decord raises is told to the parent
        line = str(error).strip().splitlines() or [type(error).__name__]
        _write(out, b"x", 0.0, text=line[0][:500].encode())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
