"""Replaying a claim: does the same evidence still say the same, and would new runs?

A claim carries its design, so its verdict can be computed again. From the store: the run folders
are re-hashed, the campaign's log is verified and must show that the design was registered before
its evidence ran, and the verdict is recomputed. From fresh simulations: the same points are run
anew, with today's code, and compared with the stored runs value by value before the verdict is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aion_sci.errors import CorruptClaimError
from aion_sci.knowledge import Claim, KnowledgeStore
from aion_sci.knowledge.claim import interval_to_json
from aion_sci.research.design import Design
from aion_sci.research.engine import Run
from aion_sci.research.log import Event, verify_log
from aion_sci.research.replicate import replication_log
from aion_sci.research.verdicts import Finding, decide
from aion_sci.research.verdicts.finding import Interval
from aion_sci.runs.agreement import disagreement
from aion_sci.runs.folder import find_run
from aion_sci.runs.record import Record

__all__ = ["ReplayResult", "replay"]

_Effect = tuple[float | None, Interval | None]


@dataclass(frozen=True)
class ReplayResult:
    """What a claim said, what it says now, and every difference found on the way."""

    claim: Claim
    now: Finding
    differences: tuple[str, ...]
    rerun: bool
    """Whether the verdict comes from fresh simulations rather than from stored runs."""

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    @property
    def verdict_then(self) -> str:
        """The verdict that was filed."""
        return self.claim.verdict

    @property
    def verdict_now(self) -> str:
        """The verdict as computed again."""
        return self.now.verdict

    def to_json(self) -> dict[str, Any]:
        """The object that ``aion replay --json`` prints."""
        return {
            "claim": self.claim.id,
            "agrees": self.agrees,
            "rerun": self.rerun,
            "verdict_then": self.verdict_then,
            "verdict_now": self.verdict_now,
            "effect_then": self.claim.effect,
            "effect_now": self.now.effect,
            "interval_then": interval_to_json(self.claim.interval),
            "interval_now": interval_to_json(self.now.interval),
            "differences": list(self.differences),
        }


def replay(claim_id: str, store: KnowledgeStore, *, rerun: Run | None = None) -> ReplayResult:
    """Compute a claim's verdict again, from its stored runs or, with ``rerun``, from fresh ones.

    ``rerun`` must not read the store that the claim is in, or nothing would be computed. Raises
    :class:`~aion_sci.errors.StoreError` for a claim, a run folder or a log that was damaged.
    """
    claim = store.claim(claim_id)
    design = Design.from_json(claim.design)
    if design.hash != claim.design["hash"]:
        raise CorruptClaimError(f"{claim.id}: its design does not match its hash")
    stored = _stored(design, store)
    differences = _registration(claim, design, store)
    if rerun is None:
        records = stored
        missing = len(design.runs) - len(stored)
        if missing:
            differences.append(f"{missing} of {len(design.runs)} runs are not in the store")
    else:
        records = rerun(design.study(), "replay")
        differences += _values(design, stored, records)
    now = decide(design, records)
    differences += _verdicts(claim, now, exactly=rerun is None)
    return ReplayResult(claim, now, tuple(differences), rerun is not None)


def _stored(design: Design, store: KnowledgeStore) -> list[Record]:
    """The runs of a design, every file of their folders hashed again."""
    found = (find_run(store.path, run_id, verify=True) for run_id in design.runs)
    return [record for record in found if record is not None]


def _registration(claim: Claim, design: Design, store: KnowledgeStore) -> list[str]:
    """What in the campaign's log speaks against the claim."""
    folder = store.campaign_folder(claim.campaign)
    first = claim.replicates
    path = folder / "log.jsonl" if first is None else replication_log(folder, first)
    events = verify_log(path) if path.exists() else []
    registered = _first(events, "registered", lambda data: data["design"]["hash"] == design.hash)
    if registered is None:
        return ["its design is not registered in the campaign's log"]
    explored = _first(events, "pilot_ran", lambda data: True)
    ran = _first(events, "evidence_ran", lambda data: set(design.runs) <= set(data["outcomes"]))
    differences: list[str] = []
    if ran is None or ran.seq < registered.seq:
        differences.append("its evidence was not run after its design was registered")
    if explored is not None and set(design.runs) & set(explored.data["outcomes"]):
        differences.append("runs of the pilot are among its evidence")
    return differences


def _first(events: Sequence[Event], name: str, holds: Callable[[Any], bool]) -> Event | None:
    return next((e for e in events if e.name == name and holds(e.data)), None)


def _values(design: Design, stored: Sequence[Record], fresh: Sequence[Record]) -> list[str]:
    """Where fresh runs differ from stored ones, point by point."""
    then = {record.run_id: record for record in stored}
    differences: list[str] = []
    for (run_id, point), now in zip(design.places.items(), fresh, strict=True):
        if run_id not in then:
            continue
        difference = disagreement(then[run_id], now)
        if difference:
            differences.append(f"at {design.scope.spot(point)}: {difference}")
    return differences


def _verdicts(claim: Claim, now: Finding, *, exactly: bool) -> list[str]:
    differences: list[str] = []
    if now.verdict != claim.verdict:
        differences.append(f"the verdict was {claim.verdict} and is {now.verdict}")
    if exactly and not _close((now.effect, now.interval), (claim.effect, claim.interval)):
        differences.append(
            f"the effect was {claim.effect} in {claim.interval} and is {now.effect} in "
            f"{now.interval}"
        )
    return differences


def _close(first: _Effect, second: _Effect) -> bool:
    """Equal but for the last digits, which another processor may round otherwise."""
    (a, a_span), (b, b_span) = first, second
    pairs = [(a, b), *zip(a_span or (None, None), b_span or (None, None), strict=True)]
    return all(
        x == y if x is None or y is None else math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-12)
        for x, y in pairs
    )
