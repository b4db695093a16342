"""The five-point Laplacian: native C++ against its XLA twin.

    python benchmarks/native_stencil.py [--repeats 20]

Both sides run the same program, alone and inside a loop of explicit diffusion steps, batched by
vmap, with and without the native code (AION_NATIVE). Sides alternate and the fastest call of each
counts, because other work on the machine only ever adds time. The loop is written in two ways that
XLA compiles very differently, an update in place and a padding; the better of the two is shown for
each side. Agreement of the two sides is checked before anything is timed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from aion_kernels.core import native
from aion_kernels.core.native.laplacian import laplacian

STEPS = 20
CASES = [  # members, cells along an edge
    (1, 64),
    (1, 512),
    (1, 2048),
    (64, 64),
    (1024, 32),
]


def alone(field, spacing):
    return laplacian(field, spacing)


def in_place(field, spacing):
    def step(_, f):
        return f.at[1:-1, 1:-1].add(jnp.asarray(0.1, f.dtype) * laplacian(f, spacing))

    return jax.lax.fori_loop(0, STEPS, step, field)


def padded(field, spacing):
    def step(_, f):
        inside = f[1:-1, 1:-1] + jnp.asarray(0.1, f.dtype) * laplacian(f, spacing)
        return jnp.pad(inside, 1)

    return jax.lax.fori_loop(0, STEPS, step, field)


def compiled(program: Callable, side: str, *arguments) -> Callable:
    """The batched program with the native code ("1") or the twin ("0"), compiled."""
    os.environ["AION_NATIVE"] = side
    return jax.jit(jax.vmap(program, (0, None))).lower(*arguments).compile()


def seconds(call: Callable, arguments: tuple, calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        call(*arguments).block_until_ready()
    return (time.perf_counter() - begin) / calls


def compare(program: Callable, arguments: tuple, repeats: int) -> tuple[float, float]:
    """Seconds of the fastest call, native and twin."""
    sides = [compiled(program, side, *arguments) for side in ("1", "0")]
    ours, theirs = (np.asarray(side(*arguments)) for side in sides)
    tolerance = 100 * np.finfo(ours.dtype).eps
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * abs(theirs).max())
    calls = max(1, int(2e-2 / seconds(sides[0], arguments, 1)))
    times = [[seconds(side, arguments, calls) for side in sides] for _ in range(repeats)]
    fastest = np.min(times, axis=0)
    return float(fastest[0]), float(fastest[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    jax.config.update("jax_enable_x64", True)
    for kernel in native.status():
        print(f"{kernel.name}: {kernel.path} ({kernel.reason})")
    print(f"jax {jax.__version__}, {os.cpu_count()} cores, times in microseconds\n")
    print("| type | members | grid | native | twin | ratio | native step | twin step | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for dtype in (np.float32, np.float64):
        for members, cells in CASES:
            shape = (members, cells + 2, cells + 2)
            field = jnp.asarray(np.random.default_rng(0).normal(size=shape), dtype)
            arguments = field, jnp.ones(2, dtype)
            once = [1e6 * t for t in compare(alone, arguments, repeats)]
            loops = [compare(program, arguments, repeats) for program in (in_place, padded)]
            step = [1e6 * min(side) / STEPS for side in zip(*loops, strict=True)]
            print(
                f"| {np.dtype(dtype)} | {members} | {cells}² "
                f"| {once[0]:.0f} | {once[1]:.0f} | {once[1] / once[0]:.2f} "
                f"| {step[0]:.1f} | {step[1]:.1f} | {step[1] / step[0]:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
