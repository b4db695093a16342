"""``aion search``: claims before campaigns before runs."""

from __future__ import annotations

import json

import pytest

from aion_sci.cli.main import main


@pytest.fixture
def search(asked, capsys):
    """Call the verb; returns what it printed."""

    def call(*arguments: str) -> str:
        assert main(["search", *arguments, "--store", str(asked.store)]) == 0
        return capsys.readouterr().out

    return call


def test_the_words_of_a_question_find_its_claims(search, asked):
    hits = json.loads(search("decay", "constant", "share", "--json"))
    kinds = [hit["kind"] for hit in hits]
    assert kinds == sorted(kinds, key=["claim", "campaign", "run"].index)
    claims = {hit["id"] for hit in hits if hit["kind"] == "claim"}
    assert claims == {verdict["claim"] for verdict in asked.printed["verdicts"]}


def test_as_text(search, asked):
    out = search("crosses")
    assert f"claim    {asked.claim('threshold')}" in out


def test_the_most_hits_to_show(search):
    assert len(json.loads(search("decay", "--limit", "2", "--json"))) == 2


@pytest.mark.parametrize("limit", ["0", "-3", "some"])
def test_a_limit_is_a_whole_number_above_zero(limit, asked, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["search", "decay", "--limit", limit, "--store", str(asked.store)])
    assert ended.value.code == 2
    assert "a whole number of at least 1 is needed" in capsys.readouterr().err


@pytest.mark.parametrize("text", ['"', "(", "NEAR(", "decay AND", "*", "rate:", "'; --"])
def test_signs_that_mean_something_to_the_index_are_words_like_others(search, text):
    search(text)


def test_nothing_found(search):
    assert "try fewer or other words" in search("xylophone")
    assert json.loads(search("xylophone", "--json")) == []


def test_without_a_store(tmp_path, capsys):
    assert main(["search", "heat"]) == 2
    assert f"there is no knowledge store at {tmp_path}/store" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()
