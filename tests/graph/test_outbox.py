"""Senders in several processes share one file: what one has claimed no other gets."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from graph.embedded import EmbeddedStore
from vidette.alerting import Deliveries
from vidette.alerts import (
    Alert,
    AlertState,
    Case,
    Change,
    Delivery,
    DeliveryFilter,
    DeliveryStatus,
    Judgement,
    Severity,
)
from vidette.ports import Reader
from vidette.streams import Stream

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
YARD = Stream(id="yard", name="yard", kind="file", uri="yard.mp4", start=NOW)
SEND = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from graph.embedded import EmbeddedStore
from vidette.alerts import Attempt, DeliveryStatus

store, now = EmbeddedStore(Path(sys.argv[1])), datetime(2026, 3, 1, 12, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
while taken := store.claim("ops", now, 60, 3):
    for one in taken:
        print(one.id, flush=True)
        if sys.argv[2] == "die":
            sys.stdin.readline()
        delivered = DeliveryStatus.DELIVERED
        store.record(Attempt(delivery=one.id, number=one.tries + 1, at=now, took_s=0.1, status=delivered))
"""


class Told:
    """A judge that says one thing."""

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement

    def judge(self, case: Case, read: Reader) -> Judgement:
        return self.judgement


def fill(db: Path, alerts: int) -> None:
    store = EmbeddedStore(db)
    store.open_stream(YARD)
    told = [alert(f"{number}", sequence) for number in range(alerts) for sequence in range(2)]
    waiting = [
        Delivery(id=f"{one.id}/{one.sequence}", sink="ops", message=one, status=DeliveryStatus.PENDING, next_at=NOW)
        for one in told
    ]
    store.rejudge(YARD.id, Told(Judgement(alerts=tuple(told), deliveries=tuple(waiting))))
    store.close()


def alert(id_: str, sequence: int) -> Alert:
    return Alert(
        id=id_,
        rule="r",
        rule_version="1",
        severity=Severity.LOW,
        state=AlertState.OPEN,
        change=Change.RAISED,
        sequence=sequence,
        streams=("yard",),
        at=NOW,
        raised_at=NOW,
        incident=id_,
        events=(),
        text="t",
        why=(),
    )


def sender(db: Path, how: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", SEND, str(db), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_each_is_sent_once_and_those_of_one_alert_in_order(tmp_path: Path) -> None:
    fill(tmp_path / "v.db", 60)
    senders = [sender(tmp_path / "v.db", "live") for _ in range(2)]
    for one in senders:
        one.stdin.write("go\n")
        one.stdin.flush()
    sent = [one.communicate(timeout=60)[0].split() for one in senders]
    assert sorted(sent[0] + sent[1]) == sorted(f"{number}/{sequence}" for number in range(60) for sequence in range(2))
    store = EmbeddedStore(tmp_path / "v.db")
    assert {row.status for row in store.read(Deliveries(limit=1000))} == {DeliveryStatus.DELIVERED}
    store.close()


def test_what_a_killed_sender_held_is_due_when_its_lease_ends(tmp_path: Path) -> None:
    fill(tmp_path / "v.db", 5)
    process = sender(tmp_path / "v.db", "die")
    process.stdin.write("go\n")
    process.stdin.flush()
    process.stdout.readline()  # three are claimed, none is recorded
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    store = EmbeddedStore(tmp_path / "v.db")
    held = store.read(Deliveries(where=DeliveryFilter(statuses=(DeliveryStatus.SENDING,))))
    assert len(held) == 3
    assert {one.id for one in store.claim("ops", NOW, 60, 100)} == {"3/0", "4/0"}
    assert {one.id for one in store.claim("ops", held[0].next_at, 60, 3)} == {one.id for one in held}
    store.close()
