"""Places in traces, as W3C Trace Context writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from vidette.traces import Place, place_in, place_of

PLACES = st.builds(
    lambda trace_id, span_id: Place(trace_id=trace_id, span_id=span_id),
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
)


@given(PLACES)
def test_what_is_written_is_read(place):
    assert place_in(str(place)) == place


@given(PLACES)
def test_others_read_it_too(place):
    context = get_current_span(TraceContextTextMapPropagator().extract({"traceparent": str(place)})).get_span_context()
    assert (context.trace_id, context.span_id, context.trace_flags.sampled) == (place.trace_id, place.span_id, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"00-{'0' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
        f"ff-{'1' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'1' * 16}-01-more",
        f"00-{'A' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'1' * 16}-01\n",
        f"00-{'１' * 32}-{'1' * 16}-01",
        "00-" + "1" * 100_000,
    ],
)
def test_what_is_no_place_is_none(text):
    assert place_in(text) is None


def test_of_a_later_version_what_is_known_is_read():
    assert place_in(f"01-{'1' * 32}-{'2' * 16}-01-more") == Place(trace_id=int("1" * 32, 16), span_id=int("2" * 16, 16))


@given(st.text(max_size=80))
def test_no_text_breaks_it(text):
    place = place_in(text)
    assert place is None or place_in(str(place)) == place


@given(st.text(), st.text())
def test_an_observation_has_one_place_whoever_sends_it(one, other):
    assert place_of(one) == place_of(one)
    assert place_in(str(place_of(one))) == place_of(one)
    assert one == other or place_of(one).trace_id != place_of(other).trace_id
