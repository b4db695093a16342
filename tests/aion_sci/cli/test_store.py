"""``aion store``: a flipped byte anywhere is found, and the index can always be made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aion_sci.cli.main import main

FILES = [
    "runs/*/attempt-*/observables.json",
    "runs/*/attempt-*/spec.json",
    "runs/*/attempt-*/environment.json",
    "runs/*/attempt-*/COMMIT.json",
    "claims/*.json",
    "campaigns/*/log.jsonl",
    "campaigns/*/question.json",
]


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_sound_store(asked, capsys):
    assert main(["store", "verify", "--store", str(asked.store)]) == 0
    assert capsys.readouterr().out == "nothing is damaged\n"
    assert main(["store", "verify", "--store", str(asked.store), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": []}


@pytest.mark.parametrize("pattern", FILES)
def test_a_flipped_bit_is_found(pattern, asked_copy, capsys):
    path = sorted(asked_copy.glob(pattern))[0]
    flip(path)
    assert main(["store", "verify", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert len(problems) >= 1
    where = path.parts[len(asked_copy.parts) + 1].removesuffix(".json")
    assert all(where in problem for problem in problems)
    assert main(["store", "verify"]) == 1
    assert f"{len(problems)} problems\n" in capsys.readouterr().out


def test_the_index_is_made_again(asked, asked_copy, capsys):
    (asked_copy / "index.sqlite").write_bytes(b"not a database")
    assert main(["store", "rebuild"]) == 0
    runs = len(list((asked_copy / "runs").iterdir()))
    out = capsys.readouterr().out
    assert f"indexed {runs} runs, {len(asked.verdicts)} claims and 1 campaigns" in out
    assert main(["claims", "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == len(asked.verdicts)
    assert err == ""


def test_a_rebuild_leaves_out_what_is_damaged_and_says_so(asked, asked_copy, capsys):
    flip(asked_copy / "claims" / f"{asked.claim('equals')}.json")
    assert main(["store", "rebuild", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["claims"] == len(asked.verdicts) - 1
    (problem,) = printed["problems"]
    assert asked.claim("equals") in problem
    assert main(["store", "rebuild"]) == 1
    assert "left out: " in capsys.readouterr().out


@pytest.mark.parametrize("action", ["rebuild", "verify"])
def test_a_misspelt_folder_is_no_store_and_becomes_none(action, tmp_path, capsys):
    assert main(["store", action, "--store", str(tmp_path / "typo")]) == 2
    assert "there is no knowledge store at" in capsys.readouterr().err
    assert not (tmp_path / "typo").exists()
