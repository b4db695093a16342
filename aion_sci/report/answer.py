"""From a question to a finished campaign with its report, on an open workbench."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aion_sci.report.campaign import write_report
from aion_sci.research import CampaignResult, Question, conduct
from aion_sci.research.log import Event
from aion_sci.research.planner import Planner
from aion_sci.workbench import Workbench

__all__ = ["answer"]


def answer(
    bench: Workbench,
    question: Question,
    planner: Planner,
    on_event: Callable[[Event], None] | None = None,
) -> CampaignResult:
    """Conduct the campaign of a question and write its report."""
    result = conduct(
        question,
        store=bench.store,
        run=lambda study, purpose: bench.run(study),
        planner=planner,
        on_event=on_event,
        should_stop=bench.should_stop,
    )
    return replace(result, report=str(write_report(result)))
