"""``aion exam``: does the research loop itself tell the truth?"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aion_sci.cli.common import console, open_bench, print_json, settings_of
from aion_sci.research.exam import BEHAVIOURS, Graded, false_discoveries, grade, items
from aion_sci.research.exam.nulls import NullResult

__all__ = ["command"]

_RIGHT, _UNDECIDED, _FALSE = 0.95, 0.10, 0.05


def command(options: argparse.Namespace) -> int:
    """Sit the exam; exit code 1 when it is failed."""
    begin = time.monotonic()
    graded: list[Graded] = []
    # A store of its own: the exam's campaigns are no knowledge, and must find nothing made before.
    with (
        tempfile.TemporaryDirectory(prefix="aion-exam-") as folder,
        open_bench(options, replace(settings_of(options), store=Path(folder))) as bench,
    ):
        for item in items(options.id):
            graded += grade(item, bench.store, lambda study, purpose: bench.run(study))
    nulls = [] if options.id else [false_discoveries(each) for each in BEHAVIOURS]
    summary = _summary(graded, nulls)
    if options.json:
        rows = [
            {"item": g.item, "hypothesis": g.statement, "kind": g.kind, "holds": g.holds,
             "verdict": g.verdict, "right": g.right}
            for g in graded
        ]  # fmt: skip
        told = [
            {"behaviour": n.behaviour, "nulls": n.nulls, "supported": n.supported,
             "standing": n.standing, "rate": n.rate}
            for n in nulls
        ]  # fmt: skip
        print_json({**summary, "verdicts": rows, "false_discoveries": told})
    else:
        _print(graded, nulls, summary, time.monotonic() - begin)
    return 0 if summary["passed"] else 1


def _summary(graded: Sequence[Graded], nulls: Sequence[NullResult]) -> dict[str, object]:
    decided = [g for g in graded if g.right is not None]
    right = sum(bool(g.right) for g in decided) / max(len(decided), 1)
    undecided = 1 - len(decided) / max(len(graded), 1)
    false = sum(g.verdict == "supported" and not g.holds for g in graded)
    worst = max((n.rate for n in nulls), default=0.0)
    passed = right >= _RIGHT and undecided <= _UNDECIDED and not false and worst <= _FALSE
    return {
        "items": len(graded),
        "right_of_decided": right,
        "undecided": undecided,
        "false_supported": false,
        "worst_false_discovery_rate": worst,
        "passed": bool(graded) and passed,
    }


def _print(
    graded: Sequence[Graded],
    nulls: Sequence[NullResult],
    summary: dict[str, object],
    seconds: float,
) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    for each in graded:
        if not each.right:
            what = "undecided" if each.right is None else f"wrong, it is {each.verdict}"
            truth = "true" if each.holds else "false"
            out.print(Text(f"{each.item}, {truth}, {what}: {each.statement}"))
    table = Table("item", "hypotheses", "right", "wrong", "undecided")
    for name in dict.fromkeys(each.item for each in graded):
        rows = [each.right for each in graded if each.item == name]
        counts = (len(rows), rows.count(True), rows.count(False), rows.count(None))
        table.add_row(name, *map(str, counts))
    out.print(table)
    if nulls:
        table = Table("behaviour", "nulls", "supported", "of these standing", "rate")
        for null in nulls:
            counts = (null.nulls, null.supported, null.standing)
            table.add_row(null.behaviour, *map(str, counts), f"{null.rate:.1%}")
        out.print(table)
    verdict = "[green]passed[/green]" if summary["passed"] else "[red]failed[/red]"
    out.print(f"{verdict}: {summary['items']} hypotheses, {summary['right_of_decided']:.1%} right "
              f"of the decided, {summary['undecided']:.1%} undecided, "
              f"{summary['false_supported']} false ones supported; {seconds:.0f} s")  # fmt: skip
