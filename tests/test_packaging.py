"""What the project says of itself in several places is the same in all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import aion_kernels
import aion_sci

CONDA_NAMES = {
    "dask": "dask-core",
    "dolfinx-solver-real": "fenics-dolfinx",
    "gmsh": "python-gmsh",
    "matplotlib": "matplotlib-base",
}
"""conda-forge's name for a package where it is not PyPI's."""

EXTRAS = {
    "all", "dev", "docs", "fem", "hpc", "kinetics", "llm", "md", "notebooks", "qc", "viz",
}  # fmt: skip


@pytest.fixture(scope="module")
def project(repository: Path) -> dict:
    return tomllib.loads((repository / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def requirements(project: dict) -> list[Requirement]:
    """Every direct dependency, of every extra but the one that only names the others."""
    lines = list(project["dependencies"])
    for extra, wanted in project["optional-dependencies"].items():
        lines += wanted if extra != "all" else []
    return [Requirement(line) for line in lines]


@pytest.fixture(scope="module")
def lock(repository: Path) -> dict[str, Version]:
    lines = (repository / "requirements.lock").read_text().splitlines()
    pinned = (line.split("==") for line in lines if line)
    return {canonicalize_name(name): Version(version) for name, version in pinned}


def test_every_extra_exists(project):
    assert set(project["optional-dependencies"]) == EXTRAS


def test_all_takes_every_extra_a_user_may_want(project):
    (requirement,) = map(Requirement, project["optional-dependencies"]["all"])
    assert requirement.name == project["name"]
    assert requirement.extras == EXTRAS - {"all", "dev"}


def test_the_conda_environment_has_the_same_names_and_ranges(repository, project, requirements):
    environment = yaml.safe_load((repository / "environment.yml").read_text())
    ours = {
        CONDA_NAMES.get(wanted.name, canonicalize_name(wanted.name)): str(wanted.specifier)
        for wanted in requirements
    } | {"python": project["requires-python"], "pip": ""}
    theirs = {}
    for line in environment["dependencies"]:
        name, version_range = re.fullmatch(r"([a-z0-9-]+)(.*)", line).groups()
        assert name not in theirs, f"{name} is listed twice"
        theirs[name] = version_range
    assert theirs == ours
    assert environment["channels"] == ["conda-forge"]


def test_the_lock_satisfies_every_requirement(requirements, lock):
    for wanted in requirements:
        pinned = lock[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(pinned), f"{wanted} is pinned to {pinned}"


def test_the_lock_holds_names_and_versions_only(repository):
    """An address would tie whoever installs from it to the machine where it was made."""
    for line in (repository / "requirements.lock").read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+", line), line


def test_the_version_is_the_same_everywhere(repository, project):
    citation = yaml.safe_load((repository / "CITATION.cff").read_text())
    changelog = (repository / "CHANGELOG.md").read_text()
    (newest, *_) = re.findall(r"^## \[(\d.*?)\]", changelog, re.MULTILINE)
    versions = {
        project["version"],
        citation["version"],
        aion_sci.__version__,
        aion_kernels.__version__,
        newest,
    }
    assert len(versions) == 1


def test_the_licence_is_the_same_everywhere(repository, project):
    citation = yaml.safe_load((repository / "CITATION.cff").read_text())
    assert project["license"] == citation["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in (repository / "LICENSE").read_text()


def test_the_python_of_the_tree_is_one_that_the_project_takes(repository, project):
    named = (repository / ".python-version").read_text().strip()
    assert Requirement(f"python{project['requires-python']}").specifier.contains(named)


def test_the_folder_of_the_kernels_is_no_package(repository):
    """An `__init__.py` there would make a package named `kernels`, a name taken elsewhere."""
    assert not (repository / "kernels" / "__init__.py").exists()
