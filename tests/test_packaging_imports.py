"""What an import costs and what it leaves alone.

Each test asks a fresh interpreter, because this one has imported everything already.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

AT_ONCE = [
    "aion_kernels",
    "aion_sci",
    "aion_sci.cli.main",
    "aion_sci.errors",
    "aion_sci.execution",
    "aion_sci.experiments",
    "aion_sci.knowledge",
    "aion_sci.research",
    "aion_sci.runs.spec",
    "aion_sci.settings",
    "aion_sci.units",
]
"""Modules that a command line must be able to import without waiting for jax."""

ALL_MODULES = """
import importlib, pkgutil
import aion_kernels, aion_sci

def import_all():
    for package in (aion_kernels, aion_sci):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith("__main__"):  # importing one runs the command line
                importlib.import_module(module.name)
"""


@pytest.fixture
def environment() -> dict[str, str]:
    """That of this process, without the coverage measurement that would slow a child down."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}


def ask(code: str, environment: dict[str, str]) -> list:
    command = [sys.executable, "-c", f"import json\n{code}\nprint(json.dumps(answer))"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", AT_ONCE)
def test_importing_brings_no_jax(module, environment):
    heavy = {"dask", "jax", "matplotlib", "pint", "scipy", "sympy", "xarray"}
    code = f"import sys, {module}\nanswer = sorted({{m.split('.')[0] for m in sys.modules}})"
    assert heavy.isdisjoint(ask(code, environment))


def test_no_import_sets_a_global_flag(environment):
    """Flags, signal handlers, the folder, the environment: all belong to whoever imports us."""
    code = f"""{ALL_MODULES}
import os, signal, warnings
import jax

def flags():
    return {{
        "jax": {{name: str(value) for name, value in jax.config.values.items()}},
        "environment": dict(os.environ),
        "signals": [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)],
        "folder": os.getcwd(),
        "warnings": [str(entry) for entry in warnings.filters],
    }}

# What third parties do when they are imported is not ours.
import equinox, distributed, matplotlib.pyplot, scipy.special, scipy.stats, xarray
import mpi4py.MPI, dolfinx, pyamg, cantera
before = flags()
import_all()
after = flags()
answer = [(key, before[key], after[key]) for key in before if before[key] != after[key]]
"""
    assert ask(code, environment) == []


def test_help_answers_at_once(environment):
    """0.3 s is what a person takes for at once.

    The time is the processor's, which is the wall's on an idle machine and, unlike it, not also
    that of the tests beside this one; the median of five sheds a slow read from the disk.
    """
    aion = Path(sys.executable).with_name("aion")
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([aion, "--help"], env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert statistics.median(seconds) < 0.3


def test_the_public_functions_are_not_hidden_by_the_packages_of_their_name(environment):
    """`aion_sci.knowledge` is a package too, and Python binds a package's name on its import."""
    code = f"""{ALL_MODULES}
import_all()
answer = [name for name in aion_sci.__all__ if not name.startswith("_")
          and not callable(getattr(aion_sci, name))]
"""
    assert ask(code, environment) == []
