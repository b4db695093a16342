"""The planner's own exam: forty campaigns on planted curves, graded against the curves themselves.

Each curve is an offset, a power and a ripple, with and without noise. The planner sees only its
pilot. What it claims is checked on two thousand points of the true curve.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import pytest

from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.engine import conduct
from aion_sci.research.hypothesis import (
    Equals,
    Extremum,
    Hypothesis,
    Monotone,
    NoEffect,
    PowerLaw,
    Threshold,
)
from aion_sci.research.question import parse_question

ASKED = """\
question: How does the response of wire {number} grow with the drive?
experiment: toy.wire
vary: {{drive: {{low: 1, high: 1e4, scale: log}}}}
fixed: {{friction: {friction}}}
observe: response
budget: {{runs: 24}}
"""
DRIVES = np.geomspace(1.0, 1e4, 2001)


@dataclass(frozen=True)
class Curve:
    """offset + 2 xᵃ (1 + ripple · sin(pitch · log₁₀ x))."""

    offset: float
    power: float
    ripple: float
    pitch: float

    def __call__(self, point) -> float:
        x = point["drive"]
        wave = 1 + self.ripple * math.sin(self.pitch * math.log10(x))
        return self.offset + 2 * x**self.power * wave

    def holds(self, hypothesis: Hypothesis) -> bool:
        """Whether a claim is true of the whole curve."""
        values = np.array([self({"drive": x}) for x in DRIVES])
        match hypothesis:
            case Monotone():
                steps = np.diff(values) * (1 if hypothesis.direction == "increasing" else -1)
                return bool(np.all(steps > 0))
            case Equals():
                error = abs(self(hypothesis.at) - hypothesis.value)
                return error <= hypothesis.tolerance.around(hypothesis.value)
            case Threshold():
                sides = [self({"drive": x}) > hypothesis.level for x in hypothesis.at]
                return sides[0] != sides[1]
            case NoEffect():
                return bool(np.ptp(values) <= hypothesis.within * abs(values.mean()))
            case Extremum():
                best = values.argmax() if hypothesis.extreme == "maximum" else values.argmin()
                return bool(hypothesis.at[0] <= DRIVES[best] <= hypothesis.at[1])
            case PowerLaw():
                x, y = np.log(DRIVES), np.log(np.abs(values))
                slope, intercept = np.polyfit(x, y, 1)
                low, high = hypothesis.exponent
                # A quarter over the test's limit: a dozen points bend a line less than thousands.
                limit = 1.25 * max(0.01, min(math.log(1.1), 0.1 * np.ptp(y)))
                departure = np.abs(y - slope * x - intercept).max()
                return bool(low <= slope <= high and departure <= limit)
        raise AssertionError(hypothesis)


@pytest.mark.slow
def test_forty_campaigns(store, laboratory):
    """No false claim is supported; of the true ones, at most a tenth are refuted or left open.

    A tenth is the target of the loop's exam; noise of 1 % on a third of the curves is what leaves
    claims open.
    """
    draw = random.Random(5)
    graded: list[tuple[bool, str]] = []
    for number in range(40):
        curve = Curve(
            offset=draw.choice([0.0, 0.0, 1.0, 5.0]),
            power=draw.choice([0.3, -0.5, 1.0, 0.05, 0.0]),
            ripple=draw.choice([0.0, 0.0, 0.02, 0.3]),
            pitch=draw.uniform(0.5, 3.0),
        )
        noise = draw.choice([0.0, 0.0, 0.01])
        draws = random.Random(number)
        run = laboratory(
            store,
            curve,
            discretisation=1e-3,
            sampling=noise,
            noise=(lambda draws=draws: draws.gauss(0.0, 1.0)) if noise else None,
        )
        # Another friction makes other runs, so that each curve has all of its points fresh.
        question = parse_question(ASKED.format(number=number, friction=number / 40))
        result = conduct(question, store=store, run=run, planner=BayesPlanner())
        assert len(result.records) <= question.budget.runs
        for answer in result.answers:
            graded.append((curve.holds(answer.design.hypothesis), answer.finding.verdict))
    assert len(graded) > 120
    assert (False, "supported") not in graded
    true = [verdict for holds, verdict in graded if holds]
    assert true.count("supported") >= 0.9 * len(true)
    assert true.count("refuted") == 0
    false = [verdict for holds, verdict in graded if not holds]
    assert false.count("refuted") >= 0.9 * len(false)
