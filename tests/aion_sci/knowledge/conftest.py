"""Small claims and runs for the tests of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aion_kernels.estimate import Estimate
from aion_sci.knowledge import Claim, KnowledgeStore
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.spec import RunSpec

QUESTION = "How does heat transfer across a differentially heated cavity scale?"


@pytest.fixture
def make_record() -> Callable[..., Record]:
    def make(rayleigh: float = 1e4, nusselt: float = 2.243, **changes: Any) -> Record:
        spec = RunSpec(
            "cfd.heated_cavity",
            {"rayleigh": rayleigh, "prandtl": 0.71},
            {"resolution": 64, "precision": "float64"},
            "0.1.0+ab",
        )
        reading = Reading(Estimate(nusselt, discretisation=1e-3), "1")
        units = dict.fromkeys(("rayleigh", "prandtl", "resolution", "precision"), "1")
        return replace(Record(spec, "ok", "", {"nusselt": reading}, 0.25, units), **changes)

    return make


@pytest.fixture
def make_claim() -> Callable[..., Claim]:
    def make(**changes: Any) -> Claim:
        claim = Claim(
            statement="nusselt grows as rayleigh to a power between 0.28 and 0.32.",
            kind="power_law",
            verdict="supported",
            effect=0.3,
            interval=(0.29, 0.31),
            confidence=0.99,
            question=QUESTION,
            experiment="cfd.heated_cavity",
            hypothesis={"power_law": {"of": "nusselt", "in": "rayleigh", "exponent": [0.28, 0.32]}},
            design={"hash": "ab12", "points": [{"rayleigh": 1e4}]},
            runs=(),
            campaign="campaign-0123456789ab",
            code="0.1.0+cd",
        )
        return replace(claim, **changes)

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store may be made."""
    return tmp_path / "store"


@pytest.fixture
def store(path: Path) -> Iterator[KnowledgeStore]:
    with KnowledgeStore.open(path, write=True) as opened:
        yield opened
