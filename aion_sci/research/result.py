"""What a campaign answers: verdicts with their claims, and every run that went into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aion_sci.display import html_table
from aion_sci.knowledge.claim import interval_to_json
from aion_sci.research.campaign import Campaign
from aion_sci.research.design import Design
from aion_sci.research.planner import Proposal
from aion_sci.research.power import ENOUGH
from aion_sci.research.question import Question
from aion_sci.research.verdicts import Finding
from aion_sci.runs.record import Record

__all__ = ["Answer", "CampaignResult", "assemble"]


@dataclass(frozen=True)
class Answer:
    """One hypothesis and what became of it."""

    proposal: Proposal
    design: Design
    finding: Finding
    claim: str
    """Id of the filed claim."""
    power: float | None = None
    """The largest chance of support that the design could have, judged from the pilot."""
    level: str = "tested"

    @property
    def statement(self) -> str:
        """The hypothesis as one English sentence."""
        return self.design.hypothesis.statement(self.design.scope)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What to know beside the verdict: claims that it repeats or contradicts, low power."""
        if self.power is None or self.power >= ENOUGH:
            return self.proposal.remarks
        low = f"underpowered: at best {100 * self.power:.0f} % chance of support"
        return (*self.proposal.remarks, low)

    def to_json(self) -> dict[str, Any]:
        """One entry of ``verdicts`` in ``aion ask --json``."""
        return {
            "hypothesis": self.statement,
            "kind": self.design.hypothesis.kind,
            "verdict": self.finding.verdict,
            "effect": self.finding.effect,
            "interval": interval_to_json(self.finding.interval),
            "level": self.level,
            "confidence": self.design.confidence,
            "power": self.power,
            "remarks": list(self.remarks),
            "claim": self.claim,
            "runs": list(self.design.runs),
        }


@dataclass(frozen=True)
class CampaignResult:
    """A finished campaign."""

    id: str
    question: Question
    planner: str
    answers: tuple[Answer, ...]
    declined: tuple[tuple[Proposal, str], ...]
    """Hypotheses that no design was made for, and why."""
    pilot: tuple[Record, ...]
    """Runs that suggested hypotheses; they confirm none."""
    evidence: tuple[Record, ...]
    folder: Path
    """The campaign's folder, with ``question.json`` and ``log.jsonl``."""
    computed: int = 0
    """Runs made by this call; the others were there already."""
    report: str | None = None
    """Where the report was written."""

    @property
    def records(self) -> tuple[Record, ...]:
        """All runs, the pilot first."""
        return (*self.pilot, *self.evidence)

    @property
    def reused(self) -> int:
        """Runs that were read from the store instead of computed."""
        return len(self.records) - self.computed

    def to_json(self) -> dict[str, Any]:
        """The object that ``aion ask --json`` prints."""
        return {
            "campaign": self.id,
            "question": self.question.text,
            "verdicts": [answer.to_json() for answer in self.answers],
            "report": self.report,
        }

    def _repr_html_(self) -> str:
        rows = [
            (
                answer.finding.verdict,
                answer.statement,
                answer.finding.measure,
                _number(answer.finding.effect),
                " to ".join(_number(end) for end in answer.finding.interval or ()),
                answer.claim,
            )
            for answer in self.answers
        ]
        return html_table(("verdict", "hypothesis", "effect", "", "interval", "claim"), rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def assemble(
    identity: str,
    state: Campaign,
    records: Mapping[str, Record],
    folder: Path,
    computed: set[str] | frozenset[str] = frozenset(),
) -> CampaignResult:
    """The result of a campaign in its last state, with the records of its runs by id."""
    proposals = {p.hypothesis.hash: p for p in state.proposals or ()}
    return CampaignResult(
        id=identity,
        question=state.question,
        planner=state.planner,
        answers=tuple(
            Answer(
                proposals[design.hypothesis.hash],
                design,
                state.findings[design.hash],
                state.claims[design.hash],
                state.powers.get(design.hash),
            )
            for design in state.designs
        ),
        declined=state.declined,
        pilot=tuple(records[run] for run in dict.fromkeys(state.pilot_runs) if run in records),
        evidence=tuple(records[run] for run in state.evidence_runs if run in records),
        folder=folder,
        computed=len(computed & set(records)),
    )
