"""The time of the demo, taken apart: starting, compiling, running.

    python benchmarks/demo.py [--question FILE] [--workers N]

`aion ask` as a user calls it, three times in processes of its own: with every cache empty and no
store; with what the first one compiled but an empty store; and again in that store, where nothing
is left to compute. Starting is all that comes before the store is opened: the interpreter, the
imports and the reading of the question. Running holds the simulations, the planner and the report.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

DEMO = Path(__file__).resolve().parents[1] / "questions" / "heated_cavity.yaml"
LINE = re.compile(
    r"(\d+) runs computed, (\d+) reused from the store; ([\d.]+) s in all, ([\d.]+) s of it"
)


@dataclass(frozen=True)
class Timed:
    """One call of ``aion ask``; seconds."""

    computed: int
    reused: int
    whole: float
    answering: float
    compiling: float
    processor: float
    """Of all cores together; unlike the others, not stretched by what else the machine does."""

    def row(self, name: str) -> str:
        """A line of the table."""
        starting, running = self.whole - self.answering, self.answering - self.compiling
        seconds = (self.whole, starting, self.compiling, running, self.processor)
        times = " | ".join(f"{each:.1f}" for each in seconds)
        return f"| {name} | {self.computed} | {self.reused} | {times} |"


def ask(question: Path, store: Path, cache: Path, workers: int) -> Timed:
    """Ask in a process of its own and read what it prints of its times."""
    command = [sys.executable, "-m", "aion_sci.cli.main", "ask", question, "--quiet"]
    command += ["--store", store, "--workers", str(workers)]
    begin, processor = time.perf_counter(), processor_seconds()
    done = subprocess.run(
        command, env={**os.environ, "AION_CACHE": str(cache)}, stdout=subprocess.PIPE, text=True
    )
    whole = time.perf_counter() - begin
    told = LINE.search(done.stdout)
    if done.returncode != 0 or told is None:
        sys.exit(f"aion ask ended with {done.returncode}:\n{done.stdout}")
    spent = processor_seconds() - processor
    return Timed(int(told[1]), int(told[2]), whole, float(told[3]), float(told[4]), spent)


def processor_seconds() -> float:
    """What the processes started here have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Time the three calls and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--question", type=Path, default=DEMO)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    print("| | computed | reused | in all (s) | starting | compiling | running | processor |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="aion-demo-") as folder:
        cache = Path(folder, "cache")
        for name, store in (
            ("every cache empty", "first"),
            ("programs cached", "second"),
            ("asked again", "second"),
        ):
            timed = ask(options.question, Path(folder, store), cache, options.workers)
            print(timed.row(name), flush=True)


if __name__ == "__main__":
    main()
