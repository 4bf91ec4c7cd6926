"""What full-text search finds is what rows say, whatever a transaction did to them."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import schema, words
from graph.embedded import EmbeddedStore
from vidette.errors import StoreError
from vidette.models import Assertion, EventType, Observation, Run, Segment
from vidette.queries import Events, Filter, Segments
from vidette.streams import Stream

FAST, DEEP = Run(id="fast", model="fast", revision="1"), Run(id="deep", model="vlm", revision="1")
YARD = Stream(id="yard", name="yard", kind="file", uri="x", start=datetime(2026, 3, 1, tzinfo=UTC))


def check(connection: sqlite3.Connection) -> None:
    """Each index holds exactly the words of its rows (sqlite.org/fts5.html §6.8), and nothing is left to do."""
    for thing in ("event", "segment"):
        connection.execute(f"INSERT INTO {thing}_words ({thing}_words, rank) VALUES ('integrity-check', 1)")
        assert connection.execute(f"SELECT count(*) FROM {thing}_news").fetchone()[0] == 0


def said(id_: str, start: float, caption: str, **more: object) -> Assertion:
    given_ = {"look": "fast", "run_id": "fast", "of": id_, "confidence": 0.5, "type": EventType.LOITERING}
    return Assertion(id=id_, stream_id="yard", start_s=start, end_s=start + 5, caption=caption, **{**given_, **more})  # type: ignore[arg-type]  # by name


def observation(number: int, *assertions: Assertion, caption: str = "", deep: bool = False) -> Observation:
    segment = Segment(id="s", stream_id="yard", start_s=0, end_s=30, caption=caption)
    return Observation(
        id=f"{'deep' if deep else 'fast'}{number}",
        stream_id="yard",
        look="deep" if deep else "fast",
        run=DEEP if deep else FAST,
        start_s=0,
        end_s=30,
        sequence=None if deep else number,
        assertions=assertions,
        segments=(segment,),
    )


def test_words_follow_what_is_said(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "v.db")

    def found(text: str) -> list[str]:
        with sqlite3.connect(tmp_path / "v.db") as plain:
            check(plain)
        plain.close()
        return [one.id for one in store.read(Events(where=Filter(text=text)))]

    store.open_stream(YARD)
    looked = said("d", 40, "smoke rises", look="deep", run_id="deep", of=None)
    store.settle(observation(1, looked, caption="a quiet yard", deep=True))
    assert found("smoke") == ["d"]  # it founded an event
    store.settle(observation(0, said("a", 41, "somebody waits")))
    assert found("smoke") == ["a"]  # which is one with what was seen
    assert found("waits") == ["a"]
    store.settle(observation(1, said("b", 41, "somebody leaves", of="a"), caption="busy"))
    assert (found("waits"), found("leaves")) == ([], ["a"])
    assert [one.id for one in store.read(Segments(where=Filter(text="quiet")))] == ["s"]
    store.open_stream(YARD, again=True)
    assert found("smoke") == ["d"]
    store.close()


def test_what_is_rolled_back_is_not_found(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "v.db")
    store.open_stream(YARD)
    store.settle(observation(0, said("a", 1, "somebody waits")))
    with pytest.raises(StoreError):
        store.settle(observation(1, said("b", 9, "a dog"), said("c", 9, "a cat", of="a", type=EventType.RUNNING)))
    assert store.read(Events(where=Filter(text="dog"))) == []
    with sqlite3.connect(tmp_path / "v.db") as plain:
        check(plain)
    plain.close()
    store.close()


STEPS = st.lists(
    st.tuples(st.sampled_from(("put", "say", "drop", "index")), st.integers(1, 4), st.sampled_from(("dog", "cat", ""))),
    max_size=25,
)


@given(STEPS)
def test_any_order_of_changes(steps: list[tuple[str, int, str]]) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    connection.execute("INSERT INTO streams VALUES ('yard', 'yard', 'file', 'x', 0, 'option', NULL, 0, 0, 0, 0, 0)")
    put = "INSERT OR IGNORE INTO segments VALUES (?, 's', 'yard', 0, 1, 0.0, 1.0, 1, '', ?, 1, 0, NULL)"
    for step, seq, text in steps:
        if step == "put":
            connection.execute(put, (seq, text))
        elif step == "say":
            connection.execute("UPDATE segments SET words = ? WHERE seq = ?", (text, seq))
        elif step == "drop":
            connection.execute("DELETE FROM segments WHERE seq = ?", (seq,))
        else:
            words.index(connection)
    words.index(connection)
    check(connection)
    connection.close()
