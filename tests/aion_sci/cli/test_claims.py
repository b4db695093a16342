"""``aion claims``: every claim with its verdict."""

from __future__ import annotations

import json

from aion_sci.cli.main import main


def test_as_a_table(asked, capsys):
    assert main(["claims", "--store", str(asked.store)]) == 0
    out = capsys.readouterr().out
    assert all(verdict["claim"] in out for verdict in asked.printed["verdicts"])
    assert out.count("refuted") == 2
    assert "0.6931 0.6928 to" in out


def test_as_json(asked, capsys):
    assert main(["claims", "--store", str(asked.store), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {claim["id"]: claim["verdict"] for claim in printed} == {
        verdict["claim"]: verdict["verdict"] for verdict in asked.printed["verdicts"]
    }


def test_a_damaged_claim_is_named(asked, asked_copy, capsys):
    path = asked_copy / "claims" / f"{asked.claim('equals')}.json"
    path.write_text(path.read_text()[:100])
    assert main(["claims"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("aion: ")
    assert str(path) in err


def test_what_happened_on_opening_is_said(asked, asked_copy, capsys):
    """The index is derived: without it the claims are still there, and the user is told."""
    (asked_copy / "index.sqlite").unlink()
    assert main(["claims", "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == len(asked.printed["verdicts"])
    assert "aion: the index of" in err
    assert "`aion store rebuild` keeps it" in err


def test_an_empty_store_of_a_newer_version(asked_copy, capsys):
    (asked_copy / "store.json").write_text('{"format": 99}')
    assert main(["claims"]) == 2
    assert "written by a newer version of AION" in capsys.readouterr().err
