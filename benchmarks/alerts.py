"""How alerts arrive: `python -m benchmarks.alerts [--alerts 10000] [--rate 40] [--short]`, see docs/sinks.md.

Five endpoints in another process: three answer at once, one takes its time, one is down. Alerts are raised at a steady
rate, every second one is resolved two seconds later; each is written with its deliveries in one transaction, as a rule
does it. Then a backlog is sent as fast as it goes, and the one that was down comes back half a day later.
"""

import argparse
import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.machine import machine
from graph.embedded import EmbeddedStore
from rules.addresses import networks_of
from rules.sinks.webhook import WebhookSink
from vidette.alerting import DeliveryCounts
from vidette.alerts import Alert, AlertState, Change, Delivery, DeliveryStatus, Judgement, Severity
from workers.delivery.delivering import Lane, Pump

SLOW_S = 0.1
HEALTHY = ("one", "two", "three")
SINKS = (*HEALTHY, "slow", "down")
KEY = b"k" * 32
LATER_S = 2.0
TIMEOUT_S = 10.0


@dataclass
class Endpoints:
    """Where the sinks post to, and what came there, once that is known."""

    ports: dict[str, int] = field(default_factory=lambda: {name: _free_port() for name in SINKS})
    taken: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    @contextmanager
    def serving(self, names: Sequence[str]) -> Iterator[None]:
        """The receivers of these sinks, in another process."""
        said = [f"{self.ports[name]}:{SLOW_S if name == 'slow' else 0}" for name in names]
        command = [sys.executable, "-m", "benchmarks.receivers", *said]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            yield
            taken = json.loads(process.communicate()[0])
        for name in names:
            self.taken.setdefault(name, []).extend(map(tuple, taken[str(self.ports[name])]))


def _free_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return int(reserved.getsockname()[1])


def _lane(name: str, port: int) -> Lane:
    url, allow = f"http://127.0.0.1:{port}/", networks_of(["127.0.0.0/8"])
    sink = WebhookSink(name, url, [KEY], timeout_s=TIMEOUT_S, allow=allow)
    return Lane(sink=sink, lease_s=TIMEOUT_S + 20, at_once=8 if name == "slow" else 4)


def _alert(number: int, sequence: int) -> Alert:
    now = datetime.now(UTC)
    return Alert(
        id=f"alert-{number}",
        rule="benchmark",
        rule_version="1",
        severity=Severity.HIGH,
        state=AlertState.OPEN if sequence == 1 else AlertState.RESOLVED,
        change=Change.RAISED if sequence == 1 else Change.RESOLVED,
        sequence=sequence,
        streams=("yard",),
        at=now,
        raised_at=now,
        incident=f"incident-{number}",
        events=(f"event-{number}",),
        text=f"“Bag left” in gate on yard ({number})",
        why=("event is object_left", "zone is gate", "it stayed 60 s"),
    )


def _judgement(number: int, sequence: int, sinks: Sequence[str]) -> Judgement:
    alert = _alert(number, sequence)
    told = tuple(
        Delivery(
            id=f"{alert.id}_{sequence}_{name}",
            sink=name,
            message=alert,
            status=DeliveryStatus.PENDING,
            next_at=alert.raised_at,
        )
        for name in sinks
    )
    return Judgement(alerts=(alert,), deliveries=told)


def _raise(store: EmbeddedStore, pump: Pump, count: int, rate: float) -> dict[str, float]:
    """Raise alerts at a steady rate; -> when each message was due to be raised, by alert and sequence."""
    due = sorted(
        [(number / rate, number, 1) for number in range(count)]
        + [(number / rate + LATER_S, number, 2) for number in range(0, count, 2)]
    )
    raised, began = {}, time.time()
    for after_s, number, sequence in due:
        time.sleep(max(0.0, began + after_s - time.time()))
        raised[f"alert-{number}_{sequence}"] = time.time()
        judgement = _judgement(number, sequence, SINKS)
        store.amend(lambda _read, judgement=judgement: judgement)
        pump.nudge()
    print(f"raised: {len(due)} messages of {count} alerts in {time.time() - began:.0f} s")
    return raised


def _wait(store: EmbeddedStore, pump: Pump, sinks: Sequence[str], seconds: float) -> None:
    """Until these sinks have everything."""
    deadline = time.monotonic() + seconds
    while any(name in pump.remaining() for name in sinks) and time.monotonic() < deadline:
        time.sleep(0.2)


def _check(name: str, taken: list[tuple[str, float]], raised: dict[str, float]) -> str:
    """What came at one endpoint against what was raised: lost, twice, out of order, and how late."""
    first: dict[str, float] = {}
    for one, at in taken:
        first.setdefault(one.rpartition("_")[0], at)
    last: dict[str, int] = {}
    disorder = 0
    for key in first:
        alert, _, sequence = key.rpartition("_")
        disorder += int(sequence) < last.get(alert, 0)
        last[alert] = int(sequence)
    late = sorted(first[key] - raised[key] for key in first if key in raised)
    p50, p95, most = (1000 * late[int(share * (len(late) - 1))] for share in (0.5, 0.95, 1.0)) if late else (0, 0, 0)
    lost = sum(key not in first for key in raised)
    return (
        f"{name:6} {len(first):6} came, {lost} lost, {len(taken) - len(first)} twice, {disorder} out of order;"
        f" p50 {p50:.0f} ms, p95 {p95:.0f} ms, longest {most:.0f} ms"
    )


def _steady(store: EmbeddedStore, ends: Endpoints, count: int, rate: float) -> dict[str, float]:
    lanes = [_lane(name, ends.ports[name]) for name in SINKS]
    cpu_s, began = time.process_time(), time.monotonic()
    with ends.serving(SINKS[:-1]), Pump(store, lanes) as pump:
        raised = _raise(store, pump, count, rate)
        _wait(store, pump, SINKS[:-1], 120.0 + len(raised) * SLOW_S)
        left = pump.remaining()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # before what came is counted here
    share = 100 * (time.process_time() - cpu_s) / (time.monotonic() - began)
    print(
        f"steady, {rate:g} alerts/s ({len(SINKS) * 1.5 * rate:.0f} deliveries/s): {share:.0f} % of a core; waiting: {left}"
    )
    print(f"memory of the sender at most {peak:.0f} MB")
    for name in SINKS[:-1]:
        print("  " + _check(name, ends.taken[name], raised))
    return raised


def _back(store: EmbeddedStore, ends: Endpoints, raised: dict[str, float]) -> None:
    """The one that was down is there again, half a day later."""
    counts = {status: count for (sink, status), count in store.read(DeliveryCounts()).items() if sink == "down"}
    print(f"down: kept {sum(counts.values())} of {len(raised)}: {', '.join(f'{n} {s}' for s, n in counts.items())}")
    lane = _lane("down", ends.ports["down"])
    began = time.monotonic()
    with (
        ends.serving(["down"]),
        Pump(store, [lane], now=lambda: datetime.now(UTC) + timedelta(hours=13)) as pump,
    ):
        _wait(store, pump, ["down"], 600.0)
    rate = len(ends.taken["down"]) / (time.monotonic() - began)
    print(
        f"  {_check('down', ends.taken['down'], {key: time.time() for key in raised}).partition(';')[0]}; {rate:.0f}/s"
    )


def _backlog(folder: Path, count: int) -> None:
    """As fast as it goes: a backlog to one endpoint, and to three."""
    for sinks in (HEALTHY[:1], HEALTHY):
        store, ends = EmbeddedStore(folder / f"backlog-{len(sinks)}.db"), Endpoints()
        for number in range(count):
            judgement = _judgement(number, 1, sinks)
            store.amend(lambda _read, judgement=judgement: judgement)
        cpu_s, began = time.process_time(), time.monotonic()
        with ends.serving(sinks), Pump(store, [_lane(name, ends.ports[name]) for name in sinks]) as pump:
            _wait(store, pump, sinks, 600.0)
            took_s = time.monotonic() - began
        each_ms = 1000 * (time.process_time() - cpu_s) / (count * len(sinks))
        print(
            f"backlog, {len(sinks)} endpoint(s): {count * len(sinks) / took_s:.0f} deliveries/s, {each_ms:.2f} ms CPU each"
        )
        store.close()


def main() -> None:
    """Run it, print what is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=40.0, help="alerts a second")
    parser.add_argument("--short", action="store_true", help="a tenth of it")
    given = parser.parse_args()
    count = given.alerts // 10 if given.short else given.alerts
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        store, ends = EmbeddedStore(Path(folder) / "v.db"), Endpoints()
        raised = _steady(store, ends, count, given.rate)
        _back(store, ends, raised)
        store.close()
        _backlog(Path(folder), min(2_000, count))


if __name__ == "__main__":
    main()
