"""A campaign as a pure state machine: events in, actions out.

    asked → pilot planned → pilot ran → proposed → each hypothesis registered or declined
          → evidence ran → each design decided → each verdict filed → finished

A hypothesis goes draft → registered (its design frozen, its share of the error rate spent) →
decided → filed; one that is declined keeps its share spent. There is no clock, no file and no
randomness here: :func:`advance` takes a state and an event to the next state or refuses the event,
and :func:`next_action` says what to do. The same events give the same state, so a campaign that was
killed goes on from its log.

What it enforces, whoever planned: the budget of runs; designs registered before any evidence, with
the confidence due to them; no run of the pilot among the evidence; every design decided, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aion_sci.errors import CampaignError, QuestionError
from aion_sci.research.design import (
    LARGEST_EXCLUDED_SHARE,
    Design,
    part_confidence,
    run_spec,
)
from aion_sci.research.planner import Proposal
from aion_sci.research.question import Question
from aion_sci.research.verdicts import Finding, default_test
from aion_sci.runs.spec import content_hash

__all__ = [
    "ERROR_RATE",
    "Action",
    "Campaign",
    "Decide",
    "Done",
    "File",
    "Finish",
    "PlanPilot",
    "Propose",
    "Register",
    "RunEvidence",
    "RunPilot",
    "advance",
    "begin",
    "campaign_id",
    "next_action",
]

ERROR_RATE = 0.05
"""Of a whole campaign; split evenly over every hypothesis proposed (Bonferroni)."""


@dataclass(frozen=True)
class Campaign:
    """Everything that has been decided so far."""

    question: Question
    planner: str
    code: str
    pilot: tuple[Mapping[str, float], ...] | None = None
    fresh_runs: int | None = None
    """Runs that the budget leaves for evidence; None until the pilot has run."""
    proposals: tuple[Proposal, ...] | None = None
    designs: tuple[Design, ...] = ()
    powers: Mapping[str, float | None] = field(default_factory=dict)
    """Best power of each design, by its hash; None where none can be stated."""
    declined: tuple[tuple[Proposal, str], ...] = ()
    evidence_ran: bool = False
    findings: Mapping[str, Finding] = field(default_factory=dict)
    """By the hash of the design."""
    claims: Mapping[str, str] = field(default_factory=dict)
    """Claim ids by the hash of the design."""
    finished: bool = False

    @property
    def pilot_runs(self) -> tuple[str, ...]:
        """Ids of the pilot's runs."""
        scope = self.question.scope
        points = self.pilot or ()
        return tuple(run_spec(scope, p, scope.settings, self.code).id for p in points)

    @property
    def evidence_runs(self) -> tuple[str, ...]:
        """Ids of the runs of all registered designs, without repeats."""
        return tuple(dict.fromkeys(run for design in self.designs for run in design.runs))

    @property
    def confidence(self) -> float:
        """Of each single test."""
        return 1.0 - ERROR_RATE / max(len(self.proposals or ()), 1)

    @property
    def waiting(self) -> Proposal | None:
        """The proposal that is registered or declined next."""
        proposals, handled = self.proposals or (), len(self.designs) + len(self.declined)
        return proposals[handled] if handled < len(proposals) else None

    def reason_against(self, design: Design) -> str | None:
        """Why a design cannot be registered now; None when it can."""
        waiting = self.waiting
        if waiting is None or design.hypothesis != waiting.hypothesis:
            return "it is not the hypothesis whose turn it is"
        if design.scope != self.question.scope or design.code != self.code:
            return "it is about another question or other code"
        if design.confidence != self.confidence:
            return f"its confidence is {design.confidence:g}, not {self.confidence:g}"
        altered = _altered(design)
        if altered is not None:
            return altered
        if set(design.runs) & set(self.pilot_runs):
            return "runs of the pilot cannot confirm what the pilot suggested"
        needed = len(set(self.evidence_runs) | set(design.runs))
        if needed > (self.fresh_runs or 0):
            return f"the budget leaves {self.fresh_runs} fresh runs; with it {needed} are needed"
        return None


@dataclass(frozen=True)
class PlanPilot:
    """Choose the points of the pilot."""


@dataclass(frozen=True)
class RunPilot:
    """Run the pilot."""


@dataclass(frozen=True)
class Propose:
    """Propose hypotheses."""


@dataclass(frozen=True)
class Register:
    """Freeze a design for a proposal, or decline it."""

    proposal: Proposal


@dataclass(frozen=True)
class RunEvidence:
    """Run the points of all registered designs."""


@dataclass(frozen=True)
class Decide:
    """Compute the verdict on a design."""

    design: Design


@dataclass(frozen=True)
class File:
    """File the claim of a decided design."""

    design: Design
    finding: Finding


@dataclass(frozen=True)
class Finish:
    """Close the campaign."""


@dataclass(frozen=True)
class Done:
    """Nothing is left to do."""


Action = PlanPilot | RunPilot | Propose | Register | RunEvidence | Decide | File | Finish | Done


def campaign_id(question: Question, planner: str, code: str) -> str:
    """The identity of a campaign: the same question, planner and code are the same campaign."""
    return f"campaign-{content_hash([question.hash, planner, code])[:12]}"


def begin(name: str, data: Mapping[str, Any]) -> Campaign:
    """The state after the first event of a log."""
    if name != "asked":
        raise CampaignError(f"a campaign begins with 'asked', not '{name}'")
    return Campaign(Question.from_json(data["question"]), data["planner"], data["code"])


def next_action(state: Campaign) -> Action:
    """What to do in a state."""
    if state.pilot is None:
        return PlanPilot()
    if state.fresh_runs is None:
        return RunPilot()
    if state.proposals is None:
        return Propose()
    if state.waiting is not None:
        return Register(state.waiting)
    if state.designs and not state.evidence_ran:
        return RunEvidence()
    for design in state.designs:
        if design.hash not in state.findings:
            return Decide(design)
    for design in state.designs:
        if design.hash not in state.claims:
            return File(design, state.findings[design.hash])
    return Done() if state.finished else Finish()


def advance(state: Campaign, name: str, data: Mapping[str, Any]) -> Campaign:
    """The next state; an event that the rules forbid raises ``CampaignError``."""
    action = next_action(state)
    expected = _EVENTS.get(type(action), ())
    if name not in expected:
        raise CampaignError(f"'{name}' cannot follow here; expected {' or '.join(expected) or '-'}")
    return _RULES[name](state, data)


def _pilot_planned(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    points = tuple(data["points"])
    _require(points, "a pilot has at least one point")
    _require(len(points) < state.question.budget.runs, "the pilot leaves no run for evidence")
    return replace(state, pilot=points)


def _pilot_ran(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    _same_runs(data["outcomes"], state.pilot_runs)
    left = state.question.budget.runs - len(set(state.pilot_runs))
    _require(0 <= data["fresh_runs"] <= left, f"the budget leaves {left} runs at most")
    return replace(state, fresh_runs=data["fresh_runs"])


def _proposed(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    scope = state.question.scope
    try:
        proposals = tuple(Proposal.from_json(item, scope) for item in data["proposals"])
    except QuestionError as error:
        raise CampaignError(f"a proposal makes no sense: {error}") from error
    hashes = {proposal.hypothesis.hash for proposal in proposals}
    _require(len(hashes) == len(proposals), "a hypothesis is proposed twice")
    return replace(state, proposals=proposals)


def _registered(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    design = Design.from_json(data["design"])
    _require(design.hash == data["design"]["hash"], "the design does not match its hash")
    _require(list(design.runs) == list(data["runs"]), "the runs are not those of the design")
    reason = state.reason_against(design)
    _require(reason is None, f"the design cannot be registered: {reason}")
    powers = {**state.powers, design.hash: data.get("power")}
    return replace(state, designs=(*state.designs, design), powers=powers)


def _declined(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    waiting = state.waiting
    if waiting is None or data["hypothesis"] != waiting.hypothesis.to_json():
        raise CampaignError("it is not the hypothesis whose turn it is")
    return replace(state, declined=(*state.declined, (waiting, data["reason"])))


def _evidence_ran(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    _same_runs(data["outcomes"], state.evidence_runs)
    return replace(state, evidence_ran=True)


def _decided(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    design = next(d for d in state.designs if d.hash not in state.findings)
    _require(data["design"] == design.hash, "it is not the design whose turn it is")
    finding = Finding.from_json(data["finding"])
    return replace(state, findings={**state.findings, design.hash: finding})


def _filed(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    design = next(d for d in state.designs if d.hash not in state.claims)
    _require(data["design"] == design.hash, "it is not the design whose turn it is")
    return replace(state, claims={**state.claims, design.hash: data["claim"]})


def _finished(state: Campaign, data: Mapping[str, Any]) -> Campaign:
    return replace(state, finished=True)


_EVENTS: dict[type, tuple[str, ...]] = {
    PlanPilot: ("pilot_planned",),
    RunPilot: ("pilot_ran",),
    Propose: ("proposed",),
    Register: ("registered", "declined"),
    RunEvidence: ("evidence_ran",),
    Decide: ("decided",),
    File: ("filed",),
    Finish: ("finished",),
}

_RULES: dict[str, Callable[[Campaign, Mapping[str, Any]], Campaign]] = {
    "pilot_planned": _pilot_planned,
    "pilot_ran": _pilot_ran,
    "proposed": _proposed,
    "registered": _registered,
    "declined": _declined,
    "evidence_ran": _evidence_ran,
    "decided": _decided,
    "filed": _filed,
    "finished": _finished,
}


def _altered(design: Design) -> str | None:
    """What in a design is not as this version tests its kind; None when nothing is."""
    if dict(design.test) != default_test(design.hypothesis):
        return f"its test is not the one that decides '{design.hypothesis.kind}'"
    if design.largest_excluded_share != LARGEST_EXCLUDED_SHARE:
        return f"it excuses {design.largest_excluded_share:g} of its runs"
    if any(not design.scope.contains(point) for point in design.points):
        return "a point of it lies outside what the question varies"
    hypotheses = tuple(part.hypothesis for part in design.parts)
    if hypotheses != design.hypothesis.parts or (design.parts and design.points):
        return "its parts are not those of the hypothesis"
    share = part_confidence(design.confidence, max(len(design.parts), 1))
    for part in design.parts:
        if part.confidence != share or (part.scope, part.code) != (design.scope, design.code):
            return "a part of it has another confidence, question or code"
        if (altered := _altered(part)) is not None:
            return altered
    return None


def _require(condition: object, message: str) -> None:
    if not condition:
        raise CampaignError(message)


def _same_runs(outcomes: Mapping[str, str], runs: Iterable[str]) -> None:
    _require(set(outcomes) == set(runs), "the runs are not those that were asked for")
