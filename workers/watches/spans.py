"""The sights of a long file, of which other workers decode spans ahead: the look is one, in order, whoever decoded what.

As long as nobody helps, the file is read from front to end, as ever. At the border of a span that another has, that is
waited for, all of it, while a thread of this process decodes spans that nobody has. Whatever does not come, for whatever
reason, is read here, in one go with what was read before: of damage, who reads must see how it goes on. So nothing of
it can change what is seen, only when (docs/adr/0040).
"""

import logging
import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress

from agent.perception.decoded import Reading, reading, unpacked
from agent.perception.sight import Sight
from ingest.masks import masks_of
from ingest.sources import SourceSpec
from vidette.errors import StoreError
from vidette.settings import Settings
from workers.breakage import Breakable
from workers.jobs import Decode
from workers.shared.broker import Broker
from workers.shared.decoded import AT_IT_S, Decoded
from workers.streams import settings_for
from workers.watches.beside import Beside
from workers.watches.decoding import depends, keep, pieces
from workers.watches.shelf import Shelf
from workers.wiring import media_path

log = logging.getLogger(__name__)

_ROUND_S = 0.05
_MEASURED_S = 2.0
_SLOWEST = 2.0  # memory may have been waited for meanwhile
_TELL_S = AT_IT_S
_SLOWER = 2.0
"""A span is waited for so much longer than it would take to read it here."""
_ALONE = 8
"""After a span that was waited for in vain, so many are read alone: whoever helps has other things to do."""
_LEAST = 2
"""A file with fewer whole spans is looked at as fast without help."""
Send = Callable[[Decode], None]


@contextmanager
def shared_out(
    spec: SourceSpec, source: Breakable, settings: Settings, broker: Broker, send: Send, over: Callable[[], bool]
) -> Iterator[Reading | None]:
    """How the look at a file reads it with the help of others; None where it is too short, or nobody may help.

    `over`: whether the watch is to end: nobody is waited for then.
    """
    mine, most = settings_for(settings, spec.name), settings.cluster.decode_ahead
    # The end is read here: how long a file really is, is known there.
    last = math.floor((source.duration_s or 0.0) / settings.cluster.decode_span_s) - 1
    if most == 0 or last < _LEAST or mine.sample == "keyframes" or mine.reader != "pyav":
        yield None
        return
    spans = Spans(spec, source, mine, broker, send, over, last=last, most=most)
    try:
        yield spans.sights
    finally:
        spans.close()


class Spans:
    """A reading of one file (agent.perception.decoded.Reading); span n is `[n, n + 1)` times `decode_span_s`, for n below `last`."""

    def __init__(
        self,
        spec: SourceSpec,
        source: Breakable,
        settings: Settings,
        broker: Broker,
        send: Send,
        over: Callable[[], bool],
        *,
        last: int,
        most: int,
    ) -> None:
        self._spec, self._source, self._settings = spec, source, settings
        self._span_s = settings.cluster.decode_span_s
        self._decoded = Decoded(broker, Decoded.new_run())
        self._shelf = Shelf(media_path(settings), self._decoded.run)
        self._send, self._over = send, over
        self._last, self._most = last, most
        self._masks, self._wide = masks_of(settings, spec.name), settings.segments.keyframe_px
        self._masked = self._masks.source(source)
        self._reading = reading(self._masked, self._masks, self._wide)
        self._beside = Beside(self._decode, most)
        self._at_s, self._before_s, self._next = 0.0, -1.0, 0
        self._alone = 0  # below it nobody is waited for
        self._pace = 0.5  # seconds by the clock that a second of it takes here
        self._asked, self._told_at = 0, -math.inf

    def sights(self, start_s: float, end_s: float | None, before_s: float) -> Generator[Sight, None, None]:
        """Every sight of `[start_s, end_s)`, in order."""
        self._at_s, self._before_s = start_s, before_s
        # The beginning is read here: nobody could have it yet.
        self._next = math.floor(start_s / self._span_s + 1e-9) + 1
        if end_s is not None:
            self._last = min(self._last, math.floor(end_s / self._span_s + 1e-9))
        while True:
            self._ask()
            handed_over = yield from self._here(end_s)
            if not handed_over:
                return
            whole = True
            while whole and self._next < self._last and self._is_anothers(self._next):
                whole = yield from self._theirs()

    def close(self) -> None:
        """Nobody need decode any more for this."""
        self._beside.close()
        left = range(max(0, self._next - 1), self._asked)
        for number in left:
            self._shelf.drop(number)
        with suppress(StoreError):  # what is in Redis ends by itself
            self._decoded.end()
            for number in left:
                self._decoded.drop(number)

    # What is read here ---------------------------------------------------------------------------

    def _here(self, end_s: float | None) -> Generator[Sight, None, bool]:
        """Read on; -> whether the next span is another's, else that was the end."""
        began, begin_s = time.monotonic(), self._at_s
        with closing(self._reading(self._at_s, end_s, self._before_s)) as sights:
            for sight in sights:
                if sight.pts_s - begin_s > _MEASURED_S:
                    self._pace = min(_SLOWEST, (time.monotonic() - began) / (sight.pts_s - begin_s))
                if self._meets_another(sight.pts_s):
                    return True
                yield self._seen(sight)
        return False

    def _meets_another(self, pts_s: float) -> bool:
        while self._next < self._last and pts_s >= self._next * self._span_s:
            if self._is_anothers(self._next):
                return True
            self._next += 1
            self._ask()
        return False

    def _is_anothers(self, number: int) -> bool:
        """Whether somebody has all of a span, which is waited for as long as he is at it; else it is ours from now on."""
        try:
            if number < self._asked and self._decoded.take(number) is None and self._came(number):
                return True
        except StoreError as error:
            log.info("a span of %r is read here: %s", self._spec.name, error)
        self._forget(number)
        return False

    def _came(self, number: int) -> bool:
        """Whether who has a span comes to its end, in good time."""
        self._beside.ahead_of(number)
        until = time.monotonic() + _SLOWER * self._pace * self._span_s
        while not self._over():
            state = self._decoded.state(number)
            if state != "taken" or number < self._alone:
                return state == "done"
            if time.monotonic() > until:
                self._alone = number + 1 + _ALONE
                break
            self._tell()
            time.sleep(_ROUND_S)
        return False

    # What others decode --------------------------------------------------------------------------

    def _theirs(self) -> Generator[Sight, None, bool]:
        """The next span, which is there; -> whether that was all of it."""
        number, whole = self._next, False
        self._next, self._at_s = number + 1, number * self._span_s
        try:
            for piece in self._shelf.pieces(number):
                for sight in self._unpacked(piece):
                    yield self._seen(sight)
            self._at_s, whole = self._next * self._span_s, True
        except StoreError as error:
            log.warning("a span of %r is read here: %s", self._spec.name, error)
        self._forget(number)
        self._ask()
        return whole

    def _unpacked(self, piece: bytes) -> list[Sight]:
        return unpacked(piece, source=self._masked, before_s=self._before_s, masks=self._masks, wide=self._wide)

    def _decode(self, number: int) -> bool:
        """Decode a span beside the look, if nobody has it."""
        claim = self._decoded.take(number)
        if claim is None:
            return False
        made = pieces(self._spec, self._settings, number * self._span_s, (number + 1) * self._span_s)
        return keep(claim, self._shelf, made, self._beside.over.is_set)

    # What is told --------------------------------------------------------------------------------

    def _seen(self, sight: Sight) -> Sight:
        self._before_s, self._at_s = sight.pts_s, sight.pts_s + 1e-4
        self._source.saw(sight.pts_s)
        self._tell()
        return sight

    def _tell(self) -> None:
        """Say now and then that the watch goes on."""
        if self._asked and time.monotonic() - self._told_at >= _TELL_S:
            self._told_at = time.monotonic()
            with suppress(StoreError):
                self._decoded.alive()

    def _ask(self) -> None:
        """Have spans decoded that are not asked for yet, as many as may be."""
        try:
            for number in range(max(self._asked, self._next, self._alone), min(self._last, self._next + self._most)):
                if not self._asked:
                    self._decoded.alive()
                if not self._decoded.ask(number, self._most):
                    return
                self._asked = number + 1
                self._send(self._job(number))
        except StoreError as error:
            log.info("%r is decoded here alone for now: %s", self._spec.name, error)

    def _job(self, number: int) -> Decode:
        start_s, end_s = number * self._span_s, (number + 1) * self._span_s
        return Decode(
            spec=self._spec,
            run=self._decoded.run,
            number=number,
            start_s=start_s,
            end_s=end_s,
            depends=depends(self._settings, self._spec, start_s, end_s),
        )

    def _forget(self, number: int) -> None:
        self._shelf.drop(number)
        with suppress(StoreError):
            self._decoded.drop(number)
