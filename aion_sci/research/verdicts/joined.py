"""Verdicts on hypotheses made of others, by three-valued logic.

All of several is refuted by one refuted part and supported only when every part is; any of several
is the mirror image; not exchanges the two. An undecided part leaves open what it could change. The
effect is the number of parts that hold, its interval what it could be once the undecided are known.
"""

from __future__ import annotations

from collections.abc import Sequence

from aion_sci.research.composites import AllOf, AnyOf, Composite
from aion_sci.research.verdicts.finding import Finding, Verdict

__all__ = ["join"]

_OPPOSITE: dict[Verdict, Verdict] = {
    "supported": "refuted",
    "refuted": "supported",
    "inconclusive": "inconclusive",
}


def join(hypothesis: Composite, findings: Sequence[Finding]) -> Finding:
    """The verdict on a composite from those on its parts, in their order."""
    verdicts = [finding.verdict for finding in findings]
    excluded = tuple(dict.fromkeys(run for finding in findings for run in finding.excluded))
    notes = tuple(
        f"({i}) {part.kind}: {finding.verdict}" + "".join(f"; {note}" for note in finding.notes)
        for i, (part, finding) in enumerate(zip(hypothesis.parts, findings, strict=True), start=1)
    )
    if not isinstance(hypothesis, AllOf | AnyOf):
        (only,) = findings
        return Finding(
            _OPPOSITE[only.verdict], only.effect, only.interval, only.measure, notes, excluded
        )
    hold, open_ = verdicts.count("supported"), verdicts.count("inconclusive")
    least, most = float(hold), float(hold + open_)
    enough = len(findings) if isinstance(hypothesis, AllOf) else 1
    verdict: Verdict = (
        "supported" if least >= enough else "refuted" if most < enough else "inconclusive"
    )
    measure = f"parts that hold, of {len(findings)}"
    return Finding(verdict, least, (least, most), measure, notes, excluded)
