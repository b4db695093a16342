"""``aion report``: the page of a finished campaign, written again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aion_sci.cli.main import main


@pytest.fixture(autouse=True)
def _registered(samples) -> None:
    """Every test here needs the sample experiments."""


def test_it_is_written_where_one_says(asked, tmp_path, capsys):
    page = tmp_path / "page.html"
    options = ["--output", str(page), "--store", str(asked.store), "--json"]
    assert main(["report", asked.printed["campaign"], *options]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "campaign": asked.printed["campaign"],
        "report": str(page),
    }
    # Only the count of runs that the writing call had to compute differs.
    first = Path(asked.printed["report"]).read_text().splitlines()
    again = page.read_text().splitlines()
    assert [line for line, other in zip(again, first, strict=True) if line != other] == [
        line for line in again if "of them read from the store" in line
    ]


def test_into_the_campaign_s_folder_by_default(asked, asked_copy, capsys):
    path = asked_copy / "campaigns" / asked.printed["campaign"] / "report.html"
    path.unlink()
    assert main(["report", asked.printed["campaign"]]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert path.is_file()


def test_an_unknown_campaign(asked, capsys):
    near = asked.printed["campaign"][:-1] + "x"
    assert main(["report", near, "--store", str(asked.store)]) == 2
    assert f"did you mean '{asked.printed['campaign']}'?" in capsys.readouterr().err


def test_an_unfinished_campaign(asked, asked_copy, capsys):
    log = asked_copy / "campaigns" / asked.printed["campaign"] / "log.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:6]))
    assert main(["report", asked.printed["campaign"]]) == 2
    assert "is not finished; ask its question again to go on" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["nowhere/page.html", "."])
def test_where_it_cannot_be_written(output, asked, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--output", output, "--store", str(asked.store)]
    assert main(["report", asked.printed["campaign"], *options]) == 2
    err = capsys.readouterr().err
    assert err.startswith("aion: the report cannot be written to ")
    assert "name another file with --output" in err
