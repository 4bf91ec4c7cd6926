"""Memory of a back-test answers as the store does, whatever is written in whatever order."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from rules.backtest_patterns import Lasting, Recollection
from vidette.alerts import Judgement
from vidette.matches import LeafMatch, Match, PatternChange, PatternState, Said
from vidette.remembering import LeafMatches, LeafMatchesOf, Patterns, SaidOfRule

NAMES = st.sampled_from(["a", "b", "c"])
RULES = st.sampled_from(["one", "two"])


@st.composite
def matches(draw):
    name, start = draw(NAMES), draw(st.integers(0, 50))
    end = draw(st.none() | st.integers(0, 30))
    return Match(id=name, start=start, end=None if end is None else start + end, streams=("yard",), events=(name,))


@st.composite
def judgements(draw):
    rule = draw(RULES)
    leaf = LeafMatch(
        rule=rule, version="1", leaf=draw(st.integers(0, 1)), id=draw(NAMES), match=draw(st.none() | matches())
    )
    if leaf.match is not None:
        leaf = LeafMatch(rule=rule, version="1", leaf=leaf.leaf, id=leaf.match.id, match=leaf.match)
    said = Said(id=draw(NAMES), match=draw(st.none() | matches()), alert=draw(st.none() | NAMES))
    state = PatternState(rule=rule, version="1", state="{}", wake=draw(st.none() | st.integers(0, 60)))
    return Judgement(patterns=(PatternChange(state=state, said=(said,)),), leaves=(leaf,))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(written=st.lists(judgements(), max_size=12), since=st.integers(0, 80), ids=st.sets(NAMES))
def test_answers_as_the_store_does(written, since, ids):
    store, memory = EmbeddedStore(":memory:"), Recollection()
    for one in written:
        store.amend(lambda _read, one=one: one)
        memory.write(one)
    asked = [Patterns(), Patterns(rules=("two",)), Patterns(due=since), LeafMatchesOf(ids=tuple(sorted(ids)))]
    for rule in ("one", "two"):
        asked += [LeafMatches(rule=rule, version="1", since=since)]
        asked += [SaidOfRule(rule=rule, version="1", since=since), SaidOfRule(rule=rule, version="1", alert="a")]
    for query in asked:
        found, stored = memory.answers[type(query)](query), store.read(query)
        if isinstance(query, LeafMatches | LeafMatchesOf):  # one event may fit several leaves, in any order
            assert sorted(found, key=repr) == sorted(stored, key=repr)
        else:
            assert found == stored
    store.close()


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "pop", "drop"]), st.integers(0, 5), st.integers(0, 20)), max_size=30
    ),
    moment=st.integers(0, 20),
)
def test_what_lasts_is_what_a_plain_map_says(steps, moment):
    lasting, plain = Lasting(), {}
    for what, key, until in steps:
        if what == "put":
            lasting[key] = until, (key, until)
            plain[key] = until
        elif what == "pop":
            assert lasting.pop(key) == ((key, plain.pop(key)) if key in plain else None)
        else:
            gone = [one for one, last in plain.items() if last < until]
            assert sorted(lasting.drop(until)) == sorted(gone)
            for one in gone:
                del plain[one]
    assert sorted(lasting.since(moment)) == sorted((key, until) for key, until in plain.items() if until >= moment)
    for key in range(6):
        assert lasting.get(key) == ((key, plain[key]) if key in plain else None)
