"""Which planners there are, by the name that ``--planner`` takes."""

from __future__ import annotations

from aion_sci.errors import UnknownNameError
from aion_sci.research.bayes import BayesPlanner
from aion_sci.research.planner import Planner

__all__ = ["find_planner"]

_PLANNERS: dict[str, type[Planner]] = {"bayes": BayesPlanner}


def find_planner(name: str) -> Planner:
    """The planner of this name; an unknown name suggests the nearest."""
    if name not in _PLANNERS:
        raise UnknownNameError("planner", name, _PLANNERS)
    return _PLANNERS[name]()
