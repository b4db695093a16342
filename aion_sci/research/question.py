"""A question as a file writes it: what to vary, what to observe, and what it may cost.

    question: How does heat transfer across a differentially heated cavity scale with Ra?
    experiment: cfd.heated_cavity
    vary:
      rayleigh: {low: 1e3, high: 1e6, scale: log}
    fixed: {prandtl: 0.71}
    observe: nusselt
    budget: {runs: 24, core_minutes: 20}

Numbers of ``vary`` and ``fixed`` are in the experiment's units, or texts with a unit. A parameter
that is neither varied nor fixed takes its default, and ``fixed`` also takes numerical settings such
as ``resolution``. Without ``hypotheses`` the planner proposes them. Every error names the file and
the line, before anything runs.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from aion_sci.errors import RequestError
from aion_sci.experiments import Experiment, Parameter, Value, find
from aion_sci.research.document import Node, from_data, parse_document, read_document
from aion_sci.research.hypothesis import Hypothesis, parse_hypothesis
from aion_sci.research.scope import Axis, Scale, Scope
from aion_sci.runs.spec import content_hash
from aion_sci.units import parse_quantity

__all__ = ["FEWEST_RUNS", "Budget", "Question", "parse_question", "question_from", "read_question"]

FEWEST_RUNS = 12
"""Runs for each varied parameter below which a pilot and a fresh design cannot both be made."""

_KEYS = ("question", "experiment", "vary", "fixed", "observe", "hypotheses", "budget")
_REQUIRED = ("question", "experiment", "vary", "observe")


@dataclass(frozen=True)
class Budget:
    """What a campaign may spend; what is not said takes the default written here."""

    runs: int = 32
    core_minutes: float = 30.0
    tokens: int = 200_000
    """Of a language model, sent and received."""
    usd: float = 2.0
    """US dollars for a language model, as far as its price is known."""

    def to_json(self) -> dict[str, Any]:
        """Plain data; what a language model may cost only where it is not the default."""
        model = {"tokens": self.tokens, "usd": self.usd}
        said = {n: v for n, v in model.items() if v != getattr(Budget, n)}
        return {"runs": self.runs, "core_minutes": self.core_minutes, **said}


@dataclass(frozen=True)
class Question:
    """A validated question: nothing in it is unknown, out of bounds or missing."""

    text: str
    scope: Scope
    hypotheses: tuple[Hypothesis, ...]
    budget: Budget

    def to_json(self) -> dict[str, Any]:
        """Plain data in which every default is spelled out."""
        return {
            "question": self.text,
            **self.scope.to_json(),
            "hypotheses": [hypothesis.to_json() for hypothesis in self.hypotheses],
            "budget": self.budget.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Question:
        """Read what :meth:`to_json` wrote."""
        scope = Scope.from_json(data)
        hypotheses = (parse_hypothesis(from_data(item), scope) for item in data["hypotheses"])
        return cls(data["question"], scope, tuple(hypotheses), Budget(**data["budget"]))

    def with_runs(self, runs: int) -> Question:
        """This question with another budget of runs; raises ``QuestionError`` for too few."""
        return replace(
            self,
            budget=replace(self.budget, runs=_enough(runs, len(self.scope.axes), Node(runs))),
        )

    @functools.cached_property
    def hash(self) -> str:
        """The identity: a hash of the whole content."""
        return content_hash(self.to_json())

    @property
    def seed(self) -> int:
        """The seed of everything random in a campaign on this question."""
        return int(self.hash[:8], 16)


def read_question(path: str | Path, *, runs: int | None = None) -> Question:
    """Read and check a question file; ``runs`` replaces the budget of runs that it gives.

    Raises :class:`~aion_sci.errors.QuestionError`, with the line.
    """
    question = question_from(read_document(path))
    return question if runs is None else question.with_runs(runs)


def parse_question(text: str, file: str | None = None) -> Question:
    """Read and check a question from its text; ``file`` is named in errors."""
    return question_from(parse_document(text, file))


def question_from(root: Node) -> Question:
    """The question of a parsed document; raises ``QuestionError`` with the line."""
    entries = root.mapping("the question", _KEYS, _REQUIRED)
    with entries["experiment"].blame():
        source = find(entries["experiment"].text("experiment"))
    scope = _scope(entries, source)
    budget = _budget(entries.get("budget"), len(scope.axes))
    _check_cost(entries.get("budget", root), budget, scope)
    return Question(
        text=entries["question"].text("question"),
        scope=scope,
        hypotheses=_hypotheses(entries.get("hypotheses"), scope),
        budget=budget,
    )


def _scope(entries: Mapping[str, Node], source: Experiment) -> Scope:
    ranges = entries["vary"].named("vary")
    if not ranges:
        raise entries["vary"].error("vary is empty; name at least one parameter and its range")
    axes = tuple(_axis(name, node, source) for name, node in ranges.items())
    held = entries["fixed"].named("fixed") if "fixed" in entries else {}
    values: dict[str, Value] = {}
    for name, node in held.items():
        if name in ranges:
            raise node.error(f"'{name}' is both varied and fixed")
        with node.blame():
            values[name] = source.parameter(name).read(node.scalar(name))
    with entries.get("fixed", entries["experiment"]).blame():
        bound = source.bind({**values, **{axis.name: axis.low for axis in axes}})
    return Scope(
        experiment=source.id,
        axes=axes,
        fixed={n: v for n, v in bound.parameters.items() if n not in ranges},
        settings=dict(bound.settings),
        observe=_observables(entries["observe"], source),
    )


def _axis(name: str, node: Node, source: Experiment) -> Axis:
    with node.blame():
        parameter = _varied(name, source)
    entries = node.mapping(name, ("low", "high", "scale"), ("low", "high"))
    ends: dict[str, float] = {}
    for end in ("low", "high"):
        with entries[end].blame():
            ends[end] = float(parameter.read(entries[end].scalar(end)))
    low, high = ends["low"], ends["high"]
    if not low < high:
        raise node.error(f"{name} goes from {low:g} to {high:g}; low must be below high")
    scale = entries["scale"].text("scale") if "scale" in entries else parameter.scale
    if scale not in ("linear", "log"):
        raise entries["scale"].error(f"scale is '{scale}'; write linear or log")
    if scale == "log" and low <= 0:
        raise node.error(f"{name} starts at {low:g}; a log scale needs low above zero")
    return Axis(name, low, high, cast(Scale, scale), parameter.unit, parameter.kind == "integer")


def _varied(name: str, source: Experiment) -> Parameter:
    parameter = source.parameter(name)
    if name in {setting.name for setting in source.settings}:
        raise RequestError(f"'{name}' is a numerical setting; give its value under 'fixed'")
    if not parameter.numeric:
        raise RequestError(f"'{name}' is a {parameter.kind}; only numbers can be varied")
    return parameter


def _observables(node: Node, source: Experiment) -> tuple[str, ...]:
    parts = node.value if isinstance(node.value, list) else [node]
    if not parts:
        raise node.error("observe is empty; name at least one observable")
    names: list[str] = []
    for part in parts:
        with part.blame():
            name = source.observable(part.text("observe")).name
        if name in names:
            raise part.error(f"'{name}' is observed twice")
        names.append(name)
    return tuple(names)


def _budget(node: Node | None, axes: int) -> Budget:
    default = Budget(runs=max(Budget.runs, FEWEST_RUNS * axes))
    if node is None:
        return default
    if node.value is None or node.value == {}:
        raise node.error("empty budget; give runs, core_minutes or both, or leave it out")
    entries = node.mapping("budget", ("runs", "core_minutes", "tokens", "usd"))
    runs = default.runs
    if "runs" in entries:
        runs = _enough(_positive(entries["runs"], "runs"), axes, entries["runs"])
    minutes = default.core_minutes
    if "core_minutes" in entries:
        minutes = _positive(entries["core_minutes"], "core_minutes")
    model = {n: _positive(entries[n], n) for n in ("tokens", "usd") if n in entries}
    tokens, usd = int(model.get("tokens", Budget.tokens)), model.get("usd", Budget.usd)
    return Budget(runs, minutes, tokens, usd)


def _enough(runs: float, axes: int, node: Node) -> int:
    if runs != int(runs):
        raise node.error(f"runs is {runs:g}; a whole number is needed")
    if runs < FEWEST_RUNS * axes:
        raise node.error(
            f"runs is {runs:g}; a pilot and a fresh design over {axes} "
            f"varied parameter{'s' if axes > 1 else ''} need at least {FEWEST_RUNS * axes}"
        )
    return int(runs)


def _positive(node: Node, name: str) -> float:
    with node.blame():
        number = parse_quantity(node.scalar(name), "1", name=name)
    if number <= 0:
        raise node.error(f"empty budget: {name} is {number:g}; it must be more than zero")
    return number


def _check_cost(node: Node, budget: Budget, scope: Scope) -> None:
    seconds = scope.source.estimated_seconds(scope.settings)
    fewest = FEWEST_RUNS * len(scope.axes)
    if seconds is not None and fewest * seconds > 60 * budget.core_minutes:
        raise node.error(
            f"core_minutes is {budget.core_minutes:g}, but {fewest} runs of about {seconds:.3g} s "
            f"take {fewest * seconds / 60:.3g}; raise it or lower the resolution under 'fixed'"
        )


def _hypotheses(node: Node | None, scope: Scope) -> tuple[Hypothesis, ...]:
    if node is None or node.value is None:
        return ()
    found: dict[str, Hypothesis] = {}
    for item in node.items("hypotheses"):
        hypothesis = parse_hypothesis(item, scope)
        for leaf in hypothesis.leaves:
            if leaf.of not in scope.observe:
                raise item.error(f"'{leaf.of}' is not observed; add it to 'observe'")
        if found.setdefault(hypothesis.hash, hypothesis) is not hypothesis:
            raise item.error("this hypothesis is given twice")
    return tuple(found.values())
