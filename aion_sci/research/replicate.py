"""Replicating a claim: the same hypothesis, other runs, a finer grid, and another engine.

A replication tests the frozen hypothesis once more with everything renewed that may be: fresh
points, a finer grid where there is a ladder, another seed where there is randomness. Its design is
registered in a log of its own before anything runs. A verdict that is found again raises the claim:

    tested → replicated → cross-engine

The last step is taken where the experiment names a referee: the same runs on an independent engine,
through the same test. A claim is never changed; the raised one is filed beside it and names it. A
replication that fails is kept in its log and files nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aion_sci.errors import CorruptClaimError, RequestError
from aion_sci.experiments import Experiment, Value
from aion_sci.knowledge import Claim, KnowledgeStore
from aion_sci.knowledge.claim import interval_to_json
from aion_sci.research.design import Design, run_spec
from aion_sci.research.engine import Run
from aion_sci.research.layout import design_for
from aion_sci.research.log import CampaignLog
from aion_sci.research.planner import Declined, Plan
from aion_sci.research.question import Budget, Question
from aion_sci.research.referee import referee_records
from aion_sci.research.verdicts import Finding, decide
from aion_sci.runs.code import code_version
from aion_sci.runs.folder import find_run
from aion_sci.runs.record import Record

__all__ = ["Replication", "replicate", "replication_log"]

_FINER = (1.5, 1.25)
"""How much finer the grid becomes, first choice first."""
_MORE_RUNS = 4


@dataclass(frozen=True)
class Replication:
    """What a claim said, what new runs say, and what the referee says."""

    claim: Claim
    again: Finding
    settings: Mapping[str, Value]
    """Numerical settings of the new runs."""
    engine: str | None
    """The referee's engine; None where the experiment names none."""
    referee: Finding | None
    """Its finding; None where it was not asked, or could not answer."""
    remarks: tuple[str, ...]
    raised: str | None
    """Id of the claim that was filed at a higher level; None where the replication failed."""

    @property
    def level(self) -> str:
        """How far the claim has come."""
        if self.raised is None:
            return self.claim.level
        agreed = self.referee is not None and self.referee.verdict == self.claim.verdict
        return "cross-engine" if agreed else "replicated"

    @property
    def agrees(self) -> bool:
        """Whether nobody who was asked contradicts the claim."""
        verdicts = [self.again.verdict, *([self.referee.verdict] if self.referee else [])]
        return self.raised is not None and all(
            verdict in (self.claim.verdict, "inconclusive") for verdict in verdicts
        )

    def to_json(self) -> dict[str, Any]:
        """The object that ``aion replicate --json`` prints."""

        def told(finding: Finding | None) -> dict[str, Any] | None:
            if finding is None:
                return None
            interval = interval_to_json(finding.interval)
            return {"verdict": finding.verdict, "effect": finding.effect, "interval": interval}

        return {
            "claim": self.claim.id,
            "verdict": self.claim.verdict,
            "level": self.level,
            "agrees": self.agrees,
            "settings": dict(self.settings),
            "replication": told(self.again),
            "engine": self.engine,
            "referee": told(self.referee),
            "remarks": list(self.remarks),
            "raised": self.raised,
        }


def replication_log(folder: Path, claim_id: str) -> Path:
    """The log of a claim's replication, in the folder of its campaign."""
    return folder / "replications" / f"{claim_id}.jsonl"


def replicate(claim_id: str, store: KnowledgeStore, *, run: Run) -> Replication:
    """Test a claim's hypothesis anew; asked again, go on or return what was found.

    Raises :class:`~aion_sci.errors.RequestError` for a claim that leaves nothing to replicate or
    whose runs cannot be renewed, and :class:`~aion_sci.errors.StoppedError` when the runner stops.
    """
    claim = _replicable(store.claim(claim_id))
    folder = store.campaign_folder(claim.campaign)
    path = replication_log(folder, claim.id)
    path.parent.mkdir(exist_ok=True)
    steps = _Steps(claim, store, run, folder, CampaignLog(path))
    design = Design.from_json(steps.once("registered", steps.register)["design"])
    steps.once("evidence_ran", lambda: steps.run_evidence(design))
    again = Finding.from_json(steps.once("decided", lambda: steps.decide(design))["finding"])
    remarks = _remarks(claim, design, again)
    engine = design.scope.source.referee
    judged: Finding | None = None
    if engine is not None and again.verdict == claim.verdict:
        told = steps.once("refereed", lambda: steps.ask_referee(design))
        judged = None if told["finding"] is None else Finding.from_json(told["finding"])
        remarks += told["remarks"]
    result = Replication(
        claim=claim,
        again=again,
        settings=design.settings if not design.parts else design.parts[0].settings,
        engine=None if engine is None else engine.engine,
        referee=judged,
        remarks=tuple(remarks),
        raised="",
    )
    if again.verdict != claim.verdict:
        return replace(result, raised=None)
    filed = steps.once("filed", lambda: steps.file(design, again, result.level))
    return replace(result, raised=filed["claim"])


@dataclass
class _Steps:
    """The steps of one replication; each is logged, and one that was logged is not done again."""

    claim: Claim
    store: KnowledgeStore
    run: Run
    folder: Path
    log: CampaignLog

    def once(self, name: str, perform: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        for event in self.log.events:
            if event.name == name:
                return event.data
        event = self.log.next(name, perform())
        self.log.append(event)
        return event.data

    def register(self) -> dict[str, Any]:
        design = self._design()
        return {"claim": self.claim.id, "design": design.to_json(), "runs": list(design.runs)}

    def run_evidence(self, design: Design) -> dict[str, Any]:
        records = self.run(design.study(), "evidence")
        return {"outcomes": {record.run_id: record.outcome for record in records}}

    def decide(self, design: Design) -> dict[str, Any]:
        return {"finding": decide(design, self._stored(design)).to_json()}

    def ask_referee(self, design: Design) -> dict[str, Any]:
        source = design.scope.source
        try:
            records = referee_records(source, design.specs, self.folder / "referee")
        except RequestError as error:  # the engine is missing: the replication stands without it
            return {"finding": None, "remarks": [f"the referee was not asked: {error}"]}
        remarks = _comparison(design, self._stored(design), records)
        return {"finding": decide(design, records).to_json(), "remarks": remarks}

    def file(self, design: Design, again: Finding, level: str) -> dict[str, Any]:
        raised = replace(
            self.claim,
            effect=again.effect,
            interval=again.interval,
            design=design.to_json(),
            runs=design.runs,
            code=design.code,
            level=level,
            replicates=self.claim.id,
        )
        self.store.file_claim(raised)
        return {"claim": raised.id, "level": level}

    def _design(self) -> Design:
        old = Design.from_json(self.claim.design)
        if old.hash != self.claim.design["hash"]:
            raise CorruptClaimError(f"{self.claim.id}: its design does not match its hash")
        scope = replace(old.scope, settings=_renewed(old.scope.source, old.scope.settings))
        code = code_version(scope.source)
        runs = len(old.runs) + _MORE_RUNS
        question = Question(
            f"Does {self.claim.id} hold again?", scope, (old.hypothesis,), Budget(runs)
        )

        def fresh(point: Mapping[str, float], settings: Mapping[str, Value]) -> bool:
            spec = run_spec(scope, point, settings, code)
            return spec.id not in old.runs and find_run(self.store.path, spec.id) is None

        plan = Plan(question, (old.hypothesis,), runs, old.confidence, code, fresh)
        design = design_for(old.hypothesis, plan, np.random.default_rng([question.seed, 3]))
        if isinstance(design, Declined):
            raise RequestError(f"{self.claim.id} cannot be replicated: {design.reason}")
        return design

    def _stored(self, design: Design) -> list[Record]:
        found = (find_run(self.store.path, run_id) for run_id in design.runs)
        return [record for record in found if record is not None]


def _replicable(claim: Claim) -> Claim:
    if claim.verdict == "inconclusive":
        raise RequestError(f"{claim.id} is inconclusive: there is nothing to find again")
    if claim.replicates is not None:
        raise RequestError(f"{claim.id} is itself the replication of {claim.replicates}")
    return claim


def _renewed(source: Experiment, settings: Mapping[str, Value]) -> dict[str, Value]:
    """A finer grid and another seed, as far as the experiment has either."""
    renewed = dict(settings)
    ladder = source.fidelity
    if ladder is not None:
        now = int(renewed[ladder.name])
        for factor in _FINER:
            finer = round(factor * now / ladder.multiple) * ladder.multiple
            if now < finer <= ladder.high:
                renewed[ladder.name] = finer
                break
    if source.seeded:
        renewed["seed"] = (int(renewed["seed"]) + 1_000_003) % 2**31
    return renewed


def _remarks(claim: Claim, design: Design, again: Finding) -> list[str]:
    remarks = []
    old = Design.from_json(claim.design)
    ladder = design.scope.source.fidelity
    if ladder is not None and design.scope.settings == old.scope.settings:
        remarks.append(f"{ladder.name} is at its highest: the points are new, the grid is not")
    if again.verdict != claim.verdict:
        remarks.append(f"the verdict was {claim.verdict} and is {again.verdict} on new runs")
    if (
        again.verdict == claim.verdict
        and claim.interval is not None
        and again.interval is not None
        and not (claim.interval[0] <= again.interval[1] and again.interval[0] <= claim.interval[1])
    ):
        remarks.append("the interval of the effect does not meet the one that was filed")
    return remarks


def _comparison(design: Design, ours: list[Record], theirs: list[Record]) -> list[str]:
    """The largest distance between the two engines, in units of their error bars."""
    mine = {record.run_id: record for record in ours}
    remarks = []
    for of in dict.fromkeys(leaf.of for leaf in design.hypothesis.leaves):
        distances = []
        for record in theirs:
            a, b = record.result(of), mine[record.run_id].result(of)
            if a is not None and b is not None and a.value != b.value:
                bars = a.error + b.error
                distances.append(abs(a.value - b.value) / bars if bars else float("inf"))
        if distances:
            remarks.append(
                f"{of}: the engines differ by at most {max(distances):.2g} of their error bars"
            )
    return remarks
