"""``aion experiments`` and ``aion config``: the catalogue, a datasheet, where settings are from."""

from __future__ import annotations

import json
from types import ModuleType

import pytest

from aion_sci.cli.main import main


@pytest.fixture(autouse=True)
def _registered(samples: ModuleType) -> None:
    """Every test here needs the sample experiments."""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which no cell of a table wraps."""
    monkeypatch.setenv("COLUMNS", "200")


class TestExperiments:
    def test_the_catalogue_is_a_table(self, capsys):
        assert main(["experiments"]) == 0
        out = capsys.readouterr().out
        for text in ("sample.decay", "rate, time", "remaining, lost", "sample.walk"):
            assert text in out

    def test_the_catalogue_as_json(self, capsys):
        assert main(["experiments", "--json"]) == 0
        listed = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
        decay = listed["sample.decay"]
        assert decay["summary"].startswith("Small experiments")
        assert decay["parameters"][0] == {
            "name": "rate", "kind": "number", "unit": "1/s", "description": "decay constant r",
            "low": 0.1, "high": 10.0, "default": 1.0, "scale": "log", "choices": [],
        }  # fmt: skip
        assert [s["name"] for s in decay["settings"]] == ["steps", "precision"]
        assert decay["observables"][1]["unit"] == "percent"

    def test_a_datasheet_shows_text_boxes_and_units(self, capsys):
        assert main(["experiments", "sample.decay"]) == 0
        out = capsys.readouterr().out
        for text in ("trapezoidal", "1/s", "0.1 … 10", "decay constant r", "8 … 4096", "percent"):
            assert text in out

    def test_a_datasheet_of_choices_and_texts(self, capsys):
        assert main(["experiments", "sample.area"]) == 0
        out = capsys.readouterr().out
        for text in ("disc|polygon", "O2:1,N2:3.76", "3 … 100"):
            assert text in out

    def test_an_unknown_experiment_is_refused(self, capsys):
        assert main(["experiments", "sample.decoy"]) == 2
        assert "did you mean 'sample.decay'?" in capsys.readouterr().err


class TestConfig:
    def test_each_setting_tells_its_origin(self, capsys, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "aion.toml").write_text("workers = 2\n")
        monkeypatch.setenv("AION_EXECUTOR", "local")
        assert main(["config", "--json", "--store", "elsewhere"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["workers"] == {"value": 2, "origin": "aion.toml"}
        assert shown["executor"] == {"value": "local", "origin": "AION_EXECUTOR"}
        assert shown["store"] == {"value": "elsewhere", "origin": "flag"}
        assert shown["planner"]["origin"] == "default"

    def test_a_table_for_people(self, capsys):
        assert main(["config"]) == 0
        out = capsys.readouterr().out
        assert "processes that run simulations" in out
        assert "AION_STORE" in out

    def test_a_bad_setting_is_refused_with_its_origin(self, capsys, monkeypatch):
        monkeypatch.setenv("AION_WORKERS", "none")
        assert main(["config"]) == 2
        assert capsys.readouterr().err.startswith("aion: workers is 'none' (from AION_WORKERS)")
