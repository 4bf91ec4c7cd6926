"""Who is told of alerts: `vidette receive` in a process of its own, and what it kept."""

import base64
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.cluster.program import VIDETTE, Program
from tests.cluster.waiting import until
from tests.telling import check_body

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Desk(Program):
    """It verifies signatures and keeps each message once, in the order in which they came."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.out = folder / "received.jsonl"
        command = [*VIDETTE, "receive", "--port", "0", "--out", str(self.out), *options]
        super().__init__("receive", command, folder, {"VIDETTE_RECEIVE_SECRET": SECRET})
        until(lambda: "listening on" in self.said(), "the receiver to listen", self.tail)
        found = re.search(r"listening on (\S+)", self.said())
        assert found is not None
        self.url = found[1]

    def received(self) -> dict[str, dict[str, Any]]:
        """Each alert as it was told of, by message id, but for when it was noticed; those of an alert came in order."""
        found: dict[str, dict[str, Any]] = {}
        told: dict[str, list[int]] = defaultdict(list)
        for line in self.out.read_text().splitlines() if self.out.exists() else ():
            row = json.loads(line)
            check_body(row["message"])
            alert = row["message"]["data"]["alert"]
            assert row["id"] not in found, "a message was kept twice"
            found[row["id"]] = {key: value for key, value in alert.items() if key not in {"raised_at", "late_s"}}
            told[alert["id"]].append(alert["sequence"])
        for alert_id, sequences in told.items():
            assert sequences == sorted(sequences), f"messages of alert {alert_id} came out of order: {sequences}"
        return found
