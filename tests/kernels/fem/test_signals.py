"""Signals belong to the program: what finite elements load takes none of them over."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal
os.environ["PETSC_OPTIONS"] = "-malloc no"
heard = []
signal.signal(signal.{name}, lambda number, frame: heard.append(number))
import aion_kernels.fem.poisson
assert os.environ["PETSC_OPTIONS"] == "-malloc no"
os.kill(os.getpid(), signal.{name})
assert heard == [signal.{name}]
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGPIPE"])
def test_a_handler_set_before_still_hears(name):
    program = PROGRAM.format(name=name)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
