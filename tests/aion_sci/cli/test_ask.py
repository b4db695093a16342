"""``aion ask``: what it prints, and how it refuses a wrong request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aion_sci.cli.main import main


@pytest.fixture(autouse=True)
def _registered(samples) -> None:
    """Every test here needs the sample experiments."""


class TestJson:
    def test_it_prints_what_the_contract_says(self, asked):
        printed = asked.printed
        assert list(printed) == ["campaign", "question", "verdicts", "report"]
        for verdict in printed["verdicts"]:
            assert set(verdict) >= {
                "hypothesis", "kind", "verdict", "effect", "interval", "level", "claim", "runs",
            }  # fmt: skip
            low, high = verdict["interval"]
            assert low <= verdict["effect"] <= high
        assert Path(printed["report"]).is_file()

    def test_the_verdicts_are_right(self, asked):
        assert {v["kind"]: v["verdict"] for v in asked.printed["verdicts"]} == asked.verdicts

    def test_asked_again_it_prints_the_same(self, asked, asked_copy, capsys):
        assert main(["ask", str(asked.question), "--json"]) == 0
        out, err = capsys.readouterr()
        again = json.loads(out)
        assert {**again, "report": None} == {**asked.printed, "report": None}
        assert err == ""


class TestText:
    def test_the_answer_is_short_and_says_what_was_reused(self, asked, asked_copy, capsys):
        runs = len(list((asked.store / "runs").iterdir()))
        assert main(["ask", str(asked.question), "--quiet"]) == 0
        out, err = capsys.readouterr()
        assert "How does the share that is left depend on the decay constant?" in out
        assert "supported  rate at the crossing (1/s) 0.6931" in out
        assert f"check one with: aion replay {asked.claim('monotone')}" in out
        assert f"0 runs computed, {runs} reused from the store" in out
        assert f"report: {asked_copy}/campaigns/" in out
        assert err == ""

    def test_progress_goes_to_standard_error_and_untested_hypotheses_are_named(self, asked, capsys):
        assert main(["ask", str(asked.question), "--budget-runs", "12"]) == 0
        out, err = capsys.readouterr()
        assert "looking: a few pilot runs" in err
        assert "4/4 done" in err
        assert "not tested: " in out
        assert "because the budget leaves" in out
        assert "0 reused from the store" in out


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (("sample.decay", "sample.decoy"), ":2: unknown experiment 'sample.decoy'; did you"),
            (("{rate:", "{rat:"), ":3: unknown parameter"),
            (("1 s}", "1 kg}"), "wrong dimension"),
            (("1 s}", "1 sekond}"), "unknown unit 'sekond'"),
            (("high: 5", "high: 50"), "above its upper bound"),
            (("{runs: 33}", "{}"), ":6: empty budget"),
            (("{runs: 33}", "{runs: 0}"), "empty budget: runs is 0"),
            (("{runs: 33}", "{runs: 33"), "malformed YAML"),
            (("observe: [remaining, lost]", "observe: remain"), "did you mean 'remaining'?"),
        ],
    )
    def test_the_file_and_the_line_are_named(self, change, message, asked, tmp_path, capsys):
        question = tmp_path / "wrong.yaml"
        question.write_text(asked.question.read_text().replace(*change))
        assert main(["ask", str(question), "--quiet"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"aion: {question}:")
        assert message in err
        assert len(err.splitlines()) == 1
        assert not (tmp_path / "store").exists()

    @pytest.mark.parametrize(
        "content", [b"\xff\xfe\x00\x01", b"", b"just a text", b"- a\n- list\n"]
    )
    def test_what_is_no_question_is_refused(self, content, tmp_path, capsys):
        question = tmp_path / "question.yaml"
        question.write_bytes(content)
        assert main(["ask", str(question)]) == 2
        assert capsys.readouterr().err.startswith(f"aion: {question}")

    @pytest.mark.parametrize("given", ["question", "."])
    def test_a_question_is_a_file(self, given, capsys):
        assert main(["ask", given]) == 2
        assert "a question is a YAML file" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--planner", "bays"], "planner is 'bays' (from flag); choose from: bayes"),
            (["--budget-runs", "3"], "need at least"),
            (["--workers", "none"], "workers is 'none'"),
        ],
    )
    def test_wrong_options(self, options, message, asked, tmp_path, capsys):
        assert main(["ask", str(asked.question), *options]) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "store").exists()

    @pytest.mark.parametrize("runs", ["many", "0", "-1"])
    def test_a_budget_that_is_no_count_is_a_usage_error(self, runs, asked, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["ask", str(asked.question), "--budget-runs", runs])
        assert ended.value.code == 2
        assert "a whole number of at least 1 is needed" in capsys.readouterr().err
