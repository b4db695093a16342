"""Which claims stand once all that was tested is counted: e-BH, by hand."""

from __future__ import annotations

from aion_sci.knowledge import Claim
from aion_sci.research.discoveries import standing


def claim(number: int, verdict: str = "supported", confidence: float = 0.99) -> Claim:
    return Claim(
        f"claim {number}", "equals", verdict, 0.0, (0.0, 0.0), confidence, "?", "toy.wire",
        {}, {}, (), f"campaign-{number}", "1",
    )  # fmt: skip


def test_alone_a_verdict_stands_at_its_own_level():
    assert standing([claim(0, confidence=0.95)]) == {claim(0, confidence=0.95).id}
    assert standing([claim(0, confidence=0.9)]) == set()
    assert standing([]) == set()


def test_the_undecided_and_the_untested_count_against_the_rest():
    """One verdict at 1 % is worth 100: enough beside four others (5 / 0.05), not beside five."""
    undecided = [claim(i, "inconclusive") for i in range(1, 6)]
    assert len(standing([claim(0), *undecided[:4]])) == 1
    assert standing([claim(0), *undecided]) == set()
    assert standing([claim(0), *undecided[:4]], untested=1) == set()


def test_many_verdicts_carry_each_other():
    assert len(standing([claim(i) for i in range(200)])) == 200


def test_refuted_claims_are_verdicts_too():
    assert len(standing([claim(0, "refuted")])) == 1
