"""Planners that a language model has a part in: it drafts, code checks, statistics size and decide.

The model sees the question, the datasheet, the pilot's readings with their error bars, and the
claims that are filed. It answers with typed hypotheses of this question's own schema. What passes
the checks of a written hypothesis becomes a proposal; the rest is sent back twice with the reasons,
then left out. A critic's concerns are noted beside a proposal and remove nothing.

``llm`` takes the model's proposals as they are. ``hybrid`` ranks them together with those of the
embedded planner by what a verdict would teach for its runs, and goes on without the model where it
does not answer. ``replay`` answers from a transcript and asks nobody.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aion_sci.errors import ModelPausedError, QuestionError, TranscriptError
from aion_sci.llm.assistant import Allowance, Assistant
from aion_sci.llm.roles import CRITIC, PROPOSER
from aion_sci.llm.transcript import Transcript
from aion_sci.research.bayes import BayesPlanner, fit
from aion_sci.research.design import Design
from aion_sci.research.document import from_data
from aion_sci.research.hypothesis import parse_hypothesis
from aion_sci.research.layout import design_for, pilot_points
from aion_sci.research.planner import Declined, Plan, Proposal
from aion_sci.research.plausible import chance, worth
from aion_sci.research.question import Question
from aion_sci.research.schema import CONCERNS, critique_schema, proposal_schema
from aion_sci.research.scope import Scope
from aion_sci.runs.record import Record

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["HybridPlanner", "LanguagePlanner", "ReplayPlanner"]

TRANSCRIPT = "transcript.jsonl"
_LONGEST_TEXT = 400
_NUMERAL = re.compile(r"\d[\d.,]*(?:[eE][+-]?\d+)?")
_LONGEST_DATASHEET = 4000


class LanguagePlanner:
    """Proposes what a language model drafts."""

    kind = "llm"

    def __init__(self, model: str, find: Callable[[str], Model]) -> None:
        """``model`` names it in logs and transcripts; ``find`` gives it when it is asked."""
        self._model, self._find = model, find
        self._assistant: Assistant | None = None

    @property
    def name(self) -> str:
        """The planner and its model: another model makes another campaign."""
        return f"{self.kind}:{self._model}"

    def begin(self, question: Question, folder: Path) -> None:
        """Open the transcript in the campaign's folder."""
        allowance = Allowance(question.budget.tokens, question.budget.usd)
        self._assistant = Assistant(
            self._model, self._transcript(folder / TRANSCRIPT), allowance, self._find
        )

    def pilot(self, question: Question, rng: np.random.Generator) -> list[dict[str, float]]:
        """Points over the box for a first look; statistics choose them."""
        return pilot_points(question.budget.runs, question.scope.axes, rng)

    def propose(
        self, question: Question, records: Sequence[Record], k: int, rng: np.random.Generator
    ) -> list[Proposal]:
        """What the model drafts and the checks admit, with the critic's concerns."""
        scope = question.scope
        seen = _view(question, records)
        answer = self._ask(PROPOSER, seen, proposal_schema(scope, k), _fault(scope, k))
        drafts = [
            draft for item in _items(answer, "proposals", k) if (draft := _draft(item, scope))
        ]
        if not drafts:
            if self._assistant is not None:
                self._assistant.discard(PROPOSER, "nothing passed the checks")
            raise ModelPausedError(
                f"{self._model} proposed nothing that passes the checks; ask again, write "
                "hypotheses into the question, or use --planner bayes"
            )
        return self._criticised(drafts, seen)

    def design(self, hypothesis: Any, plan: Plan, rng: np.random.Generator) -> Design | Declined:
        """The default design of the hypothesis' kind; a model has no say in it."""
        return design_for(hypothesis, plan, rng)

    def _transcript(self, path: Path) -> Transcript:
        return Transcript(path)

    def _ask(self, role: Any, data: Any, schema: Any, check: Callable[[Any], str | None]) -> Any:
        assert self._assistant is not None, "begin() comes first"
        return self._assistant.ask(role, data, schema, check)

    def _criticised(self, drafts: list[Proposal], seen: dict[str, Any]) -> list[Proposal]:
        """The drafts with what the critic has against them; without it where it does not answer."""
        listed = [draft.hypothesis.to_json() for draft in drafts]
        data = {**seen, "proposals": listed}
        try:
            answer = self._ask(CRITIC, data, critique_schema(len(drafts)), lambda answer: None)
        except ModelPausedError:
            return drafts
        concerns: dict[int, str] = {}
        for item in _items(answer, "critiques", len(drafts)):
            number, concern = item.get("proposal"), item.get("concern")
            if concern in CONCERNS[1:] and isinstance(number, int):
                concerns[number] = f"{concern}: {_text(item.get('reason'))}"
        return [
            Proposal(
                draft.hypothesis,
                draft.rationale + (f" (critic: {concerns[i]})" if i in concerns else ""),
                draft.expected,
            )
            for i, draft in enumerate(drafts, start=1)
        ]


class HybridPlanner(LanguagePlanner):
    """Ranks the model's drafts with the embedded planner's by what their verdicts would teach."""

    kind = "hybrid"

    def __init__(self, model: str, find: Callable[[str], Model]) -> None:
        """As for :class:`LanguagePlanner`."""
        super().__init__(model, find)
        self._statistics = BayesPlanner()

    def propose(
        self, question: Question, records: Sequence[Record], k: int, rng: np.random.Generator
    ) -> list[Proposal]:
        """Half from the model, the most instructive first, and the rest from the statistics."""
        own = self._statistics.propose(question, records, k, rng)
        try:
            drafted = super().propose(question, records, k, rng)
        except ModelPausedError as error:
            why = str(error).partition(";")[0]
            return [Proposal(p.hypothesis, f"{p.rationale} [without a model: {why}]", p.expected)
                    for p in own]  # fmt: skip
        scope = question.scope
        fits = {of: fit(of, scope, records) for of in scope.observe}

        def value(proposal: Proposal) -> float:
            leaf = proposal.hypothesis.leaves[0]
            cost = 4.0 if leaf.varied else 1.0
            return worth(chance(proposal.hypothesis, scope, fits[leaf.of], rng), cost)

        ranked = sorted(drafted, key=lambda proposal: -value(proposal))[: math.ceil(k / 2)]
        known = {proposal.hypothesis.hash for proposal in ranked}
        return [*ranked, *(p for p in own if p.hypothesis.hash not in known)][:k]


class ReplayPlanner(LanguagePlanner):
    """A planner of the past: asks a transcript instead of a model."""

    def __init__(self, transcript: Path, kind: str = "llm") -> None:
        """The transcript of a campaign, in whose folder it lies as ``transcript.jsonl``."""
        recorded = Transcript(transcript, only_replay=True)
        if not recorded.exchanges:
            raise TranscriptError(f"{transcript} is empty; name one that was recorded")
        super().__init__(str(recorded.exchanges[0].request["model"]), _nobody)
        self.kind, self._recorded = kind, recorded

    def _transcript(self, path: Path) -> Transcript:
        return self._recorded


def _nobody(name: str) -> Model:
    raise TranscriptError(f"{name} is replayed, not asked")


def _view(question: Question, records: Sequence[Record]) -> dict[str, Any]:
    """What a model sees, as data: no folder, no environment, no setting of the user's."""
    scope = question.scope
    rows = []
    for record in records:
        row: dict[str, Any] = {a.name: record.spec.parameters[a.name] for a in scope.axes}
        for of in scope.observe:
            reading = record.result(of)
            row[of] = None if reading is None else [reading.value, reading.error]
        rows.append(row)
    return {
        "question": question.text,
        "experiment": scope.experiment,
        "datasheet": scope.source.datasheet[:_LONGEST_DATASHEET],
        "vary": [axis.to_json() for axis in scope.axes],
        "fixed": {n: v for n, v in scope.fixed.items() if not isinstance(v, str)},
        "observables": {of: scope.unit(of) for of in scope.observe},
        "pilot": {"columns": "parameter: value; observable: [value, error bar]", "rows": rows},
    }


def _items(answer: Any, key: str, most: int) -> list[dict[str, Any]]:
    """The objects of a list in an answer, whatever else it holds."""
    listed = answer.get(key) if isinstance(answer, dict) else None
    found = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return found[:most]


def _draft(item: dict[str, Any], scope: Scope) -> Proposal | None:
    """A proposal from one item, or None where it does not pass the checks."""
    try:
        hypothesis = parse_hypothesis(from_data(item.get("hypothesis")), scope)
    except (QuestionError, RecursionError):
        return None
    if any(leaf.of not in scope.observe for leaf in hypothesis.leaves):
        return None
    expected = item.get("expected")
    sure = expected if expected in ("supported", "refuted") else None
    return Proposal(hypothesis, _text(item.get("rationale")), sure)


def _fault(scope: Scope, k: int) -> Callable[[Any], str | None]:
    """A check of a proposer's answer that names every draft that does not pass."""

    def check(answer: Any) -> str | None:
        faults = []
        items = _items(answer, "proposals", k)
        if not items:
            return "'proposals' is missing or empty."
        for number, item in enumerate(items, start=1):
            try:
                hypothesis = parse_hypothesis(from_data(item.get("hypothesis")), scope)
            except (QuestionError, RecursionError) as error:
                faults.append(f"proposal {number}: {str(error)[:300]}.")
                continue
            if any(leaf.of not in scope.observe for leaf in hypothesis.leaves):
                faults.append(f"proposal {number}: it is about what is not observed.")
        return " ".join(faults) or None

    return check


def _text(raw: Any) -> str:
    """A model's own words on one line, not too long, its numbers struck out: it supplies none."""
    if not isinstance(raw, str):
        return "no reason given"
    return _NUMERAL.sub("…", " ".join(raw.split()))[:_LONGEST_TEXT]
