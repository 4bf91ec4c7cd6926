"""A Neo4j memory made many times as large: `python -m benchmarks.scale_grown FROM TO [--times 10]`, folders of servers.

Writing a million events one after another takes an hour or two. Here what a server holds becomes so many times that, in days
one after another: the same cameras under other ids and names, nothing shared but the sites. Neo4j's own offline import writes it;
then the indexes are made. So questions can be asked of it: `python -m benchmarks.scale_stores --events N --keep FOLDER`.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import neo4j

from benchmarks.machine import machine
from benchmarks.scale_stores import server
from graph.cypher.schema import STEPS
from graph.neo4j import Neo4jStore

Row = dict[str, Any]
_UUID = re.compile(r"\b[0-9a-f]{6}([0-9a-f]{2}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b")
_INSTANTS = ("start", "end", "at", "due_at", "next_at", "raised_at")
_FREE = ("words", "caption", "points", "text")
"""Texts in which nobody is named."""
_TYPES: dict[type, str] = {str: "string", int: "long", float: "double", bool: "boolean"}
_SEPARATOR = "\x1f"
_PAGE = 20_000
_INDEX_S = 7_200


class Tables:
    """Files of one kind of node or relation each, in the form that Neo4j imports, as many times as is wanted."""

    def __init__(self, folder: Path, times: int, shift_ms: int) -> None:
        self.files: dict[str, Path] = {}
        self._folder, self._times, self._shift_ms = folder, times, shift_ms
        self._columns: dict[str, dict[str, str]] = {}
        self._open: dict[str, IO[str]] = {}

    def begin(self, name: str, ends: tuple[str, ...], columns: dict[str, str]) -> None:
        """A kind whose rows have these properties, by their types."""
        self.files[name] = self._folder / f"{name}.csv"
        self._columns[name] = columns
        self._open[name] = self.files[name].open("w", encoding="utf-8", newline="")
        self._open[name].write(",".join([*ends, *(f"{one}:{type_}" for one, type_ in columns.items())]) + "\n")

    def write(self, name: str, ends: list[str], properties: Row) -> None:
        """A row, once for each time; `ends` are nodes as the server numbers them."""
        alone = not any(_UUID.search(str(value)) for value in properties.values()) and len(ends) == 1
        for copy in range(1 if alone else self._times):
            cells = [self._cell(copy, one, properties.get(one)) for one in self._columns[name]]
            self._open[name].write(",".join([*(f"{copy}_{end}" for end in ends), *cells]) + "\n")

    def _cell(self, copy: int, name: str, value: Any) -> str:
        if value is None:
            return ""
        if name in _INSTANTS and isinstance(value, int):
            value += copy * self._shift_ms
        if isinstance(value, list):
            value = _SEPARATOR.join(map(str, value))
        if isinstance(value, str):
            value = value if name in _FREE else _UUID.sub(lambda found: f"{copy:06x}{found[1]}", value)
            value = f"{value} {copy}" if name == "name" and copy else value
            escaped = value.replace('"', '""')
            return f'"{escaped}"'
        return str(value).lower() if isinstance(value, bool) else str(value)

    def close(self) -> None:
        """All rows are written."""
        for file in self._open.values():
            file.close()


def _typed(rows: list[Row]) -> dict[str, str]:
    found: dict[str, str] = {}
    for properties in rows:
        for name, value in properties.items():
            if isinstance(value, bytes) or value is None:
                continue  # a carry: nobody asks for it
            listed = isinstance(value, list)
            type_ = _TYPES[type(value[0] if listed and value else "" if listed else value)] + ("[]" if listed else "")
            if found.get(name) in (None, "long") or type_.startswith("double"):
                found[name] = type_
    return found


def exported(address: str, tables_of: Callable[[int], Tables]) -> Tables:
    """Everything on a server, as tables; `tables_of` is told the milliseconds that it is about, and a day."""
    with neo4j.GraphDatabase.driver(address) as driver, driver.session(fetch_size=_PAGE) as session:
        span = session.run("MATCH (e:Event) RETURN max(e.start) - min(e.start) + 86400000 AS span").single(strict=True)
        tables = tables_of(span["span"])
        for (label,) in session.run("CALL db.labels()").values():
            if label != "Vidette":
                asked = f"MATCH (n:`{label}`) RETURN [elementId(n)] AS ends, properties(n) AS row"
                _write(tables, label, (":ID",), session.run(asked).data())
        for (kind,) in session.run("CALL db.relationshipTypes()").values():
            asked = f"MATCH (a)-[r:`{kind}`]->(b) RETURN [elementId(a), elementId(b)] AS ends, properties(r) AS row"
            _write(tables, f"-{kind}", (":START_ID", ":END_ID"), session.run(asked).data())
    tables.close()
    return tables


def _write(tables: Tables, name: str, ends: tuple[str, ...], found: list[Row]) -> None:
    if found:
        tables.begin(name, ends, _typed([one["row"] for one in found]))
    for one in found:
        tables.write(name, one["ends"], one["row"])


def imported(tables: Tables, home: Path) -> None:
    """Have Neo4j write a database of them."""
    jars = Path(__file__).parents[1] / ".venv" / "neo4j"
    given = [
        f"--{'relationships' if name[0] == '-' else 'nodes'}={name.lstrip('-')}={at}"
        for name, at in tables.files.items()
    ]
    command = [
        *("java", "-Xmx2g", "-cp", f"{jars}/*", "org.neo4j.cli.AdminTool", "database", "import", "full", "neo4j"),
        *("--overwrite-destination", f"--array-delimiter={_SEPARATOR}", "--multiline-fields=true", "--id-type=string"),
        *("--skip-bad-relationships", "--bad-tolerance=1000000000", *given),
    ]
    (home / "conf").mkdir(exist_ok=True)
    (home / "conf" / "neo4j.conf").write_text(f"server.directories.data={home / 'data'}\n")
    homes = {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}
    subprocess.run(command, env={**os.environ, **homes}, check=True, cwd=home, stdout=subprocess.DEVNULL)


def indexed(address: str) -> None:
    """Make the constraints and indexes that a memory has, and say that it is one of this version."""
    with neo4j.GraphDatabase.driver(address) as driver, driver.session() as session:
        for statement in (one for step in STEPS for one in step if one.startswith(("CREATE", "DROP"))):
            session.run(statement).consume()
        session.run("CALL db.awaitIndexes($s)", s=_INDEX_S).consume()
        session.run("MERGE (v:Vidette) SET v.version = $version", version=len(STEPS)).consume()


def grown(source: Path, target: Path, times: int) -> None:
    """Read the server in one folder, write one into the other; say what took how long."""
    began = time.perf_counter()

    def said(what: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {what}", flush=True)

    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        with server(source) as (address, _):
            Neo4jStore(address).close()  # of this version from now on: what is counted is copied with what it counts
            tables = exported(address, lambda span_ms: Tables(Path(folder), times, span_ms))
        said("read")
        imported(tables, target)
    said("written")
    with server(target) as (address, _):
        indexed(address)
    said("indexed")


def main() -> None:
    """Read one, write the other."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("source", type=Path, metavar="FROM", help="folder of a server that was filled")
    options.add_argument("target", type=Path, metavar="TO", help="folder of the one to make")
    options.add_argument("--times", type=int, default=10, help="how many times as much")
    given = options.parse_args()
    print(machine(), flush=True)
    grown(given.source, given.target, given.times)


if __name__ == "__main__":
    main()
