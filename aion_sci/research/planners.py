"""Which planners there are, by the name that ``--planner`` takes."""

from __future__ import annotations

from pathlib import Path

from aion_sci.errors import RequestError, UnknownNameError
from aion_sci.llm.providers import find_model, require_extra
from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.human import HumanPlanner
from aion_sci.research.language import HybridPlanner, LanguagePlanner, ReplayPlanner
from aion_sci.research.planner import Planner

__all__ = ["PLANNERS", "find_planner"]

PLANNERS = ("bayes", "human", "hybrid", "llm", "replay")


def find_planner(name: str, model: str = "", transcript: str | Path | None = None) -> Planner:
    """The planner of this name; an unknown name suggests the nearest.

    ``model`` names the language model of ``llm`` and ``hybrid``, such as ``anthropic:NAME``;
    ``transcript`` is the recorded one that ``replay`` answers from.
    """
    if name not in PLANNERS:
        raise UnknownNameError("planner", name, PLANNERS)
    if name == "human":
        return HumanPlanner()
    if name == "bayes":
        return BayesPlanner()
    require_extra()
    if name == "replay":
        if transcript is None:
            raise RequestError("replay needs a recorded transcript: --transcript FILE")
        return ReplayPlanner(Path(transcript))
    if not model:
        find_model(model)  # refuses, and says how to name one
    planner = LanguagePlanner if name == "llm" else HybridPlanner
    return planner(model, find_model)
