"""A step of compressible flow against NumPy, and a batch of shock tubes against a loop.

The NumPy side is the same scheme written as one writes it there: WENO5-Z in characteristic
variables, HLLC, the two corrections and three Runge–Kutta stages on whole arrays, without the
positivity limiter (which ours has), so it does somewhat less work. Both sides start from the same
smooth periodic field and must agree before they are timed. Sides alternate; medians of nanoseconds
per cell and step, compilation apart.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from aion_kernels.cfd.compressible.boundaries import Boundaries
from aion_kernels.cfd.compressible.flow import CompressibleFlow
from aion_kernels.cfd.compressible.gas import IdealGas
from aion_kernels.cfd.compressible.shock_tube import shock_tube

GAMMA = 1.4
STEPS = 5


def numpy_step(state: np.ndarray, step: float) -> np.ndarray:
    """Three stages on conserved fields (components, *cells) of a periodic unit box."""
    first = state + step * numpy_rate(state)
    second = 0.75 * state + 0.25 * (first + step * numpy_rate(first))
    return (state + 2 * (second + step * numpy_rate(second))) / 3


def numpy_rate(state: np.ndarray) -> np.ndarray:
    primitive = state.copy()
    primitive[1:-1] /= state[0]
    kinetic = 0.5 * (state[1:-1] * primitive[1:-1]).sum(0)
    primitive[-1] = (GAMMA - 1) * (state[-1] - kinetic)
    rate = np.zeros_like(state)
    for axis in range(1, state.ndim):
        flux = numpy_flux(primitive, axis)
        rate -= (flux - np.roll(flux, 1, axis)) * state.shape[axis]
    return rate


def conserved(w: np.ndarray) -> np.ndarray:
    out = w.copy()
    out[1:-1] *= w[0]
    out[-1] = w[-1] / (GAMMA - 1) + 0.5 * w[0] * (w[1:-1] ** 2).sum(0)
    return out


def physical_flux(w: np.ndarray, axis: int) -> np.ndarray:
    out = w[axis] * conserved(w)
    out[axis] += w[-1]
    out[-1] += w[-1] * w[axis]
    return out


def weno(a, b, c, d, e):
    smoothness = (
        13 / 12 * (a - 2 * b + c) ** 2 + 0.25 * (a - 4 * b + 3 * c) ** 2,
        13 / 12 * (b - 2 * c + d) ** 2 + 0.25 * (b - d) ** 2,
        13 / 12 * (c - 2 * d + e) ** 2 + 0.25 * (3 * c - 4 * d + e) ** 2,
    )
    jump = (smoothness[0] - smoothness[2]) ** 2
    noise = (100 * np.finfo(c.dtype).eps * c) ** 2 + 10 * float(np.finfo(c.dtype).tiny) ** 0.5
    weights = [
        k * (1 + jump / (s + noise) ** 2) for k, s in zip((1, 10, 5), smoothness, strict=True)
    ]
    parabolas = (3 * a - 10 * b + 15 * c, -b + 6 * c + 3 * d, 3 * c + 6 * d - e)
    blend = sum(w * p for w, p in zip(weights, parabolas, strict=True))
    return blend / (8 * sum(weights))


def numpy_flux(w: np.ndarray, axis: int) -> np.ndarray:
    """Through the upper face of each cell."""
    points = [np.roll(w, 2 - k, axis) for k in range(6)]
    square = GAMMA * (points[2][-1] + points[3][-1]) / (points[2][0] + points[3][0])
    impedance = 0.5 * (points[2][0] + points[3][0]) * np.sqrt(square)
    waves = []
    for point in points:
        rows = point.copy()
        rows[0] = point[0] - point[-1] / square
        rows[axis] = 0.5 * (point[-1] - impedance * point[axis])
        rows[-1] = 0.5 * (point[-1] + impedance * point[axis])
        waves.append(rows)
    sides = []
    for found in (weno(*waves[:5]), weno(*waves[:0:-1])):
        rows = found.copy()
        rows[-1] = found[-1] + found[axis]
        rows[0] = found[0] + rows[-1] / square
        rows[axis] = (found[-1] - found[axis]) / impedance
        sides.append(rows)
    f = [np.roll(physical_flux(w, axis), 2 - k, axis) for k in range(6)]
    correction = (57 * (f[0] + f[5]) - 411 * (f[1] + f[4]) + 354 * (f[2] + f[3])) / 11520
    return numpy_hllc(*sides, axis) + correction


def numpy_hllc(left: np.ndarray, right: np.ndarray, axis: int) -> np.ndarray:
    sounds = [np.sqrt(GAMMA * s[-1] / s[0]) for s in (left, right)]
    share = np.sqrt(left[0]) / (np.sqrt(left[0]) + np.sqrt(right[0]))
    mean = share * left[axis] + (1 - share) * right[axis]
    gap = 0.5 * (GAMMA - 1) * share * (1 - share) * (right[axis] - left[axis]) ** 2
    sound = np.sqrt(share * sounds[0] ** 2 + (1 - share) * sounds[1] ** 2 + gap)
    slowest = np.minimum(left[axis] - sounds[0], mean - sound)
    fastest = np.maximum(right[axis] + sounds[1], mean + sound)
    inertia = left[0] * (slowest - left[axis]), right[0] * (fastest - right[axis])
    pull = right[-1] - left[-1] + inertia[0] * left[axis] - inertia[1] * right[axis]
    contact = pull / (inertia[0] - inertia[1])
    fluxes = []
    for w, front, reach in (
        (left, slowest, np.minimum(slowest, 0)),
        (right, fastest, np.maximum(fastest, 0)),
    ):
        u = conserved(w)
        squeezed = w[0] * (front - w[axis]) / (front - contact)
        star = squeezed * w
        star[0] = squeezed
        star[axis] = squeezed * contact
        push = contact + w[-1] / (w[0] * (front - w[axis]))
        star[-1] = squeezed * (u[-1] / w[0] + (contact - w[axis]) * push)
        fluxes.append(physical_flux(w, axis) + reach * (star - u))
    return np.where(contact >= 0, *fluxes)


def ripple(shape: tuple[int, ...], dtype: type) -> list[np.ndarray]:
    x = np.meshgrid(*[(np.arange(n) + 0.5) / n for n in shape], indexing="ij")
    wave = np.sin(2 * np.pi * sum(x))
    fields = [1 + 0.2 * wave, *[0.3 + 0.1 * wave for _ in shape], 1 + 0.1 * wave]
    return [field.astype(dtype) for field in fields]


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare_steps(shape: tuple[int, ...], dtype: type, repeats: int) -> str:
    fields = ripple(shape, dtype)
    step = 0.1 / max(shape) / len(shape)
    flow = CompressibleFlow(
        IdealGas(jnp.asarray(GAMMA, dtype)),
        Boundaries.everywhere("periodic", len(shape)),
        tuple(map(jnp.asarray, fields)),
        (1.0,) * len(shape),
        jnp.asarray(step, dtype),
    )
    start = flow.initial()
    compiled = (
        jax.jit(lambda f, s: jax.lax.fori_loop(0, STEPS, lambda _, s: f.step(s), s))
        .lower(flow, start)
        .compile()
    )

    def peer() -> np.ndarray:
        state = conserved(np.stack(fields))
        for _ in range(STEPS):
            state = numpy_step(state, dtype(step))
        return state

    gap = np.abs(np.stack(compiled(flow, start)) - peer()).max()
    assert gap < (1e-11 if dtype is np.float64 else 1e-4), gap
    sides: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        sides[0].append(seconds(lambda: jax.block_until_ready(compiled(flow, start))))
        sides[1].append(seconds(peer))
    ours, theirs = (1e9 * statistics.median(s) / STEPS / np.prod(shape) for s in sides)
    size = " × ".join(map(str, shape))
    return f"| {size} | {dtype.__name__} | {ours:.0f} | {theirs:.0f} | {theirs / ours:.1f} |"


def compare_tubes(repeats: int, members: int = 64, cells: int = 200) -> str:
    left = jnp.stack([jnp.array([1.0, 0.0, p]) for p in np.linspace(0.8, 1.2, members)])
    right, gamma, when = jnp.array([0.125, 0.0, 0.1]), jnp.asarray(1.4), jnp.asarray(0.2)

    def tube(left: jax.Array) -> dict[str, jax.Array]:
        return shock_tube(left, right, gamma, when, cells=cells).value.values

    alone, together = jax.jit(tube), jax.jit(jax.vmap(tube))
    jax.block_until_ready((alone(left[0]), together(left)))
    sides: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        sides[0].append(seconds(lambda: jax.block_until_ready(together(left))))
        sides[1].append(seconds(lambda: [jax.block_until_ready(alone(one)) for one in left]))
    batch, loop = map(statistics.median, sides)
    ratio = f"{loop / batch:.1f} times"
    return f"{members} tubes of {cells} cells: batch {batch:.2f} s, loop {loop:.2f} s, {ratio}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    jax.config.update("jax_enable_x64", True)
    print("| cells | type | ours, ns | NumPy, ns | ratio |\n|---|---|---:|---:|---:|", flush=True)
    for shape in ((400,), (65536,), (128, 128), (256, 256)):
        for dtype in (np.float64, np.float32):
            print(compare_steps(shape, dtype, repeats), flush=True)
    print(compare_tubes(repeats))


if __name__ == "__main__":
    main()
