"""The public face of AION in Python: five functions.

import aion_sci as aion

aion.setup()
aion.experiments()
data = aion.run("cfd.lid_cavity", reynolds=[100, 400, 1000])
answer = aion.ask("questions/heated_cavity.yaml")
aion.knowledge().search("heat transfer")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Imported here and not on use: a package that is imported later would bind its name, `knowledge`,
# over the function's in `aion_sci`.
from aion_sci.knowledge import KnowledgeStore
from aion_sci.report.catalogue import Catalogue
from aion_sci.settings import load_settings

if TYPE_CHECKING:
    import xarray

    from aion_sci.experiments import Value
    from aion_sci.research import CampaignResult
    from aion_sci.research.planner import Planner

__all__ = ["ask", "experiments", "knowledge", "run", "setup"]


def setup() -> dict[str, Any]:
    """Prepare this process for computing: float64, the compile cache, the canaries.

    Returns the description of the environment that is recorded with every run. ``run`` and ``ask``
    call it too; a notebook calls it first, so that its own JAX code is in float64 as well. Raises
    :class:`~aion_sci.errors.EnvironmentUnfitError` where this machine computes wrong numbers.
    """
    from aion_sci.process import prepare

    return prepare()


def experiments() -> Catalogue:
    """The catalogue: a table when displayed, a mapping from id to experiment otherwise."""
    return Catalogue()


def run(
    experiment: str,
    *,
    fields: bool = False,
    store: str | Path | None = None,
    workers: int | None = None,
    executor: str | None = None,
    progress: bool = True,
    **request: Value | Sequence[Value],
) -> xarray.Dataset:
    """Run an experiment over the grid of the values given.

    Parameters
    ----------
    experiment
        Id of an experiment, such as ``"cfd.lid_cavity"``.
    fields
        Keep the fields of each run and add them to the dataset.
    store, workers, executor
        Settings; see ``aion config`` for what holds when they are left out.
    progress
        Show a progress line on standard error.
    **request
        Parameters and numerical settings: a number (in the parameter's unit), a text with a unit
        (``"1.2 nm"``), a list of them, or a range such as ``"log:1e3:1e6:7"``. A list or a range
        becomes a dimension of the result.

    Returns
    -------
    xarray.Dataset
        One variable an observable, beside it ``<name>_error``, units in the attributes; readings
        that are not results are NaN, and ``outcome`` says why.

    Raises
    ------
    aion_sci.errors.RequestError
        For unknown names, wrong units and values outside their box.
    aion_sci.errors.StoppedError
        When a signal arrived; the same call goes on from there.
    """
    from aion_sci.experiments.sweep import is_sweep
    from aion_sci.runs.study import Study
    from aion_sci.runs.table import as_dataset, with_fields
    from aion_sci.session import open_session

    settings = load_settings({"store": store, "workers": workers, "executor": executor})
    study = Study.grid(experiment, request)
    swept = [n for n, raw in request.items() if is_sweep(study.experiment.parameter(n), raw)]
    with open_session(settings, quiet=not progress) as bench:
        records = bench.run(study, keep_fields=fields)
    dataset = as_dataset(study.experiment, records, swept)
    return with_fields(dataset, records, swept) if fields else dataset


def ask(
    question: str | Path,
    *,
    planner: str | Planner | None = None,
    model: str | None = None,
    transcript: str | Path | None = None,
    budget_runs: int | None = None,
    store: str | Path | None = None,
    workers: int | None = None,
    executor: str | None = None,
    progress: bool = True,
) -> CampaignResult:
    """Answer a question file by a campaign: verdicts, claims, runs and a report.

    Parameters
    ----------
    question
        Path of a question file (YAML).
    planner
        ``bayes``, ``llm``, ``hybrid``, ``human`` or ``replay``, or a planner of your own.
    model
        The language model of ``llm`` and ``hybrid``, such as ``"anthropic:NAME"``.
    transcript
        The recorded transcript that ``replay`` answers from.
    store, workers, executor
        Settings; see ``aion config`` for what holds when they are left out.
    budget_runs
        Replaces the budget of runs in the file.
    progress
        Show a progress line on standard error.

    Raises
    ------
    aion_sci.errors.QuestionError
        With file and line, for a question that cannot be read or makes no sense.
    aion_sci.errors.StoppedError
        When a signal arrived; asking the same question again goes on from there.
    """
    from aion_sci.report.answer import answer
    from aion_sci.research import find_planner, read_question
    from aion_sci.session import open_session

    name = planner if isinstance(planner, str) else None
    given = {"store": store, "workers": workers, "executor": executor}
    settings = load_settings({**given, "planner": name, "model": model})
    if planner is None or isinstance(planner, str):
        planner = find_planner(settings.planner, settings.model, transcript)
    asked = read_question(question, runs=budget_runs)
    with open_session(settings, quiet=not progress) as bench:
        return answer(bench, asked, planner)


def knowledge(store: str | Path | None = None) -> KnowledgeStore:
    """The knowledge store, open for reading: ``search``, ``claims``, ``runs``, ``record``."""
    return KnowledgeStore.open(load_settings({"store": store}).store, write=False)
