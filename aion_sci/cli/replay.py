"""``aion replay``: does a claim's evidence, or fresh evidence, still say the same?"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from aion_sci.cli.common import console, open_bench, open_store, print_json, settings_of
from aion_sci.cli.common import verdict_text as coloured
from aion_sci.knowledge import Claim
from aion_sci.report.wording import interval_text
from aion_sci.research import ReplayResult, replay
from aion_sci.research.verdicts import Finding

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Recompute the verdict; exit code 1 when anything differs."""
    with open_store(options) as store:
        if not options.rerun:
            result = replay(options.claim, store)
        else:
            store.claim(options.claim)  # an unknown claim is said before anything starts
            # Fresh runs go to a store of their own: from the user's they would only be read back.
            with tempfile.TemporaryDirectory(prefix="aion-replay-") as folder:
                settings = replace(settings_of(options), store=Path(folder))
                with open_bench(options, settings) as bench:
                    result = replay(
                        options.claim, store, rerun=lambda study, purpose: bench.run(study)
                    )
    print_json(result.to_json()) if options.json else _print(result)
    return 0 if result.agrees else 1


def _print(result: ReplayResult) -> None:
    from rich.text import Text

    out = console()
    source = "fresh simulations" if result.rerun else "stored runs"
    out.print(Text(result.claim.statement, style="bold"))
    out.print(f"then: {coloured(result.verdict_then)}, {_effect(result.claim)}")
    out.print(f"now:  {coloured(result.verdict_now)}, {_effect(result.now)} (from {source})")
    out.print("[green]they agree[/green]" if result.agrees else "[red]they do not agree[/red]")
    for difference in result.differences:
        out.print(Text(f"  {difference}"))


def _effect(found: Claim | Finding) -> str:
    effect, interval = found.effect, found.interval
    if effect is None:
        return "no effect size"
    return f"effect {effect:.6g}, interval {interval_text(interval)}"
