"""The planner that asks a person: at a terminal or in a notebook, line by line.

The pilot is shown; each line that is typed is a hypothesis as a question file writes it, on one
line. What is wrong with it is said at once and it can be typed again; an empty line ends the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from aion_sci.errors import QuestionError, RequestError
from aion_sci.research.design import Design
from aion_sci.research.document import parse_document
from aion_sci.research.hypothesis import Hypothesis, parse_hypothesis
from aion_sci.research.layout import design_for, pilot_points
from aion_sci.research.planner import Declined, Plan, Proposal
from aion_sci.research.question import Question
from aion_sci.runs.record import Record

__all__ = ["HumanPlanner"]


class HumanPlanner:
    """Proposes what a person types."""

    name = "human"

    def __init__(
        self, ask: Callable[[str], str] = input, show: Callable[[str], None] = print
    ) -> None:
        """``ask`` reads a line after a prompt, ``show`` writes one."""
        self._ask, self._show = ask, show

    def begin(self, question: Question, folder: Path) -> None:
        """Nothing to open."""

    def pilot(self, question: Question, rng: np.random.Generator) -> list[dict[str, float]]:
        """Points over the box for a first look."""
        return pilot_points(question.budget.runs, question.scope.axes, rng)

    def propose(
        self, question: Question, records: Sequence[Record], k: int, rng: np.random.Generator
    ) -> list[Proposal]:
        """What is typed, until an empty line or ``k`` hypotheses."""
        scope = question.scope
        for record in records:
            point = ", ".join(f"{a.name} {record.spec.parameters[a.name]:.6g}" for a in scope.axes)
            found = ((of, record.result(of)) for of in scope.observe)
            read = [f"{of} {r.value:.6g} ± {r.error:.2g}" for of, r in found if r is not None]
            self._show(f"{point}: {', '.join(read) or record.outcome}")
        axis, of = scope.axes[0].name, scope.observe[0]
        self._show(f"Type hypotheses, such as monotone: {{of: {of}, in: {axis}, direction: "
                   "increasing}; an empty line ends the list.")  # fmt: skip
        proposals: list[Proposal] = []
        while len(proposals) < k:
            try:
                line = self._ask(f"hypothesis {len(proposals) + 1}: ").strip()
            except EOFError:
                line = ""
            if not line:
                break
            try:
                hypothesis = parse_hypothesis(parse_document(line), scope)
            except QuestionError as error:
                self._show(f"  {error}")
                continue
            proposals.append(Proposal(hypothesis, "typed by a person"))
        if not proposals:
            raise RequestError("no hypothesis was typed; ask again, or use --planner bayes")
        return proposals

    def design(
        self, hypothesis: Hypothesis, plan: Plan, rng: np.random.Generator
    ) -> Design | Declined:
        """The default design of the hypothesis' kind."""
        return design_for(hypothesis, plan, rng)
