"""The structure that a model's draft must have, made anew for each question.

The names that it may use are those of this question, as enumerations; values lie in its box;
nothing beside the stated fields is allowed. A schema keeps nonsense away, it does not make sense:
every draft still passes the checks that a written hypothesis passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aion_sci.experiments import Experiment
from aion_sci.research.scope import Axis, Scope

__all__ = ["CONCERNS", "critique_schema", "framing_schema", "proposal_schema"]

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "maxLength": 400}
_NUMBER: Schema = {"type": "number"}
CONCERNS = ("none", "trivial", "follows_from_another", "not_resolvable", "confounded")


def _object(properties: Mapping[str, Any], required: tuple[str, ...] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


def _one_of(names: tuple[str, ...]) -> Schema:
    return {"type": "string", "enum": list(names)}


def _pair(item: Schema = _NUMBER) -> Schema:
    return {"type": "array", "items": item, "minItems": 2, "maxItems": 2}


def _on(axis: Axis) -> Schema:
    return {"type": "number", "minimum": axis.low, "maximum": axis.high}


def proposal_schema(scope: Scope, k: int) -> Schema:
    """At most ``k`` hypotheses of a scope, each with its reason and what is expected of it."""
    kinds = [_object({kind: fields}) for kind, fields in _kinds(scope).items()]
    item = _object(
        {
            "hypothesis": {"anyOf": kinds},
            "rationale": _TEXT,
            "expected": _one_of(("supported", "refuted", "unsure")),
        }
    )
    return _object({"proposals": {"type": "array", "items": item, "minItems": 1, "maxItems": k}})


def _kinds(scope: Scope) -> dict[str, Schema]:
    names = tuple(axis.name for axis in scope.axes)
    of, along = _one_of(scope.observe), _one_of(names)
    point = _object({axis.name: _on(axis) for axis in scope.axes}, ())
    share = {"type": "number", "exclusiveMinimum": 0}
    place = _pair()
    kinds = {
        "power_law": _object({"of": of, "in": along, "exponent": _pair()}),
        "monotone": _object(
            {"of": of, "in": along, "direction": _one_of(("increasing", "decreasing"))}
        ),
        "equals": _object({"of": of, "value": _NUMBER, "tolerance": share, "at": point}),
        "compare": _object(
            {"of": of, "at": point, "than": point, "by": {"type": "number", "minimum": 0}}
        ),
        "threshold": _object({"of": of, "in": along, "level": _NUMBER, "at": place}),
        "extremum": _object(
            {"of": of, "in": along, "kind": _one_of(("maximum", "minimum")), "at": place}
        ),
        "no_effect": _object({"of": of, "in": along, "within": share}),
        "conserved": _object({"of": of, "within": share}),
        "law": _object(
            {"of": of, "formula": _TEXT, "tolerance": {"type": "string", "maxLength": 40}}
        ),
    }
    ladder = scope.source.fidelity
    if ladder is not None and ladder.order is not None:
        kinds["order"] = _object({"of": of, "in": _one_of((ladder.name,)), "order": _pair()})
    return kinds


def critique_schema(count: int) -> Schema:
    """One concern for each of ``count`` proposals."""
    item = _object(
        {
            "proposal": {"type": "integer", "minimum": 1, "maximum": count},
            "concern": _one_of(CONCERNS),
            "reason": _TEXT,
        }
    )
    return _object({"critiques": {"type": "array", "items": item, "maxItems": count}})


def framing_schema(source: Experiment) -> Schema:
    """What to vary, hold and observe in one experiment."""
    numbers = [
        p for p in source.parameters if p.numeric and p.low is not None and p.high is not None
    ]
    ranges = {
        p.name: _object(
            {
                "low": {"type": "number", "minimum": p.low, "maximum": p.high},
                "high": {"type": "number", "minimum": p.low, "maximum": p.high},
                "scale": _one_of(("linear", "log")),
            },
            ("low", "high"),
        )
        for p in numbers
    }
    names = tuple(o.name for o in source.observables)
    fixed = {
        p.name: _one_of(p.choices) if p.kind == "choice" else {"type": ["number", "string"]}
        for p in source.parameters
    }
    return _object(
        {
            "vary": _object(ranges, ()),
            "fixed": _object(fixed, ()),
            "observe": {"type": "array", "items": _one_of(names), "minItems": 1, "maxItems": 4},
        }
    )
