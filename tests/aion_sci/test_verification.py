"""References are simulated and compared; what is wrong with a store is listed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aion_sci.experiments import Reference, registry
from aion_sci.knowledge import KnowledgeStore
from aion_sci.settings import load_settings
from aion_sci.verification import Check, check_references, store_problems
from aion_sci.workbench import open_workbench


def check(expected: float, found: float | None) -> Check:
    return Check("e", "x=1", "y", expected, found, 0.0, 0.01, "somebody")


@pytest.mark.parametrize(
    ("expected", "found", "difference", "passed"),
    [
        (2.0, 2.01, 0.005, True),
        (-2.0, -2.01, 0.005, True),
        (2.0, 2.1, 0.05, False),
        (2.0, -2.0, 2.0, False),
        (0.0, 0.001, 0.001, True),
        (2.0, None, None, False),
    ],
)
def test_a_comparison(expected, found, difference, passed):
    made = check(expected, found)
    assert made.difference == pytest.approx(difference)
    assert made.passed is passed


@pytest.fixture
def checks(samples, monkeypatch):
    """The checks of an experiment with the given references."""

    def run(experiment, *references):
        changed = replace(experiment, references=references)
        monkeypatch.setattr(registry, "experiments", lambda: {changed.id: changed})
        with open_workbench(load_settings()) as bench:
            return check_references(bench, changed)

    return run


def test_one_run_serves_all_references_at_its_point(samples, checks, tmp_path):
    value, order, lost, order_of_lost = checks(
        samples.decay,
        Reference({"rate": 1.0}, "remaining", 0.36787944, 1e-5, "exp(-1)"),
        Reference({"rate": 1.0}, "lost", 63.212056, 1e-5, "1 - exp(-1)"),
    )
    assert (value.point, value.what) == ("rate=1", "remaining")
    assert value.found == pytest.approx(value.expected, abs=value.error)
    assert order.what == "order of remaining"
    assert order.found == pytest.approx(2.0, abs=0.01)
    assert all(c.passed for c in (value, order, lost, order_of_lost))
    assert len(list((tmp_path / "store" / "runs").iterdir())) == 1


def test_a_wrong_order_fails_though_the_value_may_pass(samples, checks):
    """Order 0.4 is stated as 2; the value itself is no result then."""
    value, order = checks(
        samples.rough, Reference({"height": 1.0}, "edge", 1.25, 0.5, "a guess within half")
    )
    assert value.found is None
    assert order.found == pytest.approx(0.4, abs=0.05)
    assert not value.passed
    assert not order.passed


def test_without_a_ladder_there_is_no_order(samples, checks):
    (value,) = checks(samples.area, Reference({"sides": 4}, "area", 2.0, 1e-12, "two triangles"))
    assert value.passed


def test_nothing_published_nothing_checked(samples, checks, tmp_path):
    assert checks(samples.walk) == []
    assert not list((tmp_path / "store" / "runs").glob("*"))


def test_a_broken_chain_is_among_the_problems_of_a_store(asked, asked_copy):
    log = asked_copy / "campaigns" / asked.printed["campaign"] / "log.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:3] + lines[4:]))
    with KnowledgeStore.open(asked_copy, write=False) as store:
        (problem,) = store_problems(store)
    assert problem.startswith(f"{log}:4: the log was changed after it was written")
