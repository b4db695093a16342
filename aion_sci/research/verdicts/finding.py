"""What a test finds: a verdict, an effect with its interval, and remarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from aion_sci.knowledge.claim import interval_from_json, interval_to_json

__all__ = ["Finding", "Interval", "Verdict", "inconclusive", "judge"]

Verdict = Literal["supported", "refuted", "inconclusive"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Finding:
    """The outcome of a test; plain data made by code alone."""

    verdict: Verdict
    effect: float | None
    interval: Interval | None
    measure: str
    """What the effect is: "exponent", "difference in W" and the like."""
    notes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    """Runs of the design that are no evidence, each with its reason."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "verdict": self.verdict,
            "effect": self.effect,
            "interval": interval_to_json(self.interval),
            "measure": self.measure,
            "notes": list(self.notes),
            "excluded": list(self.excluded),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Read what :meth:`to_json` wrote."""
        return cls(
            cast(Verdict, data["verdict"]),
            data["effect"],
            interval_from_json(data["interval"]),
            data["measure"],
            tuple(data["notes"]),
            tuple(data["excluded"]),
        )


def inconclusive(measure: str, *notes: str) -> Finding:
    """A finding without a number."""
    return Finding("inconclusive", None, None, measure, notes)


def judge(interval: Interval, accepted: Interval) -> Verdict:
    """Supported when all of the interval is accepted, refuted when none of it is."""
    if accepted[0] <= interval[0] and interval[1] <= accepted[1]:
        return "supported"
    if interval[1] < accepted[0] or accepted[1] < interval[0]:
        return "refuted"
    return "inconclusive"
