"""``aion replicate``: test a claim again with fresh runs, a finer grid and another engine."""

from __future__ import annotations

import argparse

from aion_sci.cli.common import console, open_bench, open_store, print_json, settings_of
from aion_sci.cli.common import verdict_text as coloured
from aion_sci.report.wording import interval_text
from aion_sci.research import Replication, replicate
from aion_sci.research.verdicts import Finding

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Replicate a claim; exit code 1 when the verdict is not found again."""
    with open_store(options) as store:
        store.claim(options.claim)  # an unknown claim is said before anything starts
    with open_bench(options, settings_of(options)) as bench:
        result = replicate(options.claim, bench.store, run=lambda study, purpose: bench.run(study))
    print_json(result.to_json()) if options.json else _print(result)
    return 0 if result.agrees else 1


def _print(result: Replication) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(result.claim.statement, style="bold"))
    out.print(f"claimed:    {coloured(result.claim.verdict)}")
    out.print(f"replicated: {_told(result.again)}")
    if result.engine is not None:
        said = "was not asked" if result.referee is None else _told(result.referee)
        out.print(f"{result.engine}: {said}")
    for remark in result.remarks:
        out.print(Text(f"  {remark}"))
    if result.raised is None:
        out.print("[red]not replicated[/red]; the claim stays tested")
    else:
        out.print(f"filed as {result.raised}, level {result.level}")


def _told(finding: Finding) -> str:
    if finding.effect is None:
        return coloured(finding.verdict)
    interval = interval_text(finding.interval)
    return f"{coloured(finding.verdict)}, effect {finding.effect:.6g} {interval}"
