"""``aion doctor``: what it shows, and that a machine which computes wrong numbers fails it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from aion_sci import doctor
from aion_sci.cli import doctor as verb
from aion_sci.cli.main import main


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> doctor.Report:
    """Of this machine; a hundred programs are compiled for it, so once is enough."""
    return doctor.examine(tmp_path_factory.mktemp("doctor"))


@pytest.fixture
def examined(report, monkeypatch):
    """Let the verb find the given report."""

    def find(found: doctor.Report) -> None:
        monkeypatch.setattr(verb, "examine", lambda store: found)

    find(report)
    return find


def test_a_fit_machine(examined, report, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for part in ("known answers", "native kernels", "extras", "GB free", "fit to compute"):
        assert part in out
    assert "not fit" not in out


def test_as_json(examined, capsys):
    assert main(["doctor", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["fit"] is True
    assert all(canary["passed"] for canary in printed["canaries"])


def test_a_failed_canary_ends_with_1(examined, report, capsys):
    broken = replace(report.canaries[0], passed=False)
    examined(replace(report, canaries=(broken, *report.canaries[1:])))
    assert main(["doctor"]) == 1
    assert "not fit to compute" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["fit"] is False
