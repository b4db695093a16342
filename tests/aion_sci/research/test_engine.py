"""Conducting campaigns: verdicts, budget, integrity, and being killed anywhere."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from aion_sci.errors import (
    CorruptLogError,
    QuestionError,
    RequestError,
    StoppedError,
    UnknownNameError,
)
from aion_sci.knowledge import KnowledgeStore
from aion_sci.research import conduct, find_planner, recall
from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.campaign import ERROR_RATE
from aion_sci.research.layout import design_for
from aion_sci.research.log import CampaignLog, verify_log
from aion_sci.research.planner import Declined, Proposal
from aion_sci.research.question import parse_question

ASKED = """\
question: How does the response of a wire grow with the drive?
experiment: toy.wire
vary: {drive: {low: 1, high: 1e4, scale: log}}
observe: response
budget: {runs: 30, core_minutes: 5}
hypotheses:
  - power_law: {of: response, in: drive, exponent: [0.28, 0.32]}
  - power_law: {of: response, in: drive, exponent: [0.4, 0.5]}
  - monotone: {of: response, in: drive, direction: increasing}
  - equals: {of: response, value: 2, tolerance: 2 %, at: {drive: 10.079}}
  - threshold: {of: response, in: drive, level: 4, at: [80, 130]}
  - no_effect: {of: response, in: drive, within: 5 %}
  - compare: {of: response, at: {drive: 20}, than: {drive: 10}, by: 10 %}
"""
VERDICTS = [
    "supported", "refuted", "supported", "supported", "supported", "refuted", "supported"
]  # fmt: skip


def law(point) -> float:
    """Two at a drive of 10.079, with exponent 0.3: a power law."""
    return point["drive"] ** 0.3


def test_a_question_is_answered(store, laboratory):
    question = parse_question(ASKED)
    run = laboratory(store, law, discretisation=1e-3)
    heard = []
    result = conduct(question, store=store, run=run, planner=BayesPlanner(), on_event=heard.append)
    assert [answer.finding.verdict for answer in result.answers] == VERDICTS
    assert result.answers[0].finding.effect == pytest.approx(0.3, abs=1e-6)
    assert run.purposes == ["pilot", "evidence"]
    assert len(result.records) == len(run.computed) == result.computed <= question.budget.runs
    assert [event.name for event in heard][:4] == [
        "asked",
        "pilot_planned",
        "pilot_ran",
        "proposed",
    ]
    assert verify_log(result.folder / "log.jsonl") == heard


def test_the_answer_as_json(store, laboratory):
    result = conduct(
        parse_question(ASKED), store=store, run=laboratory(store, law), planner=BayesPlanner()
    )
    answer = json.loads(json.dumps(result.to_json()))
    assert set(answer) == {"campaign", "question", "verdicts", "report"}
    first = answer["verdicts"][0]
    assert set(first) == {
        "hypothesis", "kind", "verdict", "effect", "interval", "level", "confidence", "power",
        "remarks", "claim", "runs",
    }  # fmt: skip
    assert first["confidence"] == 1 - ERROR_RATE / 7
    assert first["level"] == "tested"
    claim = store.claim(first["claim"])
    assert claim.statement == first["hypothesis"]
    assert list(claim.runs) == first["runs"]
    found = store.search("wire power exponent")
    assert found[0].id in {verdict["claim"] for verdict in answer["verdicts"]}


def test_evidence_is_never_what_was_explored(store, laboratory):
    result = conduct(
        parse_question(ASKED), store=store, run=laboratory(store, law), planner=BayesPlanner()
    )
    pilot = {record.run_id for record in result.pilot}
    assert pilot
    assert all(not pilot & set(answer.design.runs) for answer in result.answers)


def test_the_same_question_twice_computes_once(store, laboratory):
    run = laboratory(store, law)
    first = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    again = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    assert again.id == first.id
    assert (again.computed, again.reused) == (0, len(first.records))
    assert len(run.computed) == len(first.records)
    assert again.to_json() == first.to_json() == recall(first.id, store).to_json()


def test_two_stores_give_the_same_bytes(tmp_path, laboratory):
    logs = []
    for name in ("a", "b"):
        with KnowledgeStore.open(tmp_path / name, write=True) as store:
            run = laboratory(store, law, seconds=0.01 if name == "a" else 0.02)
            result = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
            logs.append((result.folder / "log.jsonl").read_bytes())
    assert logs[0] == logs[1]


class Kill(Exception):
    """Stands for a process that dies."""


class Mortal:
    """A runner that dies after so many runs have been committed."""

    def __init__(self, run, runs: int) -> None:
        self.run, self.left = run, runs

    def __call__(self, study, purpose):
        for spec in study.specs:
            if self.run.cached(spec) is None:
                if self.left == 0:
                    raise Kill
                self.left -= 1
                self.run.commit(spec)
        return self.run(study, purpose)


def test_killed_after_any_event_it_goes_on(tmp_path, laboratory):
    """Every prefix of a finished log, each with the runs that existed by then."""
    short = ASKED[: ASKED.index("  - monotone")].replace("30", "12")
    with KnowledgeStore.open(tmp_path / "whole", write=True) as store:
        result = conduct(
            parse_question(short), store=store, run=laboratory(store, law), planner=BayesPlanner()
        )
        whole = (result.folder / "log.jsonl").read_bytes()
        names = [event.name for event in verify_log(result.folder / "log.jsonl")]
    lines = whole.splitlines(keepends=True)
    for count in range(len(lines)):
        root = tmp_path / f"cut{count}"
        with KnowledgeStore.open(root, write=True) as store:
            folder = store.campaign_folder(result.id)
            (folder / "log.jsonl").write_bytes(b"".join(lines[:count]))
            if "pilot_ran" in names[:count]:
                shutil.copytree(tmp_path / "whole" / "runs", root / "runs", dirs_exist_ok=True)
            if "evidence_ran" not in names[:count]:
                for record in result.evidence:
                    shutil.rmtree(root / "runs" / record.run_id, ignore_errors=True)
            run = laboratory(store, law)
            again = conduct(parse_question(short), store=store, run=run, planner=BayesPlanner())
            assert (folder / "log.jsonl").read_bytes() == whole
            assert again.to_json() == result.to_json()
            expected = len(result.pilot) * ("pilot_ran" not in names[:count]) + len(
                result.evidence
            ) * ("evidence_ran" not in names[:count])
            assert len(run.computed) == expected


@pytest.mark.parametrize("runs", [0, 3, 7, 8, 15, 25])
def test_killed_between_runs_none_is_lost_and_none_repeated(runs, store, tmp_path, laboratory):
    run = laboratory(store, law)
    with pytest.raises(Kill):
        conduct(parse_question(ASKED), store=store, run=Mortal(run, runs), planner=BayesPlanner())
    result = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    assert len(run.computed) == len(set(run.computed)) == len(result.records)
    assert [answer.finding.verdict for answer in result.answers] == VERDICTS


def test_a_stop_is_resumable(store, laboratory):
    run, calls = laboratory(store, law), iter([False, False, True])
    with pytest.raises(StoppedError) as stopped:
        conduct(
            parse_question(ASKED), store=store, run=run, planner=BayesPlanner(),
            should_stop=lambda: next(calls),
        )  # fmt: skip
    assert stopped.value.exit_code == 75
    result = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    assert [answer.finding.verdict for answer in result.answers] == VERDICTS


def test_runs_that_exist_are_no_evidence(store, laboratory):
    """What an earlier campaign, or anybody, has run before is designed around."""
    run = laboratory(store, law)
    first = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    other = parse_question(ASKED.replace("runs: 30", "runs: 40"))
    second = conduct(other, store=store, run=run, planner=BayesPlanner())
    assert second.id != first.id
    seen = {record.run_id for record in first.records}
    assert not seen & {record.run_id for record in second.evidence}
    assert [answer.finding.verdict for answer in second.answers] == VERDICTS
    equals = next(a for a in second.answers if a.design.hypothesis.kind == "equals")
    assert equals.design.settings["resolution"] == 66


class Stubborn(BayesPlanner):
    """Designs with runs that exist already, or over the budget, or with a softened test."""

    def __init__(self, spoil) -> None:
        self.spoil = spoil

    def design(self, hypothesis, plan, rng):
        return self.spoil(design_for(hypothesis, plan, rng), plan)


def _pilot_points(design, plan):
    points = BayesPlanner().pilot(plan.question, _rng(plan.question))
    return replace(design, points=tuple(points))


def _rng(question):
    return np.random.default_rng([question.seed, 0])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_pilot_points, "runs of the pilot cannot confirm"),
        (lambda d, p: replace(d, confidence=0.5), "its confidence is"),
        (lambda d, p: replace(d, code="other"), "other code"),
        (lambda d, p: replace(d, hypothesis=p.hypotheses[0], points=d.points), "turn"),
        (lambda d, p: replace(d, points=tuple({"drive": 1.0 + i} for i in range(99))), "budget"),
        (lambda d, p: Declined("no idea"), "no idea"),
    ],
)
def test_a_planner_cannot_bend_the_rules(spoil, reason, store, laboratory):
    result = conduct(
        parse_question(ASKED), store=store, run=laboratory(store, law), planner=Stubborn(spoil)
    )
    assert any(reason in why for _, why in result.declined)
    assert len(result.declined) + len(result.answers) == len(VERDICTS)


def test_a_run_made_before_registration_is_refused(store, laboratory):
    question = parse_question(ASKED)
    run = laboratory(store, law)

    def spoil(design, plan):
        run(design.study(), "behind the back")
        return design

    result = conduct(question, store=store, run=run, planner=Stubborn(spoil))
    assert not result.answers
    assert all("before its design was registered" in why for _, why in result.declined)


class Chatty(BayesPlanner):
    """Proposes nonsense and repeats itself."""

    def propose(self, question, records, k, rng):
        good, bad = parse_question(ASKED).hypotheses[0], question.scope
        assert bad.axes
        return [
            Proposal(good, "first"),
            Proposal(good, "again"),
            Proposal(replace(good, along="friction"), "not varied"),
        ]


def test_nonsense_is_turned_away_and_logged(store, laboratory):
    question = parse_question(ASKED[: ASKED.index("hypotheses")])
    result = conduct(question, store=store, run=laboratory(store, law), planner=Chatty())
    assert len(result.answers) == 1
    proposed = verify_log(result.folder / "log.jsonl")[3].data
    assert [item["reason"] for item in proposed["rejected"]] == [
        "it was proposed already",
        "'friction' is held fixed; give it a range under 'vary'",
    ]


def test_the_core_minutes_bound_the_runs(store, laboratory):
    """At 20 s a run five minutes are 15 runs; the pilot takes 8 of them."""
    run = laboratory(store, law, seconds=20.0)
    result = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    assert len(result.records) <= 15
    assert any("the budget leaves 7 fresh runs" in why for _, why in result.declined)


def test_a_pilot_that_fails_leaves_nothing_to_propose(store, laboratory):
    question = parse_question(ASKED[: ASKED.index("hypotheses")])
    run = laboratory(store, law, fails=lambda point: True)
    result = conduct(question, store=store, run=run, planner=BayesPlanner())
    assert result.answers == ()
    assert result.to_json()["verdicts"] == []


def test_failed_evidence_is_listed(store, laboratory):
    run = laboratory(store, law, fails=lambda point: point["drive"] > 5000)
    result = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    assert result.answers[0].finding.verdict == "inconclusive"
    assert "ended non_finite" in result.answers[0].finding.excluded[0]


def test_a_foreign_log_is_refused(store, laboratory):
    run = laboratory(store, law)
    result = conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    path = result.folder / "log.jsonl"
    path.unlink()
    log = CampaignLog(path)
    log.append(log.next("proposed", {}))
    with pytest.raises(CorruptLogError, match="holds what no campaign does"):
        conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())
    path.unlink()
    log = CampaignLog(path)
    asked = {"question": result.question.to_json(), "planner": "other", "code": "x"}
    log.append(log.next("asked", asked))
    with pytest.raises(CorruptLogError, match="another campaign"):
        conduct(parse_question(ASKED), store=store, run=run, planner=BayesPlanner())


def test_recalling_what_is_not_finished(store, laboratory):
    with pytest.raises(StoppedError):
        conduct(
            parse_question(ASKED), store=store, run=laboratory(store, law),
            planner=BayesPlanner(), should_stop=lambda: True,
        )  # fmt: skip
    (folder,) = (store.path / "campaigns").iterdir()
    with pytest.raises(RequestError, match="not finished"):
        recall(folder.name, store)


def test_planners_are_found_by_name():
    assert find_planner("bayes").name == "bayes"
    with pytest.raises(UnknownNameError, match="bayes"):
        find_planner("bays")


def test_a_budget_given_later():
    question = parse_question(ASKED).with_runs(40)
    assert question.budget.runs == 40
    with pytest.raises(QuestionError, match="need at least"):
        question.with_runs(3)
