"""Ignition delays against a loop of Cantera's reactors, and batches of ROBER against diffrax.

    python benchmarks/kinetics_ignition.py [--members 1000] [--repeats 3] [--only h2|methane|rober]

Ignitions: temperatures spread evenly over 1/T, constant volume, 1 atm, stoichiometric in air. Both
sides look for the largest dT/dt and stop when it is over; Cantera runs at its own default
tolerances (1e-9, 1e-15) and, beside them, at looser ones (1e-6, 1e-12); its loop is timed on a
sample of the members and scaled up. The error of each side is that against our own solver at 1e-9.
ROBER: to t = 1e4, relative tolerance 1e-6, the same absolute one on both sides, vmapped Kvaerno5
against the lanes. Compilation is apart; sides alternate; medians.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

AIR = "O2:1, N2:3.76"
SAMPLE = 16
CASES = {
    "h2": ("h2o2.yaml", "H2:1", 950.0, 1600.0),
    "methane": ("gri30.yaml", "CH4:1", 1250.0, 1900.0),
}


def seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def ignitions(case: str, members: int, repeats: int) -> None:
    from aion_kernels.kinetics import referee
    from aion_kernels.kinetics.ignition import ignition_delays
    from aion_kernels.kinetics.mixtures import equivalence_mixtures
    from aion_kernels.kinetics.reader import read_mechanism

    file, fuel, coldest, hottest = CASES[case]
    mechanism = read_mechanism(file)
    temperature = 1 / np.linspace(1 / hottest, 1 / coldest, members)
    fractions = equivalence_mixtures(mechanism, np.ones(1), fuel, AIR).repeat(members, axis=0)
    pressure = np.full(members, 101325.0)
    sample = np.linspace(0, members - 1, SAMPLE).astype(int)

    def ours(relative: float, which: np.ndarray | slice = slice(None)) -> np.ndarray:
        solution = ignition_delays(
            mechanism,
            "volume",
            temperature[which],
            pressure[which],
            fractions[which],
            relative=relative,
        )
        assert not solution.outcome.any()
        return solution.value.delay

    def theirs(relative: float, absolute: float) -> np.ndarray:
        return np.array(
            [
                referee.ignition_delay(
                    file,
                    fuel,
                    AIR,
                    1.0,
                    temperature[i],
                    pressure[i],
                    "volume",
                    relative=relative,
                    absolute=absolute,
                )[0]
                for i in sample
            ]
        )

    first = seconds(lambda: ours(1e-6))
    exact = ours(1e-9, sample)
    sides: dict[str, Callable[[], np.ndarray]] = {
        "ours 1e-5": lambda: ours(1e-5)[sample],
        "ours 1e-6": lambda: ours(1e-6)[sample],
        "Cantera 1e-9, 1e-15": lambda: theirs(1e-9, 1e-15),
        "Cantera 1e-6, 1e-12": lambda: theirs(1e-6, 1e-12),
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            scale = members / SAMPLE if name.startswith("Cantera") else 1.0
            taken[name].append(scale * seconds(side))
    print(f"\n{members} ignitions, {file}; first call, compilation included: {first:.1f} s")
    print("| side | all members, s | largest error of τ | ours 1e-6 is faster by |")
    print("|---|---:|---:|---:|")
    base = float(np.median(taken["ours 1e-6"]))
    for name, side in sides.items():
        error = np.max(np.abs(side() / exact - 1))
        median = float(np.median(taken[name]))
        print(f"| {name} | {median:.2f} | {error:.1e} | {median / base:.1f} |", flush=True)


def rober(members: int, repeats: int) -> None:
    import diffrax

    from aion_kernels.kinetics.stiff_problems import ROBER, solve_stiff_problems

    end = 1e4

    def right(t: object, y: jax.Array, rates: jax.Array) -> jax.Array:
        decay, exchange = rates[0] * y[0], rates[1] * y[1] * y[2]
        pairs = rates[2] * y[1] ** 2
        return jnp.stack([exchange - decay, decay - exchange - pairs, pairs])

    def one(factor: jax.Array) -> jax.Array:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(right),
            diffrax.Kvaerno5(),
            t0=0.0,
            t1=end * factor,
            dt0=None,
            y0=jnp.array([1.0, 0.0, 0.0]),
            args=jnp.asarray(ROBER),
            stepsize_controller=diffrax.PIDController(rtol=1e-6, atol=1e-14),
            max_steps=10_000,
            saveat=diffrax.SaveAt(t1=True),
        )
        assert solution.ys is not None
        return solution.ys[0]

    peer = jax.jit(jax.vmap(one))
    factors = jnp.linspace(0.9, 1.1, members)
    sides = {
        "ours": lambda: solve_stiff_problems("rober", end * np.asarray(factors), relative=1e-6),
        "diffrax Kvaerno5, vmap": lambda: peer(factors).block_until_ready(),
    }
    first = {name: seconds(side) for name, side in sides.items()}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            taken[name].append(seconds(side))
    difference = np.max(np.abs(sides["ours"]().value / np.asarray(peer(factors)) - 1))
    print(f"\n{members} ROBER to 1e4; the two sides differ by {difference:.1e}")
    print("| side | first call, s | s | ratio |\n|---|---:|---:|---:|")
    base = float(np.median(taken["ours"]))
    for name in sides:
        median = float(np.median(taken[name]))
        print(f"| {name} | {first[name]:.1f} | {median:.3f} | {median / base:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=[*CASES, "rober"])
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    for case in CASES:
        if options.only in (None, case):
            ignitions(case, options.members, options.repeats)
    if options.only in (None, "rober"):
        rober(options.members, options.repeats)


if __name__ == "__main__":
    main()
