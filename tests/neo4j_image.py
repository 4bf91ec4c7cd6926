"""What the image of Neo4j makes of its environment and volumes: the same server, with the same settings and password, as a process."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.containers import Service

JARS = Path(__file__).parents[1] / ".venv" / "neo4j"
_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_JAVA = [
    "java",
    "-Xmx768m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
    "-cp",
    f"{JARS}/*",
]


def neo4j_command(service: "Service") -> list[str]:
    """The server's command line, once its settings and its first password are written."""
    if not list(JARS.glob("neo4j-[0-9]*.jar")) or shutil.which("java") is None:
        pytest.skip("no Neo4j here: `make test` fetches it where there is Maven (Debian: apt-get install maven)")
    conf = service.root / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "neo4j.conf").write_text("".join(f"{key}={value}\n" for key, value in settings(service).items()))
    if not (service.root / "data" / "databases").exists():
        name, _, password = Path(service.environment["NEO4J_AUTH_FILE"]).read_text().strip().partition("/")
        assert name == "neo4j", "the image makes no other first user"
        first_password(service.root, conf, password)
    return server_command(service.root, conf)


def server_command(home: Path, conf: Path) -> list[str]:
    """The command line of the server itself."""
    return [*_JAVA, "org.neo4j.server.CommunityEntryPoint", f"--home-dir={home}", f"--config-dir={conf}"]


def settings(service: "Service") -> dict[str, str]:
    """`NEO4J_a_b__c` is the setting `a.b_c`, as the image has it; the server refuses one that it does not know."""
    said = {
        key.removeprefix("NEO4J_").replace("__", "\0").replace("_", ".").replace("\0", "_"): value
        for key, value in service.environment.items()
        if key.startswith("NEO4J_") and key != "NEO4J_AUTH_FILE"
    }
    here = {
        "server.config.strict_validation.enabled": "true",
        "server.directories.data": f"{service.root}/data",
        "server.directories.logs": f"{service.root}/logs",
        "server.bolt.listen_address": f"127.0.0.1:{service.compose.ports['7687']}",
        "server.http.listen_address": f"127.0.0.1:{service.compose.ports['7474']}",
        "server.https.enabled": "false",
    }
    return said | here


def first_password(home: Path, conf: Path, password: str) -> None:
    """Set it before the server begins for the first time."""
    environ = os.environ | {"NEO4J_HOME": str(home), "NEO4J_CONF": str(conf)}
    command = [*_JAVA, f"-Dbasedir={home}", "org.neo4j.cli.AdminTool", "dbms", "set-initial-password", password]
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=120)
