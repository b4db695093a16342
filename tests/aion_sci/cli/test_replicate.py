"""``aion replicate``: fresh runs raise a claim, the referee raises it further, or neither does.

The masses on springs have an exact answer: the frequencies grow as the root of the stiffness.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from aion_sci.cli.main import main
from aion_sci.experiments import Measured, Referee, find, registry
from aion_sci.knowledge import KnowledgeStore
from aion_sci.research import replicate, verify_log

QUESTION = """\
question: How does the frequency depend on the stiffness?
experiment: sample.chain
vary: {stiffness: {low: 0.2, high: 5, scale: log}}
observe: highest
budget: {runs: 14}
hypotheses:
  - power_law: {of: highest, in: stiffness, exponent: [0.49, 0.51]}
"""


@pytest.fixture(autouse=True)
def _registered(samples) -> None:
    """Every test here needs the sample experiments."""


@pytest.fixture
def claim(tmp_path, capsys) -> str:
    """The claim that the exponent is one half."""
    file = tmp_path / "chain.yaml"
    file.write_text(QUESTION)
    assert main(["ask", str(file), "--json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)["verdicts"]
    assert verdict["verdict"] == "supported"
    return verdict["claim"]


def printed(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def with_referee(monkeypatch, function) -> None:
    """Exchange the referee of the chain."""
    listed = registry.experiments()
    chain = replace(find("sample.chain"), referee=function and Referee("another", function))
    monkeypatch.setattr(registry, "experiments", lambda: {**listed, "sample.chain": chain})


def test_a_referee_that_agrees_makes_it_cross_engine(claim, capsys):
    assert main(["replicate", claim, "--json"]) == 0
    said = printed(capsys)
    assert (said["level"], said["engine"]) == ("cross-engine", "NumPy's polynomials")
    assert said["agrees"] is True
    for finding in (said["replication"], said["referee"]):
        assert finding["verdict"] == "supported"
        assert finding["effect"] == pytest.approx(0.5, abs=1e-9)  # exact to round-off
    assert main(["claims", "--json"]) == 0
    claims = {c["id"]: c for c in printed(capsys)}
    assert claims[claim]["level"] == "tested"
    raised = claims[said["raised"]]
    assert (raised["level"], raised["replicates"]) == ("cross-engine", claim)
    assert not set(raised["runs"]) & set(claims[claim]["runs"])


def test_it_is_done_once(claim, capsys):
    assert main(["replicate", claim, "--json"]) == 0
    first = printed(capsys)
    assert main(["replicate", claim, "--json"]) == 0
    assert printed(capsys) == first


def test_the_raised_claim_can_be_replayed_but_not_replicated(claim, capsys):
    assert main(["replicate", claim, "--json"]) == 0
    raised = printed(capsys)["raised"]
    assert main(["replay", raised]) == 0
    capsys.readouterr()
    assert main(["replicate", raised]) == 2
    assert "itself the replication" in capsys.readouterr().err


def test_the_design_is_registered_before_its_runs(claim, capsys, own_store, monkeypatch, tmp_path):
    assert main(["replicate", claim]) == 0
    out = capsys.readouterr().out
    assert "level cross-engine" in out
    assert "the engines differ by at most" in out
    (log,) = (tmp_path / "store").glob("campaigns/*/replications/*.jsonl")
    assert [event.name for event in verify_log(log)] == [
        "registered", "evidence_ran", "decided", "refereed", "filed",
    ]  # fmt: skip


def test_without_a_referee_it_is_replicated(claim, capsys, monkeypatch):
    with_referee(monkeypatch, None)
    assert main(["replicate", claim, "--json"]) == 0
    assert printed(capsys)["level"] == "replicated"


def test_a_referee_that_disagrees_leaves_it_replicated_and_says_so(claim, capsys, monkeypatch):
    def crooked(stiffness, file):
        return Measured({"frequency_1": stiffness, "highest": stiffness})

    with_referee(monkeypatch, crooked)
    assert main(["replicate", claim, "--json"]) == 1
    said = printed(capsys)
    assert (said["level"], said["agrees"]) == ("replicated", False)
    assert said["referee"]["verdict"] == "refuted"


def test_a_missing_engine_is_named(claim, capsys, monkeypatch):
    def absent(stiffness, file):
        from aion_kernels.invalid import InvalidInputError

        raise InvalidInputError('the engine is not installed: pip install "aion-sci[qc]"')

    with_referee(monkeypatch, absent)
    assert main(["replicate", claim, "--json"]) == 0
    said = printed(capsys)
    assert said["level"] == "replicated"
    assert "the referee was not asked" in said["remarks"][0]
    assert 'pip install "aion-sci[qc]"' in said["remarks"][0]


@pytest.mark.parametrize("kind", ["monotone", "equals", "compare", "threshold", "no_effect"])
def test_the_grid_is_finer(kind, asked, asked_copy, capsys):
    assert main(["replicate", asked.claim(kind), "--json"]) == 0
    said = printed(capsys)
    assert said["level"] == "replicated"
    assert said["settings"]["steps"] >= 48  # half as fine again as the default of 32


def test_a_verdict_that_is_not_found_again_files_nothing(asked, asked_copy):
    """New runs that say otherwise: the readings are shifted behind the test's back."""
    from aion_sci.session import open_session
    from aion_sci.settings import load_settings

    with open_session(load_settings(), quiet=True) as bench:
        before = {claim.id for claim in bench.store.claims()}

        def shifted(study, purpose):
            from aion_sci.runs.folder import commit_run

            real = {r.run_id: r for r in bench.run(study)}
            for folder in (asked_copy / "runs").iterdir():
                if folder.name in real:
                    for file in folder.rglob("*"):
                        if file.is_file():
                            file.unlink()
            moved = []
            for record in real.values():
                reading = record.observables["remaining"]
                estimate = replace(reading.estimate, value=2 * reading.value)
                observables = {
                    **record.observables, "remaining": replace(reading, estimate=estimate)
                }  # fmt: skip
                moved.append(commit_run(asked_copy, replace(record, observables=observables)))
            return moved

        result = replicate(asked.claim("equals"), bench.store, run=shifted)
        assert result.again.verdict == "refuted"
        assert result.level == "tested"
        assert not result.agrees
        assert "the verdict was supported and is refuted" in result.remarks[0]
        assert {claim.id for claim in bench.store.claims()} == before


def test_an_unknown_claim_is_a_wrong_request(asked, asked_copy, capsys):
    assert main(["replicate", "claim-zzzz"]) == 2
    assert "unknown claim" in capsys.readouterr().err


def test_an_inconclusive_claim_leaves_nothing_to_find_again(asked, asked_copy, capsys):
    with KnowledgeStore.open(asked_copy, write=True) as store:
        open_claim = replace(store.claim(asked.claim("equals")), verdict="inconclusive")
        store.file_claim(open_claim)
    assert main(["replicate", open_claim.id]) == 2
    assert "nothing to find again" in capsys.readouterr().err
