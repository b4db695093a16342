"""The doctor's report: facts found on this machine, as data."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from aion_sci import doctor


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> doctor.Report:
    return doctor.examine(tmp_path_factory.mktemp("somewhere") / "new" / "store")


def test_this_machine_is_fit(report):
    assert report.fit
    assert report.double_precision
    assert len(report.canaries) >= 10
    assert report.environment["packages"]["jax"] == metadata.version("jax")
    assert [folder.name for folder in report.folders] == ["cache", "store"]
    assert all(folder.free_bytes > 0 for folder in report.folders)


def test_every_native_kernel_has_its_path_and_reason(report):
    """The compiler's name and the kernels' paths come from separate look-ups and must agree."""
    assert {kernel.name for kernel in report.native_kernels} >= {"laplacian"}
    expected = "twin" if report.compiler.startswith("none") else "native"
    assert {kernel.path for kernel in report.native_kernels} == {expected}
    assert all(kernel.reason for kernel in report.native_kernels)


def test_is_plain_data(report):
    data = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert data["fit"] is True
    assert {extra["name"] for extra in data["extras"]} == set(doctor.PURPOSES)


def test_a_failed_canary_makes_the_machine_unfit(report):
    broken = replace(report.canaries[0], passed=False, worst_difference=math.inf)
    unfit = replace(report, canaries=(broken, *report.canaries[1:]))
    assert not unfit.fit
    assert unfit.to_json()["canaries"][0]["worst_difference"] is None


def test_a_folder_that_cannot_be_written(tmp_path: Path, report):
    """Below a file nothing can be made, whoever asks; permissions would not stop root."""
    (tmp_path / "file").write_text("")
    folder = doctor._folder("store", tmp_path / "file" / "store")
    assert not folder.writable
    assert not replace(report, folders=(folder,)).fit


def test_without_a_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CXX", raising=False)
    assert doctor._compiler().startswith("none: ")


class TestExtras:
    def test_every_extra_for_users_has_its_purpose(self):
        declared = set(metadata.metadata(doctor.DISTRIBUTION).get_all("Provides-Extra") or ())
        assert set(doctor.PURPOSES) == declared - {"all", "dev", "docs"}

    def test_packages_come_from_the_metadata(self):
        found = {extra.name: extra for extra in doctor.extras()}
        assert {package.name.lower() for package in found["md"].packages} == {
            "biopython",
            "mdanalysis",
            "openmm",
        }

    @pytest.mark.parametrize(
        ("requirement", "fits"),
        [("numpy>=2", True), ("numpy<1", False), ("no-such-package>=1", False)],
    )
    def test_a_package_fits_when_it_is_there_in_the_range(self, requirement, fits):
        package = doctor._package(Requirement(requirement))
        assert package.fits is fits
        assert (package.installed is None) == (package.name == "no-such-package")
        extra = doctor.Extra("some", "something", (package,))
        assert extra.complete is fits
