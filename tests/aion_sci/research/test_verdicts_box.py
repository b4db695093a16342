"""Verdicts on laws, invariants, orders of convergence, and claims made of others.

Readings carry a numerical error of 0.1 % unless a test says otherwise.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from aion_sci.research.design import Design
from aion_sci.research.verdicts import decide
from aion_sci.research.verdicts.convergence import observed_order

V = {"s": "supported", "r": "refuted", "i": "inconclusive"}
LAW = "law: {of: response, formula: '2 [W] * (drive / 1 [m/s])^0.3', tolerance: 1 %}"
SMALL = "conserved: {of: response, within: 2 mW}"
RISES = "monotone: {of: response, in: drive, direction: increasing}"
FALLS = "monotone: {of: response, in: drive, direction: decreasing}"
OPEN = "equals: {of: response, value: 2.02, tolerance: 0.02, at: {drive: 1}}"


@pytest.mark.parametrize(
    ("truth", "text", "verdict"),
    [
        (lambda x: 2 * x**0.3, LAW, "s"),
        (lambda x: 2 * x**0.33, LAW, "r"),
        (lambda x: 2.1 * x**0.3, LAW, "r"),
        (lambda x: 2.019 * x**0.3, LAW, "i"),
        (lambda x: 2 * x**0.3 * (1 + 0.02 * (x > 9e3)), LAW, "r"),
        (lambda x: 1e-3 * math.sin(x), SMALL, "s"),
        (lambda x: 1e-6 * x, SMALL, "r"),
        (lambda x: -2e-3, SMALL, "i"),
        (lambda x: 2 * x**0.3, f"all_of: [{RISES}, {LAW}]", "s"),
        (lambda x: 2 * x**0.3, f"all_of: [{RISES}, {FALLS}]", "r"),
        (lambda x: 2 * x**0.3, f"all_of: [{RISES}, {OPEN}]", "i"),
        (lambda x: 2 * x**0.3, f"all_of: [{FALLS}, {OPEN}]", "r"),
        (lambda x: 2 * x**0.3, f"any_of: [{FALLS}, {LAW}]", "s"),
        (lambda x: 2 * x**0.3, f"any_of: [{FALLS}, {SMALL}]", "r"),
        (lambda x: 2 * x**0.3, f"any_of: [{FALLS}, {OPEN}]", "i"),
        (lambda x: 2 * x**0.3, f"not: {{{FALLS}}}", "s"),
        (lambda x: 2 * x**0.3, f"not: {{{LAW}}}", "r"),
        (lambda x: 2 * x**0.3, f"not: {{{OPEN}}}", "i"),
        (lambda x: 2 * x**0.3, f"not: {{all_of: [{RISES}, {FALLS}]}}", "s"),
    ],
)
def test_planted_truths_are_decided_correctly(truth, text, verdict, bench, registered):
    design = registered(text, [{"drive": 1.0}, *(i / 11 for i in range(1, 12))])
    run = bench(lambda point: truth(point["drive"]), discretisation=1e-3)
    finding = decide(design, run(design.study(), "evidence"))
    assert finding.verdict == V[verdict], finding
    assert finding.interval[0] <= finding.effect <= finding.interval[1]


def test_a_design_with_parts_survives_json_and_names_each_run_once(registered):
    design = registered(f"all_of: [{RISES}, not: {{{FALLS}}}]")
    again = Design.from_json(json.loads(json.dumps(design.to_json())))
    assert again == design
    assert again.hash == design.hash == design.to_json()["hash"]
    assert len(design.runs) == len(set(design.runs)) == 12
    assert list(design.runs) == [spec.id for spec in design.study().specs] == list(design.places)


def test_a_law_of_noise_alone_is_supported_no_more_often_than_the_level(bench, registered):
    """The truth is 1 % off, the edge of the claim; 5 % and two standard errors of 200 sets."""
    import random

    draws = random.Random(5)
    run = bench(
        lambda p: 2.02 * p["drive"] ** 0.3, sampling=2e-3, noise=lambda: draws.gauss(0.0, 1.0)
    )
    design = registered(LAW, confidence=0.95)
    verdicts = [decide(design, run(design.study(), "e")).verdict for _ in range(200)]
    assert verdicts.count("supported") <= 0.08 * len(verdicts)


class TestOrder:
    """Ladders as the runner keeps them: the values on grids of 32, 48 and 64 cells."""

    @pytest.fixture
    def laddered(self, bench, registered, tmp_path):
        def make(text: str, value, outcome: str = "ok", solver: float = 0.0):
            design = registered(text, [i / 5 for i in range(6)])
            records = []
            for record in bench(lambda point: 1.0)(design.study(), "evidence"):
                drive = record.spec.parameters["drive"]
                folder = tmp_path / record.run_id
                folder.mkdir(exist_ok=True)
                values = [value(1 / n, drive) for n in (32, 48, 64)]
                details = {"rungs": [32, 48, 64], "ladder": {"response": {"values": values}}}
                (folder / "observables.json").write_text(json.dumps({"details": details}))
                reading = record.observables["response"]
                estimate = replace(reading.estimate, solver=solver)
                reading = replace(reading, outcome=outcome, estimate=estimate)
                records.append(replace(record, folder=folder, observables={"response": reading}))
            return decide(design, records)

        return make

    @pytest.mark.parametrize(
        ("order", "claimed", "verdict"),
        [(2, "[1.8, 2.2]", "s"), (2, "[2.5, 4.5]", "r"), (1, "[1.8, 2.2]", "r")],
    )
    def test_a_planted_order_is_found(self, laddered, order, claimed, verdict):
        text = f"order: {{of: response, in: resolution, order: {claimed}}}"
        finding = laddered(text, lambda h, drive: drive * (1 + h**order))
        assert finding.verdict == V[verdict]
        assert finding.effect == pytest.approx(order, abs=1e-6)  # an exact power of the cell size

    def test_a_ladder_that_is_no_result_is_evidence_against_its_order(self, laddered):
        text = "order: {of: response, in: resolution, order: [1.8, 2.2]}"
        finding = laddered(text, lambda h, drive: 1 + h**0.4, outcome="unresolved")
        assert finding.verdict == "refuted"
        assert finding.excluded == ()

    def test_one_place_of_another_order_refutes(self, laddered):
        text = "order: {of: response, in: resolution, order: [1.8, 2.2]}"
        finding = laddered(text, lambda h, drive: 1 + (h if drive == 1.0 else h**2))
        assert finding.verdict == "refuted"
        assert "1 of 6 ladders converge at another order" in finding.notes[0]

    def test_noise_hides_an_order(self, laddered):
        text = "order: {of: response, in: resolution, order: [1.8, 2.2]}"
        finding = laddered(text, lambda h, drive: 1 + h**2, solver=1e-3)
        assert finding.verdict == "inconclusive"

    def test_oscillation_beyond_the_noise_has_no_positive_order(self, laddered):
        text = "order: {of: response, in: resolution, order: [1.8, 2.2]}"
        finding = laddered(text, lambda h, drive: {32: 1.0, 48: 2.0, 64: 1.0}[round(1 / h)])
        assert finding.verdict == "refuted"


def test_the_order_of_a_ratio():
    """Round-off of a bisection."""
    sizes = (1 / 16, 1 / 24, 1 / 32)
    for p in (-1.5, 0.0, 0.5, 2.0, 4.0):
        y = [math.log(h) if p == 0 else h**p for h in sizes]
        ratio = (y[0] - y[1]) / (y[1] - y[2])
        assert observed_order(ratio, sizes) == pytest.approx(p, abs=1e-6)
    assert observed_order(-1.0, sizes) is None
