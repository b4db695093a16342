"""A walk over the primitive nodes of a lowered form: UFL in, arrays out.

Tensors are taken apart: a node is evaluated for one component and one value of its free indices at
a time, remembered, and shared by whatever asks again. What comes out are scalar operations on
arrays of shape (points, entities), whose last axis is long, so that XLA fuses them into loops over
entities without small dimensions inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from ufl import classes as node

from aion_kernels.fem.multilinear import BasisFactor, Multilinear, choose, lift, plain
from aion_kernels.invalid import InvalidInputError

__all__ = ["Terminals", "evaluate"]

_Component = tuple[int, ...]
_ZERO = Multilinear({})


@runtime_checkable
class Terminals(Protocol):
    """What the leaves of an expression are at the quadrature points of a set of entities."""

    def geometry(self, quantity: Any, component: _Component, side: str) -> Any:
        """A geometric quantity of UFL; its arrays have the shape (points or 1, entities or 1)."""
        ...

    def coefficient(
        self, function: Any, component: int, derivatives: tuple[int, ...], side: str
    ) -> Any:
        """A component of a coefficient's reference value, or a derivative of it."""
        ...

    def constant(self, constant: Any, component: int) -> Any:
        """A component of a constant."""
        ...


def evaluate(integrand: Any, terminals: Terminals) -> Multilinear:
    """The scalar ``integrand`` at all quadrature points.

    Raises :class:`InvalidInputError` naming a node that has no translation.
    """
    return _Walk(terminals).value(integrand, (), {}, "")


class _Walk:
    def __init__(self, terminals: Terminals) -> None:
        self.terminals = terminals
        self.known: dict[Any, Multilinear] = {}

    def value(
        self, expression: Any, component: _Component, bound: dict[int, int], side: str
    ) -> Multilinear:
        """One component of an expression, its free indices bound to numbers."""
        free = tuple(bound[index] for index in expression.ufl_free_indices)
        key = (expression, component, free, side)
        if key not in self.known:
            rule = _rule(type(expression))
            self.known[key] = rule(self, expression, component, bound, side)
        return self.known[key]

    def number(self, expression: Any, bound: dict[int, int], side: str) -> Any:
        """A scalar expression without arguments."""
        return plain(self.value(expression, (), bound, side))

    def condition(self, expression: Any, bound: dict[int, int], side: str) -> Any:
        if isinstance(expression, node.NotCondition):
            inner = self.condition(expression.ufl_operands[0], bound, side)
            return not inner if isinstance(inner, bool) else ~inner
        left, right = expression.ufl_operands
        if isinstance(expression, node.AndCondition | node.OrCondition):
            a, b = self.condition(left, bound, side), self.condition(right, bound, side)
            both = isinstance(expression, node.AndCondition)
            return jnp.logical_and(a, b) if both else jnp.logical_or(a, b)
        compare = _COMPARISONS.get(type(expression))
        if compare is None:
            raise _untranslated(expression)
        return compare(self.number(left, bound, side), self.number(right, bound, side))


_Rule = Callable[[_Walk, Any, _Component, dict[int, int], str], Multilinear]


def _resolve(indices: Any, bound: dict[int, int]) -> _Component:
    return tuple(
        int(i) if isinstance(i, node.FixedIndex) else bound[i.count()] for i in indices.indices()
    )


def _scalar_value(walk, expression, component, bound, side) -> Multilinear:
    return lift(float(expression))


def _zero(walk, expression, component, bound, side) -> Multilinear:
    return _ZERO


def _identity(walk, expression, component, bound, side) -> Multilinear:
    return lift(1.0) if component[0] == component[1] else _ZERO


def _indexed(walk, expression, component, bound, side) -> Multilinear:
    tensor, indices = expression.ufl_operands
    return walk.value(tensor, _resolve(indices, bound), bound, side)


def _index_sum(walk, expression, component, bound, side) -> Multilinear:
    summand, indices = expression.ufl_operands
    (index,) = indices.indices()
    total = _ZERO
    for value in range(expression.dimension()):
        total = total + walk.value(summand, component, {**bound, index.count(): value}, side)
    return total


def _component_tensor(walk, expression, component, bound, side) -> Multilinear:
    inside, indices = expression.ufl_operands
    counts = (index.count() for index in indices.indices())
    return walk.value(inside, (), {**bound, **dict(zip(counts, component, strict=True))}, side)


def _list_tensor(walk, expression, component, bound, side) -> Multilinear:
    return walk.value(expression.ufl_operands[component[0]], component[1:], bound, side)


def _sum(walk, expression, component, bound, side) -> Multilinear:
    left, right = (walk.value(o, component, bound, side) for o in expression.ufl_operands)
    return left + right


def _product(walk, expression, component, bound, side) -> Multilinear:
    left, right = (walk.value(o, (), bound, side) for o in expression.ufl_operands)
    return left * right


def _division(walk, expression, component, bound, side) -> Multilinear:
    above, below = expression.ufl_operands
    divisor = walk.number(below, bound, side)
    return walk.value(above, component, bound, side).map(lambda c: c / divisor)


def _power(walk, expression, component, bound, side) -> Multilinear:
    base, exponent = (walk.number(o, bound, side) for o in expression.ufl_operands)
    if isinstance(exponent, float) and exponent.is_integer() and abs(exponent) < 64:
        return lift(base ** int(exponent))
    return lift(base**exponent)


def _absolute(walk, expression, component, bound, side) -> Multilinear:
    return lift(abs(walk.number(expression.ufl_operands[0], bound, side)))


def _conditional(walk, expression, component, bound, side) -> Multilinear:
    condition, where_true, where_false = expression.ufl_operands
    return choose(
        walk.condition(condition, bound, side),
        walk.value(where_true, component, bound, side),
        walk.value(where_false, component, bound, side),
    )


def _function(on_numbers: Callable, on_arrays: Callable) -> _Rule:
    def rule(walk, expression, component, bound, side) -> Multilinear:
        arguments = [walk.number(o, bound, side) for o in expression.ufl_operands]
        if all(isinstance(a, float) for a in arguments):
            return lift(on_numbers(*arguments))
        return lift(on_arrays(*arguments))

    return rule


def _transparent(walk, expression, component, bound, side) -> Multilinear:
    return walk.value(expression.ufl_operands[0], component, bound, side)


def _restricted(walk, expression, component, bound, side) -> Multilinear:
    return walk.value(expression.ufl_operands[0], component, bound, expression.side())


def _reference_value(walk, expression, component, bound, side) -> Multilinear:
    return _form_argument(walk, expression, component, (), side)


def _reference_gradient(walk, expression, component, bound, side) -> Multilinear:
    inside, axes, derivatives = expression, component, []
    while isinstance(inside, node.ReferenceGrad | node.Restricted):
        if isinstance(inside, node.Restricted):
            side = inside.side()
        else:
            derivatives.append(axes[-1])
            axes = axes[:-1]
        (inside,) = inside.ufl_operands
    dimension = expression.ufl_shape[-1]
    counts = tuple(derivatives.count(axis) for axis in range(dimension))
    if isinstance(inside, node.SpatialCoordinate | node.Jacobian):
        return lift(walk.terminals.geometry(inside, (*axes, *reversed(derivatives)), side))
    return _form_argument(walk, inside, axes, counts, side)


def _form_argument(walk, expression, component, counts, side) -> Multilinear:
    if not isinstance(expression, node.ReferenceValue):
        raise _untranslated(expression)
    (function,) = expression.ufl_operands
    if isinstance(function, node.Restricted):
        side = function.side()
        (function,) = function.ufl_operands
    flat = _flat(component, expression.ufl_shape)
    dimension = function.ufl_function_space().ufl_domain().topological_dimension
    counts = counts or (0,) * dimension
    if isinstance(function, node.Argument):
        return Multilinear({(BasisFactor(function.number(), side, flat, counts),): 1.0})
    return lift(walk.terminals.coefficient(function, flat, counts, side))


def _constant(walk, expression, component, bound, side) -> Multilinear:
    flat = _flat(component, expression.ufl_shape)
    return lift(walk.terminals.constant(expression, flat))


def _geometry(walk, expression, component, bound, side) -> Multilinear:
    if isinstance(expression, node.QuadratureWeight):
        return lift(1.0)  # the rule's weights enter when points are summed
    return lift(walk.terminals.geometry(expression, component, side))


def _flat(component: _Component, shape: tuple[int, ...]) -> int:
    position = 0
    for index, size in zip(component, shape, strict=True):
        position = position * size + index
    return position


def _untranslated(expression: Any) -> InvalidInputError:
    name = type(expression).__name__
    return InvalidInputError(
        f"the form holds the UFL node {name} ({str(expression)[:80]}), which has no translation "
        "to XLA; rewrite it with sums, products, powers, conditionals and elementary functions"
    )


def _rule(kind: type) -> _Rule:
    for ancestor in kind.__mro__:
        if ancestor in _RULES:
            return _RULES[ancestor]

    def refuse(walk, expression, component, bound, side) -> Multilinear:
        raise _untranslated(expression)

    return refuse


_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    node.EQ: lambda a, b: a == b,
    node.NE: lambda a, b: a != b,
    node.LT: lambda a, b: a < b,
    node.LE: lambda a, b: a <= b,
    node.GT: lambda a, b: a > b,
    node.GE: lambda a, b: a >= b,
}

_RULES: dict[type, _Rule] = {
    node.Zero: _zero,
    node.ScalarValue: _scalar_value,
    node.Identity: _identity,
    node.Indexed: _indexed,
    node.IndexSum: _index_sum,
    node.ComponentTensor: _component_tensor,
    node.ListTensor: _list_tensor,
    node.Sum: _sum,
    node.Product: _product,
    node.Division: _division,
    node.Power: _power,
    node.Abs: _absolute,
    node.Conditional: _conditional,
    node.MinValue: _function(min, jnp.minimum),
    node.MaxValue: _function(max, jnp.maximum),
    node.Variable: _transparent,
    node.Restricted: _restricted,
    node.ReferenceValue: _reference_value,
    node.ReferenceGrad: _reference_gradient,
    node.Constant: _constant,
    node.GeometricQuantity: _geometry,
    node.Sqrt: _function(math.sqrt, jnp.sqrt),
    node.Exp: _function(math.exp, jnp.exp),
    node.Ln: _function(math.log, jnp.log),
    node.Cos: _function(math.cos, jnp.cos),
    node.Sin: _function(math.sin, jnp.sin),
    node.Tan: _function(math.tan, jnp.tan),
    node.Cosh: _function(math.cosh, jnp.cosh),
    node.Sinh: _function(math.sinh, jnp.sinh),
    node.Tanh: _function(math.tanh, jnp.tanh),
    node.Acos: _function(math.acos, jnp.arccos),
    node.Asin: _function(math.asin, jnp.arcsin),
    node.Atan: _function(math.atan, jnp.arctan),
    node.Atan2: _function(math.atan2, jnp.arctan2),
    node.Erf: _function(math.erf, jax.scipy.special.erf),
}
