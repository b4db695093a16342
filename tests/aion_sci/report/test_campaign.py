"""The report of a campaign: complete, true to the records, there whatever became of the runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import pytest

from aion_sci.knowledge import KnowledgeStore
from aion_sci.report.campaign import campaign_page
from aion_sci.report.evidence import evidence_figure
from aion_sci.report.wording import interval_text, significant
from aion_sci.research import CampaignResult, conduct, find_planner, parse_question, recall
from aion_sci.research.log import verify_log
from aion_sci.settings import load_settings
from aion_sci.workbench import open_workbench

HOSTILE = "<script src='https://example.org/x.js'>alert(1)</script>"


@pytest.fixture(autouse=True)
def _registered(samples) -> None:
    """Every test here needs the sample experiments."""


@pytest.fixture(scope="module")
def result(samples, asked) -> CampaignResult:
    """The campaign with one hypothesis of each kind."""
    with KnowledgeStore.open(asked.store, write=False) as store:
        return recall(asked.printed["campaign"], store)


@dataclass(frozen=True)
class Seen:
    """A page, and its texts without the markup."""

    page: str
    text: str


def read(page: str) -> Seen:
    bare = re.sub(r"<style.*?</style>|<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return Seen(page, unescape(re.sub(r"<[^>]+>", " ", bare)))


@pytest.fixture(scope="module")
def seen(result) -> Seen:
    return read(campaign_page(result))


@pytest.fixture
def ask() -> Callable[..., CampaignResult]:
    """Conduct a campaign in this process, in the test's own store."""

    def answer(text: str) -> CampaignResult:
        with open_workbench(load_settings()) as bench:
            return conduct(
                parse_question(text),
                store=bench.store,
                run=lambda study, purpose: bench.run(study),
                planner=find_planner("bayes"),
            )

    return answer


class TestAFinishedCampaign:
    def test_the_page_stands_alone(self, seen):
        assert seen.page.count("<!doctype html>") == 1
        outside = re.findall(r'(?:src|href|xlink:href|action|data)="([^#"][^"]*)"', seen.page)
        assert outside == []
        # The drawings name the grammar that they are written in; no reader fetches a name.
        names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert set(re.findall(r"https?://[^\s\"'<]+", seen.page)) == names
        assert not any(word in seen.page for word in ("<script", "<link", "@import", "url(http"))

    def test_every_hypothesis_has_its_verdict_its_numbers_and_its_figure(self, seen, result):
        assert seen.page.count("<svg") == len(result.answers) + 2  # and a ladder an observable
        for answer in result.answers:
            assert answer.statement in seen.text
            assert answer.claim in seen.text
            assert f"{answer.finding.effect:.4g}" in seen.text
            assert interval_text(answer.finding.interval) in seen.text
        assert seen.page.count('class="refuted"') == 2

    def test_every_run_is_in_the_table_with_the_numbers_of_its_record(self, seen, result):
        rows = re.findall(r"<tr><td>([0-9a-f]{10})</td>(.*?)</tr>", seen.page)
        assert [run for run, _ in rows] == [r.run_id[:10] for r in result.records]
        for (_, row), record in zip(rows, result.records, strict=True):
            for name in ("remaining", "lost"):
                reading = record.observables[name]
                assert significant(reading.value, reading.error) in row
                assert f"{reading.estimate.discretisation:.2g}" in row
            assert f"{record.spec.parameters['rate']:.6g}" in row
        purposes = [re.search("pilot|evidence", row)[0] for _, row in rows]
        assert purposes == ["pilot"] * len(result.pilot) + ["evidence"] * len(result.evidence)

    def test_every_line_of_the_log_is_told(self, seen, result):
        for event in verify_log(result.folder / "log.jsonl"):
            assert event.hash[:12] in seen.text
            assert event.name in seen.text

    def test_it_says_how_to_replay_and_what_it_was_made_with(self, seen, result):
        for answer in result.answers:
            assert f"aion replay {answer.claim} --store {result.folder.parents[1]}" in seen.text
        for word in ("jax", "float64: True", "canaries: passed", "time = 1.0", "steps = 32"):
            assert word in seen.text

    def test_a_folder_with_a_space_is_quoted(self, result, tmp_path):
        folder = tmp_path / "my store" / "campaigns" / result.id
        folder.mkdir(parents=True)
        (folder / "log.jsonl").write_bytes((result.folder / "log.jsonl").read_bytes())
        assert (
            f"--store '{tmp_path}/my store'"
            in read(campaign_page(replace(result, folder=folder))).text
        )

    def test_the_same_campaign_gives_the_same_bytes(self, seen, result):
        assert campaign_page(result) == seen.page

    def test_every_kind_draws_what_was_claimed(self, result):
        drawn = {a.design.hypothesis.kind: evidence_figure(result, a) for a in result.answers}
        assert all(svg.startswith("<svg") for svg in drawn.values())
        assert len(set(drawn.values())) == len(drawn)


class TestHostileTexts:
    def test_they_are_shown_and_do_nothing(self, result):
        answers = tuple(
            replace(
                answer,
                proposal=replace(answer.proposal, rationale=HOSTILE),
                finding=replace(
                    answer.finding, measure=HOSTILE, notes=(HOSTILE,), excluded=(HOSTILE,)
                ),
            )
            for answer in result.answers
        )
        declined = ((answers[0].proposal, HOSTILE),)
        records = tuple(replace(r, environment={"made by": HOSTILE}) for r in result.evidence)
        hostile = replace(
            result,
            question=replace(result.question, text=HOSTILE),
            planner=HOSTILE,
            answers=answers,
            declined=declined,
            evidence=records,
        )
        page = campaign_page(hostile)
        assert "<script" not in page
        assert "src='https" not in page
        assert read(page).text.count(HOSTILE) >= 4 * len(answers) + 5


FRAGILE = """\
question: Where is the root?
experiment: sample.fragile
vary: {x: {low: 0.2, high: %s}}
observe: [root, inverse]
budget: {runs: 14}
hypotheses:
  - monotone: {of: root, in: x, direction: decreasing}
"""


class TestWhatWentWrong:
    def test_excluded_runs_are_listed(self, ask):
        """Above one there is no root; the inverse of the same runs is a result."""
        result = ask(FRAGILE % 1.2)
        text = read(campaign_page(result)).text
        assert result.answers[0].finding.verdict == "inconclusive"
        assert "excluded: " in text
        assert "non_finite" in text
        assert "nan" not in text

    def test_no_usable_run(self, ask):
        result = ask((FRAGILE % 2.0).replace("low: 0.2", "low: 1.1"))
        assert evidence_figure(result, result.answers[0]) is None
        assert "non_finite" in read(campaign_page(result)).text

    def test_nothing_was_proposed(self, ask):
        text = (FRAGILE % 2.0).replace("low: 0.2", "low: 1.1").split("hypotheses:")[0]
        result = ask(text.replace("[root, inverse]", "root"))
        assert result.answers == ()
        assert "No hypothesis could be tested." in read(campaign_page(result)).text

    def test_what_was_declined_is_said(self, ask):
        more = "  - power_law: {of: inverse, in: x, exponent: [-1.1, -0.9]}\n" + "".join(
            f"  - equals: {{of: inverse, value: {1 / x}, tolerance: 1 %, at: {{x: {x}}}}}\n"
            for x in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
        )
        result = ask(FRAGILE % 0.9 + more)
        assert result.declined
        text = read(campaign_page(result)).text
        assert f"not tested: {result.declined[0][0].hypothesis.kind}, because " in text

    def test_unresolved_runs(self, ask):
        """An order of 0.4 where 2 is stated is no result, and no figure either."""
        result = ask(
            "question: q\nexperiment: sample.rough\nvary: {height: {low: 1, high: 2}}\n"
            "observe: [edge, smooth]\nbudget: {runs: 12}\nhypotheses:\n"
            "  - monotone: {of: edge, in: height, direction: increasing}\n"
        )
        seen = read(campaign_page(result))
        assert "unresolved" in seen.text
        assert "Refinement of smooth" in seen.text
        assert "Refinement of edge" not in seen.text

    def test_an_experiment_without_a_ladder(self, ask):
        result = ask(
            "question: q\nexperiment: sample.walk\nvary: {drift: {low: 1, high: 9}}\n"
            "observe: mean\nbudget: {runs: 12}\nhypotheses:\n"
            "  - monotone: {of: mean, in: drift, direction: increasing}\n"
        )
        assert result.answers[0].finding.verdict == "supported"
        assert "Refinement" not in read(campaign_page(result)).text

    def test_a_place_that_needs_a_finer_grid(self, ask):
        """Asked first elsewhere, the point is not fresh, so the design takes other steps."""
        asked = (
            "question: %s\nexperiment: sample.decay\nvary: {rate: {low: 0.5, high: 2}}\n"
            "observe: remaining\nbudget: {runs: 12}\nhypotheses:\n"
            "  - equals: {of: remaining, value: 0.36788, tolerance: 1 %%, at: {rate: 1}}\n"
        )
        ask(asked % "first")
        result = ask(asked % "second")
        seen = read(campaign_page(result))
        assert result.answers[0].finding.verdict == "supported"
        assert {r.spec.settings["steps"] for r in result.records} > {32}
        assert " steps " in seen.text
        assert "steps = " not in seen.text

    def test_a_run_that_is_gone(self, asked_copy: Path, asked):
        gone = asked.printed["verdicts"][0]["runs"][3]
        (asked_copy / "runs" / gone).rename(asked_copy / "gone")
        with KnowledgeStore.open(asked_copy, write=False) as store:
            page = campaign_page(recall(asked.printed["campaign"], store))
        assert f"<td>{gone[:10]}</td>" not in page
