"""``aion doctor``: whether this environment is fit to compute, and what is missing."""

from __future__ import annotations

import argparse

from aion_sci.cli.common import console, print_json, settings_of
from aion_sci.doctor import Report, examine
from aion_sci.report.wording import entry_text

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Print the report; exit code 1 when numbers computed here cannot be trusted or kept."""
    report = examine(settings_of(options).store)
    if options.json:
        print_json(report.to_json())
    else:
        _print(report)
    return 0 if report.fit else 1


def _print(report: Report) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    about = Table(show_header=False, box=None)
    for name, value in report.environment.items():
        about.add_row(Text(name, style="bold"), Text(entry_text(value)))
    about.add_row(Text("compiler", style="bold"), Text(report.compiler))
    state = "set" if report.allocator.active else "not set for this process"
    about.add_row(Text("allocator", style="bold"), Text(state))
    out.print(about)

    table = Table("canary", "", "worst", "allowed", "guards", title="known answers")
    for canary in report.canaries:
        table.add_row(
            canary.name,
            _mark(canary.passed),
            f"{canary.worst_difference:.1e}",
            f"{canary.tolerance:.0e}",
            Text(canary.detail or canary.what_it_guards),
        )
    out.print(table)

    table = Table("kernel", "runs as", "because", title="native kernels")
    for kernel in report.native_kernels:
        table.add_row(kernel.name, kernel.path, Text(kernel.reason))
    out.print(table)

    table = Table("extra", "", "packages", "adds", title="extras")
    for extra in report.extras:
        packages = ", ".join(
            f"{package.name} {package.installed or 'missing'}" for package in extra.packages
        )
        table.add_row(extra.name, _mark(extra.complete, "not there"), packages, extra.adds)
    out.print(table)

    for folder in report.folders:
        room = f"{folder.free_bytes / 1e9:.0f} GB free"
        out.print(f"{folder.name}: {folder.path}, {room if folder.writable else 'not writable'}")
    verdict = "[green]fit to compute[/green]" if report.fit else "[red]not fit to compute[/red]"
    out.print(verdict)


def _mark(good: bool, otherwise: str = "failed") -> str:
    return "[green]ok[/green]" if good else f"[yellow]{otherwise}[/yellow]"
