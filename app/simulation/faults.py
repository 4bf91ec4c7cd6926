"""The faults of real cameras: how each is made, and what a watch must say of it."""

import signal
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from os import kill

from app.simulation.camera import Camera
from app.simulation.doors import Silent
from app.simulation.memory import Memory
from app.simulation.watch import reader_of
from vidette.errors import ConfigError, SourceError
from vidette.feeds import Cause
from vidette.models import EventType

USERNAME, PASSWORD = "viewer", "pa55-w0rd:of/simulated@camera"
AWAY = (Cause.REFUSED, Cause.UNREACHABLE, Cause.ENDED, Cause.STALLED, Cause.CONNECTING)
"""What may be said of a camera that is gone: it depends on the moment at which it went."""


@dataclass(slots=True, kw_only=True)
class Victim:
    """One camera that is watched under the name of its fault."""

    name: str
    camera: Camera
    watch: Memory
    doors: ExitStack = field(default_factory=ExitStack)


COMMIT_S = 6.0
"""What was seen is stored every 5 s at least: a process that is killed loses so much."""
Step = Callable[[Victim], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is done to a camera, and what is expected of the watch.

    `tells`: the event that must be told, started within `near_s` of the strike. `causes`: why coverage may say that
    there are no pictures; with `dark` it must say so from the strike until it is mended, else it may for `brief_s` in
    all; both from `early_s` before it on. `first`: it is broken before the watch begins.
    """

    name: str
    about: str
    strike: Step
    mend: Step = lambda _: None
    tells: EventType | None = None
    near_s: float = 1.0
    causes: tuple[Cause, ...] = ()
    dark: bool = False
    brief_s: float = 8.0
    early_s: float = 1.0
    holds_s: float = 8.0
    first: bool = False


def _silence(victim: Victim) -> None:
    victim.camera.kill()
    victim.doors.enter_context(Silent(victim.camera.port))


def _speak(victim: Victim) -> None:
    victim.doors.close()
    victim.camera.start()


def _hide(victim: Victim) -> None:
    victim.camera.do("hide")
    victim.camera.do("drop")


def _wrong_clock(victim: Victim) -> None:
    victim.camera.do("clock", right=False)
    victim.camera.do("drop")


def _right_clock(victim: Victim) -> None:
    victim.camera.do("clock", right=True)
    victim.camera.do("drop")


def _flap(victim: Victim, times: int = 20) -> None:
    for _ in range(times):
        victim.camera.kill()
        time.sleep(1.5)
        victim.camera.start()
        time.sleep(1.5)


def _reader(victim: Victim) -> int:
    pid = reader_of(victim.watch.pid, victim.camera.port)
    if pid is None:
        raise SourceError(f"no process of the watch is connected to camera {victim.name!r}; see its log")
    return pid


FAULTS = (
    Fault(
        name="flapping",
        about="the camera dies every 3 s for a minute",
        strike=_flap,
        causes=AWAY,
        brief_s=90.0,
    ),
    Fault(
        name="killed",
        about="the camera loses power",
        strike=lambda v: v.camera.kill(),
        mend=lambda v: v.camera.start(),
        tells=EventType.SIGNAL_LOST,
        causes=AWAY,
        dark=True,
    ),
    Fault(
        name="stalled",
        about="the camera hangs: connected, nothing comes; later all at once",
        strike=lambda v: v.camera.stop(),
        mend=lambda v: v.camera.go_on(),
        tells=EventType.SIGNAL_LOST,
        causes=(*AWAY, Cause.BACKLOG),
        dark=True,
        holds_s=20.0,
    ),
    Fault(
        name="silent",
        about="something accepts the connection and never speaks",
        strike=_silence,
        mend=_speak,
        tells=EventType.SIGNAL_LOST,
        causes=AWAY,
        dark=True,
        holds_s=12.0,
    ),
    Fault(
        name="closed",
        about="the port is closed when the watch begins",
        strike=lambda v: v.camera.kill(),
        mend=lambda v: v.camera.start(),
        tells=EventType.SIGNAL_LOST,
        near_s=60.0,
        causes=(*AWAY, Cause.OVERLOAD),  # it learns the view only then, and looks at what came meanwhile at once
        dark=True,
        first=True,
    ),
    Fault(
        name="not-found",
        about="the camera no longer has the stream (404)",
        strike=_hide,
        mend=lambda v: v.camera.do("show"),
        tells=EventType.SIGNAL_LOST,
        causes=(Cause.NOT_FOUND, Cause.ENDED, Cause.CONNECTING),
        dark=True,
    ),
    Fault(
        name="password",
        about="the camera's password is another one, then the right one again",
        strike=lambda v: v.camera.do("password", password=USERNAME),
        mend=lambda v: v.camera.do("password", password=PASSWORD),
        tells=EventType.SIGNAL_LOST,
        causes=(Cause.UNAUTHORISED, Cause.ENDED, Cause.CONNECTING),
        dark=True,
    ),
    Fault(name="ended", about="the camera ends the stream", strike=lambda v: v.camera.do("end"), causes=AWAY),
    Fault(name="dropped", about="the connection breaks", strike=lambda v: v.camera.do("drop"), causes=AWAY),
    Fault(
        name="loss",
        about="2 % of the packets are lost",
        strike=lambda v: v.camera.do("loss", share=0.02),
        mend=lambda v: v.camera.do("loss", share=0.0),
        causes=(Cause.UNREADABLE,),
        brief_s=8.0,
        holds_s=10.0,
    ),
    Fault(
        name="size",
        about="the pictures become smaller, and large again",
        strike=lambda v: v.camera.do("switch", number=1),
        mend=lambda v: v.camera.do("switch", number=0),
        causes=(Cause.UNREADABLE, *AWAY),
        brief_s=12.0,
    ),
    Fault(
        name="codec",
        about="the camera is set to H.265, and back",
        strike=lambda v: v.camera.do("switch", number=2),
        mend=lambda v: v.camera.do("switch", number=0),
        causes=(Cause.UNREADABLE, *AWAY),
        brief_s=20.0,
    ),
    Fault(
        name="jump",
        about="the camera's timestamps jump 100 s ahead",
        strike=lambda v: v.camera.do("jump", seconds=100.0),
        tells=EventType.CLOCK_JUMPED,
        causes=AWAY,
    ),
    Fault(
        name="jump-back",
        about="the camera's timestamps jump 50 s back",
        strike=lambda v: v.camera.do("jump", seconds=-50.0),
        tells=EventType.CLOCK_JUMPED,
        causes=AWAY,
    ),
    Fault(
        name="clock",
        about="the camera's clock is years wrong",
        strike=_wrong_clock,
        mend=_right_clock,
        tells=EventType.CLOCK_WRONG,
        near_s=15.0,
        causes=AWAY,
        brief_s=5.0,
    ),
    Fault(
        name="frozen",
        about="the same picture again and again",
        strike=lambda v: v.camera.do("freeze", on=True),
        mend=lambda v: v.camera.do("freeze", on=False),
        tells=EventType.PICTURE_FROZEN,
        near_s=2.5,
    ),
    Fault(
        name="hung",
        about="our process that reads the camera hangs",
        strike=lambda v: kill(_reader(v), signal.SIGSTOP),
        causes=(Cause.CRASHED, *AWAY),
        early_s=COMMIT_S,
        brief_s=40.0,
        holds_s=20.0,
    ),
    Fault(
        name="crashed",
        about="our process that reads the camera crashes",
        strike=lambda v: kill(_reader(v), signal.SIGKILL),
        causes=(Cause.CRASHED, *AWAY),
        early_s=COMMIT_S,
        brief_s=20.0,
    ),
)
"""One camera each; they are struck one after the other while all are watched at once, the longest first."""


STEADY = Fault(name="steady", about="nothing: it must not notice the others' faults", strike=lambda _: None)
WHOLE = {
    "network": "every camera hangs at once",
    "restart": "the watch itself is killed (kill -9) and started again",
}
"""What happens to all cameras; struck after the others."""


def chosen(names: Sequence[str]) -> tuple[tuple[Fault, ...], tuple[str, ...]]:
    """The faults of these names, of cameras and of the whole; all where none is given. Raises ConfigError."""
    known = {fault.name: fault for fault in FAULTS}
    _check(names, [*known, *WHOLE], "no fault")
    if not names:
        return (STEADY, *FAULTS), tuple(WHOLE)
    cameras = tuple(known[name] for name in dict.fromkeys(names) if name in known)
    return (STEADY, *cameras), tuple(name for name in WHOLE if name in names)


def of_guests(names: Sequence[str]) -> tuple[Fault, ...]:
    """The faults of these names that cameras of a watch that runs already can have; all of them where none is given.

    Not those that begin before the watch does, nor those of the whole: others' cameras are left alone. Raises ConfigError.
    """
    known = {fault.name: fault for fault in FAULTS if not fault.first}
    _check(names, known, "a watch that runs already cannot have the fault")
    return (STEADY, *(known[name] for name in dict.fromkeys(names or known)))


def _check(names: Sequence[str], known: Collection[str], problem: str) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"{problem} {name!r}; choose from {', '.join(known)}")
