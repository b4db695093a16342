"""A second distribution with sample experiments, installed in a folder of its own.

It registers through its entry point, in this process and in every process that inherits
``PYTHONPATH``: that is how an experiment of another laboratory reaches the command line and the
workers.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aion_sci.experiments import registry

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(scope="session")
def samples_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip would leave it: the module and its metadata."""
    folder = tmp_path_factory.mktemp("site")
    for source in SAMPLES.glob("*.py"):
        (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    metadata = folder / "aion_samples-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: aion-samples\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[aion_sci.experiments]\nsamples = aion_samples\n")
    return folder


@pytest.fixture(scope="module")
def samples(samples_folder: Path) -> Iterator[ModuleType]:
    """Register the sample experiments, here and in subprocesses; returns their module."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(samples_folder))
    patch.setenv("PYTHONPATH", str(samples_folder))
    registry.experiments.cache_clear()
    yield importlib.import_module("aion_samples")
    patch.undo()
    sys.modules.pop("aion_samples", None)
    registry.experiments.cache_clear()


QUESTION = """\
question: How does the share that is left depend on the decay constant?
experiment: sample.decay
vary: {rate: {low: 0.2, high: 5, scale: log}}
fixed: {time: 1 s}
observe: [remaining, lost]
budget: {runs: 33}
hypotheses:
  - monotone: {of: remaining, in: rate, direction: decreasing}
  - power_law: {of: remaining, in: rate, exponent: [-1.2, -0.8]}
  - equals: {of: remaining, value: 0.36788, tolerance: 1 %, at: {rate: 1}}
  - threshold: {of: remaining, in: rate, level: 0.5, at: [0.6, 0.8]}
  - no_effect: {of: lost, in: rate, within: 5 %}
  - compare: {of: lost, at: {rate: 2}, than: {rate: 1}, by: 5}
  - extremum: {of: remaining, in: rate, kind: maximum, at: [0.2, 0.4]}
"""
VERDICTS = {
    "monotone": "supported",
    "power_law": "refuted",
    "equals": "supported",
    "threshold": "supported",
    "no_effect": "refuted",
    "compare": "supported",
    "extremum": "supported",
}
"""True of exp(-rate): no power, one half at ln 2, largest at the lower end."""


@dataclass(frozen=True)
class Asked:
    """A finished campaign with one hypothesis of each kind."""

    question: Path
    store: Path
    """Shared by all tests: read it; to change something, take :func:`asked_copy`."""
    printed: dict[str, Any]
    """What ``aion ask --json`` printed."""
    verdicts: dict[str, str]
    """The true verdicts by kind of hypothesis."""

    def claim(self, kind: str) -> str:
        """The id of the claim of a kind."""
        (claim,) = (v["claim"] for v in self.printed["verdicts"] if v["kind"] == kind)
        return claim


@pytest.fixture(scope="session")
def asked(samples_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Ask once, as a user does, and let many tests look at what is left behind."""
    folder = tmp_path_factory.mktemp("asked")
    question = folder / "decay.yaml"
    question.write_text(QUESTION)
    command = [sys.executable, "-m", "aion_sci.cli.main", "ask", question, "--json", "--store"]
    environment = {**os.environ, "PYTHONPATH": str(samples_folder)}
    done = subprocess.run(
        [*command, folder / "store"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return Asked(question, folder / "store", json.loads(done.stdout), VERDICTS)


@pytest.fixture
def asked_copy(asked: Asked, tmp_path: Path) -> Path:
    """A copy of the store, where `AION_STORE` points to."""
    return Path(shutil.copytree(asked.store, tmp_path / "store"))
