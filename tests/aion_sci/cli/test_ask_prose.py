"""``aion ask "…"``: a question in words becomes a file that is read before anything runs."""

from __future__ import annotations

import json

import pytest

from aion_sci.cli.main import main
from aion_sci.errors import RequestError
from aion_sci.research.framing import draft_by_match, is_prose
from aion_sci.research.question import read_question

WORDS = "How does the share that is left after a decay depend on the decay constant?"


@pytest.fixture(autouse=True)
def _here(samples, tmp_path, monkeypatch) -> None:
    """The sample experiments, and a folder to write drafts into."""
    monkeypatch.chdir(tmp_path)


def test_the_draft_is_shown_and_nothing_runs(tmp_path, capsys):
    assert main(["ask", WORDS]) == 0
    out = capsys.readouterr().out
    (file,) = tmp_path.glob("*.yaml")
    assert "experiment: sample.decay" in out
    assert "a match of words against the catalogue, without a model" in out
    assert f"aion ask {file.name}" in out
    question = read_question(file)
    assert question.scope.experiment == "sample.decay"
    assert [axis.name for axis in question.scope.axes] == ["rate"]
    assert question.scope.observe == ("remaining",)
    assert not (tmp_path / "store").exists()


def test_as_json(capsys):
    assert main(["ask", WORDS, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"file", "drafted_by", "draft"}
    assert printed["draft"]["experiment"] == "sample.decay"


def test_yes_answers_at_once(capsys):
    assert main(["ask", WORDS, "--yes", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["question"] == WORDS
    assert printed["verdicts"]


def test_an_edited_file_is_never_written_over(tmp_path, capsys):
    assert main(["ask", WORDS]) == 0
    (first,) = tmp_path.glob("*.yaml")
    first.write_text("mine")
    assert main(["ask", WORDS]) == 0
    assert first.read_text() == "mine"
    assert len(list(tmp_path.glob("*.yaml"))) == 2


@pytest.mark.parametrize("text", ["zebra unicorn umbrella today?", "Why is ice slippery?"])
def test_words_that_match_nothing(text, capsys):
    assert main(["ask", text]) == 2
    assert "no experiment of the catalogue matches" in capsys.readouterr().err


def test_a_missing_file_is_not_taken_for_prose(capsys):
    assert main(["ask", "my question file.yaml"]) == 2
    assert "no such file" in capsys.readouterr().err
    assert not is_prose("question.yaml")


def test_a_novel_is_no_question():
    with pytest.raises(RequestError, match="at most 2000"):
        draft_by_match("decay " * 1000)


@pytest.mark.parametrize(
    ("text", "experiment"),
    [
        ("How does heat transfer across a heated cavity scale with the Rayleigh number?",
         "cfd.heated_cavity"),
        ("Where is the minimum of the velocity in a lid-driven cavity?", "cfd.lid_cavity"),
        ("How strong is the shock in a shock tube?", "cfd.shock_tube"),
        ("How fast do vortices in a periodic square decay with Reynolds number?",
         "cfd.taylor_green_2d"),
    ],
)  # fmt: skip
def test_the_catalogue_is_found_by_its_words(text, experiment):
    assert draft_by_match(text).question.scope.experiment == experiment
