import json
import sqlite3

import neo4j
import pytest

from graph.dump import carrying
from graph.dump.file import DumpFile
from graph.embedded import EmbeddedStore
from tests.filling import YARD, fill
from tests.graph_stores import address
from tests.recalling import said_by
from vidette.errors import StoreError
from vidette.queries import Events, Filter, Streams

WAYS = [("full", "other"), ("full", "neo4j"), ("neo4j", "other")]


class Interrupted(Exception):
    pass


def dumped(memory, path, *, packed=False):
    with path.open("wb") as out:
        return carrying.export(memory, out, packed=packed)


@pytest.fixture
def origin(places, full):
    """The memory that is moved: a file that is there, or the server's, filled."""

    def at(name):
        place = places(name)
        if name == "neo4j":
            fill(place.store())
        else:
            place.path = full
        return place

    return at


@pytest.mark.parametrize(("given", "wanted"), WAYS)
def test_a_memory_that_was_moved_answers_the_same(origin, places, told, given, wanted):
    first, second = origin(given), places(wanted)
    tally = carrying.migrate(first.memory(), second.memory())
    assert all(tally.counts.values())
    assert said_by(second.store()) == told
    assert carrying.migrate(second.memory(), places("third").memory()).digests == tally.digests


@pytest.mark.parametrize("packed", [False, True])
def test_through_a_dump_as_well(places, full, told, tmp_path, packed):
    path = tmp_path / ("all.jsonl.gz" if packed else "all.jsonl")
    first, second = places("first"), places("second")
    first.path = full
    written = dumped(first.memory(), path, packed=packed)
    assert carrying.take(path, second.memory()).digests == written.digests
    assert said_by(second.store()) == told


def rows_of(path):
    """Every row of every table by what it says: numbers of ids and shapes are told by what they stand for."""
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    names = dict(connection.execute("SELECT seq, id FROM names"))
    shapes = {row[0]: row[1:7] for row in connection.execute("SELECT * FROM shapes WHERE count")}
    patterns = {row[0]: row[1:3] for row in connection.execute("SELECT seq, rule, version FROM patterns")}
    kept = {
        "names",
        "sqlite_stat1",
        "shapes",
        "shape_labels",
        "event_words_data",
        "event_words_idx",
        "segment_words_data",
    }
    kept |= {"segment_words_idx", "event_words_docsize", "segment_words_docsize", "event_words", "segment_words"}
    out = {}
    for table in sorted(set(tables) - kept):
        found = connection.execute(f"SELECT * FROM {table}")
        columns = [one[0] for one in found.description]
        keyed = {
            "seq",
            "track_seq",
            "entity_seq",
            "segment_seq",
            "keyframe_seq",
            "assertion_seq",
            "event_seq",
            "of_seq",
            "look_seq",
        }
        told = []
        for row in found:
            said = dict(zip(columns, row, strict=True))
            for column, value in said.items():
                if column in keyed and table not in ("runs", "alerts", "deliveries", "patterns"):
                    said[column] = names.get(value)
                elif column == "seq":
                    said[column] = None
                elif column == "shape":
                    said[column] = shapes.get(value)
                elif column == "pattern":
                    said[column] = patterns[value]
            told.append(repr(sorted(said.items(), key=lambda pair: pair[0])))
        out[table] = sorted(told)
    out["shapes"] = sorted(
        map(repr, connection.execute("SELECT stream_id, type, zone, line, labels, live, count FROM shapes WHERE count"))
    )
    for thing in ("event", "segment"):
        vocabulary = f"CREATE VIRTUAL TABLE temp.{thing}_terms USING fts5vocab (main, {thing}_words, 'row')"
        connection.execute(vocabulary)
        out[f"{thing} words"] = sorted(connection.execute(f"SELECT * FROM temp.{thing}_terms"))
    connection.close()
    return out


def test_a_file_holds_the_same_rows_derived_ones_too(places, full):
    first, second = places("first"), places("second")
    first.path = full
    carrying.migrate(first.memory(), second.memory())
    second.close()
    given, found = rows_of(full), rows_of(second.path)
    assert given.keys() == found.keys()
    for table in given:
        assert found[table] == given[table], table


def nodes_of():
    """Every node and relation of the server, but what counts its transactions, and where a path is cut."""
    with neo4j.GraphDatabase.driver(address()) as driver, driver.session() as session:
        nodes = session.run(
            "MATCH (n) WHERE NOT n:Path AND NOT (n:Counter AND n.name = 'judge') AND coalesce(n.count, 1) <> 0"
            " RETURN labels(n)[0] AS label, properties(n) AS said"
        ).data()
        relations = session.run(
            "MATCH (a)-[r]->(b) WHERE NOT b:Path RETURN labels(a)[0] AS a, coalesce(a.id, a.key) AS of, type(r) AS type,"
            " properties(r) AS said, labels(b)[0] AS b, coalesce(b.id, b.key) AS to"
        ).data()
        orders = session.run(
            "MATCH (a:Assertion)-[:SAYS]->(e:Event) WITH e.id AS e, a ORDER BY a.seq RETURN e, collect(a.id) AS said ORDER BY e"
        )
        orders = [tuple(map(str, row)) for row in orders]
    counted = {"seq", "turn", "locked"}
    told = [
        (
            row["label"],
            sorted(
                (name, value) for name, value in row["said"].items() if not (name in counted and row["label"] != "Run")
            ),
        )
        for row in nodes
    ]
    return (
        sorted(map(repr, told)),
        sorted(
            repr((row["a"], row["of"], row["type"], sorted(row["said"].items()), row["b"], row["to"]))
            for row in relations
        ),
        orders,
    )


def test_the_server_holds_the_same_nodes_derived_ones_too(origin, places):
    first, second = origin("neo4j"), places("other")
    given = nodes_of()
    carrying.migrate(first.memory(), second.memory())
    third = places("neo4j")
    carrying.migrate(second.memory(), third.memory())
    for before, after in zip(given, nodes_of(), strict=True):
        assert after == before


@pytest.mark.parametrize("wanted", ["other", "neo4j"])
def test_a_move_that_was_interrupted_goes_on_and_nobody_opens_half_of_it(origin, places, monkeypatch, wanted):
    monkeypatch.setattr(carrying, "_BATCH", 2)
    first, second = origin("full"), places(wanted)
    whole = carrying.migrate(first.memory(), places("whole").memory())
    for batches in (0, 1, 9, 30, 2):
        interrupted(first.memory(), second.memory(), batches, monkeypatch, resume=batches != 0)
        with pytest.raises(StoreError, match="half of what is being moved"):
            second.store()
        with pytest.raises(StoreError, match="half of this already; go on with --resume"):
            carrying.migrate(first.memory(), second.memory())
        with pytest.raises(StoreError, match="half of another dump"):
            carrying.migrate(places("whole").memory(), second.memory(), resume=True)
    memory = second.memory()
    assert carrying.migrate(first.memory(), memory, resume=True).digests == whole.digests
    assert second.store().read(Events(limit=99)) == first.store().read(Events(limit=99))


def interrupted(origin, memory, batches, monkeypatch, *, resume):
    """A move that ends after so many transactions, as where the process is killed."""
    write, left = memory.write, iter(range(batches))

    def some(*given):
        if next(left, None) is None:
            raise Interrupted
        write(*given)

    monkeypatch.setattr(memory, "write", some)
    with pytest.raises(Interrupted):
        carrying.migrate(origin, memory, resume=resume)


def test_one_that_is_done_is_only_verified(origin, places, full):
    first, second = origin("full"), places("other")
    memory = second.memory()
    done = carrying.migrate(first.memory(), memory)
    assert carrying.migrate(first.memory(), memory, resume=True).digests == done.digests
    store = second.store()
    store.take(YARD.id)
    with pytest.raises(StoreError, match=r"does not hold what .* does .stream: 2 each, not all the same"):
        carrying.migrate(first.memory(), memory, resume=True)


@pytest.mark.parametrize("wanted", ["other", "neo4j"])
def test_nothing_is_moved_into_a_memory_that_holds_something(origin, places, wanted):
    second = places(wanted)
    second.store().open_stream(YARD)
    with pytest.raises(StoreError, match=r"it holds something already .1 of stream.; name an empty memory"):
        carrying.migrate(origin("full").memory(), second.memory())
    assert second.store().read(Streams())[0].events == 0


def test_what_is_written_meanwhile_is_not_in_a_dump_and_does_not_hurt_it(places, full, tmp_path):
    first = places("first")
    carrying.migrate(places_of(places, full), first.memory())
    store = first.store()
    told = []

    def meanwhile(*said):
        if not told:
            store.take(YARD.id)
        told.append(said)

    with (tmp_path / "x.jsonl").open("wb") as out:
        tally = carrying.export(first.memory(), out, packed=False, progress=meanwhile)
    assert told
    assert carrying.take(tmp_path / "x.jsonl", places("second").memory()).digests == tally.digests


def places_of(places, path):
    place = places("given")
    place.path = path
    return place.memory()


def test_a_server_that_changes_while_it_is_read_is_said(origin, tmp_path):
    first = origin("neo4j")
    store, told = first.store(), []

    def meanwhile(*said):
        if not told:
            store.open_stream(type(YARD)(id="new", name="new", kind="file", uri="x", start=YARD.start))
        told.append(said)

    with (tmp_path / "x.jsonl").open("wb") as out, pytest.raises(StoreError, match="was changed while it was read"):
        carrying.export(first.memory(), out, packed=False, progress=meanwhile)


@pytest.mark.parametrize("wanted", ["other", "neo4j"])
@pytest.mark.parametrize("kind", ["stream", "run", "entity", "track", "alert", "pattern", "delivery", "event"])
def test_a_dump_that_names_what_it_does_not_hold_is_refused(places, full, tmp_path, monkeypatch, kind, wanted):
    """Made by somebody who counted it anew: it is whole, but not sound."""
    first, second = places("first"), places(wanted)
    first.path = full
    dumped(first.memory(), tmp_path / "x.jsonl")
    kept = [pair for pair in DumpFile(tmp_path / "x.jsonl").records() if pair[0].kind != kind]
    lines = ((record.kind, line) for record, line in kept)
    with (tmp_path / "y.jsonl").open("wb") as out:
        carrying.file.write(lines, {}, out, packed=False)
    with pytest.raises(StoreError) as refused:
        carrying.take(tmp_path / "y.jsonl", second.memory())
    assert "\n" not in str(refused.value)
    with pytest.raises(StoreError, match="half"):
        second.store()


def test_nothing_of_a_damaged_dump_is_written(places, full, tmp_path):
    first, second = places("first"), places("second")
    first.path = full
    dumped(first.memory(), tmp_path / "x.jsonl")
    lines = (tmp_path / "x.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "x.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(StoreError, match="its end is missing"):
        carrying.take(tmp_path / "x.jsonl", second.memory())
    assert second.store().read(Streams()) == []


def test_hostile_words_are_data_in_a_dump(places, full, tmp_path):
    """What would be a statement is a name; what would be numbers too large is refused by the store, not by a crash."""
    first, second = places("first"), places("second")
    first.path = full
    dumped(first.memory(), tmp_path / "x.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "x.jsonl").read_bytes().split(b"\n")[1:-2]]
    event = next(row for row in rows if row["kind"] == "event")
    event["event"]["start_s"] = 1e300
    lines = [(row["kind"], json.dumps(row).encode()) for row in rows]
    with (tmp_path / "y.jsonl").open("wb") as out:
        carrying.file.write(lines, {}, out, packed=False)
    with pytest.raises(StoreError, match="too large"):
        carrying.take(tmp_path / "y.jsonl", second.memory())


def test_an_empty_memory_moves_too(places):
    first, second = places("first"), places("second")
    first.store()
    assert not any(carrying.migrate(first.memory(), second.memory()).counts.values())
    assert second.store().read(Events(where=Filter(retracted=True))) == []


def test_progress_tells_every_step_of_it(places, full, tmp_path):
    steps, first = [], places("first")
    first.path = full
    dumped(first.memory(), tmp_path / "x.jsonl")
    carrying.take(tmp_path / "x.jsonl", places("second").memory(), progress=lambda *said: steps.append(said))
    assert list(dict.fromkeys(step for step, *_ in steps)) == ["checking", "writing", "deriving", "verifying"]
    assert all(done <= of for _, _, done, of in steps)


def test_two_do_not_move_into_one_at_once(places, full):
    first, second = places("first"), places("second")
    first.path = full
    one, other = second.memory(), second.memory()
    one.begin("x", resume=False)
    other.begin("x", resume=True)
    with first.memory().holding() as holding:
        runs = list(holding.read("run"))
    one.write("run", runs, 0)
    with pytest.raises(StoreError, match="somebody else moves"):
        other.write("run", runs, 0)


def test_a_store_in_memory_is_nobody_elses(full):
    assert EmbeddedStore(":memory:").read(Streams()) == []
