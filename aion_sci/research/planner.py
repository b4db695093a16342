"""The interface of planners: they propose and design, as data, and never run anything.

A planner sees a question and the records of its pilot. What it returns passes the same checks
whoever wrote it, statistics or a language model; it supplies no number that a verdict is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from aion_sci.experiments import Value
from aion_sci.research.design import Design
from aion_sci.research.document import from_data
from aion_sci.research.hypothesis import Hypothesis, parse_hypothesis
from aion_sci.research.question import Question
from aion_sci.research.scope import Scope
from aion_sci.runs.record import Record

__all__ = ["Declined", "Plan", "Planner", "Proposal"]

Expected = Literal["supported", "refuted"] | None


@dataclass(frozen=True)
class Proposal:
    """A hypothesis, why it is put forward, and what its proposer expects."""

    hypothesis: Hypothesis
    rationale: str
    expected: Expected = None
    """A rival put up to be knocked down is expected to be refuted, and says so."""
    remarks: tuple[str, ...] = ()
    """What filed claims say about it, found when it was proposed."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "hypothesis": self.hypothesis.to_json(),
            "rationale": self.rationale,
            "expected": self.expected,
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], scope: Scope) -> Proposal:
        """Read what :meth:`to_json` wrote."""
        hypothesis = parse_hypothesis(from_data(data["hypothesis"]), scope)
        remarks = tuple(data.get("remarks", ()))
        return cls(hypothesis, data["rationale"], data["expected"], remarks)


@dataclass(frozen=True)
class Plan:
    """What the designs of a campaign have in common."""

    question: Question
    hypotheses: tuple[Hypothesis, ...]
    """All that will be tested: designs share points, and the error rate is split over them."""
    runs: int
    """Fresh runs that all designs together may use."""
    confidence: float
    """Of each single test, so that the campaign as a whole errs no more often than stated."""
    code: str
    fresh: Callable[[Mapping[str, float], Mapping[str, Value]], bool]
    """Whether the run at a point with these settings has not been made yet, and may be evidence."""


@dataclass(frozen=True)
class Declined:
    """Why no design can be made for a hypothesis."""

    reason: str


class Planner(Protocol):
    """Whoever proposes. ``rng`` is seeded by the question: it proposes the same again."""

    @property
    def name(self) -> str:
        """The planner's name, part of a campaign's identity."""
        ...

    def begin(self, question: Question, folder: Path) -> None:
        """Called once before anything else, with the campaign's folder."""
        ...

    def pilot(self, question: Question, rng: np.random.Generator) -> list[dict[str, float]]:
        """Points of the box for a first look."""
        ...

    def propose(
        self, question: Question, records: Sequence[Record], k: int, rng: np.random.Generator
    ) -> list[Proposal]:
        """At most ``k`` hypotheses suggested by the pilot's records, in the order to report."""
        ...

    def design(
        self, hypothesis: Hypothesis, plan: Plan, rng: np.random.Generator
    ) -> Design | Declined:
        """The test of one hypothesis; ``rng`` starts alike for each, so that they share points."""
        ...
