"""What the settings of glibc's allocator do to XLA on a CPU.

    python benchmarks/allocator.py [--repeats 5]

XLA takes the result of each call from malloc and gives it back when Python drops the array. Beyond
a threshold glibc gives such a block back to the system at once, so the next call pays for zeroed
pages again: one fault for each 4 KiB. The benchmark runs a triad, a + s b, which does nothing else
than move memory, and a stencil loop that keeps its buffers, each in fresh processes under one
setting after the other (alternating, so that a busy machine disturbs all settings alike). Each
tunable is tried alone and left out alone, because the two thresholds only work together: setting
one of them switches off glibc's own adaptation of both. The table holds medians over processes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

from aion_sci import allocator

MILLION = 1_000_000
TRIADS = {f"triad {size}M": size * MILLION for size in (1, 4, 16, 64)}
STENCIL = "stencil 2048²"
SECONDS_EACH = 0.4


def settings() -> dict[str, list[str]]:
    """The tunables of each setting: none, each alone, all but each, all."""
    tunables = [f"{key}={value}" for key, value in allocator.TUNABLES.items()]
    short = [key.removeprefix("glibc.malloc.") for key in allocator.TUNABLES]
    without = [[other for other in tunables if other != tunable] for tunable in tunables]
    return {
        "as it is": [],
        **{f"only {name}": [tunable] for name, tunable in zip(short, tunables, strict=True)},
        **{f"all but {name}": rest for name, rest in zip(short, without, strict=True)},
        "all": tunables,
    }


def measure(call, traffic: int) -> dict[str, float]:
    """One call after it has warmed up: GB/s of the fastest, mean faults and processor time."""
    for _ in range(3):
        call().block_until_ready()
    times = []
    before = resource.getrusage(resource.RUSAGE_SELF)
    end = time.perf_counter() + SECONDS_EACH
    while time.perf_counter() < end or len(times) < 5:
        begin = time.perf_counter()
        call().block_until_ready()
        times.append(time.perf_counter() - begin)
    after = resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "rate": traffic / min(times) / 1e9,
        "faults": (after.ru_minflt - before.ru_minflt) / len(times),
        "processor_ms": 1e3 * processor / len(times),
    }


def child() -> None:
    """All measurements under this process's setting, as one line of JSON."""
    import jax
    import jax.numpy as jnp

    results = {}
    triad = jax.jit(lambda a, b: a + 3.0 * b)
    for name, size in TRIADS.items():
        a, b = jnp.ones(size, jnp.float32), jnp.ones(size, jnp.float32)
        results[name] = measure(lambda a=a, b=b: triad(a, b), 3 * a.nbytes)

    @jax.jit
    def smooth(field):
        def step(_, f):
            inside = f[:-2, 1:-1] + f[2:, 1:-1] + f[1:-1, :-2] + f[1:-1, 2:]
            return f.at[1:-1, 1:-1].set(0.25 * inside)

        return jax.lax.fori_loop(0, 20, step, field)

    field = jnp.ones((2048, 2048), jnp.float32)
    results[STENCIL] = measure(lambda: smooth(field), 20 * 2 * field.nbytes)
    print(json.dumps(results))


def run(tunables: list[str]) -> dict[str, dict[str, float]]:
    environment = {key: value for key, value in os.environ.items() if key != "GLIBC_TUNABLES"}
    if tunables:
        environment["GLIBC_TUNABLES"] = ":".join(tunables)
    command = [sys.executable, __file__, "--child"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="processes for each setting")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child()
        return
    runs: dict[str, list[dict]] = {name: [] for name in settings()}
    for _ in range(arguments.repeats):
        for name, tunables in settings().items():
            runs[name].append(run(tunables))

    programs = [*TRIADS, STENCIL]
    print("GB/s of the fastest call / processor time of a call in ms / faults of a call\n")
    print("| setting | " + " | ".join(programs) + " |")
    print("|---|" + "---:|" * len(programs))
    for name, measured in runs.items():
        cells = [
            " / ".join(
                f"{statistics.median(run[program][quantity] for run in measured):.{digits}f}"
                for quantity, digits in (("rate", 1), ("processor_ms", 1), ("faults", 0))
            )
            for program in programs
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
