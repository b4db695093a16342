"""Verdicts on known physics: each true hypothesis beside mutated false ones.

An item is a question file with two lists, ``holds`` and ``fails``: hypotheses whose truth is known
from theory or from a published value, and the same with a wrong exponent, sign, place or size. A
campaign tests them all together, as it tests any question; the labels are read only afterwards.
Items are files in ``items``: a new domain adds its own there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from aion_sci.errors import QuestionError
from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.document import Node, read_document
from aion_sci.research.engine import Run, Store, conduct
from aion_sci.research.hypothesis import parse_hypothesis
from aion_sci.research.question import Question, question_from

__all__ = ["Graded", "Item", "grade", "items"]

_FOLDER = Path(__file__).parent / "items"


@dataclass(frozen=True)
class Item:
    """A question with hypotheses of known truth."""

    name: str
    question: Question
    truth: dict[str, bool]
    """By the hash of the hypothesis."""
    source: str
    """Where the truth is from."""


@dataclass(frozen=True)
class Graded:
    """One hypothesis, its truth, and what the campaign said."""

    item: str
    kind: str
    statement: str
    holds: bool
    verdict: str
    """The verdict; ``inconclusive`` also where no design could be made."""

    @property
    def right(self) -> bool | None:
        """Whether the verdict is right; None where it decides nothing."""
        if self.verdict == "inconclusive":
            return None
        return (self.verdict == "supported") == self.holds


def items(experiment: str | None = None) -> list[Item]:
    """The items of all experiments, or of one."""
    found = [_read(path) for path in sorted(_FOLDER.glob("*.yaml"))]
    return [i for i in found if experiment in (None, i.question.scope.experiment)]


def grade(item: Item, store: Store, run: Run) -> list[Graded]:
    """Conduct the campaign of an item and compare its verdicts with the truth."""
    result = conduct(item.question, store=store, run=run, planner=BayesPlanner())
    scope = item.question.scope
    decided = [(a.design.hypothesis, str(a.finding.verdict)) for a in result.answers]
    decided += [(proposal.hypothesis, "inconclusive") for proposal, _ in result.declined]
    return [
        Graded(item.name, h.kind, h.statement(scope), item.truth[h.hash], verdict)
        for h, verdict in decided
    ]


def _read(path: Path) -> Item:
    root = read_document(path)
    entries = dict(root.named("an item"))
    labelled = {True: entries.pop("holds"), False: entries.pop("fails")}
    source = entries.pop("source").text("source")
    question = question_from(Node(entries, root.line, root.file))
    truth: dict[str, bool] = {}
    hypotheses = []
    for holds, node in labelled.items():
        for written in node.items("hypotheses"):
            hypothesis = parse_hypothesis(written, question.scope)
            if hypothesis.hash in truth:
                raise QuestionError("a hypothesis is given twice", file=root.file)
            truth[hypothesis.hash] = holds
            hypotheses.append(hypothesis)
    return Item(path.stem, replace(question, hypotheses=tuple(hypotheses)), truth, source)
