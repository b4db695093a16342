"""``aion experiments``: the catalogue as a table, or one datasheet."""

from __future__ import annotations

import argparse
from typing import Any

from aion_sci.cli.common import console, print_json
from aion_sci.experiments import Experiment, Parameter, experiments, find

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """List every experiment, or describe one."""
    if options.id is not None:
        chosen = find(options.id)
        print_json(_describe(chosen)) if options.json else _print_datasheet(chosen)
        return 0
    listed = list(experiments().values())
    print_json([_describe(e) for e in listed]) if options.json else _print_table(listed)
    return 0


def _describe(experiment: Experiment) -> dict[str, Any]:
    return {
        "id": experiment.id,
        "summary": experiment.summary,
        "parameters": [_describe_parameter(p) for p in experiment.parameters],
        "settings": [_describe_parameter(p) for p in experiment.settings],
        "observables": [
            {
                "name": o.name,
                "unit": o.unit,
                "description": o.description,
                "numbered": o.numbered,
            }
            for o in experiment.observables
        ],
        "referee": None if experiment.referee is None else experiment.referee.engine,
        "datasheet": experiment.datasheet,
    }


def _describe_parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "kind": parameter.kind,
        "unit": parameter.unit,
        "description": parameter.description,
        "low": parameter.low,
        "high": parameter.high,
        "default": parameter.default,
        "scale": parameter.scale,
        "choices": list(parameter.choices),
    }


def _print_table(listed: list[Experiment]) -> None:
    from rich.table import Table

    table = Table("experiment", "parameters", "observables", "question")
    for experiment in listed:
        table.add_row(
            experiment.id,
            ", ".join(p.name for p in experiment.parameters),
            ", ".join(o.label for o in experiment.observables),
            experiment.summary,
        )
    console().print(table)


def _print_datasheet(experiment: Experiment) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    out.print(f"[bold]{experiment.id}[/bold]\n")
    out.print(Text(experiment.datasheet))
    table = Table("parameter", "unit", "box", "default", "meaning", title="takes")
    for parameter in (*experiment.parameters, *experiment.settings):
        box = "|".join(parameter.choices) or _box(parameter)
        default = "" if parameter.default is None else str(parameter.default)
        table.add_row(parameter.name, parameter.unit, box, default, parameter.description)
    out.print(table)
    table = Table("observable", "unit", "meaning", title="gives")
    for observable in experiment.observables:
        table.add_row(observable.label, observable.unit, observable.description)
    out.print(table)


def _box(parameter: Parameter) -> str:
    if not parameter.numeric:
        return parameter.kind
    low, high = ("" if bound is None else f"{bound:g}" for bound in (parameter.low, parameter.high))
    return f"{low} … {high}"
