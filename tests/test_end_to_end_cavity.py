"""From the question to a claim with the real solver, on grids small enough for every day.

The demo itself, at its own resolution, is in `test_demo.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import aion_sci as aion
from aion_sci.research import CampaignResult, replay

pytestmark = pytest.mark.timeout(600)  # compiling three programs is most of it

QUESTION = """\
question: How does heat transfer across a small heated cavity grow with the Rayleigh number?
experiment: cfd.heated_cavity
vary:
  rayleigh: {low: 2e3, high: 2e4, scale: log}
fixed: {prandtl: 0.71, resolution: 24}
observe: nusselt
budget: {runs: 13}
hypotheses:
  - monotone: {of: nusselt, in: rayleigh, direction: increasing}
  - no_effect: {of: nusselt, in: rayleigh, within: 10 %}
  - equals: {of: nusselt, value: 2.243, tolerance: 2 %, at: {rayleigh: 1e4}}
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> CampaignResult:
    folder = tmp_path_factory.mktemp("cavity")
    (folder / "cavity.yaml").write_text(QUESTION)
    return aion.ask(folder / "cavity.yaml", store=folder / "store", progress=False)


def test_the_verdicts_are_those_of_the_literature(answer):
    """De Vahl Davis 1983 has 2.243 at 10^4; three grids up to 24 cells come within 2 %."""
    found = {a.design.hypothesis.kind: a.finding.verdict for a in answer.answers}
    assert found == {"monotone": "supported", "no_effect": "refuted", "equals": "supported"}


def test_every_run_is_a_result_and_the_budget_holds(answer):
    assert len(answer.records) <= 13
    assert all(record.result("nusselt") for record in answer.records)


def test_the_report_is_there(answer):
    page = Path(answer.report).read_text()
    assert page.count("<svg") == len(answer.answers) + 1
    assert all(each.claim in page for each in answer.answers)


def test_a_claim_is_found_and_replayed(answer):
    with aion.knowledge(answer.folder.parents[1]) as store:
        hits = {hit.id for hit in store.search("heat transfer cavity")}
        for each in answer.answers:
            assert each.claim in hits
            assert replay(each.claim, store).agrees
