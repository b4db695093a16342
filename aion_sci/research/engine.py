"""Conducting a campaign: the hands of the state machine.

Each action is performed and its outcome appended to the log before anything follows from it. Runs
are committed by the runner as they finish, so a campaign killed anywhere goes on where it stopped:
decisions are read from the log, runs from the store, none is lost and none is made twice.

A run is evidence only if a design that names it was registered earlier in this log, and if it was
not in the store at that time. That is checked when the design is registered, against the store
itself and not against what the planner says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from aion_sci.errors import CampaignError, CorruptLogError, QuestionError, StoppedError
from aion_sci.experiments import Value
from aion_sci.knowledge import Claim
from aion_sci.research import campaign as machine
from aion_sci.research.campaign import Campaign, advance, campaign_id, next_action
from aion_sci.research.design import Design, run_spec
from aion_sci.research.history import state_after
from aion_sci.research.hypothesis import admit
from aion_sci.research.log import CampaignLog, Event
from aion_sci.research.planner import Declined, Plan, Planner, Proposal
from aion_sci.research.power import best_power
from aion_sci.research.question import Question
from aion_sci.research.result import CampaignResult, assemble
from aion_sci.research.screening import screen
from aion_sci.research.verdicts import Finding, decide
from aion_sci.runs.code import code_version
from aion_sci.runs.folder import find_run
from aion_sci.runs.record import Record
from aion_sci.runs.spec import RunSpec
from aion_sci.runs.study import Study

__all__ = ["Run", "Store", "conduct"]

_MOST_PROPOSALS = 6
_STAGES = ("pilot", "propose", "design")

Run = Callable[[Study, str], list[Record]]
"""Runs a study for a purpose, "pilot" or "evidence", and commits each run to the store."""


class Store(Protocol):
    """What a campaign needs of a knowledge store."""

    @property
    def path(self) -> Path:
        """The store's folder, with the run folders below."""
        ...

    def campaign_folder(self, campaign_id: str) -> Path:
        """The folder of a campaign."""
        ...

    def claims(self, experiment: str | None = None) -> list[Claim]:
        """The claims filed so far about an experiment."""
        ...

    def file_question(self, campaign_id: str, question: Mapping[str, Any]) -> Path:
        """Write the question into the campaign's folder and make it findable."""
        ...

    def file_claim(self, claim: Claim) -> Path:
        """Write a claim and make it findable."""
        ...


def conduct(
    question: Question,
    *,
    store: Store,
    run: Run,
    planner: Planner,
    on_event: Callable[[Event], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> CampaignResult:
    """Answer a question; asked again of the same store, go on or return what was found.

    ``on_event`` hears of each event as it is logged. Raises
    :class:`~aion_sci.errors.StoppedError` when ``should_stop`` turns true or the runner stops: the
    same call goes on from there.
    """
    code = code_version(question.scope.source)
    identity = campaign_id(question, planner.name, code)
    folder = store.file_question(identity, question.to_json())
    log = CampaignLog(folder / "log.jsonl")
    planner.begin(question, folder)
    hands = _Hands(store, run, planner)
    heard = on_event or (lambda event: None)
    if not log.events:
        asked = {"question": question.to_json(), "planner": planner.name, "code": code}
        _append(log, log.next("asked", asked), heard)
    state = state_after(log.events, log.path)
    if campaign_id(state.question, state.planner, state.code) != identity:
        raise CorruptLogError(f"{log.path} is the log of another campaign; delete its folder")
    while not isinstance(action := next_action(state), machine.Done):
        if should_stop is not None and should_stop():
            raise StoppedError(f"{identity} stopped; ask the same question to go on from there")
        event = log.next(*hands.perform(action, state, identity))
        state = advance(state, event.name, event.data)
        _append(log, event, heard)
    return assemble(identity, state, hands.records_of(state), folder, hands.computed)


def _append(log: CampaignLog, event: Event, heard: Callable[[Event], None]) -> None:
    log.append(event)
    heard(event)


@dataclass
class _Hands:
    """Performs actions; keeps the records it has seen, and which were computed for it."""

    store: Store
    run: Run
    planner: Planner
    records: dict[str, Record] = field(default_factory=dict)
    computed: set[str] = field(default_factory=set)

    def perform(
        self, action: machine.Action, state: Campaign, identity: str
    ) -> tuple[str, dict[str, Any]]:
        """Do what a state asks for and return the event that tells of it."""
        match action:
            case machine.PlanPilot():
                return self._plan_pilot(state)
            case machine.RunPilot():
                return self._run_pilot(state)
            case machine.Propose():
                return self._propose(state)
            case machine.Register(proposal):
                return self._register(state, proposal)
            case machine.RunEvidence():
                records = self._run(state, state.evidence_runs, "evidence")
                return "evidence_ran", {"outcomes": {r.run_id: r.outcome for r in records}}
            case machine.Decide(design):
                finding = decide(design, self._stored(design.runs))
                return "decided", {"design": design.hash, "finding": finding.to_json()}
            case machine.File(design, finding):
                claim = _claim(state, design, finding, identity)
                self.store.file_claim(claim)
                return "filed", {"design": design.hash, "claim": claim.id}
            case machine.Finish():
                return "finished", {}
            case machine.Done():
                raise CampaignError("the campaign is finished; there is nothing to perform")

    def records_of(self, state: Campaign) -> dict[str, Record]:
        """The records of all runs of a campaign, by id."""
        ids = dict.fromkeys((*state.pilot_runs, *state.evidence_runs))
        return {record.run_id: record for record in self._stored(ids)}

    def _plan_pilot(self, state: Campaign) -> tuple[str, dict[str, Any]]:
        points = self.planner.pilot(state.question, _rng(state, "pilot"))
        return "pilot_planned", {"points": [dict(point) for point in points]}

    def _run_pilot(self, state: Campaign) -> tuple[str, dict[str, Any]]:
        records = self._run(state, state.pilot_runs, "pilot")
        outcomes = {record.run_id: record.outcome for record in records}
        return "pilot_ran", {"outcomes": outcomes, "fresh_runs": _affordable(state, records)}

    def _propose(self, state: Campaign) -> tuple[str, dict[str, Any]]:
        question = state.question
        if question.hypotheses:
            drafts = [Proposal(h, "asked in the question") for h in question.hypotheses]
        else:
            records, rng = self._stored(state.pilot_runs), _rng(state, "propose")
            drafts = self.planner.propose(question, records, _MOST_PROPOSALS, rng)
            drafts = drafts[:_MOST_PROPOSALS]
        kept: dict[str, Proposal] = {}
        rejected: list[dict[str, Any]] = []
        known = self.store.claims(question.scope.experiment)
        for draft in drafts:
            reason = _objection(draft, question, kept)
            if reason is None:
                remarks = screen(draft.hypothesis, question.scope, known)
                kept[draft.hypothesis.hash] = replace(draft, remarks=tuple(remarks))
            else:
                rejected.append({**draft.to_json(), "reason": reason})
        proposals = [proposal.to_json() for proposal in kept.values()]
        return "proposed", {"proposals": proposals, "rejected": rejected}

    def _register(self, state: Campaign, proposal: Proposal) -> tuple[str, dict[str, Any]]:
        design = self.planner.design(proposal.hypothesis, self._plan(state), _rng(state, "design"))
        reason = design.reason if isinstance(design, Declined) else state.reason_against(design)
        if reason is None and isinstance(design, Design):
            stale = [spec.id for spec in design.specs if self._find(spec) is not None]
            if not stale:
                power = best_power(design, self._stored(state.pilot_runs))
                return "registered", {
                    "design": design.to_json(),
                    "runs": list(design.runs),
                    "power": None if power is None else round(power, 6),
                }
            reason = f"run {stale[0]} was made before its design was registered"
        return "declined", {"hypothesis": proposal.hypothesis.to_json(), "reason": reason}

    def _plan(self, state: Campaign) -> Plan:
        scope, pilot = state.question.scope, set(state.pilot_runs)

        def fresh(point: Mapping[str, float], settings: Mapping[str, Value]) -> bool:
            spec = run_spec(scope, point, settings, state.code)
            return spec.id not in pilot and self._find(spec) is None

        return Plan(
            question=state.question,
            hypotheses=tuple(proposal.hypothesis for proposal in state.proposals or ()),
            runs=state.fresh_runs or 0,
            confidence=state.confidence,
            code=state.code,
            fresh=fresh,
        )

    def _run(self, state: Campaign, ids: tuple[str, ...], purpose: str) -> list[Record]:
        """Have runs made, in the given order, and take their records."""
        scope = state.question.scope
        specs = {spec.id: spec for design in state.designs for spec in design.specs}
        for point in state.pilot or ():
            spec = run_spec(scope, point, scope.settings, state.code)
            specs[spec.id] = spec
        study = Study(scope.source, tuple(specs[run_id] for run_id in dict.fromkeys(ids)))
        records = self.run(study, purpose)
        self.records |= {record.run_id: record for record in records}
        self.computed |= {record.run_id for record in records if not record.cached}
        return records

    def _stored(self, ids) -> list[Record]:
        """Records by id, from memory or the store; a run that has gone is left out."""
        for run_id in ids:
            if run_id not in self.records and (found := find_run(self.store.path, run_id)):
                self.records[run_id] = found
        return [self.records[run_id] for run_id in ids if run_id in self.records]

    def _find(self, spec: RunSpec) -> Record | None:
        return self.records.get(spec.id) or find_run(self.store.path, spec.id)


def _rng(state: Campaign, stage: str) -> np.random.Generator:
    """Random numbers of one stage, seeded by the question: a resumed campaign draws alike."""
    return np.random.default_rng([state.question.seed, _STAGES.index(stage)])


def _affordable(state: Campaign, records: list[Record]) -> int:
    """Fresh runs that both budgets leave, at the pilot's measured core-seconds a run."""
    budget = state.question.budget
    by_count = budget.runs - len(records)
    spent = sum(record.seconds for record in records)
    each = spent / len(records)
    left = 60.0 * budget.core_minutes - spent
    return by_count if each <= 0 else max(0, min(by_count, int(left / each)))


def _objection(draft: Proposal, question: Question, kept: Mapping[str, Proposal]) -> str | None:
    """Why a proposed hypothesis is turned away; None when it is admitted."""
    try:
        admit(draft.hypothesis, question.scope)
    except QuestionError as error:
        return str(error)
    return "it was proposed already" if draft.hypothesis.hash in kept else None


def _claim(state: Campaign, design: Design, finding: Finding, identity: str) -> Claim:
    return Claim(
        statement=design.hypothesis.statement(design.scope),
        kind=design.hypothesis.kind,
        verdict=finding.verdict,
        effect=finding.effect,
        interval=finding.interval,
        confidence=design.confidence,
        question=state.question.text,
        experiment=design.scope.experiment,
        hypothesis=design.hypothesis.to_json(),
        design=design.to_json(),
        runs=design.runs,
        campaign=identity,
        code=state.code,
    )
