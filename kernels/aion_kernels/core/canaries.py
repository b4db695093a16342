"""Small programs with known answers, to catch a machine or a compiler that computes wrong numbers.

A wrong release has happened: jax 0.10.2 returned wrong sums on CPUs without a word
(jax-ml/jax#39103). Each canary is a shape of program that our solvers are made of. It runs three
times, compiled whole, operation by operation, and in NumPy, and the three must agree to round-off.
They take a few seconds, most of it compiling, and are run by ``aion doctor`` and as the first task
of every worker; a failed canary means that no result of this process can be trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from aion_kernels.core.compare import largest_difference

__all__ = ["CANARIES", "Canary", "CanaryResult", "run_canaries"]


@dataclass(frozen=True)
class Canary:
    """One known-answer program; ``compute`` is traced, ``expect`` is NumPy on the same inputs."""

    name: str
    what_it_guards: str
    compute: Callable[..., PyTree]
    expect: Callable[..., PyTree]
    inputs: Callable[[], tuple[np.ndarray, ...]]
    tolerance: float = 1e-12
    """Largest difference allowed, relative to the largest number of the answer."""


@dataclass(frozen=True)
class CanaryResult:
    """How a canary fared on this machine."""

    name: str
    passed: bool
    worst_difference: float
    """Relative; infinite where the program raised or an answer is misshapen."""
    tolerance: float
    what_it_guards: str
    detail: str = ""
    """Which of the ways to run it differed, or the error that it raised."""


def run_canaries() -> list[CanaryResult]:
    """Run all canaries in full precision on the default device, whatever the global settings."""
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        return [_run(canary) for canary in CANARIES]


def _run(canary: Canary) -> CanaryResult:
    inputs = canary.inputs()
    expected = canary.expect(*inputs)
    worst, detail = 0.0, ""
    for way, program in (("compiled", jax.jit(canary.compute)), ("eager", canary.compute)):
        try:
            found = program(*map(jnp.asarray, inputs))
            difference = largest_difference(found, expected)
            text = f"{way} differs from NumPy"
        except Exception as error:  # whatever a broken installation raises is the finding
            difference, text = np.inf, f"{way}: {type(error).__name__}: {error}"
        if difference > worst:
            worst, detail = difference, text
    passed = worst <= canary.tolerance
    return CanaryResult(
        name=canary.name,
        passed=passed,
        worst_difference=worst,
        tolerance=canary.tolerance,
        what_it_guards=canary.what_it_guards,
        detail="" if passed else detail,
    )


def _random(*shapes: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(0)
    return tuple(generator.normal(size=shape) for shape in shapes)


def _points(count: int, dtype: Any) -> np.ndarray:
    points = np.zeros((count, 3), dtype)
    points[:, 0] = np.arange(count)
    return points


def _norms_of_products(double: jax.Array, single: jax.Array) -> tuple[jax.Array, jax.Array]:
    def norms(points: jax.Array) -> jax.Array:
        matrix = jnp.eye(3, dtype=points.dtype)
        return jax.vmap(lambda row: jnp.sum((matrix @ row) ** 2))(points)

    return norms(double), norms(single)


def _moments(x: Any, numpy: Any) -> tuple[Any, ...]:
    slope = numpy.diff(x, axis=1)
    return (
        numpy.sum(x * x, axis=0),
        numpy.sum(slope * slope, axis=(0, 1)),
        numpy.max(numpy.abs(slope), axis=1),
        numpy.mean(numpy.exp(-x), axis=(0, 2)),
    )


_SEGMENTS = 7


def _segment_inputs() -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(1)
    return generator.normal(size=(500, 3)), generator.integers(0, _SEGMENTS, 500)


def _segment_sums(values: np.ndarray, segments: np.ndarray) -> np.ndarray:
    sums = np.zeros((_SEGMENTS, 3))
    np.add.at(sums, segments, values)
    return sums


def _spectral(x: Any, numpy: Any) -> tuple[Any, ...]:
    spectrum = numpy.fft.rfftn(x)
    return (
        numpy.real(spectrum),
        numpy.imag(spectrum),
        numpy.fft.irfftn(spectrum, x.shape, (0, 1, 2)),
    )


def _halvings(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    def until_small(start: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jax.lax.while_loop(
            lambda carry: carry[0] > 1,
            lambda carry: (carry[0] / 2, carry[1] + 1),
            (start, jnp.int64(0)),
        )

    return jax.vmap(until_small)(x)


def _branches(x: jax.Array) -> jax.Array:
    def branch(value: jax.Array) -> jax.Array:
        return jax.lax.cond(value > 0, jnp.sqrt, lambda negative: negative**2, value)

    return jax.vmap(branch)(x)


def _ordering(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.sort(x, axis=1), jnp.argsort(x, axis=1, stable=True)


def _eigen(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    symmetric = x + jnp.swapaxes(x, 1, 2)
    values, vectors = jnp.linalg.eigh(symmetric)
    rebuilt = (vectors * values[:, None, :]) @ jnp.swapaxes(vectors, 1, 2)
    return values, rebuilt


def _eigen_expected(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    symmetric = x + np.swapaxes(x, 1, 2)
    return np.linalg.eigvalsh(symmetric), symmetric


def _digits(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return (x + 2.0**-52) - x, jnp.sin(x)


def _logistic_slope(rate: jax.Array) -> jax.Array:
    def end(rate: jax.Array) -> jax.Array:
        def step(x: jax.Array, _: None) -> tuple[jax.Array, None]:
            return rate * x * (1 - x), None

        return jax.lax.scan(step, jnp.full_like(rate, 0.3), length=20)[0]

    return jax.vmap(jax.grad(end))(rate)


def _logistic_slope_expected(rate: np.ndarray) -> np.ndarray:
    x, slope = np.full_like(rate, 0.3), np.zeros_like(rate)
    for _ in range(20):
        x, slope = rate * x * (1 - x), x * (1 - x) + rate * (1 - 2 * x) * slope
    return slope


def _gathers(x: jax.Array, index: jax.Array) -> tuple[jax.Array, jax.Array]:
    padded = x.at[index].get(mode="fill", fill_value=0.0)
    return padded, x[-index - 1]


def _gathers_expected(x: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = index < len(x)
    padded = np.where(inside[:, None], x[np.where(inside, index, 0)], 0.0)
    return padded, x[np.maximum(len(x) - 1 - index, 0)]


def _shift_first_row(x: jax.Array) -> jax.Array:
    return x.at[0].set(jnp.roll(x[0], 5)).at[:, -1].add(x[:, 0])


def _shift_first_row_expected(x: np.ndarray) -> np.ndarray:
    result = x.copy()
    result[0] = np.roll(x[0], 5)
    result[:, -1] += x[:, 0]
    return result


CANARIES: tuple[Canary, ...] = (
    Canary(
        "product_then_reduction",
        "a batched matrix-vector product fused with a sum (wrong in jax 0.10.2, jax#39103)",
        _norms_of_products,
        lambda double, single: (np.sum(double**2, axis=1), np.sum(single**2, axis=1)),
        # The sizes at which the faulty release went wrong: one more than its parallel block.
        lambda: (_points(16_385, np.float64), _points(32_769, np.float32)),
        tolerance=1e-6,  # single precision is among the answers
    ),
    Canary(
        "fused_reductions",
        "sums, maxima and means fused with differences and exponentials",
        lambda x: _moments(x, jnp),
        lambda x: _moments(x, np),
        lambda: _random((17, 33, 65)),
    ),
    Canary(
        "scatter_add",
        "sums into repeated places: assembly, forces on atoms",
        lambda values, segments: jax.ops.segment_sum(values, segments, _SEGMENTS),
        _segment_sums,
        _segment_inputs,
    ),
    Canary(
        "fourier",
        "a real transform in three dimensions and its inverse",
        lambda x: _spectral(x, jnp),
        lambda x: _spectral(x, np),
        lambda: _random((8, 12, 10)),
    ),
    Canary(
        "loop_in_batch",
        "loops of unlike lengths in one batch",
        _halvings,
        lambda x: (x / 2.0 ** np.ceil(np.log2(x)), np.ceil(np.log2(x)).astype(np.int64)),
        lambda: (np.array([1.0, 3.0, 100.0, 1e6, 2.5]),),
    ),
    Canary(
        "branch_in_batch",
        "a branch that each member of a batch takes its own way",
        _branches,
        lambda x: np.where(x > 0, np.sqrt(np.abs(x)), x**2),
        lambda: _random((40,)),
    ),
    Canary(
        "sort",
        "sorting and stable ordering with ties",
        _ordering,
        lambda x: (np.sort(x, axis=1), np.argsort(x, axis=1, kind="stable")),
        lambda: (np.round(_random((5, 400))[0], 1),),
        tolerance=0.0,
    ),
    Canary(
        "batched_product",
        "products of many small matrices",
        lambda a, b: jnp.einsum("bij,bjk->bik", a, b),
        lambda a, b: np.einsum("bij,bjk->bik", a, b),
        lambda: _random((33, 9, 17), (33, 17, 5)),
    ),
    Canary(
        "eigenvectors",
        "eigenvalues and eigenvectors of symmetric matrices",
        _eigen,
        _eigen_expected,
        lambda: _random((4, 12, 12)),
    ),
    Canary(
        "double_precision",
        "that float64 has 53 bits, with no fast-math shortcuts",
        _digits,
        lambda x: (np.full_like(x, 2.0**-52), np.sin(x)),
        lambda: (np.linspace(1.0, 1.9, 16),),
        tolerance=1e-15,
    ),
    Canary(
        "gradient_of_scan",
        "reverse differentiation through a loop",
        _logistic_slope,
        _logistic_slope_expected,
        lambda: (np.linspace(2.5, 3.4, 10),),
    ),
    Canary(
        "padded_gather",
        "indices past the end that must read a fill value, and negative ones that must wrap",
        _gathers,
        _gathers_expected,
        lambda: (*_random((20, 2)), np.array([0, 19, 20, 7, 1000])),
        tolerance=0.0,
    ),
    Canary(
        "update_in_place",
        "updates of an array from itself, which must read the old values",
        _shift_first_row,
        _shift_first_row_expected,
        lambda: _random((6, 50)),
        tolerance=1e-15,
    ),
)
"""All canaries, in the order in which they run."""
