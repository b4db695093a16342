"""A second distribution with sample experiments, installed in a folder of its own.

It registers through its entry point, in this process and in every process that inherits
``PYTHONPATH``: that is how an experiment of another laboratory reaches the command line and the
workers.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

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
