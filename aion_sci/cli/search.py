"""``aion search``: claims, campaigns and runs that hold the words of a text."""

from __future__ import annotations

import argparse

from aion_sci.cli.common import console, open_store, print_json

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Print the hits, best first: claims before campaigns before runs."""
    text = " ".join(options.text)
    with open_store(options) as store:
        hits = store.search(text, options.limit)
    if options.json:
        print_json([hit._asdict() for hit in hits])
        return 0
    from rich.text import Text

    out = console()
    if not hits:
        out.print(f"nothing in {store.path} holds '{text}'; try fewer or other words")
    for hit in hits:
        out.print(Text(f"{hit.kind:8} {hit.id}  {hit.title}"))
        out.print(Text(f"         {hit.snippet}", style="dim"))
    return 0
