"""``aion show``: a run, a claim or a campaign by its id."""

from __future__ import annotations

import json

import pytest

from aion_sci.cli.main import main


@pytest.fixture
def show(asked, capsys):
    """Call the verb; returns what it printed on success."""

    def call(*arguments: str) -> str:
        assert main(["show", *arguments, "--store", str(asked.store)]) == 0
        return capsys.readouterr().out

    return call


@pytest.fixture
def run_id(asked) -> str:
    return asked.printed["verdicts"][0]["runs"][0]


def test_a_run(show, run_id):
    out = show(run_id)
    assert run_id in out
    assert "sample.decay" in out
    assert " ± " in out
    assert "percent" in out
    assert "attempt-" in out


def test_a_run_as_json(show, run_id):
    printed = json.loads(show(run_id, "--json"))
    assert printed["run_id"] == run_id
    assert printed["environment"]["float64"] is True
    assert json.loads(show(run_id[:12], "--json")) == printed


def test_a_claim(show, asked):
    out = show(asked.claim("equals"))
    assert "remaining equals 0.3679 within 1 %" in out
    assert f"aion replay {asked.claim('equals')}" in out
    printed = json.loads(show(asked.claim("equals"), "--json"))
    assert printed["verdict"] == "supported"
    assert printed["campaign"] == asked.printed["campaign"]


def test_a_campaign(show, asked):
    out = show(asked.printed["campaign"])
    assert out.count("claim-") == len(asked.printed["verdicts"])
    printed = json.loads(show(asked.printed["campaign"], "--json"))
    found = {claim["id"] for claim in printed["claims"]}
    assert found == {verdict["claim"] for verdict in asked.printed["verdicts"]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("zzzz", "unknown run 'zzzz'"),
        ("", "unknown run ''"),
        ("../../etc/passwd", "unknown run '../../etc/passwd'"),
        ("claim-zzzz", "unknown claim 'claim-zzzz'"),
        ("claim-", "could be any of"),
        ("campaign-zzzz", "unknown campaign 'campaign-zzzz'"),
        ("campaign-/../x", "is no campaign id"),
    ],
)
def test_what_is_not_there(given, message, asked, capsys):
    assert main(["show", given, "--store", str(asked.store)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("aion: ")
    assert message in err


def test_an_id_of_a_campaign_may_be_shortened(show, asked):
    identity = asked.printed["campaign"]
    assert show(identity[:-4]) == show(identity)


def test_a_run_whose_folder_is_gone(asked_copy, run_id, capsys):
    (folder,) = (asked_copy / "runs").glob(run_id)
    folder.rename(asked_copy / "elsewhere")
    assert main(["show", run_id]) == 2
    assert "its folder is gone" in capsys.readouterr().err
