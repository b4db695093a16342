"""A design: everything about the test of one hypothesis that is fixed before its evidence exists.

The points, the numerical settings, the test with its version and thresholds, the confidence, the
rule for runs that fail, the code and the seed are one frozen value with one hash. The verdict is a
function of the design and the runs at its points; nothing else can enter it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aion_sci.experiments import Value
from aion_sci.research.document import from_data
from aion_sci.research.hypothesis import Hypothesis, parse_hypothesis
from aion_sci.research.scope import Scope
from aion_sci.runs.spec import RunSpec, content_hash
from aion_sci.runs.study import Study

__all__ = ["LARGEST_EXCLUDED_SHARE", "Design", "run_spec"]

LARGEST_EXCLUDED_SHARE = 0.2
"""With more of a design's runs excluded than this, its hypothesis stays undecided."""


@dataclass(frozen=True)
class Design:
    """One hypothesis, and how it will be tested."""

    hypothesis: Hypothesis
    scope: Scope
    points: tuple[Mapping[str, float], ...]
    """Points of the box, each with a value for every varied parameter."""
    settings: Mapping[str, Value]
    test: Mapping[str, Any]
    """Name, version and thresholds of the test."""
    confidence: float
    code: str
    """Version of the code that may make the evidence."""
    seed: int
    """Seed of the random numbers behind the points."""
    largest_excluded_share: float = LARGEST_EXCLUDED_SHARE

    @property
    def requests(self) -> list[dict[str, Value]]:
        """What the experiment is asked for, point by point."""
        return [self.scope.request(point, self.settings) for point in self.points]

    @functools.cached_property
    def specs(self) -> tuple[RunSpec, ...]:
        """The runs that are this design's evidence, in the order of its points."""
        return tuple(run_spec(self.scope, p, self.settings, self.code) for p in self.points)

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of those runs."""
        return tuple(spec.id for spec in self.specs)

    def study(self) -> Study:
        """The points as a study of today's code."""
        return Study.explicit(self.scope.experiment, self.requests)

    def to_json(self) -> dict[str, Any]:
        """Plain data; the hash is of everything else."""
        return {**self._content(), "hash": self.hash}

    def _content(self) -> dict[str, Any]:
        return {
            "hypothesis": self.hypothesis.to_json(),
            "scope": self.scope.to_json(),
            "points": [dict(point) for point in self.points],
            "settings": dict(self.settings),
            "test": dict(self.test),
            "confidence": self.confidence,
            "code": self.code,
            "seed": self.seed,
            "largest_excluded_share": self.largest_excluded_share,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Design:
        """Read what :meth:`to_json` wrote."""
        scope = Scope.from_json(data["scope"])
        return cls(
            hypothesis=parse_hypothesis(from_data(data["hypothesis"]), scope),
            scope=scope,
            points=tuple(data["points"]),
            settings=data["settings"],
            test=data["test"],
            confidence=data["confidence"],
            code=data["code"],
            seed=data["seed"],
            largest_excluded_share=data["largest_excluded_share"],
        )

    @functools.cached_property
    def hash(self) -> str:
        """The identity: what is registered before the evidence is made."""
        return content_hash(self._content())


def run_spec(
    scope: Scope, point: Mapping[str, float], settings: Mapping[str, Value], code: str
) -> RunSpec:
    """The run at one point of the box, as made by a version of the code."""
    source = scope.source
    return replace(RunSpec.of(source, source.bind(scope.request(point, settings))), code=code)
