import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidette import codec
from vidette.errors import StoreError
from vidette.models import Assertion, DeepState, EventType, Evidence, FastState, Role, Run
from vidette.rows import CoverageRow
from vidette.streams import Stream, Zone

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
SAID = st.builds(
    Assertion,
    id=TEXT,
    stream_id=TEXT,
    look=st.sampled_from(["fast", "deep"]),
    run_id=TEXT,
    type=st.sampled_from(EventType),
    start_s=FINITE,
    end_s=st.none() | FINITE,
    confidence=st.floats(0, 1),
    caption=TEXT,
    box=st.none() | st.tuples(FINITE, FINITE, FINITE, FINITE),
    roles=st.lists(st.builds(Role, role=TEXT, track_id=st.none() | TEXT), max_size=2).map(tuple),
    evidence=st.lists(
        st.builds(
            Evidence,
            kind=st.sampled_from(["keyframe", "snapshot", "clip"]),
            sha256=TEXT,
            uri=TEXT,
            pts_s=FINITE,
            box=st.none(),
        ),
        max_size=2,
    ).map(tuple),
    attributes=st.dictionaries(TEXT, st.none() | st.booleans() | TEXT, max_size=2),
    of=st.none() | TEXT,
)


@given(SAID)
def test_what_is_written_is_read(said: Assertion) -> None:
    assert codec.decode(Assertion, codec.encode(said)) == said


def test_instants_come_back_as_they_were() -> None:
    zone = Zone(id="z", name="gate", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    stream = Stream(id="s", name="yard", kind="file", uri="x", start=start, zones=(zone,))
    assert codec.decode(Stream, codec.encode(stream)) == stream


@pytest.mark.parametrize("data", [b"", b"[]", b'{"id": "r"}', b'{"id": 5, "model": "m", "revision": "1"}', b"\xff"])
def test_what_is_no_model_is_an_error_of_one_line(data: bytes) -> None:
    with pytest.raises(StoreError, match="not a Run") as caught:
        codec.decode(Run, data)
    assert "\n" not in str(caught.value)


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(StoreError, match="not Unicode"):
        codec.encode(Run(id="\ud800", model="m", revision="1"))


def test_instants_are_utc_with_milliseconds_only_where_there_are_any() -> None:
    paris = timezone(timedelta(hours=2))
    assert codec.instant(datetime(2026, 7, 1, 14, 0, tzinfo=paris)) == "2026-07-01T12:00:00Z"
    assert codec.instant(datetime(2026, 7, 1, 14, 0, 0, 250_000, tzinfo=paris)) == "2026-07-01T12:00:00.250Z"


def test_a_row_leaves_out_what_is_unknown() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = CoverageRow(
        stream="café", start=at, end=at, start_s=0.12349, end_s=1, state=FastState.WATCHED, deep=DeepState.GATED
    )
    assert json.loads(codec.line(row)) == {
        "stream": "café",
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-01-01T00:00:00Z",
        "start_s": 0.123,
        "end_s": 1,
        "state": "watched",
        "deep": "gated",
    }
    assert "\n" not in codec.line(row)
