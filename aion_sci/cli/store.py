"""``aion store``: make the index again from the folders, or check everything."""

from __future__ import annotations

import argparse

from aion_sci.cli.common import open_store, print_json, settings_of
from aion_sci.errors import StoreError
from aion_sci.verification import store_problems

__all__ = ["command"]


def command(options: argparse.Namespace) -> int:
    """Rebuild or verify; exit code 1 when something is damaged."""
    return _rebuild(options) if options.action == "rebuild" else _verify(options)


def _rebuild(options: argparse.Namespace) -> int:
    folder = settings_of(options).store
    if not folder.is_dir():  # opening for writing would make an empty one
        raise StoreError(f"there is no knowledge store at {folder}; name one with --store")
    with open_store(options, write=True) as store:
        rebuilt = store.rebuild()
        removed = store.tidy()
    if options.json:
        counts = {"runs": rebuilt.runs, "claims": rebuilt.claims, "campaigns": rebuilt.campaigns}
        problems = [str(problem) for problem in rebuilt.problems]
        print_json({**counts, "removed": [str(path) for path in removed], "problems": problems})
    else:
        print(
            f"indexed {rebuilt.runs} runs, {rebuilt.claims} claims and {rebuilt.campaigns} "
            f"campaigns; removed {len(removed)} attempts of writers that died"
        )
        for problem in rebuilt.problems:
            print(f"left out: {problem}")
    return 1 if rebuilt.problems else 0


def _verify(options: argparse.Namespace) -> int:
    with open_store(options) as store:
        problems = store_problems(store)
    if options.json:
        print_json({"problems": problems})
    else:
        for problem in problems:
            print(problem)
        print("nothing is damaged" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0
