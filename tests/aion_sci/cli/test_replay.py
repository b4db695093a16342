"""``aion replay``: agreement from stored and from fresh runs, and every way to disagree."""

from __future__ import annotations

import json
import shutil

import pytest

from aion_sci.cli.main import main


@pytest.fixture(autouse=True)
def _registered(samples) -> None:
    """Every test here needs the sample experiments."""


@pytest.mark.parametrize("options", [[], ["--rerun"]])
def test_every_kind_agrees(options, asked, asked_copy, capsys):
    for kind, verdict in asked.verdicts.items():
        assert main(["replay", asked.claim(kind), "--json", *options]) == 0
        printed = json.loads(capsys.readouterr().out)
        assert printed["agrees"] is True
        assert printed["rerun"] is bool(options)
        assert printed["verdict_then"] == printed["verdict_now"] == verdict
        assert printed["differences"] == []


def test_a_rerun_computes_every_run_and_leaves_the_store_alone(asked, asked_copy, capsys):
    before = sorted(path.name for path in (asked_copy / "runs").iterdir())
    assert main(["replay", asked.claim("compare"), "--rerun"]) == 0
    out, err = capsys.readouterr()
    assert "they agree" in out
    assert "(from fresh simulations)" in out
    assert "2/2 done" in err
    assert "from the store" not in err
    assert sorted(path.name for path in (asked_copy / "runs").iterdir()) == before


def test_then_and_now_are_told(asked, asked_copy, capsys):
    assert main(["replay", asked.claim("threshold")]) == 0
    out = capsys.readouterr().out
    assert "then: supported, effect 0.693" in out
    assert "now:  supported, effect 0.693" in out
    assert "(from stored runs)" in out


def test_a_missing_run_ends_with_1(asked, asked_copy, capsys):
    (verdict,) = (v for v in asked.printed["verdicts"] if v["kind"] == "equals")
    shutil.rmtree(asked_copy / "runs" / verdict["runs"][0])
    assert main(["replay", verdict["claim"]]) == 1
    out = capsys.readouterr().out
    assert "they do not agree" in out
    assert "1 of 1 runs are not in the store" in out
    assert "no effect size" in out


def test_a_changed_run_is_named(asked, asked_copy, capsys):
    (verdict,) = (v for v in asked.printed["verdicts"] if v["kind"] == "equals")
    (path,) = (asked_copy / "runs" / verdict["runs"][0]).glob("attempt-*/observables.json")
    path.write_text(path.read_text().replace("0.36", "0.37", 1))
    assert main(["replay", verdict["claim"]]) == 2
    err = capsys.readouterr().err
    assert err.startswith("aion: ")
    assert verdict["runs"][0] in err
    assert "Traceback" not in err


def test_a_changed_claim_is_named(asked, asked_copy, capsys):
    path = asked_copy / "claims" / f"{asked.claim('power_law')}.json"
    path.write_text(path.read_text().replace('"refuted"', '"supported"'))
    assert main(["replay", asked.claim("power_law")]) == 2
    assert "does not match its content" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--rerun"]])
def test_an_unknown_claim_is_said_before_anything_starts(options, asked_copy, capsys):
    assert main(["replay", "claim-000000000000", *options]) == 2
    assert "unknown claim 'claim-000000000000'" in capsys.readouterr().err


def test_without_a_store(capsys):
    assert main(["replay", "claim-0"]) == 2
    assert "there is no knowledge store at" in capsys.readouterr().err
