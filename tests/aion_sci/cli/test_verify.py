"""``aion verify``: it passes what is right, fails what is wrong, and looks into the store."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from aion_sci.cli import verify
from aion_sci.cli.main import main
from aion_sci.experiments import Reference, registry


@pytest.fixture
def decay(samples, monkeypatch: pytest.MonkeyPatch):
    """Puts `sample.decay` in the catalogue, alone, with the given references."""

    def register(*references: Reference) -> None:
        listed = {"sample.decay": replace(samples.decay, references=references)}
        monkeypatch.setattr(registry, "experiments", lambda: listed)
        monkeypatch.setattr(verify, "experiments", lambda: listed)

    return register


@pytest.fixture
def fragile(samples, monkeypatch):
    """`sample.fragile`, alone, with a reference at a point where its run fails."""
    references = (Reference({"x": 1.5}, "root", 0.0, 1e-3, "nobody"),)
    listed = {"sample.fragile": replace(samples.fragile, references=references)}
    monkeypatch.setattr(registry, "experiments", lambda: listed)


def test_what_is_right_passes(samples, capsys):
    assert main(["verify", "sample.decay", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "2 passed, 0 failed" in out
    assert "exp(-1)" in out
    assert "order of" in out


def test_a_wrong_reference_fails(decay, capsys):
    """A published value that is 1 % off, held to one in ten thousand."""
    decay(Reference({"rate": 1.0}, "remaining", 0.3715, 1e-4, "a misprint"))
    assert main(["verify", "sample.decay", "--json"]) == 1
    value, order = json.loads(capsys.readouterr().out)["checks"]
    assert (value["passed"], order["passed"]) == (False, True)
    assert value["found"] == pytest.approx(0.367879, abs=1e-5)
    assert value["difference"] == pytest.approx(0.01, rel=0.1)
    assert main(["verify", "sample.decay", "--quiet"]) == 1
    assert "1 passed, 1 failed" in capsys.readouterr().out


def test_a_value_of_zero_is_compared_absolutely(decay, capsys):
    decay(Reference({"time": 0.0}, "lost", 0.0, 1e-12, "nothing has decayed yet"))
    assert main(["verify", "sample.decay", "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert checks[0]["difference"] == 0.0


def test_a_run_that_fails_is_no_value(fragile, capsys):
    assert main(["verify", "sample.fragile", "--json"]) == 1
    (check,) = json.loads(capsys.readouterr().out)["checks"]
    assert (check["found"], check["difference"], check["passed"]) == (None, None, False)
    assert main(["verify", "sample.fragile", "--quiet"]) == 1
    assert "0 passed, 1 failed" in capsys.readouterr().out


def test_without_an_id_the_store_is_checked_too(decay, asked, asked_copy, capsys):
    decay()
    assert main(["verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"checks": [], "store": []}
    path = asked_copy / "claims" / f"{asked.claim('equals')}.json"
    path.write_text(path.read_text().replace("supported", "refuted"))
    assert main(["verify", "--quiet"]) == 1
    assert f"store: {path}" in capsys.readouterr().out.replace("\n", "")


def test_the_user_s_store_is_neither_read_nor_written(samples, tmp_path, capsys):
    assert main(["verify", "sample.decay", "--quiet"]) == 0
    assert not (tmp_path / "store").exists()


def test_an_unknown_experiment(samples, capsys):
    assert main(["verify", "sample.decoy"]) == 2
    assert "did you mean 'sample.decay'?" in capsys.readouterr().err
