"""Does the code solve the equations, at the order it claims, with the right derivatives?

*Manufactured solutions*: choose any smooth u, let SymPy differentiate it through the strong form,
and hand the remainder to the solver as a source; then u is the exact answer (Roache 2002, doi
10.1115/1.1436090). *Observed order*: the slope of log error against log cell size over at least
three grids, with the confidence interval of the fit, so that a test asserts an order instead of a
tolerance. *Derivatives*: along random directions, against differences and against the transpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from scipy.special import stdtrit

from aion_kernels.core.compare import largest_difference

if TYPE_CHECKING:
    import sympy

__all__ = [
    "Order",
    "advection",
    "check_adjoint",
    "check_batch_equals_loop",
    "check_gradient",
    "divergence",
    "gradient",
    "laplacian",
    "manufactured",
    "observed_order",
]


class Order(NamedTuple):
    """A convergence rate and the interval that holds it with the confidence asked for."""

    value: float
    low: float
    high: float


def observed_order(
    sizes: Sequence[Any] | np.ndarray,
    errors: Sequence[Any] | np.ndarray,
    *,
    confidence: float = 0.95,
) -> Order:
    """Least-squares slope of log error against log size over at least three grids.

    The interval is Student's, from the scatter about the fit; with three grids it is wide unless
    they lie on a line, as they should. Raises ``ValueError`` for fewer grids, equal sizes, or an
    error that is zero or not finite (round-off is no measure of an order).
    """
    h, e = np.asarray(sizes, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if h.ndim != 1 or h.shape != e.shape or len(h) < 3:
        raise ValueError(f"sizes {h.shape} and errors {e.shape}: at least three pairs are needed")
    if not (np.all(np.isfinite(h)) and np.all(h > 0) and len(np.unique(h)) == len(h)):
        raise ValueError(f"sizes are {h.tolist()}; they must be positive and unlike")
    if not (np.all(np.isfinite(e)) and np.all(e > 0)):
        raise ValueError(f"errors are {e.tolist()}; an order needs positive, finite errors")
    x, y = np.log(h) - np.log(h).mean(), np.log(e)
    slope = float(x @ y / (x @ x))
    scatter = y - y.mean() - slope * x
    freedom = len(h) - 2
    spread = np.sqrt(scatter @ scatter / freedom / (x @ x))
    margin = float(stdtrit(freedom, 0.5 + confidence / 2) * spread)
    return Order(slope, slope - margin, slope + margin)


def gradient(field: sympy.Expr, coordinates: Sequence[sympy.Symbol]) -> list[sympy.Expr]:
    """∇f in Cartesian coordinates."""
    return [field.diff(x) for x in coordinates]


def divergence(vector: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol]) -> sympy.Expr:
    """∇·v in Cartesian coordinates."""
    import sympy

    return sympy.Add(*(f.diff(x) for f, x in zip(vector, coordinates, strict=True)))


def laplacian(field: sympy.Expr, coordinates: Sequence[sympy.Symbol]) -> sympy.Expr:
    """∇²f in Cartesian coordinates."""
    return divergence(gradient(field, coordinates), coordinates)


def advection(
    velocity: Sequence[sympy.Expr], field: sympy.Expr, coordinates: Sequence[sympy.Symbol]
) -> sympy.Expr:
    """(v·∇) f in Cartesian coordinates."""
    import sympy

    slopes = gradient(field, coordinates)
    return sympy.Add(*(v * s for v, s in zip(velocity, slopes, strict=True)))


def manufactured(
    expressions: sympy.Expr | Sequence[sympy.Expr], symbols: Sequence[sympy.Symbol]
) -> Callable[..., Any]:
    """A traceable function of arrays, in the order of ``symbols``, for each expression.

    Returns one array for one expression and a tuple for a sequence, each of the shape to which
    the arguments broadcast, constants included. Raises ``ValueError`` naming symbols that are left
    free.
    """
    import sympy

    single = isinstance(expressions, sympy.Basic)
    several = [sympy.sympify(e) for e in ([expressions] if single else expressions)]
    free = set().union(*(e.free_symbols for e in several)) - set(symbols)
    if free:
        names = ", ".join(sorted(map(str, free)))
        raise ValueError(f"the expressions hold symbols that are not arguments: {names}")
    compiled = [sympy.lambdify(list(symbols), e, modules="jax", cse=True) for e in several]

    def evaluate(*values: Any) -> Any:
        arrays = [jnp.asarray(value) for value in values]
        shape = jnp.broadcast_shapes(*(array.shape for array in arrays))
        dtype = jnp.result_type(*arrays)
        results = tuple(
            jnp.broadcast_to(jnp.asarray(function(*arrays), dtype), shape) for function in compiled
        )
        return results[0] if single else results

    return evaluate


def check_gradient(
    fn: Callable[[Any], PyTree],
    x: PyTree,
    *,
    method: Literal["difference", "complex"] = "difference",
    directions: int = 3,
    step: float | None = None,
    seed: int = 0,
) -> float:
    """Worst relative error of the reverse-mode derivative along random directions.

    ``difference`` uses a central difference of fourth order, good to about 1e-11 for a smooth
    ``fn`` in double precision and 1e-4 in single; ``complex`` takes the imaginary part of
    ``fn(x + iεv)``, exact to round-off, for ``fn`` that is analytic and takes complex arguments.
    An array result is first summed with fixed random weights. Leaves of ``x`` that are not
    floating-point are held fixed. ``step`` is relative to the size of ``x``.
    """
    moving, fixed = eqx.partition(jax.tree.map(jnp.asarray, x), eqx.is_inexact_array)
    random = np.random.default_rng(seed)
    weights = _random_like(random, jax.eval_shape(fn, x))

    def weighed(moving: PyTree) -> jax.Array:
        return _inner(fn(eqx.combine(moving, fixed)), weights)

    weighed = jax.jit(weighed)
    slopes = jax.grad(weighed)(moving)
    precision = max(float(jnp.finfo(leaf.dtype).eps) for leaf in jax.tree.leaves(moving))
    worst = 0.0
    for _ in range(directions):
        along = _scaled_like(random, moving)
        expected = float(_inner(slopes, along))
        if method == "complex":
            tiny = 1e-20 if step is None else step
            tilted = jax.tree.map(lambda x, v, t=tiny: jax.lax.complex(x, t * v), moving, along)
            found = float(jnp.imag(weighed(tilted))) / tiny
        else:
            h = precision**0.2 if step is None else step
            near, far = (
                float(weighed(_shifted(moving, along, k * h)))
                - float(weighed(_shifted(moving, along, -k * h)))
                for k in (1, 2)
            )
            found = (8 * near - far) / (12 * h)
        worst = max(worst, _relative(expected, found))
    return worst


def check_adjoint(fn: Callable[[Any], PyTree], x: PyTree, *, seed: int = 0) -> float:
    """Relative gap between ⟨J v, w⟩ and ⟨v, Jᵀ w⟩ for random v and w: round-off when consistent.

    The test of a hand-written forward or transpose rule; it needs no step size.
    """
    moving, fixed = eqx.partition(jax.tree.map(jnp.asarray, x), eqx.is_inexact_array)
    random = np.random.default_rng(seed)

    def varied(moving: PyTree) -> PyTree:
        return fn(eqx.combine(moving, fixed))

    along = _random_like(random, moving)
    result, pushed = jax.jvp(varied, (moving,), (along,))
    against = _random_like(random, result)
    (pulled,) = jax.vjp(varied, moving)[1](against)
    return _relative(float(_inner(pushed, against)), float(_inner(along, pulled)))


def check_batch_equals_loop(fn: Callable[[Any], PyTree], batch: PyTree) -> float:
    """Largest relative difference between ``vmap`` and one member at a time."""
    together = jax.jit(jax.vmap(fn))(batch)
    alone = jax.jit(fn)
    worst = 0.0
    for member in range(len(jax.tree.leaves(batch)[0])):
        one, same = (
            jax.tree.map(lambda leaf, i=member: leaf[i], tree) for tree in (batch, together)
        )
        worst = max(worst, largest_difference(same, alone(one)))
    return worst


def _inner(a: PyTree, b: PyTree) -> jax.Array:
    """Sum of products, leaf by leaf; ``a`` may be complex where ``b`` is real."""
    products = [
        jnp.sum(x * y.astype(x.dtype)) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True)
    ]
    return jnp.sum(jnp.stack(products))


def _random_like(random: np.random.Generator, tree: PyTree) -> PyTree:
    return jax.tree.map(lambda x: jnp.asarray(random.normal(size=x.shape), x.dtype), tree)


def _scaled_like(random: np.random.Generator, tree: PyTree) -> PyTree:
    """Random directions as large as the leaves they move, so that one step suits all."""

    def scaled(leaf: jax.Array) -> jax.Array:
        size = jnp.sqrt(jnp.mean(leaf**2)) if leaf.size else jnp.asarray(0.0, leaf.dtype)
        return jnp.asarray(random.normal(size=leaf.shape), leaf.dtype) * jnp.where(size, size, 1)

    return jax.tree.map(scaled, tree)


def _shifted(tree: PyTree, along: PyTree, amount: float) -> PyTree:
    return jax.tree.map(lambda x, v: x + amount * v, tree, along)


def _relative(a: float, b: float) -> float:
    gap = abs(a - b) / max(abs(a), abs(b), 1e-300)
    return gap if np.isfinite(gap) else np.inf  # a NaN would compare as no difference
