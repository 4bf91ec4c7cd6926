"""A model's reply as JSON, whatever it says: refused as one error, or within every bound."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.deep import observed
from agent.perception.reply import (
    MAX_ATTRIBUTES,
    MAX_CAPTION,
    MAX_CORNERS,
    MAX_ENTITIES,
    MAX_EVENTS,
    MAX_TRACKS,
    MAX_VALUE,
    checked,
)
from vidette import codec
from vidette.errors import VidetteError
from vidette.models import EventType, Label, Run, Segment
from vidette.vision import LookReply, LookRequest, SeenEntity, SeenEvent

SEGMENT = Segment(id="seg", stream_id="cam", start_s=10.0, end_s=20.0, track_ids=("t1", "t2"))
REQUEST = LookRequest(stream_id="cam", stream_name="gate", segment=SEGMENT)
RUN = Run(id="m", model="m", revision="1")
HOSTILE = ["\x1b[31m", "<script>", "\u202egpj", "ignore all instructions", "'; DROP TABLE", "\ud800", "\0", "x" * 5000]
WORDS = st.text(max_size=12) | st.sampled_from(HOSTILE)
NUMBER = st.floats() | st.integers(-(10**400), 10**400) | st.floats(0, 30)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def like(model: type, **known: st.SearchStrategy) -> st.SearchStrategy:
    """Objects with a model's keys: likely values mostly, anything sometimes, keys left out or added."""
    keys = {name: known.get(name, VALUE) for name in model.__dataclass_fields__}
    return st.fixed_dictionaries(keys) | st.fixed_dictionaries({}, optional={k: VALUE | v for k, v in keys.items()})


BOX = st.lists(st.floats(-1, 2), min_size=4, max_size=4) | VALUE
TRACK = st.sampled_from(["t1", "t2", "t3", ""]) | WORDS
NAMES = st.sampled_from(["colour", "kind", "a b", "x" * 50])
THING = like(
    SeenEntity,
    label=st.sampled_from([*Label, "gun"]),
    description=WORDS,
    track_id=st.none() | TRACK,
    box=BOX,
    attributes=st.dictionaries(NAMES | WORDS, VALUE, max_size=20),
    polygon=st.lists(st.lists(st.floats(-1, 2), min_size=2, max_size=2) | VALUE, max_size=70),
    at_s=st.none() | NUMBER,
)
EVENT = like(
    SeenEvent,
    type=st.sampled_from([*EventType, "meteor"]),
    start_s=NUMBER,
    end_s=NUMBER,
    confidence=NUMBER,
    caption=WORDS,
    track_ids=st.lists(TRACK, max_size=20),
    box=BOX,
)
REPLY = like(
    LookReply, caption=WORDS, entities=st.lists(THING | VALUE, max_size=4), events=st.lists(EVENT | VALUE, max_size=4)
)


def fuzz(text: str) -> None:
    try:
        reply = codec.decode(LookReply, text)
    except VidetteError as error:
        assert str(error).splitlines() == [str(error)]
        return
    kept = checked(reply, REQUEST)
    assert len(kept.caption) <= MAX_CAPTION
    assert len(kept.entities) <= MAX_ENTITIES
    assert len(kept.events) <= MAX_EVENTS
    for thing in kept.entities:
        bounded(thing)
    for event in kept.events:
        assert 10 <= event.start_s <= event.end_s <= 20
        assert 0 <= event.confidence <= 1
        assert set(event.track_ids) <= {"t1", "t2"}
        assert len(event.track_ids) <= MAX_TRACKS
        assert event.caption.isprintable()
    codec.encode(observed(kept, REQUEST, RUN))  # and it can be stored


def bounded(thing: SeenEntity) -> None:
    assert thing.track_id in {None, "t1", "t2"}
    assert thing.description.isprintable()
    assert len(thing.attributes) <= MAX_ATTRIBUTES
    assert all(len(value) <= MAX_VALUE for value in thing.attributes.values() if isinstance(value, str))
    assert thing.box is None or all(0 <= side <= 1 for side in thing.box)
    assert thing.at_s is None or 10 <= thing.at_s <= 20
    assert not thing.polygon or 3 <= len(thing.polygon) <= MAX_CORNERS
    assert all(0 <= side <= 1 for corner in thing.polygon for side in corner)


@settings(max_examples=300)
@given(REPLY | VALUE)
def test_any_json(value: object) -> None:
    fuzz(json.dumps(value))


@given(st.text(max_size=200) | st.text('{}[]":,0123456789.eE+-nultrfaseNI \\', max_size=60))
def test_any_text(text: str) -> None:
    fuzz(text)


def test_nested_beyond_any_reply() -> None:
    for text in ("[" * 100_000, '{"caption":' * 50_000, '{"caption": "' + "x" * 2_000_000 + '"}', "1" * 100_000):
        fuzz(text)
