"""What a user installs: the wheel, in an environment that holds nothing else.

This builds the source distribution, the wheel from it, installs that with the pinned versions of
its dependencies into a clean environment, and uses it in an empty directory. It needs uv and the
package index (or uv's cache of it), which CI has; elsewhere, missing uv skips the tests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def uv(repository: Path) -> str:
    found = shutil.which("uv") or shutil.which("uv", path=repository / ".tools" / "bin")
    if found is None:
        message = "uv is neither on the PATH nor in .tools/bin, so the wheel cannot be tested"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def wheel(uv: str, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([uv, "build", "--quiet", "--out-dir", folder, repository], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def aion(uv: str, wheel: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory):
    """Run the installed command in an empty directory, as somebody with no settings would."""
    folder = tmp_path_factory.mktemp("clean")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", python, "-c", "requirements.lock", wheel],
        cwd=repository,
        check=True,
    )
    empty = folder / "empty"
    empty.mkdir()
    drop = ("AION_STORE", "COV", "PYTHON", "VIRTUAL_ENV")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(drop)}

    def run(*arguments: str) -> str:
        command = [python.with_name("aion"), *arguments]
        done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path, repository: Path):
    """Native sources, `py.typed` and the catalogue among them: whatever git tracks is shipped."""
    tracked = subprocess.run(
        ["git", "ls-files", "aion_sci", "kernels/aion_kernels"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    shipped = set(zipfile.ZipFile(wheel).namelist())
    assert {name.removeprefix("kernels/") for name in tracked} <= shipped
    folders = {name.split("/")[0] for name in shipped}
    assert {name for name in folders if not name.endswith(".dist-info")} == {
        "aion_kernels",
        "aion_sci",
    }


def test_the_command_line_speaks(aion):
    assert "usage" in aion("--help").lower()


def test_the_catalogue_is_listed(aion):
    assert "cfd.lid_cavity" in aion("experiments", "--json")


def test_an_experiment_runs(aion):
    """De Vahl Davis (1983) gives 2.243; one per cent, since the grid is half the default."""
    printed = aion("run", "cfd.heated_cavity", "rayleigh=1e4", "resolution=32", "--json")
    run = json.loads(printed)
    assert run["outcome"] == "ok"
    assert run["observables"]["nusselt"]["value"] == pytest.approx(2.243, rel=0.01)
