"""Which verdicts of a store stand when all that was ever tested in it is counted?

Each campaign holds its own error to five per cent. Somebody who asks a hundred campaigns about
nothing will still file a few false verdicts, and a planner may abandon what fails and ask again in
other words. So the store is looked at as a whole. A verdict of a test at level α is worth an
e-value of 1/α, and an undecided one is worth nothing: under the null its mean is at most one. The
e-BH procedure (Wang & Ramdas 2022, doi 10.1111/rssb.12489) lets the k largest of m e-values stand
where the least of them is at least m/(0.05 k). Of what stands, at most five per cent is false in
the mean, however the hypotheses depend on each other and on what was seen before.
"""

from __future__ import annotations

from collections.abc import Iterable

from aion_sci.knowledge import Claim

__all__ = ["FALSE_SHARE", "standing"]

FALSE_SHARE = 0.05
"""Of the verdicts that stand, at most this share is false in the mean."""


def standing(claims: Iterable[Claim], untested: int = 0) -> set[str]:
    """The ids of the claims that stand; ``untested`` counts hypotheses that were declined."""
    filed = list(claims)
    values = {c.id: 0.0 if c.verdict == "inconclusive" else _evidence(c) for c in filed}
    ordered = sorted(values, key=lambda claim: -values[claim])
    tested, most = len(filed) + untested, 0
    for k, claim in enumerate(ordered, start=1):
        if values[claim] > 0 and values[claim] * k >= tested / FALSE_SHARE * (1 - 1e-9):
            most = k
    return set(ordered[:most])


def _evidence(claim: Claim) -> float:
    return 1.0 / (1.0 - claim.confidence)
