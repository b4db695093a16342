"""``aion config``: every setting, its value, and where it came from."""

from __future__ import annotations

import argparse

from aion_sci.cli.common import console, print_json, settings_of
from aion_sci.runs.plain import as_json

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Show the settings."""
    origins = settings_of(options).origins
    if options.json:
        print_json({n: {"value": as_json(s.value), "origin": s.origin} for n, s in origins.items()})
        return 0
    from rich.table import Table

    table = Table("setting", "value", "from", "meaning")
    for setting in origins.values():
        table.add_row(setting.name, str(setting.value), setting.origin, setting.description)
    console().print(table)
    return 0
