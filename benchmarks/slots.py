"""A server of a fixed service time and so many slots, which counts: it is no model, and answers the same to all.

python -m benchmarks.slots --slots 16 --service-s 0.2     writes its port on stdout; ends with its stdin
GET /counted tells what was asked since it was told last, and begins anew.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

QUIET = json.dumps({"caption": "a quiet place", "entities": [], "events": [], "text": [], "verdicts": []})
"""A good answer that says little."""
_BASE64 = b";base64,"
_PARTS = re.compile(rb"The segment has (\d+) parts")


@dataclass(slots=True, kw_only=True)
class Counted:
    """What was asked: `text` is bytes of messages but for pictures; `busy_s` is slots in use, summed over time.

    `began`: when the first question was served, `last`: when the last one began to be, `ended`: when that was over.
    `busy_last_s` is `busy_s` up to `last`: until then there may have been questions for every slot.
    """

    questions: int = 0
    images: int = 0
    text: int = 0
    busy_s: float = 0.0
    busy_last_s: float = 0.0
    began: float = 0.0
    last: float = 0.0
    ended: float = 0.0

    def busy(self, slots: int) -> float:
        """Share of the slots that was in use from the first question to the beginning of the last."""
        return self.busy_last_s / (slots * (self.last - self.began))

    def a_second(self) -> float:
        """Questions answered a second, from the first to the end of the last."""
        return self.questions / (self.ended - self.began)


class Slots:
    """So many questions at a time, each for so long; the others wait."""

    def __init__(self, slots: int, service_s: float) -> None:
        self._free, self._service_s = asyncio.Semaphore(slots), service_s
        self._now, self._at = 0, 0.0
        self.counted = Counted()

    async def answer(self, body: bytes) -> bytes:
        """The answer to a question, after its time."""
        async with self._free:
            self._step(1)
            self._count(body)
            await asyncio.sleep(self._service_s)
            self._step(-1)
        return _reply(body)

    def told(self) -> bytes:
        """What was counted; then it begins anew."""
        said, self.counted = json.dumps(asdict(self.counted)).encode(), Counted()
        return said

    def _step(self, change: int) -> None:
        now = time.monotonic()
        self.counted.busy_s += self._now * (now - self._at) if self.counted.began else 0.0
        self._now, self._at = self._now + change, now
        self.counted.began = self.counted.began or now
        self.counted.ended = now
        if change > 0:
            self.counted.last, self.counted.busy_last_s = now, self.counted.busy_s

    def _count(self, body: bytes) -> None:
        """Without reading the JSON: that would take CPU from what is measured. What comes after the messages is no prompt."""
        pieces = body.partition(b'"response_format"')[0].split(_BASE64)
        self.counted.questions += 1
        self.counted.images += len(pieces) - 1
        self.counted.text += len(pieces[0]) + sum(len(piece) - piece.index(b'"') for piece in pieces[1:])


@lru_cache
def _said(parts: int) -> bytes:
    """The same of so many segments, 0: of one."""
    told = {"captions": ["a quiet place"] * parts} if parts else {}
    message = {"role": "assistant", "content": json.dumps({**json.loads(QUIET), **told})}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


def _reply(body: bytes) -> bytes:
    """What the question wants; it says how many segments it is about behind its last picture."""
    found = _PARTS.search(body, max(0, body.rfind(_BASE64)))
    return _said(int(found[1]) if found else 0)


async def _serve(slots: Slots) -> None:
    async def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if head.startswith("get"):
                reply = slots.told()
            else:
                length = int(head.partition("content-length:")[2].partition("\r\n")[0])
                reply = await slots.answer(await reader.readexactly(length))
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(reply) + reply)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(heard, "127.0.0.1", 0, limit=2**20, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that runs; `url` as `vlm.url` has it."""

    url: str

    def counted(self) -> Counted:
        """What it was asked since this was asked last."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + "/counted", timeout=30) as answer:
            return Counted(**json.load(answer))


@contextmanager
def serving(slots: int, service_s: float) -> Iterator[Server]:
    """A server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.slots", "--slots", str(slots), "--service-s", str(service_s)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Server(url=f"http://127.0.0.1:{int(process.stdout.readline())}/v1")
        finally:
            process.kill()


def main() -> None:
    """Serve until stdin ends."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--slots", type=int, default=16)
    options.add_argument("--service-s", type=float, default=0.2)
    given = options.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(Slots(given.slots, given.service_s)))


if __name__ == "__main__":
    main()
