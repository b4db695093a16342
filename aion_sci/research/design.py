"""A design: everything about the test of one hypothesis that is fixed before its evidence exists.

The points, the numerical settings, the test with its version and thresholds, the confidence, the
rule for runs that fail, the code and the seed are one frozen value with one hash. The verdict is a
function of the design and the runs at its points; nothing else can enter it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aion_sci.experiments import Value
from aion_sci.research.document import from_data
from aion_sci.research.hypothesis import Hypothesis, parse_hypothesis
from aion_sci.research.scope import Scope
from aion_sci.runs.spec import RunSpec, content_hash
from aion_sci.runs.study import Study

__all__ = ["LARGEST_EXCLUDED_SHARE", "Design", "part_confidence", "run_spec"]

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
    parts: tuple[Design, ...] = ()
    """Designs of the parts of a composite hypothesis, which has no points of its own."""

    @property
    def requests(self) -> list[dict[str, Value]]:
        """What the experiment is asked for, point by point."""
        own = [self.scope.request(point, self.settings) for point in self.points]
        return own + [request for part in self.parts for request in part.requests]

    @functools.cached_property
    def specs(self) -> tuple[RunSpec, ...]:
        """The runs that are this design's evidence, in the order of its points, without repeats."""
        return tuple({spec.id: spec for spec, _ in self._visits()}.values())

    @property
    def places(self) -> dict[str, Mapping[str, float]]:
        """The point of the box at which each run is, by the run's id."""
        return {spec.id: point for spec, point in self._visits()}

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of those runs."""
        return tuple(spec.id for spec in self.specs)

    def _visits(self) -> Iterator[tuple[RunSpec, Mapping[str, float]]]:
        for point in self.points:
            yield run_spec(self.scope, point, self.settings, self.code), point
        for part in self.parts:
            yield from part._visits()

    def study(self) -> Study:
        """The points as a study of today's code."""
        return Study.explicit(self.scope.experiment, self.requests)

    def to_json(self) -> dict[str, Any]:
        """Plain data; the hash is of everything else."""
        return {**self._content(), "hash": self.hash}

    def _content(self) -> dict[str, Any]:
        parts = {"parts": [part.to_json() for part in self.parts]} if self.parts else {}
        return {
            **parts,
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
            parts=tuple(cls.from_json(part) for part in data.get("parts", ())),
        )

    @functools.cached_property
    def hash(self) -> str:
        """The identity: what is registered before the evidence is made."""
        return content_hash(self._content())


def part_confidence(confidence: float, parts: int) -> float:
    """The confidence of each part's test, such that the joined verdict has ``confidence``."""
    return 1.0 - (1.0 - confidence) / parts


def run_spec(
    scope: Scope, point: Mapping[str, float], settings: Mapping[str, Value], code: str
) -> RunSpec:
    """The run at one point of the box, as made by a version of the code."""
    source = scope.source
    return replace(RunSpec.of(source, source.bind(scope.request(point, settings))), code=code)
