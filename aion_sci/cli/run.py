"""``aion run``: one point of an experiment, or a sweep."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from aion_sci.cli.common import console, open_bench, print_json, settings_of
from aion_sci.errors import RequestError
from aion_sci.experiments import Experiment
from aion_sci.report.wording import significant
from aion_sci.runs.record import Record
from aion_sci.runs.study import Study

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Run the study; exit code 1 when a run's outcome is not ``ok``."""
    settings = settings_of(options)
    study = Study.grid(options.id, _request(options.values))
    with open_bench(options, settings) as bench:
        records = bench.run(study, keep_fields=options.fields)
    if options.json:
        for record in records:
            print_json(record.to_json(), line=True)
    else:
        _print_table(study.experiment, records)
    return 0 if all(record.ok for record in records) else 1


def _request(assignments: Sequence[str]) -> dict[str, str]:
    request: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise RequestError(f"'{assignment}' is not NAME=VALUE; write for example reynolds=100")
        if name in request:
            raise RequestError(f"{name} is given twice; a sweep is written {name}=1,2")
        request[name] = value
    return request


def _print_table(experiment: Experiment, records: Sequence[Record]) -> None:
    from rich.table import Table

    given = [{**r.spec.parameters, **r.spec.settings} for r in records]
    varied = [name for name in given[0] if len({str(g[name]) for g in given}) > 1]
    shown = varied or list(records[0].spec.parameters)
    table = Table(title=f"{experiment.id}: {experiment.summary}")
    for name in shown:
        table.add_column(_heading(name, experiment.parameter(name).unit), justify="right")
    observables = experiment.given({name: None for r in records for name in r.observables})
    for observable in observables:
        table.add_column(_heading(observable.name, observable.unit), justify="right")
    table.add_column("outcome")
    table.add_column("run")
    for record, values in zip(records, given, strict=True):
        numbers = [_cell(values[name]) for name in shown]
        readings = [record.observables.get(o.name) for o in observables]
        numbers += ["" if r is None else significant(r.value, r.error) for r in readings]
        table.add_row(*numbers, record.outcome, record.run_id[:10])
    out = console()
    out.print(table)
    fixed = {n: v for n, v in given[0].items() if n not in shown}
    out.print("fixed: " + ", ".join(f"{n} = {_cell(v)}" for n, v in fixed.items()))
    cached = sum(record.cached for record in records)
    if cached:
        out.print(f"{cached} of {len(records)} runs were in the store already")
    for message in dict.fromkeys(r.message for r in records if not r.ok):
        out.print(f"[yellow]{message}[/yellow]")


def _heading(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name} ({unit})"


def _cell(value: object) -> str:
    from rich.markup import escape

    return f"{value:.6g}" if isinstance(value, float) else escape(str(value))
