"""Replaying claims: agreement, and every kind of damage that must be noticed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from aion_sci.errors import CorruptLogError, CorruptRunError
from aion_sci.research import conduct, replay
from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.design import Design
from aion_sci.research.question import parse_question

ASKED = """\
question: How does the response of a wire grow with the drive?
experiment: toy.wire
vary: {drive: {low: 1, high: 1e4, scale: log}}
observe: response
budget: {runs: 24}
hypotheses:
  - power_law: {of: response, in: drive, exponent: [0.28, 0.32]}
"""


def law(point) -> float:
    """A power law with exponent 0.3."""
    return point["drive"] ** 0.3


@pytest.fixture
def claim(store, laboratory):
    run = laboratory(store, law, discretisation=1e-3)
    result = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    return store.claim(result.answers[0].claim)


def test_from_the_stored_runs(claim, store):
    result = replay(claim.id, store)
    assert result.agrees
    assert (result.verdict_then, result.verdict_now) == ("supported", "supported")
    assert json.loads(json.dumps(result.to_json()))["agrees"] is True


def test_from_fresh_simulations(claim, store, bench):
    run = bench(law, discretisation=1e-3)
    result = replay(claim.id, store, rerun=run)
    assert result.agrees
    assert result.rerun
    assert len(run.computed) == len(claim.runs)


def test_fresh_simulations_that_differ(claim, store, bench):
    """Another law: each value differs and so does the verdict."""
    result = replay(claim.id, store, rerun=bench(lambda p: p["drive"] ** 0.4))
    assert not result.agrees
    assert result.verdict_now == "refuted"
    assert result.differences[-1] == "the verdict was supported and is refuted"
    assert "response is" in result.differences[1]


def test_a_missing_run_is_named(claim, store):
    shutil.rmtree(store.path / "runs" / claim.runs[0])
    result = replay(claim.id, store)
    assert not result.agrees
    assert "1 of 12 runs are not in the store" in result.differences


def test_a_changed_run_is_refused(claim, store):
    (path,) = (store.path / "runs" / claim.runs[0]).glob("attempt-*/observables.json")
    content = path.read_text()
    path.write_text(content.replace("1", "2", 1))
    with pytest.raises(CorruptRunError):
        replay(claim.id, store)


def test_a_changed_log_is_refused(claim, store):
    path = store.campaign_folder(claim.campaign) / "log.jsonl"
    path.write_text(path.read_text().replace('"supported"', '"refuted"', 1))
    with pytest.raises(CorruptLogError):
        replay(claim.id, store)


def test_a_claim_that_no_log_registered_disagrees(claim, store):
    """A claim written by hand over real runs, with a wider range than was registered."""
    design = json.loads(json.dumps(claim.design))
    design["confidence"] = 0.9
    forged = replace(claim, design=Design.from_json(design).to_json())
    store.file_claim(forged)
    result = replay(forged.id, store)
    assert "its design is not registered in the campaign's log" in result.differences


def test_a_hand_written_number_disagrees(claim, store):
    forged = replace(claim, effect=0.31, interval=(0.305, 0.315))
    store.file_claim(forged)
    result = replay(forged.id, store)
    assert result.differences[-1].startswith("the effect was 0.31")


def test_a_hand_written_verdict_disagrees(claim, store):
    forged = replace(claim, verdict="refuted")
    store.file_claim(forged)
    assert "the verdict was refuted and is supported" in replay(forged.id, store).differences
