"""What a campaign leaves behind: a statement, its verdict, and all that is needed to check it.

A claim names the hypothesis that was frozen before its evidence, the design that was registered,
every run that was counted, and the version of the code that decided. Its id is the hash of that
content, so a claim cannot be edited and stay the same claim.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aion_sci.display import html_table
from aion_sci.errors import CorruptClaimError
from aion_sci.runs.spec import content_hash

__all__ = ["Claim", "interval_from_json", "interval_to_json"]

_ID_LENGTH = 12
_VERDICTS = ("supported", "refuted", "inconclusive")


@dataclass(frozen=True)
class Claim:
    """A decided hypothesis. Plain data: no number here was supplied by a language model."""

    statement: str
    """One English sentence."""
    kind: str
    """Kind of the hypothesis, such as ``power_law``."""
    verdict: str
    """``supported``, ``refuted`` or ``inconclusive``."""
    effect: float | None
    """Size of the effect that the kind defines; None where the runs gave none."""
    interval: tuple[float, float] | None
    """Confidence interval of the effect; an infinite end is open."""
    confidence: float
    """Level of the interval and of the verdict, such as 0.99."""
    question: str
    experiment: str
    hypothesis: Mapping[str, Any]
    """The frozen hypothesis as canonical data."""
    design: Mapping[str, Any]
    """The registered design as canonical data, with its hash and points."""
    runs: tuple[str, ...]
    """Ids of all runs that the verdict was computed from, excluded ones included."""
    campaign: str
    code: str
    """Version of the code that decided."""
    level: str = "tested"
    """How far the claim was taken: ``tested``, ``replicated`` or ``cross-engine``."""
    replicates: str | None = None
    """The claim of which this one is the replication."""

    def __post_init__(self) -> None:
        if self.verdict not in _VERDICTS:
            raise ValueError(f"verdict is '{self.verdict}', not one of {', '.join(_VERDICTS)}")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence is {self.confidence}, not between 0 and 1")
        if self.effect is not None and not math.isfinite(self.effect):
            raise ValueError(f"effect is {self.effect}; give None where there is none")
        if self.interval is not None and not self.interval[0] <= self.interval[1]:
            raise ValueError(f"interval {self.interval} does not run from low to high")

    @functools.cached_property
    def id(self) -> str:
        """``claim-`` and the first digits of the content's SHA-256."""
        return f"claim-{content_hash(self._content())[:_ID_LENGTH]}"

    def _repr_html_(self) -> str:
        shown = ("id", "statement", "verdict", "effect", "interval", "confidence", "level")
        return html_table((), [(name, str(getattr(self, name))) for name in shown])

    def to_json(self) -> dict[str, Any]:
        """The content of the claim's file; an open end of the interval is null."""
        return {"id": self.id, **self._content()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Claim:
        """Read what :meth:`to_json` wrote.

        Raises :class:`CorruptClaimError` where the content is incomplete or does not match its id.
        """
        try:
            content = dict(data)
            claimed = content.pop("id")
            content["interval"] = interval_from_json(content["interval"])
            content["runs"] = tuple(content["runs"])
            claim = cls(**content)
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptClaimError(f"not a claim: {error}; restore it from a copy") from error
        if claim.id != claimed:
            raise CorruptClaimError(
                f"{claimed} does not match its content, which hashes to {claim.id}: it was damaged "
                "or edited; restore it from a copy or ask its question again"
            )
        return claim

    def _content(self) -> dict[str, Any]:
        replicates = {} if self.replicates is None else {"replicates": self.replicates}
        return {
            **replicates,
            "statement": self.statement,
            "kind": self.kind,
            "verdict": self.verdict,
            "effect": self.effect,
            "interval": interval_to_json(self.interval),
            "confidence": self.confidence,
            "level": self.level,
            "question": self.question,
            "experiment": self.experiment,
            "hypothesis": dict(self.hypothesis),
            "design": dict(self.design),
            "runs": list(self.runs),
            "campaign": self.campaign,
            "code": self.code,
        }


def interval_to_json(interval: tuple[float, float] | None) -> list[float | None] | None:
    """An interval as plain data; an open end, which JSON cannot write, is null."""
    if interval is None:
        return None
    return [end if math.isfinite(end) else None for end in interval]


def interval_from_json(data: Sequence[float | None] | None) -> tuple[float, float] | None:
    """Read what :func:`interval_to_json` wrote."""
    if data is None:
        return None
    low, high = data
    return (-math.inf if low is None else float(low), math.inf if high is None else float(high))
