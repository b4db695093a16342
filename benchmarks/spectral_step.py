"""A step of two-dimensional vorticity: ours against jax-cfd's, where that is installed.

    python benchmarks/spectral_step.py [--peer PYTHON] [--points 256 512 1024] [--repeats 5]

Both sides solve the same unforced problem in float32 with dealiasing by the 2/3 rule: ours by
exponential time differencing with four stages, jax-cfd by Crank–Nicolson with a low-storage
Runge–Kutta scheme of fourth order. The peer needs an environment of its own (`--peer` names its
interpreter): jax-cfd is no longer maintained and uses a function that JAX has removed, which is put
back there. Each side runs in a process of its own; the processes alternate, and the medians of wall
and of processor time a step are shown. Processor time is what other work on the machine moves
least.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import numpy as np

STEPS = 8
"""In one program."""

TIMING = """
import json, sys, time
def report(program, state):
    program(state).block_until_ready()
    wall, processor = time.perf_counter(), time.process_time()
    program(state).block_until_ready()
    print(json.dumps([time.perf_counter() - wall, time.process_time() - processor]))
n, steps = int(sys.argv[1]), int(sys.argv[2])
"""

OURS = (
    TIMING
    + """
import jax, jax.numpy as jnp
from aion_kernels.cfd.spectral.fourier import FourierGrid
from aion_kernels.cfd.spectral.vorticity import VorticityFlow
grid = FourierGrid.cube(2, n)
flow = VorticityFlow.create(grid, jnp.float32(1e-3), jnp.float32(1e-3))
run = jax.jit(lambda flow, s: jax.lax.fori_loop(0, steps, lambda _, s: flow.step(s), s))
report(lambda state: run(flow, state), flow.initial())
"""
)

PEER = (
    TIMING
    + """
import jax
jax.tree_map = jax.tree.map
import jax.numpy as jnp, numpy as np
import jax_cfd.base as cfd, jax_cfd.spectral as spectral
grid = cfd.grids.Grid((n, n), domain=((0, 2 * np.pi), (0, 2 * np.pi)))
equation = spectral.equations.NavierStokes2D(1e-3, grid, smooth=True)
step = spectral.time_stepping.crank_nicolson_rk4(equation, 1e-3)
run = jax.jit(lambda s: jax.lax.fori_loop(0, steps, lambda _, s: step(s), s))
field = np.random.default_rng(0).normal(size=(n, n))
report(run, jnp.fft.rfftn(jnp.asarray(field, jnp.float32)))
"""
)


def measure(python: str, script: str, points: int) -> np.ndarray:
    """Milliseconds of wall and processor time a step."""
    command = [python, "-c", script, str(points), str(STEPS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return 1e3 * np.array(json.loads(done.stdout.splitlines()[-1])) / STEPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", help="interpreter of an environment with jax-cfd")
    parser.add_argument("--points", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    sides = [("ours", sys.executable, OURS)]
    if arguments.peer:
        sides.append(("jax-cfd", arguments.peer, PEER))
    print("| grid | " + " | ".join(f"{name}: wall | processor" for name, *_ in sides) + " |")
    print("|---|" + "---:|---:|" * len(sides))
    for points in arguments.points:
        times = [
            [measure(python, script, points) for _, python, script in sides]
            for _ in range(arguments.repeats)
        ]
        medians = np.median(times, axis=0)
        cells = " | ".join(f"{wall:.2f} | {processor:.2f}" for wall, processor in medians)
        print(f"| {points}² | {cells} |", flush=True)


if __name__ == "__main__":
    main()
