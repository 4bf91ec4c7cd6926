"""Constraints and indexes of the graph on a Neo4j server, made step by step when it is opened."""

from graph.cypher.driver import Server, do, one
from graph.cypher.shapes import COUNT_ALL, KEY
from graph.cypher.totals import SUM_ALL
from vidette.errors import StoreError

_UNIQUE = (
    *("Site", "Stream", "Run", "Observation", "Track", "Entity", "Segment", "Keyframe", "Assertion", "Event", "Alert"),
    *("Delivery", "Rule", "Sink", "Incident", "Attempt", "Silence"),
)
_KEYED = (
    "Zone",
    "Line",
    "Coverage",
    "Path",
    "Description",
    "Decision",
    "RuleState",
    "Embedding",
    "Caption",
    "Look",
    "ClockReading",
    "Text",
    "AlertPlace",
    "Feedback",
    "Timer",
    "Storm",
    "Pattern",
    "LeafMatch",
    "SaidMatch",
)
"""Nodes that only their owner and place tell apart: `key` is made of both."""
_INDEXES = {
    "Event": (("stream_id", "start_pts"), ("start",), ("type", "start"), ("zone", "start"), ("state",)),
    "Track": (("stream_id", "start_pts"), ("start",)),
    "Segment": (("stream_id", "start_pts"), ("start",)),
    "Entity": (("stream_id", "label"), ("label",)),
    "Assertion": (("stream_id", "free", "start_pts"), ("segment_id",)),
    "Observation": (("stream_id", "look"),),
    "Coverage": (("stream_id", "look", "start_pts"),),
    "Keyframe": (("sha256",), ("at",)),
    "Stream": (("name",),),
    "Alert": (("at",), ("rule", "at"), ("subject",), ("incident",), ("state",)),
    "Delivery": (("sink", "status", "next_at"), ("alert_id", "sink", "sequence"), ("raised_at",)),
    "Decision": (("event_id",), ("alert_id",), ("rule", "at"), ("at",)),
    "RuleState": (("stream_id",),),
    "Look": (("stream_id", "start_pts"), ("segment_id",)),
    "Path": (("track_id",),),
    "AlertPlace": (("stream", "zone", "at"), ("alert_id",)),
    "Timer": (("rule", "due_at"),),
    "Storm": (("sink", "due_at"),),
    "Pattern": (("rule",), ("wake",)),
    "LeafMatch": (("pattern", "until"), ("id",)),
    "SaidMatch": (("pattern", "until"), ("alert_id",)),
    "Silence": (("end",),),
    "Feedback": (("alert_id",),),
    "Embedding": (("run_id", "of"),),
}
_LASTING = ("Event", "Track", "Segment")
_WORDS = {"event_words": "Event", "segment_words": "Segment"}
_ALONE = "MATCH (v:Vidette) SET v.locked = true WITH count(v) AS ours"
"""Others who bring the same memory up wait. A new one has no such node, and nothing to bring up."""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        *(
            f"CREATE CONSTRAINT {label.lower()}_id IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE"
            for label in _UNIQUE
        ),
        *(
            f"CREATE CONSTRAINT {label.lower()}_key IF NOT EXISTS FOR (n:{label}) REQUIRE n.key IS UNIQUE"
            for label in _KEYED
        ),
        *(
            f"CREATE INDEX {label.lower()}_{'_'.join(names)} IF NOT EXISTS FOR (n:{label}) ON ({', '.join('n.' + name for name in names)})"
            for label, found in _INDEXES.items()
            for names in found
        ),
        *(
            f"CREATE FULLTEXT INDEX {name} IF NOT EXISTS FOR (n:{label}) ON EACH [n.words]"
            " OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: false}}"
            for name, label in _WORDS.items()
        ),
    ),
    (
        "CREATE INDEX path_track_id_end_pts IF NOT EXISTS FOR (n:Path) ON (n.track_id, n.end_pts)",
        "DROP INDEX path_track_id IF EXISTS",
        # Assertions that may support another event one day are few: only they have this property.
        "MATCH (n:Assertion) WHERE n.free CALL (n) { SET n.waits = n.stream_id + '|' + n.type } IN TRANSACTIONS OF 10000 ROWS",
        "CREATE INDEX assertion_waits_start_pts IF NOT EXISTS FOR (n:Assertion) ON (n.waits, n.start_pts)",
        "DROP INDEX assertion_stream_id_free_start_pts IF EXISTS",
        *(
            f"MATCH (n:{label}) WHERE n.size > 16 CALL (n) {{ SET n.long = n.size }} IN TRANSACTIONS OF 10000 ROWS"
            for label in _LASTING
        ),
        *(
            f"CREATE INDEX {label.lower()}_long_{start} IF NOT EXISTS FOR (n:{label}) ON (n.long, n.{start})"
            for label in _LASTING
            for start in ("start", "start_pts")
        ),
        "CREATE INDEX event_stream_id_start IF NOT EXISTS FOR (n:Event) ON (n.stream_id, n.start)",
        "CREATE INDEX track_stream_id_start IF NOT EXISTS FOR (n:Track) ON (n.stream_id, n.start)",
        # Every event has a state, and nearly all the same.
        "DROP INDEX event_state IF EXISTS",
    ),
    # Of any dimensions: a server compares a vector with those of its own.
    (
        "CREATE VECTOR INDEX embedding_vector IF NOT EXISTS FOR (n:Embedding) ON (n.vector)"
        " OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine'}}",
    ),
    # Neighbours ask for places by their ids, verdicts and costs for looks of a time, a stream's newest segments for both.
    (
        "CREATE INDEX zone_id IF NOT EXISTS FOR (n:Zone) ON (n.id)",
        "CREATE INDEX segment_stream_id_start IF NOT EXISTS FOR (n:Segment) ON (n.stream_id, n.start)",
        "CREATE INDEX look_start IF NOT EXISTS FOR (n:Look) ON (n.start)",
        # What happened of a kind at a camera, or at a line: either alone is a third of all in a large memory, or nothing.
        "CREATE INDEX event_stream_id_type_start IF NOT EXISTS FOR (n:Event) ON (n.stream_id, n.type, n.start)",
        "CREATE INDEX event_line_start IF NOT EXISTS FOR (n:Event) ON (n.line, n.start)",
    ),
    # Events by what filters ask of them, counted; and what is told of each stream, summed.
    (
        "CREATE CONSTRAINT shape_key IF NOT EXISTS FOR (n:Shape) REQUIRE n.key IS UNIQUE",
        "CREATE INDEX shape_stream_id IF NOT EXISTS FOR (n:Shape) ON (n.stream_id)",
        f"MATCH (e:Event) CALL (e) {{ SET e.shape = {KEY} }} IN TRANSACTIONS OF 10000 ROWS",
        COUNT_ALL,
        "CREATE INDEX event_shape_start IF NOT EXISTS FOR (n:Event) ON (n.shape, n.start)",
        SUM_ALL,
    ),
    # Counters were not unique: two that were made at once counted the same runs, which shared a number then.
    (
        f"{_ALONE} MATCH (c:Counter) WITH c.name AS name, max(c.count) AS most, collect(c) AS found"
        " WITH most, head(found) AS kept, tail(found) AS others SET kept.count = most FOREACH (one IN others | DETACH DELETE one)",
        # The first of those that share a number keeps it, and with it the captions and texts that name runs by number.
        f"{_ALONE} CALL () {{ MATCH (r:Run) RETURN max(r.seq) AS most }} CALL () {{ MATCH (r:Run) WITH r ORDER BY r.id"
        " WITH r.seq AS seq, tail(collect(r)) AS found UNWIND found AS r WITH r ORDER BY seq, r.id RETURN collect(r) AS again }"
        " UNWIND range(0, size(again) - 1) AS at WITH most + 1 + at AS seq, again[at] AS r SET r.seq = seq",
        "CREATE CONSTRAINT counter_name IF NOT EXISTS FOR (n:Counter) REQUIRE n.name IS UNIQUE",
        "UNWIND ['judge', 'runs'] AS name MERGE (c:Counter {name: name})",
        "MATCH (c:Counter {name: 'runs'}) SET c.locked = true WITH c OPTIONAL MATCH (r:Run)"
        " WITH c, coalesce(max(r.seq), 0) AS most WHERE most > coalesce(c.count, -1) SET c.count = most",
    ),
)
"""What brings a database from version i to i + 1; a step that shipped is never edited."""


def migrate(server: Server) -> None:
    """Bring the database to this version. Raises StoreError for one that a newer Vidette wrote."""
    found = server.read(lambda transaction: one(transaction, "MATCH (v:Vidette) RETURN v.version AS version"))
    version = found["version"] if found else 0
    if version > len(STEPS):
        raise StoreError(
            f"written by a newer Vidette: its schema is version {version}, this one knows {len(STEPS)}; update Vidette"
        )
    for step in STEPS[version:]:
        for statement in step:
            server.run(statement)
    if version < len(STEPS):
        server.run("CALL db.awaitIndexes(300)")
        server.write(
            lambda transaction: do(transaction, "MERGE (v:Vidette) SET v.version = $version", version=len(STEPS))
        )
