"""Where experiments are found.

An experiment registers by being there: every module below ``catalogue`` is imported, and every
:class:`Experiment` found in one is listed. Other distributions add theirs through the entry-point
group ``aion_sci.experiments``, each entry naming a module or an experiment.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType

from aion_sci.errors import RequestError, UnknownNameError
from aion_sci.experiments import catalogue
from aion_sci.experiments.contract import Experiment

__all__ = ["experiments", "find"]


@functools.cache
def experiments() -> dict[str, Experiment]:
    """Every experiment by id, sorted; the catalogue first, then entry points."""
    found: dict[str, Experiment] = {}
    for module in pkgutil.walk_packages(catalogue.__path__, catalogue.__name__ + "."):
        if not module.ispkg:
            _collect(importlib.import_module(module.name), found)
    for entry in entry_points(group="aion_sci.experiments"):
        _collect(entry.load(), found)
    return dict(sorted(found.items()))


def find(experiment_id: str) -> Experiment:
    """The experiment of this id; an unknown id suggests the nearest."""
    known = experiments()
    if experiment_id not in known:
        raise UnknownNameError("experiment", experiment_id, known)
    return known[experiment_id]


def _collect(source: ModuleType | Experiment, found: dict[str, Experiment]) -> None:
    candidates = [source] if isinstance(source, Experiment) else vars(source).values()
    for candidate in candidates:
        if not isinstance(candidate, Experiment):
            continue
        if found.setdefault(candidate.id, candidate) is not candidate:
            raise RequestError(f"two experiments are called '{candidate.id}'; rename one")
