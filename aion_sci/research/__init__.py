"""Questions, hypotheses, designs, verdicts, planners and campaigns.

    question = read_question("questions/heated_cavity.yaml")
    result = conduct(question, store=store, run=run, planner=planner("bayes"))

Names are loaded on first use: the command line reads a question without loading a planner.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from aion_sci.errors import UnknownNameError

if TYPE_CHECKING:
    from aion_sci.research.bayes import BayesPlanner
    from aion_sci.research.engine import conduct
    from aion_sci.research.history import recall
    from aion_sci.research.log import verify_log
    from aion_sci.research.planner import Planner
    from aion_sci.research.question import Question, parse_question, read_question
    from aion_sci.research.replay import ReplayResult, replay
    from aion_sci.research.result import Answer, CampaignResult

__all__ = [
    "Answer",
    "BayesPlanner",
    "CampaignResult",
    "Planner",
    "Question",
    "ReplayResult",
    "conduct",
    "find_planner",
    "parse_question",
    "read_question",
    "recall",
    "replay",
    "verify_log",
]

_HOMES = {
    "Answer": "result",
    "BayesPlanner": "bayes",
    "CampaignResult": "result",
    "Planner": "planner",
    "Question": "question",
    "ReplayResult": "replay",
    "conduct": "engine",
    "parse_question": "question",
    "read_question": "question",
    "recall": "history",
    "replay": "replay",
    "verify_log": "log",
}


def find_planner(name: str) -> Planner:
    """The planner of this name; an unknown name suggests the nearest."""
    from aion_sci.research.bayes import BayesPlanner

    planners: dict[str, type[Planner]] = {"bayes": BayesPlanner}
    if name not in planners:
        raise UnknownNameError("planner", name, planners)
    return planners[name]()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
