"""Conditions of rules of every kind, as they are written, for hypothesis: all that the settings accept."""

from hypothesis import strategies as st

from vidette.models import EventType, Label

NAMES = st.sampled_from(["gate", "yard", "door", "Größe", "a b"])
WORDS = st.one_of(NAMES, st.text(min_size=1, max_size=4))
SECONDS = st.sampled_from([0.5, 3, 60, 600, 86_400 * 40])
CLOCKS = st.sampled_from(["00:00", "08:00", "09:30", "22:00", "24:00"])
SAME = st.sampled_from(["", "thing", "stream", "zone"])
DAYS = st.lists(st.sampled_from(["mon", "tue", "sat", "sun", "mon-fri", "fri-mon", "holiday"]), max_size=3)


def _some(**keys):
    """A mapping with any of these keys."""
    return st.fixed_dictionaries({}, optional=keys)


def _one_or_more(values):
    return st.one_of(values, st.lists(values, max_size=3, unique=True))


HOURS = _some(**{"days": DAYS, "from": CLOCKS, "to": CLOCKS, "tz": st.sampled_from(["", "Europe/Paris", "UTC"])})
LEAVES = _some(
    event=_one_or_more(st.sampled_from([str(one) for one in EventType])),
    label=_one_or_more(st.sampled_from([str(one) for one in Label])),
    attributes=st.dictionaries(WORDS, _one_or_more(WORDS), max_size=3),
    caption=st.one_of(st.text(max_size=20), NAMES),
    zone=_one_or_more(NAMES),
    line=_one_or_more(NAMES),
    direction=st.sampled_from(["", "forward", "backward"]),
    stream=_one_or_more(NAMES),
    confidence=st.floats(0, 1),
    for_s=SECONDS,
)
ASKS = st.builds(
    lambda ask, more: {"ask": ask, **more},
    st.one_of(st.text("ab?“{_\u202e", min_size=1, max_size=9), st.just("Is the gate open?")),
    _some(stream=_one_or_more(NAMES), confidence=st.floats(0, 1), for_s=SECONDS),
)
_BOUNDS = st.one_of(
    st.builds(lambda n: {"at_least": n}, st.sampled_from([0.5, 1, 2, 8])),
    st.builds(lambda n: {"at_most": n}, st.sampled_from([0, 1, 2.5])),
)


def _inside(part):
    def made(required, optional=None):
        return st.fixed_dictionaries(required, optional=optional or {})

    counted = st.builds(
        lambda a, b: {**a, **b}, made({"count": part}, {"within_s": SECONDS, "for_s": SECONDS}), _BOUNDS
    )
    rated = st.builds(
        lambda a, b: {**a, **b},
        made({"rate": part, "within_s": SECONDS}, {"per_s": SECONDS, "for_s": SECONDS}),
        _BOUNDS,
    )
    together = st.builds(
        lambda parts, none, more: {"all": [*parts, *({"not": one} for one in none)], **more},
        st.lists(part, min_size=1, max_size=2),
        st.lists(part, min_size=1, max_size=2),
        _some(within_s=SECONDS, same=SAME, for_s=SECONDS),
    )
    return st.one_of(
        counted,
        rated,
        made({"in_order": st.lists(part, min_size=2, max_size=3), "within_s": SECONDS}, {"same": SAME}),
        made({"absence": part, "for_s": SECONDS}),
        made({"absence": part, "between": HOURS}),
        together,
        made({"all": st.lists(part, min_size=2, max_size=3)}, {"within_s": SECONDS, "same": SAME}),
        made({"any": st.lists(part, min_size=1, max_size=3)}, {"for_s": SECONDS}),
    )


CONDITIONS = st.recursive(
    st.one_of(LEAVES, ASKS.filter(lambda said: any(letter.isalnum() for letter in said["ask"]))), _inside, max_leaves=6
)
