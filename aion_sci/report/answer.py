"""From a question file to a finished campaign with its report, on an open workbench."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aion_sci.report.campaign import write_report
from aion_sci.research import CampaignResult, conduct, find_planner, read_question
from aion_sci.research.log import Event
from aion_sci.workbench import Workbench

__all__ = ["answer"]


def answer(
    bench: Workbench,
    path: Path,
    planner: str,
    budget_runs: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> CampaignResult:
    """Conduct the campaign of a question file and write its report."""
    question = read_question(path)
    if budget_runs is not None:
        question = question.with_runs(budget_runs)
    result = conduct(
        question,
        store=bench.store,
        run=lambda study, purpose: bench.run(study),
        planner=find_planner(planner),
        on_event=on_event,
        should_stop=bench.should_stop,
    )
    return replace(result, report=str(write_report(result)))
