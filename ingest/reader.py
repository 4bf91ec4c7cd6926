"""Video files through PyAV (vidette.ports.VideoSource)."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import av

from ingest import packets
from ingest.container import check_size, open_container
from ingest.damage import DamageWatch, Stretch, join
from ingest.decoding import Decoder, Shown
from ingest.facts import Facts, learn
from ingest.frame import DecodedFrame
from ingest.gops import Stamped, group, is_key, mark_wanted
from ingest.readahead import read_ahead
from ingest.sampling import Sampling
from vidette.errors import SourceError

_TRUNCATED_S = 0.5
_TRUNCATED_SHARE = 0.01
_SEEK_TRIES = 8


class FileSource:
    """A file opened for sampling; each `frames` reads it anew. Raises SourceError."""

    def __init__(self, path: Path, sampling: Sampling) -> None:
        self._path = path
        self._sampling = sampling
        self._stretches: tuple[Stretch, ...] = ()
        self._reading: dict[_Run, tuple[Stretch, ...]] = {}
        self._end_s: float | None = None
        self._facts = learn(path)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the first frame, upright, square pixels."""
        return self._facts.size

    @property
    def duration_s(self) -> float | None:
        """Seconds to the end of the last frame: as read, else as the container says."""
        return self._end_s if self._end_s is not None else self._facts.end_s

    @property
    def damage(self) -> tuple[Stretch, ...]:
        """Stretches found unreadable up to the frame that was shown last."""
        return join(chain(self._stretches, *self._reading.values()))

    def close(self) -> None:
        """Nothing is held open between reads."""

    def frames(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[DecodedFrame]:
        """Sampled frames in [start_s, end_s), decoded a little ahead; see vidette.ports."""
        run = _Run(self._path, self._facts, self._sampling)
        # What is known of damage goes with each frame, so that it does not depend on how far ahead was read.
        shown = read_ahead((frame, tuple(run.watch.stretches)) for frame in run.frames(start_s, end_s))
        left = False
        try:
            for frame, self._reading[run] in shown:
                yield frame
            if end_s is not None:
                run.watch.end(end_s)
        except GeneratorExit:
            left = True
            raise
        finally:
            shown.close()
            run.close()
            self._over(run, left=left)

    def _over(self, run: "_Run", *, left: bool) -> None:
        """A read is over; where it was left early, only what was known then counts."""
        known = self._reading.pop(run, ())
        self._stretches = join((*self._stretches, *(known if left else run.watch.stretches)))
        self._end_s = self._end_s if left or run.end_s is None else run.end_s


class _Run:
    """One pass over a file."""

    def __init__(self, path: Path, facts: Facts, sampling: Sampling) -> None:
        self.watch = DamageWatch()
        self.end_s: float | None = None
        self._path, self._facts, self._sampling = path, facts, sampling
        self._container, self._stream = open_container(path)
        self._clock = facts.clock()
        self._slot = sampling.slots(facts.first, facts.time_base)
        self._end = facts.first
        self._complete = False
        # Where pictures are stored out of order, counted times are right from the second keyframe on,
        # and a keyframe's place may be some frames before its picture is shown.
        self._keys_back = 3 if facts.counted and facts.has_b_frames else 1

    def close(self) -> None:
        """Give back the file."""
        self._container.close()

    def frames(self, start_s: float, end_s: float | None) -> Iterator[DecodedFrame]:
        """Sampled frames in [start_s, end_s)."""
        facts, base = self._facts, self._facts.time_base
        # A slot earlier: whether a frame is the first of its slot depends on what came before it.
        early = Fraction(max(0.0, start_s)) - self._sampling.interval_s - Fraction(1, 100)
        start = facts.first + int(early / base)
        end = None if end_s is None else facts.first + int(Fraction(end_s) / base) + 1
        found = self._from(start) if early > 0 else self._packets()
        decoder = Decoder(
            context=self._stream.codec_context,
            clock=self._clock,
            skip=facts.skip,
            keyframes=self._sampling.keyframes,
            reference_gap=int(self._sampling.interval_s / base) if facts.skip and facts.has_b_frames else 0,
        )
        groups = mark_wanted(group(found), self._slot, start, end)
        empty = True
        for frame in self._sampled(decoder.run(groups), start_s, end_s):
            empty = False
            yield frame
        if self._complete:
            self._finish()
            if empty and start_s <= 0 and end_s is None:
                raise SourceError(f"every picture of {str(self._path)!r} is damaged; copy or record it again")

    def _sampled(self, shown: Iterable[Shown], start_s: float, end_s: float | None) -> Iterator[DecodedFrame]:
        last_slot, last_s = -1, -1.0
        for ticks, picture, why in shown:
            at_s = self._facts.seconds(ticks)
            if picture is None:
                self.watch.error(at_s, why)
                continue
            if not self.watch.good(at_s, corrupt=picture.is_corrupt, key=bool(picture.key_frame)):
                continue
            slot = last_slot + 1 if self._sampling.keyframes else self._slot(ticks)
            if at_s <= last_s or slot <= last_slot:
                continue
            last_slot, last_s = slot, at_s
            if at_s >= start_s and (end_s is None or at_s < end_s):
                check_size(picture.width, picture.height, str(self._path))
                yield DecodedFrame(picture=picture, pts_s=at_s, pixel_aspect=self._stream.sample_aspect_ratio)

    def _packets(self) -> Iterator[Stamped]:
        """Every packet from where the container stands."""
        for item in packets.stamp(packets.read(self._container, self._stream, self._demux_error), self._clock):
            self._end = max(self._end, item.at.end)
            yield item
        self._complete = True

    def _demux_error(self, why: str) -> None:
        self.watch.error(float(self._facts.at(self._end)), why)

    def _from(self, start: int) -> Iterator[Stamped]:
        """Packets from a keyframe at or before `start` on."""
        if self._facts.seekable:
            found = self._seek(start)
            if found is not None:
                return found
            self._reopen()
        skipped = self._packets_before(start)
        self._reopen()
        self._complete = False
        return islice(self._packets(), skipped, None)

    def _reopen(self) -> None:
        self.close()
        self._container, self._stream = open_container(self._path)
        self._clock = self._facts.clock()

    def _seek(self, start: int) -> Iterator[Stamped] | None:
        """Packets from a keyframe at or before `start`; None where the container cannot find one."""
        target, step, keys = start, self._facts.frame_ticks, 0
        for _ in range(_SEEK_TRIES):
            head = self._read_at(target)
            if head is None or target <= self._facts.first:
                return None
            if is_key(head[0].packet) and head[0].at.pts <= start:
                keys += 1
                if keys == self._keys_back:
                    return chain(head, self._rest)
                target = head[0].at.dts - 1
            else:
                target -= step
                step *= 4
        return None

    def _read_at(self, target: int) -> list[Stamped] | None:
        """The packet on which a seek to `target` lands; what follows it is in `_rest`."""
        self._clock = self._facts.clock()
        try:
            self._container.seek(target, stream=self._stream)
        except (av.FFmpegError, OverflowError):
            return None
        self._rest = self._packets()
        return list(islice(self._rest, 1)) or None

    def _packets_before(self, start: int) -> int:
        """How many packets precede the keyframe from which `start` can be decoded; decodes nothing."""
        keys = [0] * self._keys_back
        for index, item in enumerate(self._packets()):
            if is_key(item.packet):
                if item.at.pts > start:
                    break
                keys.append(index)
        return keys[-self._keys_back]

    def _finish(self) -> None:
        """At the end of the file: what was promised and did not come is damage."""
        self.end_s = float(self._facts.at(self._end))
        self.watch.end(self.end_s)
        declared = self._facts.end_s
        if declared is not None and declared - self.end_s > max(_TRUNCATED_S, _TRUNCATED_SHARE * declared):
            self.watch.error(self.end_s, f"the file ends early: {self.end_s:.1f} of {declared:.1f} s are there")
            self.watch.end(declared)
