"""`neo4j start|stop` and `neo4j-admin dbms set-initial-password` of a server as a system has it, in a folder, on the port of its compose file."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.neo4j_image import first_password, server_command

PATIENCE_S = 120


def main(folder: Path, port: int, words: list[str]) -> int:
    """Do what is asked; -> exit code."""
    home, conf = folder / "neo4j", folder / "neo4j" / "conf"
    pid = home / "pid"
    match words:
        case ["dbms", "set-initial-password", password]:
            write(home, conf, port)
            first_password(home, conf, password)
        case ["start"]:
            with (home / "log").open("ab") as log:
                server = subprocess.Popen(
                    server_command(home, conf), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            pid.write_text(str(server.pid))
            return wait(server, port)
        case ["stop"]:
            if pid.exists():
                with suppress(ProcessLookupError):
                    os.kill(int(pid.read_text()), signal.SIGKILL)
                pid.unlink()
        case _:
            raise SystemExit(f"no such command here: {words}")
    return 0


def write(home: Path, conf: Path, port: int) -> None:
    """The settings that matter here; all others are the server's own."""
    conf.mkdir(parents=True, exist_ok=True)
    said = {
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.http.enabled": "false",
        "server.directories.data": f"{home}/data",
        "server.memory.pagecache.size": "128m",
    }
    (conf / "neo4j.conf").write_text("".join(f"{key}={value}\n" for key, value in said.items()))


def wait(server: "subprocess.Popen[bytes]", port: int) -> int:
    """Until it listens; 1 where it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return 0
        time.sleep(0.1)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
