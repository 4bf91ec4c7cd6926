"""HTTP receivers in a process of their own: `python -m benchmarks.receivers PORT:DELAY_S…`; what came is told at the end."""

import asyncio
import json
import sys
import time

Taken = dict[str, list[tuple[str, float]]]


async def _serve(port: int, delay_s: float, taken: list[tuple[str, float]]) -> asyncio.Server:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                await reader.readexactly(int(headers["content-length"]))
                taken.append((headers["webhook-id"], time.time()))
                await asyncio.sleep(delay_s)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(talk, "127.0.0.1", port)


async def _main(said: list[str]) -> None:
    taken: Taken = {}
    for one in said:
        port, _, delay = one.partition(":")
        taken[port] = []
        await _serve(int(port), float(delay), taken[port])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    json.dump(taken, sys.stdout)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
