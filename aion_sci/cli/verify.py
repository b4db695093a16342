"""``aion verify``: published values, orders of accuracy, and the integrity of the store."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from aion_sci.cli.common import console, open_bench, print_json, settings_of
from aion_sci.experiments import experiments, find
from aion_sci.knowledge import KnowledgeStore
from aion_sci.report.wording import significant
from aion_sci.verification import Check, check_references, store_problems

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Check one experiment or all; exit code 1 when a check fails."""
    settings = settings_of(options)
    chosen = [find(options.id)] if options.id is not None else list(experiments().values())
    # Fresh simulations, apart from the user's store: a check answers for today's code and machine.
    with (
        tempfile.TemporaryDirectory(prefix="aion-verify-") as folder,
        open_bench(options, replace(settings, store=Path(folder))) as bench,
    ):
        checks = [check for e in chosen for check in check_references(bench, e)]
    problems = _problems_of(settings.store) if options.id is None else []
    if options.json:
        rows = [{**asdict(c), "difference": c.difference, "passed": c.passed} for c in checks]
        print_json({"checks": rows, "store": problems})
    else:
        _print_checks(checks)
        for problem in problems:
            console().print(f"[red]store: {problem}[/red]")
    return 0 if all(check.passed for check in checks) and not problems else 1


def _problems_of(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    with KnowledgeStore.open(folder, write=False) as store:
        return store_problems(store)


def _print_checks(checks: Sequence[Check]) -> None:
    from rich.table import Table

    table = Table("experiment", "point", "what", "expected", "found", "off by", "allowed", "source")
    for check in checks:
        colour = "green" if check.passed else "red"
        table.add_row(
            check.experiment,
            check.point,
            check.what,
            f"{check.expected:.6g}",
            "—" if check.found is None else significant(check.found, check.error or 0.0),
            "—" if check.difference is None else f"[{colour}]{check.difference:.2%}[/{colour}]",
            f"{check.tolerance:.2%}",
            check.source,
        )
    out = console()
    out.print(table)
    failed = sum(not check.passed for check in checks)
    out.print(f"{len(checks) - failed} passed, {failed} failed")
