"""The items of the exam: they can be read, there are enough, and the real verdicts are right."""

from __future__ import annotations

import pytest

from aion_sci.errors import QuestionError
from aion_sci.experiments import registry
from aion_sci.research.exam import BEHAVIOURS, false_discoveries, grade, items, known

CATALOGUE = registry.experiments


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    """The catalogue itself, in place of the synthetic experiments."""
    monkeypatch.setattr(registry, "experiments", CATALOGUE)


def test_every_item_can_be_read_and_has_true_and_false_hypotheses():
    found = items()
    assert sum(len(item.truth) for item in found) >= 60
    for item in found:
        assert set(item.truth.values()) == {True, False}
        assert item.source


def test_a_hypothesis_cannot_be_both_true_and_false(tmp_path, monkeypatch):
    (tmp_path / "odd.yaml").write_text(
        "question: Why does it decay?\nsource: none\nexperiment: cfd.taylor_green_2d\n"
        "vary: {reynolds: {low: 10, high: 100}}\nobserve: decay_rate\n"
        "holds: [monotone: {of: decay_rate, in: reynolds, direction: increasing}]\n"
        "fails: [monotone: {of: decay_rate, in: reynolds, direction: increasing}]\n"
    )
    monkeypatch.setattr(known, "_FOLDER", tmp_path)
    with pytest.raises(QuestionError, match="given twice"):
        items()


@pytest.mark.parametrize("crooked", [False, True])
def test_grades_follow_the_labels(crooked, store, laboratory):
    """An exact 2/Re passes; a laboratory whose decay is twice as fast fails, as it must."""
    (item,) = items("cfd.taylor_green_2d")
    factor = 4.0 if crooked else 2.0

    class Decay(laboratory):
        def record(self, spec):
            from dataclasses import replace

            record = super().record(spec)
            return replace(record, observables={"decay_rate": record.observables["response"]})

    run = Decay(store, lambda p: factor / p["reynolds"], discretisation=1e-4)
    graded = grade(item, store, run)
    assert len(graded) == len(item.truth)
    wrong = [each for each in graded if each.right is False]
    undecided = [each for each in graded if each.right is None]
    if crooked:
        assert any(each.verdict == "supported" and not each.holds for each in wrong)
    else:  # an order or a drift needs what this laboratory does not have
        assert wrong == []
        assert len(undecided) <= 2


def test_of_nothing_nothing_stands():
    """A hundred and twenty nulls a behaviour; the exam has a thousand. At most 5 % may stand."""
    for behaviour in BEHAVIOURS:
        result = false_discoveries(behaviour, nulls=120, seed=1)
        assert result.nulls == 120
        assert result.standing <= result.supported
        assert result.rate <= 0.05


@pytest.mark.slow
def test_the_exam_is_passed(capsys):
    """The targets of the exam are written in the verb: it ends with 1 when one is missed."""
    from aion_sci.cli.main import main

    assert main(["exam", "--quiet"]) == 0, capsys.readouterr().out
