"""A sweep of Rayleigh numbers as one program, against the same runs one by one.

    python benchmarks/cavity_sweep.py [--cells 32 64] [--members 32] [--chunk 8] [--repeats 5]

Both sides are compiled beforehand; they alternate, and the medians are compared. One by one means
one call of a compiled program a run, without the cost of a process, a record or a file; the last
rows ask the workbench, where a run costs its record and its files too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time

import jax
import jax.numpy as jnp
import numpy as np

from aion_kernels.cfd.cavities import heated_cavity
from aion_kernels.core.ensemble import ensemble
from aion_sci.runs.study import Study
from aion_sci.settings import load_settings
from aion_sci.workbench import open_workbench


def measure(cells: int, members: int, chunk: int | str, repeats: int) -> dict[str, float]:
    """Median seconds of each side, their ratio, and the compile times."""
    rayleigh = jnp.logspace(3, 6, members)

    def observe(rayleigh: jax.Array) -> dict[str, jax.Array]:
        solution = heated_cavity(rayleigh, cells=cells)
        return {"nusselt": solution.value["nusselt"], "outcome": solution.outcome}

    def batch() -> None:
        jax.block_until_ready(ensemble(observe, rayleigh, chunk=chunk))

    alone = jax.jit(observe)

    def one_by_one() -> None:
        for number in rayleigh:
            jax.block_until_ready(alone(number))

    compile_batch, compile_alone = _seconds(batch), _seconds(lambda: alone(rayleigh[0]))
    pairs = [(_seconds(one_by_one), _seconds(batch)) for _ in range(repeats)]
    loop, program = (statistics.median(side) for side in zip(*pairs, strict=True))
    return {
        "cells": cells,
        "members": members,
        "one_by_one_s": loop,
        "one_program_s": program,
        "ratio": loop / program,
        "first_call_batch_s": compile_batch,
        "first_call_alone_s": compile_alone,
    }


def measure_workbench(cells: int, members: int, repeats: int) -> dict[str, float]:
    """The same sweep asked of the workbench: one study against one study a run.

    Each run is a whole ladder of three grids, looked up, computed, refined, committed and indexed.
    """
    requests = [{"rayleigh": float(number)} for number in np.logspace(3, 6, members)]
    settled = {"resolution": cells}

    def seconds(studies: list[list[dict[str, float]]]) -> float:
        with (
            tempfile.TemporaryDirectory() as folder,
            open_workbench(load_settings({"store": folder})) as bench,
        ):
            planned = [
                Study.explicit("cfd.heated_cavity", [{**r, **settled} for r in study])
                for study in studies
            ]
            return _seconds(lambda: len([bench.run(study) for study in planned]))

    alone, together = [[request] for request in requests], [requests]
    seconds([requests[:2]])  # compile the three grids
    pairs = [(seconds(alone), seconds(together)) for _ in range(repeats)]
    loop, study = (statistics.median(side) for side in zip(*pairs, strict=True))
    return {
        "workbench_resolution": cells,
        "members": members,
        "one_by_one_s": loop,
        "one_study_s": study,
        "ratio": loop / study,
    }


def _seconds(work) -> float:
    start = time.perf_counter()
    jax.block_until_ready(work())
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--members", type=int, default=32)
    parser.add_argument("--chunk", default="auto", type=lambda x: x if x == "auto" else int(x))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    for cells in options.cells:
        print(json.dumps(measure(cells, options.members, options.chunk, options.repeats)))
        print(json.dumps(measure_workbench(cells, options.members, options.repeats)))


if __name__ == "__main__":
    main()
