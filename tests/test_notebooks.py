"""Every notebook runs from top to bottom, asserts a number, and holds no output in git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@every_notebook
def test_a_notebook_is_committed_clean_and_asserts_something(path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert all(cell.execution_count is None and not cell.outputs for cell in cells)
    assert any("assert " in cell.source for cell in cells)


@every_notebook
@pytest.mark.slow
def test_a_notebook_runs(path, tmp_path):
    """In a process of its own, with the settings of a user and not those of the tests."""
    shutil.copy(path, tmp_path)
    execute = Path(sys.executable).with_name("jupyter-execute")
    environment = {n: v for n, v in os.environ.items() if not n.startswith("COV")}
    done = subprocess.run(
        [execute, "--timeout=300", path.name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-5000:]
