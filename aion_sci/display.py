"""Tables for notebooks: every text is escaped where it enters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["html_table"]


def html_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table; without headings, the first cell of each row is its heading."""
    head = "".join(f"<th>{escape(text)}</th>" for text in headings)
    body = "".join(f"<tr>{_cells(row, named=not headings)}</tr>" for row in rows)
    above = f"<thead><tr>{head}</tr></thead>" if headings else ""
    return f"<table>{above}<tbody>{body}</tbody></table>"


def _cells(row: Sequence[str], *, named: bool) -> str:
    tags = ["th" if named and i == 0 else "td" for i in range(len(row))]
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in zip(tags, row, strict=True))
