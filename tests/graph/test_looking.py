"""A file of version 3 goes on with what is known of its deep looks: what became of them, at no cost."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from graph import schema
from graph.embedded import EmbeddedStore
from vidette.looks import Cost, Costs, GateAudit, GateAudits, Verdicts
from vidette.queries import Segments

_AS_3 = """
INSERT INTO streams (id, name, kind, uri, start, start_from, width, height) VALUES ('yard', 'yard', 'file', 'x.mp4', 0, 'option', 0, 0);
INSERT INTO runs VALUES (1, 'fast', 'fast', '1', '', '{}');
INSERT INTO runs VALUES (2, 'deep', 'vlm', '1', '', '{}');
INSERT INTO names VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'o'), (6, 'p'), (7, 'import'), (8, 'k'), (9, 'l'), (10, 'm');
INSERT INTO segments VALUES (1, 'a', 'yard', 0, 10000, 0.0, 10.0, 14, '', '', 1);
INSERT INTO segments VALUES (2, 'b', 'yard', 10000, 20000, 10.0, 20.0, 14, '', '', 1);
INSERT INTO segments VALUES (3, 'c', 'yard', 20000, 30000, 20.0, 30.0, 14, '', '', 1);
INSERT INTO segments VALUES (4, 'd', 'yard', 30000, 40000, 30.0, 40.0, 14, '', '', 1);
INSERT INTO keyframes VALUES (8, 'k', 1, 1000, 1.0, 'aa', 'u', ''), (9, 'l', 2, 11000, 11.0, 'aa', 'u', ''), (10, 'm', 3, 21000, 21.0, 'aa', 'u', '');
INSERT INTO observations VALUES (5, 'o', 'yard', 'deep', NULL, 2, 0.0, 10.0, 10.0);
INSERT INTO observations VALUES (6, 'p', 'yard', 'deep', NULL, 2, 10.0, 20.0, 20.0);
INSERT INTO observations VALUES (7, 'import', 'yard', 'deep', NULL, 2, 0.0, 99.0, 99.0);
INSERT INTO coverage VALUES ('yard', 'deep', 0.0, 10.0, 0, 10000, 'watched', 'examined', '');
INSERT INTO coverage VALUES ('yard', 'deep', 10.0, 20.0, 10000, 20000, 'watched', 'failed', 'busy');
"""


def test_a_file_of_version_3(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    connection = sqlite3.connect(path)
    for step in (*schema.STEPS[:3], _AS_3):
        for statement in schema.statements(step):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 3")
    connection.commit()
    connection.close()
    store = EmbeddedStore(path)
    start = datetime(1970, 1, 1, tzinfo=UTC)
    cost = Cost(stream="yard", start=start, start_s=0.0, looks=2, examined=1, failed=1, pending=1, gated=1)
    assert store.read(Costs()) == [cost]
    assert store.read(GateAudits()) == [GateAudit(stream="yard", passed=3, examined=1, gated=1)]
    assert [row.gated for row in store.read(Segments())] == [False, False, False, True]
    assert store.read(Verdicts()) == []
    store.close()
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
    plain.close()
