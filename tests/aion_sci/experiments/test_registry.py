"""Experiments register by being there: in the catalogue, or by a distribution's entry point."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from types import ModuleType, SimpleNamespace

import pytest

from aion_sci.errors import RequestError, UnknownNameError
from aion_sci.experiments import experiments, find, registry


def test_an_entry_point_adds_the_experiments_of_its_module(samples: ModuleType):
    listed = experiments()
    assert listed["sample.decay"] is samples.decay
    assert find("sample.area") is samples.area
    assert list(listed) == sorted(listed)


def test_an_unknown_experiment_is_refused_with_the_nearest(samples: ModuleType):
    with pytest.raises(UnknownNameError, match=r"did you mean 'sample\.decay'"):
        find("sample.decya")


def test_an_entry_point_may_name_one_experiment(samples: ModuleType, monkeypatch):
    entry = metadata.EntryPoint("one", "aion_samples:area", "aion_sci.experiments")
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    found = registry.experiments.__wrapped__()
    assert "sample.area" in found
    assert "sample.decay" not in found


def test_two_experiments_of_one_id_are_refused(samples: ModuleType, monkeypatch):
    other = ModuleType("other")
    other.decay = type(samples.decay)(
        id="sample.decay",
        function=lambda: None,
        parameters=(),
        observables=(),
    )
    entries = [SimpleNamespace(load=lambda: samples), SimpleNamespace(load=lambda: other)]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    with pytest.raises(RequestError, match=r"two experiments are called 'sample\.decay'"):
        registry.experiments.__wrapped__()


def test_listing_the_catalogue_imports_no_jax(samples_folder):
    """In a fresh process: the catalogue must be instant, and here jax is imported already."""
    code = (
        "import sys\n"
        "from aion_sci.experiments import experiments\n"
        "assert 'sample.decay' in experiments()\n"
        "assert 'jax' not in sys.modules, 'jax was imported'\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(samples_folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
