"""False discoveries on nothing: hypotheses that are all false, proposed by hostile planners.

A value of one under noise, read where a campaign would read it: nothing rises, differs or turns.
Each behaviour is somebody who wants a verdict:

* ``honest``: six hypotheses a campaign.
* ``reword``: the same claim six times a campaign, in slightly other numbers.
* ``switch``: the same claim about six observables, each with noise of its own.
* ``abandon``: a new campaign for the same claim until one supports it, twenty at most.

Nobody can peek: a verdict is computed once, when all runs of a frozen design are there. Designs and
tests are the real ones; only the readings are made up, so no simulation runs. What is counted is
the share of nulls whose support stands once all that was tested is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from aion_kernels.estimate import Estimate
from aion_sci.knowledge import Claim
from aion_sci.research.campaign import ERROR_RATE
from aion_sci.research.design import Design
from aion_sci.research.discoveries import standing
from aion_sci.research.fields import Margin
from aion_sci.research.hypothesis import Compare, Hypothesis, Monotone, Threshold
from aion_sci.research.layout import design_for
from aion_sci.research.planner import Plan
from aion_sci.research.question import Question, parse_question
from aion_sci.research.verdicts import decide
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.spec import RunSpec

__all__ = ["BEHAVIOURS", "NullResult", "false_discoveries"]

BEHAVIOURS = ("honest", "reword", "switch", "abandon")
_EACH = 6
_PERSISTENT = 20
_NOISE = 0.02
_QUESTION = """\
question: Is there anything?
experiment: cfd.taylor_green_2d
vary: {reynolds: {low: 10, high: 1000, scale: log}}
observe: decay_rate
budget: {runs: 24}
"""


@dataclass(frozen=True)
class NullResult:
    """What a behaviour got out of nothing."""

    behaviour: str
    nulls: int
    """Hypotheses, none of which is true."""
    supported: int
    """Supported by their own campaign."""
    standing: int
    """Supported, and standing once the whole store is counted."""

    @property
    def rate(self) -> float:
        """Share of nulls whose support stands."""
        return self.standing / self.nulls


def false_discoveries(behaviour: str, nulls: int = 1000, seed: int = 0) -> NullResult:
    """Let a behaviour loose on so many nulls, each campaign judged by the real tests."""
    rng = np.random.default_rng([seed, BEHAVIOURS.index(behaviour)])
    question = parse_question(_QUESTION)
    claims: list[Claim] = []
    while len(claims) < nulls:
        for number in range(_PERSISTENT if behaviour == "abandon" else 1):
            group = list(_group(behaviour, number, rng))[: nulls - len(claims)]
            made = [_tested(h, question, len(group), i, rng) for i, h in enumerate(group)]
            claims += [replace(c, campaign=f"{len(claims)}-{i}") for i, c in enumerate(made)]
            if any(claim.verdict == "supported" for claim in made) or len(claims) >= nulls:
                break
    supported = {claim.id for claim in claims if claim.verdict == "supported"}
    return NullResult(behaviour, len(claims), len(supported), len(supported & standing(claims)))


def _group(behaviour: str, number: int, rng: np.random.Generator) -> Iterator[Hypothesis]:
    """The hypotheses of one campaign, every one false of a constant."""
    of, along = "decay_rate", "reynolds"
    for i in range(_EACH if behaviour != "abandon" else 1):
        kind = int(rng.integers(3)) if behaviour == "honest" else number % 2
        at, than = (float(x) for x in rng.uniform(12, 900, 2))
        if behaviour == "reword":
            at, than = 50.0 + i, 500.0 + i
        match kind:
            case 0:
                yield Compare(of, {along: at}, {along: than}, Margin(0.0))
            case 1:
                yield Monotone(of, along, "increasing" if rng.random() < 0.5 else "decreasing")
            case _:
                yield Threshold(of, along, 1.0 + _NOISE, (min(at, than), max(at, than)))


def _tested(
    hypothesis: Hypothesis, question: Question, count: int, number: int, rng: np.random.Generator
) -> Claim:
    """The claim that a campaign of ``count`` hypotheses files about this one."""
    confidence = 1.0 - ERROR_RATE / count
    plan = Plan(question, (hypothesis,), 12, confidence, "exam", lambda point, settings: True)
    design = design_for(hypothesis, plan, np.random.default_rng(number))
    assert isinstance(design, Design), "every point is fresh here"
    finding = decide(design, [_noise(spec, rng) for spec in design.specs])
    return Claim(
        statement=hypothesis.statement(question.scope),
        kind=hypothesis.kind,
        verdict=finding.verdict,
        effect=finding.effect,
        interval=finding.interval,
        confidence=confidence,
        question=question.text,
        experiment=question.scope.experiment,
        hypothesis=hypothesis.to_json(),
        design={},
        runs=(),
        campaign="",
        code="exam",
    )


def _noise(spec: RunSpec, rng: np.random.Generator) -> Record:
    value = 1.0 + _NOISE * float(rng.normal())
    reading = Reading(Estimate(value, 0.0, _NOISE), "1")
    return Record(spec, "ok", "", {"decay_rate": reading}, 0.0)
