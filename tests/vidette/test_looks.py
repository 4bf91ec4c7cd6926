"""What audits tell of a gate: arithmetic that holds for all counts, and an interval that holds the truth."""

import random

from hypothesis import given
from hypothesis import strategies as st

from vidette.looks import GateAudit


@st.composite
def audits(draw: st.DrawFn) -> GateAudit:
    passed, gated = draw(st.integers(0, 500)), draw(st.integers(0, 5000))
    examined, audited = draw(st.integers(0, passed)), draw(st.integers(0, gated))
    found, missed = draw(st.integers(0, examined)), draw(st.integers(0, audited))
    counts = {"passed": passed, "examined": examined, "found": found, "gated": gated}
    return GateAudit(stream="yard", audited=audited, missed=missed, **counts)


@given(audits())
def test_the_likeliest_recall_lies_in_its_interval(audit: GateAudit) -> None:
    if audit.recall is None:
        assert not audit.audited or not audit.examined or not audit.found + audit.missed
        return
    likeliest, low, high = audit.recall
    assert 0 <= low <= likeliest <= high <= 1
    assert likeliest == 1 or audit.missed
    assert likeliest or not audit.found


def test_a_gate_that_lets_everything_through_misses_nothing() -> None:
    audit = GateAudit(stream="yard", passed=100, examined=100, found=50, gated=1000, audited=1000)
    assert audit.recall is not None
    assert audit.recall[0] == audit.recall[2] == 1.0
    assert audit.recall[1] > 0.9


def test_the_interval_holds_the_truth_nearly_always() -> None:
    rng = random.Random(7)
    passed, gated, rate = 400, 4000, 0.02
    held = 0
    for _ in range(400):
        lost = [rng.random() < rate for _ in range(gated)]
        drawn = rng.sample(lost, 200)
        audit = GateAudit(
            stream="yard", passed=passed, examined=passed, found=300, gated=gated, audited=200, missed=sum(drawn)
        )
        assert audit.recall is not None
        held += audit.recall[1] <= 300 / (300 + sum(lost)) <= audit.recall[2]
    assert held >= 0.92 * 400
