"""A camera's process that looks at nothing: it does what its stream's name says, in the real protocol.

Words of the name: `crash` after its third observation (once, where the folder of pictures is still without its mark),
`hang` and `busy` (for 1.5 s) likewise, `garbage` on stdout at once, `mute` never says anything, `secret` logs one, `lost` tells a loss once
its folder has `cut`, until it has `found`; what it was told is appended to `<name>.told` in the folder.
"""

import json
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from vidette import codec, ids
from vidette.feeds import CAUSES, Cause, FeedState
from vidette.models import Coverage, DeepState, FastState, Observation, Run
from vidette.signals import Loss
from workers.cameras.messages import Alive, CameraJob, Go, Ready, Said, command_of, write

RUN = Run(id=ids.make_id("run", "scripted"), model="scripted", revision="1")
EVERY_S = 0.05


class Scripted:
    def __init__(self) -> None:
        self.job = codec.decode(CameraJob, sys.stdin.buffer.readline())
        self.words = self.job.stream.name.split("-")
        self.folder = Path(self.job.said["media"])
        self.folder.mkdir(parents=True, exist_ok=True)
        self.leave, self.gone = threading.Event(), threading.Event()
        self.commit = self.job.commit
        gap = self.gap = self.job.gap
        sample = next((one["sample"] for one in self.job.said["streams"]), "")
        self.note("job", None if gap is None else [gap.state, gap.cause], os.getpid(), sample)
        threading.Thread(target=self.listen, daemon=True).start()

    def note(self, *what: object) -> None:
        with (self.folder / f"{self.job.stream.name}.told").open("a") as file:
            file.write(json.dumps(what) + "\n")

    def listen(self) -> None:
        for line in sys.stdin.buffer:
            self.note("command", json.loads(line)["command"])
            if isinstance(word := command_of(line), Go):
                self.commit = word.commit
                self.gone.set()
        self.leave.set()
        self.gone.set()

    def poise(self) -> None:
        """Somebody else still looks: wait for the word."""
        self.note("poised")
        write(sys.stdout.buffer, Ready())
        while not self.gone.wait(EVERY_S):
            write(sys.stdout.buffer, Alive(feed=self.feed(None)))

    def once(self, word: str) -> bool:
        """Whether the word is one of ours, and for the first time."""
        mark = self.folder / f"{self.job.stream.name}.{word}"
        if word not in self.words or mark.exists():
            return False
        mark.touch()
        return True

    def now_s(self) -> float:
        return (datetime.now(UTC) - self.job.stream.start).total_seconds()

    def observation(self, sequence: int, since_s: float, now_s: float) -> Observation:
        id_, gap, self.gap = self.job.stream.id, self.gap, None
        said = (gap.state, CAUSES[gap.cause]) if gap else (FastState.WATCHED, "")
        rows = [self.row(since_s, now_s, *said)]
        return Observation(
            id=ids.make_id("observation", id_, sequence), stream_id=id_, look="fast", run=RUN, start_s=since_s, end_s=now_s,
            sequence=sequence, watermark_s=now_s, coverage=tuple(rows), carry=b"x", feed=self.feed(None),
        )  # fmt: skip

    def row(self, start_s: float, end_s: float, state: FastState, reason: str) -> Coverage:
        return Coverage(
            stream_id=self.job.stream.id, start_s=start_s, end_s=end_s, state=state, deep=DeepState.OFF, reason=reason
        )

    def feed(self, cause: Cause | None) -> FeedState:
        at = datetime.now(UTC)
        return FeedState(at=at, since=at, state="lost" if cause else "watching", cause=cause, fps=25.0)

    def loss(self) -> Loss | None:
        lost = (self.folder / "cut").exists() and not (self.folder / "found").exists()
        if "lost" not in self.words or not lost:
            return None
        return Loss(since_s=self.now_s(), state=FastState.OFFLINE, cause=Cause.UNREACHABLE)

    def run(self) -> None:
        if "garbage" in self.words:
            os.write(1, b"\xff" * 64)
        if "secret" in self.words:
            sys.stderr.write("cannot open rtsp://user:hunter2@camera/1\n" + " ".join(sorted(os.environ)) + "\n")
            sys.stderr.flush()
        if "mute" in self.words:
            self.leave.wait()
            return
        if self.job.poised:
            self.poise()
            if self.leave.is_set():
                return
        commit = self.commit
        sequence, since_s = (commit.sequence + 1, commit.watermark_s) if commit else (0, self.now_s())
        for number in range(1_000_000):
            left = self.leave.wait(EVERY_S)
            loss, now_s = self.loss(), self.now_s()
            write(sys.stdout.buffer, Alive(feed=self.feed(loss.cause if loss else None), loss=loss))
            write(sys.stdout.buffer, Said(observation=self.observation(sequence, since_s, now_s)))
            sequence, since_s = sequence + 1, now_s
            if left:
                return
            if number == 2 and self.once("crash"):
                os.abort()
            if number == 2 and self.once("busy"):
                until = time.monotonic() + 1.5
                while time.monotonic() < until:
                    pass
            if number == 2 and self.once("hang"):
                time.sleep(3600)


if __name__ == "__main__":
    Scripted().run()
