"""What the workbench adds to each run beyond its kernel.

A study of runs whose kernel takes microseconds is run through the whole workbench: looked up, run
as one program a rung, refined, committed with every file synced, and indexed. What is left after
compiling and computing, divided by the number of runs, is the overhead of a run. The aim is below
5 ms. A second pass over the same study measures a run that is found in the store.

    python benchmarks/run_overhead.py [--runs 64] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import tempfile
import time
from pathlib import Path

from aion_sci.experiments import Experiment, Ladder, Measured, Observable, Parameter, registry
from aion_sci.process import prepare
from aion_sci.runs.runner import Progress
from aion_sci.runs.study import Study
from aion_sci.settings import load_settings
from aion_sci.workbench import open_workbench

ROUNDS = 5


def _parabola(height, *, resolution):
    return Measured({"area": height * (2 / 3 - (1 / resolution) ** 2), "height_again": height})


PARABOLA = Experiment(
    id="bench.parabola",
    function=_parabola,
    parameters=(Parameter("height", "m", "of the arch", 0.0, 1e6, 1.0),),
    observables=(Observable("area", "m"), Observable("height_again", "m")),
    fidelity=Ladder("resolution", default=32),
    datasheet="A kernel that costs nothing.",
)


def measure(runs: int, store: Path) -> tuple[float, float]:
    """Seconds a run beyond compiling and computing: computed now, and found in the store."""
    spent = Progress(total=0)

    def note(progress: Progress) -> None:
        nonlocal spent
        spent = progress

    with open_workbench(load_settings({"store": store}), on_progress=note) as bench:
        study = Study.grid(PARABOLA.id, {"height": [float(n) for n in range(1, runs + 1)]})
        begin = time.perf_counter()
        bench.run(study)
        computed = time.perf_counter() - begin - spent.compile_seconds
        begin = time.perf_counter()
        bench.run(study)
        found = time.perf_counter() - begin
    return computed / runs, found / runs


def main() -> None:
    """Print the overhead as a table; with ``--profile``, where the time goes as well."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=64, help="runs in one study")
    arguments.add_argument("--profile", action="store_true")
    options = arguments.parse_args()
    registry.experiments = lambda: {PARABOLA.id: PARABOLA}
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        measure(options.runs, root / "first")  # compiles
        samples = [measure(options.runs, root / str(n)) for n in range(ROUNDS)]
        print(f"overhead a run, {options.runs} runs in a study, median of {ROUNDS}")
        computed, found = zip(*samples, strict=True)
        print(f"  computed      {1e3 * statistics.median(computed):6.2f} ms")
        print(f"  in the store  {1e3 * statistics.median(found):6.2f} ms")
        if options.profile:
            profile = cProfile.Profile()
            profile.runcall(measure, options.runs, root / "profiled")
            pstats.Stats(profile).sort_stats("cumulative").print_stats("aion_sci", 25)


if __name__ == "__main__":
    main()
