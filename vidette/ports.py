"""The seams: each has two implementations or more, held to one suite in tests/contracts."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from threading import Event
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from vidette.alerts import Attempt, Case, Delivery, DeliveryFilter, Judgement, Sent
from vidette.feeds import FeedState
from vidette.models import Commit, Observation, Run
from vidette.progress import Outcome, Progress
from vidette.queries import Query
from vidette.signals import Signal
from vidette.streams import Stream
from vidette.vision import Detection, LookReply, LookRequest

R = TypeVar("R")
Spec_contra = TypeVar("Spec_contra", contravariant=True)
Image = NDArray[np.uint8]


class Frame(Protocol):
    """One upright, square-pixel picture at an exact media time; pixels are made on demand."""

    @property
    def pts_s(self) -> float:
        """Media time."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, upright, square pixels."""

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        """Y `(h, width)`, U and V `(h/2, width/2)`, uint8 full range, scaled by area."""

    def rgb(self, width: int | None = None) -> Image:
        """`(H, W, 3) uint8 RGB`, at full size or scaled to `width`."""


class Damage(Protocol):
    """A stretch of a source that could not be read; the reader went on after it."""

    @property
    def start_s(self) -> float:
        """Media time of the first unreadable moment."""

    @property
    def end_s(self) -> float:
        """Media time from which frames are good again."""

    @property
    def reason(self) -> str:
        """What the decoder said."""


class VideoSource(Protocol):
    """An opened file or feed."""

    @property
    def duration_s(self) -> float | None:
        """Seconds from the first to the end of the last frame, where the container says so."""

    def frames(self, start_s: float = 0.0, end_s: float | None = None) -> "Iterator[Frame]":
        """Sampled frames with `start_s <= pts_s < end_s`, strictly rising in time.

        Raises SourceError when nothing more can be read though more was promised.
        """

    @property
    def damage(self) -> "tuple[Damage, ...]":
        """Stretches found unreadable so far, in time order."""

    def close(self) -> None:
        """Give back what is held open."""


class Feed(Protocol):
    """An opened camera: pictures as they come, and what it says between them, for ever."""

    def frames(self) -> "Iterator[Frame | Signal]":
        """Sampled frames and signals in the order of media time, one or the other at least every second.

        Never raises for what the other side did: that is a signal. Ends once `close` was called.
        """

    def calm(self, calm: bool) -> None:
        """Whether nothing moves now: then the feed may decode keyframes only until something does."""

    def state(self) -> FeedState:
        """How the feed is now."""

    def close(self) -> None:
        """Let the camera go; from any thread."""


class VisionModel(Protocol):
    """A vision-language model that describes one segment."""

    @property
    def run(self) -> Run:
        """Which model, revision and prompts speak."""

    def look(self, request: LookRequest) -> LookReply:
        """Describe the segment. Raises ModelError."""

    def close(self) -> None:
        """Ask no more; a look on its way fails soon. From any thread."""


class Embedder(Protocol):
    """Puts pictures and texts where what is alike lies near."""

    @property
    def run(self) -> Run:
        """Which model and revision; embeddings of different runs have nothing in common."""

    def images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Unit rows `(n, d) float32` of `(H, W, 3) uint8 RGB` pictures. Raises ModelError, too where it takes none."""

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows `(n, d) float32`, comparable to those of pictures where it takes both. Raises ModelError."""

    def close(self) -> None:
        """Embed no more. From any thread."""


class Detector(Protocol):
    """Finds things in pictures."""

    @property
    def run(self) -> Run:
        """Which model, revision and bounds speak."""

    def detect(self, images: Sequence[Image], labels: Sequence[str]) -> list[list[Detection]]:
        """What is in each picture, surest first; `labels` are the words looked for, empty: all that the model knows.

        A word is the `kind` of what is found. A detector with a closed list leaves out what is none of the words. The
        same for a picture alone as among others. Raises ModelError.
        """

    def close(self) -> None:
        """Give the memory back. From any thread."""


class Reader(Protocol):
    """Answers typed queries from one snapshot."""

    def __call__(self, query: Query[R]) -> R:
        """What the query names."""


class Judge(Protocol):
    """Decides what follows from a settled observation: pure, but for the clock."""

    def judge(self, case: Case, read: Reader) -> Judgement:
        """Rules that came true, changed or did not; `read` sees the observation's own transaction.

        It may be called in the thread of another who settles, and again if that transaction was undone.
        """


class GraphStore(Protocol):
    """Memory: one transaction an observation, idempotent."""

    def open_stream(self, stream: Stream, *, again: bool = False) -> Commit | None:
        """Register the stream (or refresh its row); -> its last commit.

        `again` retracts what earlier fast looks said, so that the stream can be watched anew; what
        rules remember of it is forgotten, its alerts stay.
        """

    def settle(self, observation: Observation, judge: Judge | None = None) -> bool:
        """Write an observation and what follows from it; False if it had been settled before.

        False, too, where it is of somebody who watched the stream before (`take`). What the judge says of
        it is written in the same transaction. Threads may settle at once: what one of them raises leaves
        the others. Raises StoreError when a fast observation comes before
        the one that precedes it.
        """

    def take(self, stream_id: str) -> int:
        """Raise the stream's fence by one; -> the new one, for the observations of who watches it from now on.

        Fast observations of a lower fence (but 0) settle no more: they are refused without an error. Raises
        StoreError where the stream is not registered.
        """

    def rejudge(self, stream_id: str, judge: Judge) -> None:
        """Put every stored event of a stream to the judge, as one case: for rules that are new."""

    def amend(self, decide: Callable[[Reader], Judgement]) -> bool:
        """Write what `decide` makes of what it reads, in one transaction; False where that is nothing."""

    def read(self, query: Query[R]) -> R:
        """Answer a typed query."""

    def close(self) -> None:
        """Give back what is held open."""


class Outbox(Protocol):
    """Deliveries that are due; the graph store holds them, beside the alerts they tell of."""

    def claim(self, sink: str, now: datetime, lease_s: float, limit: int = 16) -> list[Delivery]:
        """Due deliveries to a sink, oldest first, of each alert only the first that is not done.

        No other process gets them for `lease_s`; those whose lease has ended are due again. None
        while the sink is disabled.
        """

    def record(self, attempt: Attempt) -> None:
        """Write how a try ended, and what the delivery is from now on."""

    def next_due(self, sinks: Sequence[str]) -> datetime | None:
        """When the next delivery to one of these sinks is due (or its lease ends); None: nothing waits."""

    def replay(self, where: DeliveryFilter, now: datetime) -> int:
        """Make dead or delivered ones due again, with all their tries before them; -> how many."""

    def disable(self, sink: str, address: str, now: datetime, reason: str) -> None:
        """A sink takes no more: its pending deliveries are dead."""

    def enable(self, sink: str) -> None:
        """The sink takes deliveries again."""


class AlertSink(Protocol):
    """Somebody who is told of alerts."""

    @property
    def id(self) -> str:
        """Its name in the settings."""

    @property
    def address(self) -> str:
        """Where it is, without secrets."""

    def send(self, delivery: Delivery) -> Sent:
        """Hand over one message, within bounded time; never raises for what the other side did."""

    def close(self) -> None:
        """Give back what is held open."""


class MediaStore(Protocol):
    """Pictures and clips by content address."""

    def put(self, data: bytes, suffix: str) -> tuple[str, str]:
        """Keep the bytes; -> (sha256, uri). The same bytes are kept once."""

    def get(self, sha256: str) -> bytes:
        """The bytes of that address. Raises StoreError."""


class Runner(Protocol[Spec_contra]):
    """Runs the steps of a watch, in this process or on workers; `Spec` says what to open."""

    def watch(
        self,
        specs: Sequence[Spec_contra],
        *,
        again: bool = False,
        span_s: float | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        stop: Event | None = None,
    ) -> list[Outcome]:
        """Watch each to its end, or until `stop` is set; -> one outcome each, in the order given.

        Those not begun when `stop` was set may be left out. A failure is an outcome, not an
        exception, and does not stop the others. `again` forgets what earlier watches saw;
        `span_s` cuts the work into spans of that many media seconds.
        """
