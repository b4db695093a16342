"""The whole road, as `make demo` takes it: from a question to a claim that can be replayed.

One campaign at the default resolution, with the planner's own hypotheses, in a store of its own;
the tests read what it left behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from math import log10
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NUSSELT = {1e3: 1.118, 1e4: 2.243, 1e5: 4.519}
"""De Vahl Davis 1983, table VI (doi 10.1002/fld.1650030305)."""


@pytest.fixture(scope="module")
def aion(repository: Path, tmp_path_factory: pytest.TempPathFactory):
    store = tmp_path_factory.mktemp("demo") / "store"
    environment = {**os.environ, "AION_STORE": str(store)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).with_name("aion"), *arguments]
        done = subprocess.run(
            command, cwd=repository, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def answer(aion) -> dict:
    return json.loads(aion("ask", "questions/heated_cavity.yaml", "--json").stdout)


def test_every_hypothesis_has_a_verdict(answer):
    assert len(answer["verdicts"]) >= 3
    assert {v["verdict"] for v in answer["verdicts"]} <= {"supported", "refuted", "inconclusive"}
    decided = [v for v in answer["verdicts"] if v["verdict"] != "inconclusive"]
    assert len(decided) >= len(answer["verdicts"]) / 2


def test_heat_transfer_rises_with_the_rayleigh_number(answer):
    (verdict,) = [v for v in answer["verdicts"] if v["kind"] == "monotone"]
    assert verdict["verdict"] == "supported"


def test_the_exponent_is_that_of_the_literature(answer):
    """Two decades of the benchmark imply an exponent; the interval has to hold it."""
    implied = log10(NUSSELT[1e5] / NUSSELT[1e3]) / 2
    (verdict,) = [v for v in answer["verdicts"] if v["kind"] == "power_law"]
    low, high = verdict["interval"]
    assert low < implied < high
    assert high - low < 0.2


def test_the_report_stands_alone(answer):
    page = Path(answer["report"]).read_text(encoding="utf-8")
    assert "<svg" in page
    assert not any(remote in page for remote in ("<script", 'src="http', 'rel="stylesheet"'))
    assert all(verdict["claim"] in page for verdict in answer["verdicts"])


def test_a_claim_can_be_replayed(aion, answer):
    claim = answer["verdicts"][0]["claim"]
    replayed = json.loads(aion("replay", claim, "--json").stdout)
    assert replayed["agrees"] is True


def test_a_claim_can_be_simulated_again(aion, answer):
    (claim,) = [v["claim"] for v in answer["verdicts"] if v["kind"] == "monotone"]
    replayed = json.loads(aion("replay", claim, "--rerun", "--json").stdout)
    assert replayed["agrees"] is True


def test_a_search_finds_the_claims(aion, answer):
    found = aion("search", "heat", "transfer", "--json").stdout
    assert any(verdict["claim"] in found for verdict in answer["verdicts"])


def test_asking_again_computes_nothing(aion, answer):
    """The same verdicts from the same runs, and it says that they were there already."""
    again = aion("ask", "questions/heated_cavity.yaml")
    assert "\n0 runs computed, " in again.stdout
    assert (
        json.loads(aion("ask", "questions/heated_cavity.yaml", "--json").stdout)["verdicts"]
        == answer["verdicts"]
    )


@pytest.mark.parametrize("rayleigh", NUSSELT)
def test_the_benchmark_is_met(aion, answer, rayleigh):
    """Half a per cent, at the default resolution."""
    run = json.loads(aion("run", "cfd.heated_cavity", f"rayleigh={rayleigh}", "--json").stdout)
    nusselt = run["observables"]["nusselt"]
    assert nusselt["value"] == pytest.approx(NUSSELT[rayleigh], rel=5e-3)
    assert nusselt["error"] < 5e-3 * nusselt["value"]
