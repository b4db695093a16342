"""Verdicts against planted truths: each true hypothesis beside mutated false ones.

The truths are functions of the drive x from 1 to 10^4; readings carry a numerical error of 0.1 %
unless a test says otherwise.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from aion_kernels.estimate import Estimate
from aion_sci.errors import RequestError
from aion_sci.research.design import Design
from aion_sci.research.verdicts import Finding, decide
from aion_sci.runs.record import Reading

EXAM = [
    # truth, hypothesis, verdict
    (lambda x: 2 * x**0.3, "power_law: {of: response, in: drive, exponent: [0.28, 0.32]}", "s"),
    (lambda x: -2 * x**0.3, "power_law: {of: response, in: drive, exponent: [0.28, 0.32]}", "s"),
    (lambda x: 2 * x**0.3, "power_law: {of: response, in: drive, exponent: [0.31, 0.35]}", "r"),
    (lambda x: 2 * x**0.3, "power_law: {of: response, in: drive, exponent: [-0.32, -0.28]}", "r"),
    (lambda x: 2 * x**0.3, "power_law: {of: response, in: drive, exponent: [0.3, 0.34]}", "i"),
    (lambda x: 1 + x**0.3, "power_law: {of: response, in: drive, exponent: [0.0, 0.9]}", "r"),
    (lambda x: 5 + 2 / x**0.5, "power_law: {of: response, in: drive, exponent: [-0.1, 0.1]}", "r"),
    (lambda x: 5.0, "power_law: {of: response, in: drive, exponent: [-0.01, 0.01]}", "s"),
    (lambda x: x - 50, "power_law: {of: response, in: drive, exponent: [0.5, 1.5]}", "r"),
    (lambda x: 0 * x, "power_law: {of: response, in: drive, exponent: [0.5, 1.5]}", "i"),
    (lambda x: math.log(2 + x), "monotone: {of: response, in: drive, direction: increasing}", "s"),
    (lambda x: -math.log(2 + x), "monotone: {of: response, in: drive, direction: decreasing}", "s"),
    (lambda x: math.log(2 + x), "monotone: {of: response, in: drive, direction: decreasing}", "r"),
    (lambda x: x * math.exp(-x / 50), "monotone: {of: response, in: drive, direction: increasing}",
     "r"),
    (lambda x: 5.0, "monotone: {of: response, in: drive, direction: increasing}", "i"),
    (lambda x: 5 + 1e-4 * math.sin(x), "monotone: {of: response, in: drive, direction: increasing}",
     "i"),
    (lambda x: 3 + x, "equals: {of: response, value: 13, tolerance: 1 %, at: {drive: 10}}", "s"),
    (lambda x: 3 + x, "equals: {of: response, value: 13.05, tolerance: 0.1, at: {drive: 10}}", "s"),
    (lambda x: 3 + x, "equals: {of: response, value: 14, tolerance: 2 %, at: {drive: 10}}", "r"),
    (lambda x: 3 + x, "equals: {of: response, value: 13.13, tolerance: 1 %, at: {drive: 10}}", "i"),
    (lambda x: x**0.5, "threshold: {of: response, in: drive, level: 10, at: [60, 150]}", "s"),
    (lambda x: -(x**0.5), "threshold: {of: response, in: drive, level: -10, at: [60, 150]}", "s"),
    (lambda x: x**0.5, "threshold: {of: response, in: drive, level: 10, at: [300, 900]}", "r"),
    (lambda x: x**0.5, "threshold: {of: response, in: drive, level: 200, at: [60, 150]}", "r"),
    (lambda x: x**0.5, "threshold: {of: response, in: drive, level: 10, at: [100, 150]}", "i"),
    (lambda x: 7.0, "no_effect: {of: response, in: drive, within: 0.02}", "s"),
    (lambda x: 7 + math.log(x) / 200, "no_effect: {of: response, in: drive, within: 2 %}", "s"),
    (lambda x: 2 * x**0.3, "no_effect: {of: response, in: drive, within: 0.05}", "r"),
    (lambda x: 7.0, "no_effect: {of: response, in: drive, within: 0.001}", "i"),
    (lambda x: math.log(x) - 0.5 * math.log(1e4), "no_effect: {of: response, in: drive, within: 2}",
     "i"),
    (lambda x: x, "compare: {of: response, at: {drive: 20}, than: {drive: 10}, by: 50 %}", "s"),
    (lambda x: x, "compare: {of: response, at: {drive: 20}, than: {drive: 10}, by: 0}", "s"),
    (lambda x: x, "compare: {of: response, at: {drive: 20}, than: {drive: 10}, by: 11}", "r"),
    (lambda x: x, "compare: {of: response, at: {drive: 10}, than: {drive: 20}, by: 0}", "r"),
    (lambda x: 5.0, "compare: {of: response, at: {drive: 10}, than: {drive: 20}, by: 0}", "i"),
    (lambda x: x * math.exp(-x / 90),
     "extremum: {of: response, in: drive, kind: maximum, at: [30, 300]}", "s"),
    (lambda x: -x * math.exp(-x / 90),
     "extremum: {of: response, in: drive, kind: minimum, at: [30, 300]}", "s"),
    (lambda x: x, "extremum: {of: response, in: drive, kind: maximum, at: [3000, 10000]}", "s"),
    (lambda x: x * math.exp(-x / 90),
     "extremum: {of: response, in: drive, kind: maximum, at: [400, 4000]}", "r"),
    (lambda x: x, "extremum: {of: response, in: drive, kind: maximum, at: [30, 300]}", "r"),
    (lambda x: 5.0, "extremum: {of: response, in: drive, kind: maximum, at: [30, 300]}", "i"),
]  # fmt: skip
VERDICTS = {"s": "supported", "r": "refuted", "i": "inconclusive"}


def spots(text: str) -> list:
    """Twelve even points, and those that the hypothesis names."""
    named = {"equals": [10.0], "compare": [10.0, 20.0], "threshold": [60.0, 150.0]}
    extra = [{"drive": x} for x in named.get(text.split(":")[0], [])]
    return [i / 11 for i in range(12)] + extra


@pytest.mark.parametrize(("truth", "text", "verdict"), EXAM)
def test_planted_truths_are_decided_correctly(truth, text, verdict, bench, registered):
    design = registered(text, spots(text))
    run = bench(lambda point: truth(point["drive"]), discretisation=1e-3)
    finding = decide(design, run(design.study(), "evidence"))
    assert finding.verdict == VERDICTS[verdict], finding
    assert Finding.from_json(finding.to_json()) == finding
    if finding.interval is not None:
        assert finding.effect is not None
        assert finding.interval[0] <= finding.effect <= finding.interval[1]


def test_a_design_survives_json(registered):
    design = registered("power_law: {of: response, in: drive, exponent: [0.28, 0.32]}")
    again = Design.from_json(design.to_json())
    assert again == design
    assert again.hash == design.hash == design.to_json()["hash"]
    assert again.runs == design.runs
    assert list(design.runs) == [spec.id for spec in design.study().specs]


LAW = "power_law: {of: response, in: drive, exponent: [0.28, 0.32]}"


def test_the_interval_of_an_exponent_covers_the_truth(bench, registered):
    """Of 400 noisy sets at 95 %, at least 92.5 %: the nominal share less 2.3 standard errors."""
    draws = random.Random(1)
    run = bench(lambda p: 2 * p["drive"] ** 0.3, sampling=0.05, noise=lambda: draws.gauss(0.0, 1.0))
    design = registered(LAW, confidence=0.95)
    findings = [decide(design, run(design.study(), "evidence")) for _ in range(400)]
    covered = sum(f.interval[0] <= 0.3 <= f.interval[1] for f in findings)
    assert covered >= 0.925 * len(findings)


def test_nulls_are_not_supported_more_often_than_the_level(bench, registered):
    """True exponents at the edge of the claim are supported in at most 5 % + 2 s.e. of 400."""
    draws = random.Random(2)
    for exponent in (0.28, 0.32):
        run = bench(
            lambda p, e=exponent: p["drive"] ** e,
            sampling=0.01,
            noise=lambda: draws.gauss(0.0, 1.0),
        )
        design = registered(LAW, confidence=0.95)
        verdicts = [decide(design, run(design.study(), "e")).verdict for _ in range(400)]
        assert verdicts.count("supported") <= 0.072 * len(verdicts)


@pytest.mark.parametrize(
    "text",
    [
        "monotone: {of: response, in: drive, direction: increasing}",
        "no_effect: {of: response, in: drive, within: 0.02}",
        "compare: {of: response, at: {drive: 10}, than: {drive: 20}, by: 0}",
        "equals: {of: response, value: 5.2, tolerance: 0.2, at: {drive: 10}}",
        "threshold: {of: response, in: drive, level: 5, at: [60, 150]}",
        "extremum: {of: response, in: drive, kind: maximum, at: [30, 300]}",
    ],
)
def test_noise_alone_supports_nothing(text, bench, registered):
    """A constant under 2 % noise: every claim is false or at its edge; 5 % + 2 s.e. of 200."""
    draws = random.Random(3)
    run = bench(lambda p: 5.0, sampling=0.02, noise=lambda: draws.gauss(0.0, 1.0))
    design = registered(text, spots(text), confidence=0.95)
    verdicts = [decide(design, run(design.study(), "e")).verdict for _ in range(200)]
    assert verdicts.count("supported") <= 0.08 * len(verdicts)


def test_a_true_claim_is_rarely_refuted_by_noise(bench, registered):
    """At 95 % a true claim is refuted in at most 5 % + 2 s.e. of 200 noisy sets."""
    draws = random.Random(4)
    run = bench(lambda p: p["drive"] ** 0.3, sampling=0.03, noise=lambda: draws.gauss(0.0, 1.0))
    for text in (LAW, "monotone: {of: response, in: drive, direction: increasing}"):
        design = registered(text, confidence=0.95)
        verdicts = [decide(design, run(design.study(), "e")).verdict for _ in range(200)]
        assert verdicts.count("refuted") <= 0.08 * len(verdicts)


def test_numerical_error_widens_the_interval(bench, registered):
    design = registered(LAW)
    widths = []
    for error in (0.0, 1e-3, 1e-2):
        run = bench(lambda p: 2 * p["drive"] ** 0.3, discretisation=error)
        low, high = decide(design, run(design.study(), "evidence")).interval
        widths.append(high - low)
    assert widths[0] < widths[1] < widths[2]


def test_the_heated_cavity_of_the_literature(bench, registered):
    """De Vahl Davis (1983) gives Nu 1.118, 2.243, 4.519, 8.825 at Ra 10^3..10^6.

    Interpolated smoothly in the logarithm. The interval must hold the exponent of the first three
    values, 0.3033, and that of all four by least squares, 0.2996.
    """
    knots = [math.log(nusselt) for nusselt in (1.118, 2.243, 4.519, 8.825)]

    def nusselt(point):
        t = 0.75 * math.log10(point["drive"])  # the drive's four decades stand for three of Ra
        weights = [math.prod((t - j) / (i - j) for j in range(4) if j != i) for i in range(4)]
        return math.exp(sum(w * k for w, k in zip(weights, knots, strict=True)))

    design = registered("power_law: {of: response, in: drive, exponent: [0.2, 0.25]}")
    run = bench(nusselt, discretisation=2e-3)
    finding = decide(design, run(design.study(), "evidence"))
    low, high = (end / 0.75 for end in finding.interval)
    assert low < 0.2996 < 0.3033 < high
    assert high - low < 0.05
    assert finding.verdict == "supported"


def test_failed_runs_are_listed_and_too_many_leave_it_open(bench, registered):
    design = registered(LAW)
    one = bench(lambda p: p["drive"] ** 0.3, fails=lambda p: 100 < p["drive"] < 200)
    finding = decide(design, one(design.study(), "evidence"))
    assert finding.verdict == "supported"
    assert finding.excluded == ("drive 152 m/s ended non_finite",)
    many = bench(lambda p: p["drive"] ** 0.3, fails=lambda p: 5 < p["drive"] < 200)
    finding = decide(design, many(design.study(), "evidence"))
    assert finding.verdict == "inconclusive"
    assert "runs are no evidence" in finding.notes[0]
    end = bench(lambda p: p["drive"] ** 0.3, fails=lambda p: p["drive"] > 9000)
    finding = decide(design, end(design.study(), "evidence"))
    assert finding.verdict == "inconclusive"
    assert "at an end" in finding.notes[0]


def test_an_observable_is_evidence_although_another_is_not_resolved(bench, registered):
    design = registered(LAW)
    records = bench(lambda p: p["drive"] ** 0.3)(design.study(), "evidence")
    other = Reading(Estimate(1.0), "J", "unresolved")
    records = [
        replace(r, outcome="unresolved", observables={**r.observables, "heat": other})
        for r in records
    ]
    assert decide(design, records).verdict == "supported"


def test_a_bend_that_the_error_bars_could_explain_leaves_it_open(bench, registered):
    """The bend is 13 % at its worst: beyond the limit of 10 %, but not beyond 10 % and the bar."""
    design = registered("power_law: {of: response, in: drive, exponent: [0.1, 0.3]}")
    for error, verdict in ((1e-3, "refuted"), (0.05, "inconclusive")):
        run = bench(lambda p: 5 + 2 * p["drive"] ** 0.3, discretisation=error)
        finding = decide(design, run(design.study(), "evidence"))
        assert finding.verdict == verdict
        assert "no power law" in finding.notes[0]


def test_no_record_at_all_leaves_it_open(registered):
    finding = decide(registered(LAW), [])
    assert finding.verdict == "inconclusive"
    assert finding.excluded[0].endswith("was not run")


def test_a_reading_without_an_error_bar_is_no_evidence(bench, registered):
    design = registered(LAW)
    run = bench(lambda p: p["drive"] ** 0.3, discretisation=math.nan)
    assert decide(design, run(design.study(), "evidence")).verdict == "inconclusive"


def test_a_test_of_another_version_is_refused(registered):
    design = registered(LAW)
    data = design.to_json()
    data["test"] = {**data["test"], "version": 99}
    with pytest.raises(RequestError, match="version 99"):
        decide(Design.from_json(data), [])
