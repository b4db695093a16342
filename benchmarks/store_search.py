"""How fast is the knowledge store?

An index of many synthetic runs, filled through the batch function that a campaign uses: rate of
ingestion, then search times over varied queries, from one rare word to words that every run holds.
Then real run folders: time to commit one, to find one, and to rebuild the index from all of them.

    python benchmarks/store_search.py [--runs 100000] [--folders 2000]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aion_kernels.estimate import Estimate
from aion_sci.knowledge import Claim, KnowledgeStore
from aion_sci.knowledge.index import Index
from aion_sci.runs.folder import commit_run, find_run
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.spec import RunSpec

_FAMILIES = {
    "cfd.heated_cavity": (("rayleigh", "prandtl"), ("nusselt", "u_max", "v_max")),
    "cfd.lid_cavity": (("reynolds",), ("u_min", "v_max", "v_min", "psi_min")),
    "md.lennard_jones": (("temperature", "density"), ("pressure", "energy", "diffusion")),
    "qc.energy": (("charge", "spin"), ("energy", "dipole", "gap")),
    "kinetics.ignition": (("temperature", "pressure"), ("delay",)),
}
# fmt: off
_WORDS = [
    "conduction", "cavity", "delay", "density", "diffusion", "dipole", "energy", "exponent", "flow",
    "gap", "heat", "ignition", "laminar", "not_converged", "nusselt", "ok", "prandtl", "pressure",
    "rayleigh", "scaling", "temperature", "transfer", "vortex",
]
# fmt: on


def main() -> None:
    """Print one JSON object of figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=100_000)
    options.add_argument("--folders", type=int, default=2_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = index_figures(Path(folder) / "large", chosen.runs)
        figures |= folder_figures(Path(folder) / "real", chosen.folders)
    print(json.dumps(figures, indent=2))


def index_figures(path: Path, count: int) -> dict[str, float]:
    """Rate of ingestion and search times in an index of ``count`` runs and 200 claims."""
    chance = random.Random(0)
    with KnowledgeStore.open(path, write=True) as store:
        batches = itertools.batched(records(count, chance), 1000)
        ingested = sum(seconds(lambda batch=batch: store.ingest_batch(batch)) for batch in batches)
        single = timed(lambda: store.ingest(next(records(1, random.Random()))), 50)
        runs_only = sorted(seconds(lambda t=text: store.search(t)) for text in queries(chance))
        for claim in claims(200, chance):
            store.file_claim(claim)
    box = {"rayleigh": (1e3, 2e3)}
    with KnowledgeStore.open(path, write=False) as store:
        times = sorted(seconds(lambda t=text: store.search(t)) for text in queries(chance))
    index = Index.open(path / "index.sqlite", write=False)
    where = timed(lambda: index.run_ids("cfd.heated_cavity", box), 20)
    index.close()
    return {
        "index_runs": count,
        "index_megabytes": round((path / "index.sqlite").stat().st_size / 1e6, 1),
        "ingest_runs_per_second": round(count / ingested),
        "ingest_one_ms": round(1e3 * single, 2),
        "search_runs_only_p50_ms": round(1e3 * runs_only[len(runs_only) // 2], 2),
        "search_runs_only_p95_ms": round(1e3 * runs_only[int(0.95 * len(runs_only))], 2),
        "search_runs_only_worst_ms": round(1e3 * runs_only[-1], 2),
        "search_p50_ms": round(1e3 * times[len(times) // 2], 2),
        "search_p95_ms": round(1e3 * times[int(0.95 * len(times))], 2),
        "search_worst_ms": round(1e3 * times[-1], 2),
        "range_query_ms": round(1e3 * where, 2),
    }


def folder_figures(path: Path, count: int) -> dict[str, float]:
    """Times of committing and finding real run folders, and of a rebuild and a verification."""
    some = list(records(count, random.Random(1)))
    one_by_one = statistics.median(seconds(lambda r=r: commit_run(path, r)) for r in some[:100])
    begin = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda record: commit_run(path, record), some[100:]))
    threaded = (time.perf_counter() - begin) / max(1, count - 100)
    found = statistics.median(seconds(lambda r=r: find_run(path, r.run_id)) for r in some[:500])
    with KnowledgeStore.open(path, write=True) as store:
        rebuilt = seconds(store.rebuild)
        verified = seconds(store.verify)
    return {
        "commit_one_by_one_ms": round(1e3 * one_by_one, 2),
        "commit_16_threads_ms": round(1e3 * threaded, 2),
        "find_run_ms": round(1e3 * found, 3),
        "rebuild_folders": count,
        "rebuild_seconds": round(rebuilt, 2),
        "verify_seconds": round(verified, 2),
    }


def records(count: int, chance: random.Random) -> Iterator[Record]:
    """Runs of a few experiments at random points."""
    names = list(_FAMILIES)
    for _ in range(count):
        experiment = chance.choice(names)
        parameters, observables = _FAMILIES[experiment]
        spec = RunSpec(
            experiment,
            {name: 10 ** chance.uniform(-2, 6) for name in parameters},
            {"resolution": chance.choice([32, 64, 128]), "precision": "float64"},
            "0.1.0+0123456789ab",
        )
        readings = {n: Reading(Estimate(chance.gauss(1, 1), 1e-3), "1") for n in observables}
        outcome = "ok" if chance.random() < 0.98 else "not_converged"
        yield Record(spec, outcome, "", readings, 0.5, dict.fromkeys(parameters, "1"))


def claims(count: int, chance: random.Random) -> Iterator[Claim]:
    """Claims of random words."""
    for number in range(count):
        words = " ".join(chance.choices(_WORDS, k=8))
        yield Claim(
            statement=f"Claim {number}: {words}.", kind="power_law", verdict="supported",
            effect=0.3, interval=(0.29, 0.31), confidence=0.99, question=f"How does {words}?",
            experiment="cfd.heated_cavity", hypothesis={"number": number}, design={}, runs=(),
            campaign=f"campaign-{number:012x}", code="0.1.0",
        )  # fmt: skip


def queries(chance: random.Random, count: int = 200) -> Iterator[str]:
    """What people type: one to four words, some rare, some in every run, some numbers, some cut."""
    for number in range(count):
        words = chance.choices(_WORDS, k=1 + number % 4)
        if number % 5 == 0:
            words.append(chance.choice(["resolution", "float64", "cfd.heated_cavity", "ok"]))
        if number % 7 == 0:
            words.append(f"{10 ** chance.uniform(-2, 6):.3g}")
        if number % 3 == 0:
            words[-1] = words[-1][:3]
        yield " ".join(words)


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def timed(call: Callable[[], object], repeats: int) -> float:
    """The median of several."""
    return statistics.median(seconds(call) for _ in range(repeats))


if __name__ == "__main__":
    main()
