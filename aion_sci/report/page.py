"""One self-contained HTML page from headings, paragraphs, tables and figures.

Every text is escaped where it enters; only SVG drawn by us passes as it is. The page loads nothing
from anywhere: no script, no font, no style sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["Page", "PageSection"]

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
p.answer { font-size: 1.1rem; }
table { border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid #d9dfe5;
         vertical-align: top; }
td.number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.supported { color: #14703c; font-weight: 600; } .refuted { color: #b42318; font-weight: 600; }
.inconclusive { color: #92610a; font-weight: 600; }
figure { margin: 0; } figure svg { max-width: 100%; height: auto; }
figcaption { font-size: .85rem; }
section { display: grid; grid-template-columns: 3fr 4fr; gap: 1.5rem; padding: 1rem 0;
          border-top: 1px solid #d9dfe5; }
section p, section ul { margin: .3rem 0; }
section ul { padding-left: 1.2rem; font-size: .9rem; }
@media (max-width: 50rem) { section { grid-template-columns: 1fr; } }
pre { background: #f3f5f7; padding: .7rem; overflow-x: auto; } code { font-size: .9em; }
footer { margin-top: 3rem; font-size: .8rem; color: #52606d; }
"""


class Page:
    """Collects the parts of a page in order."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = [f"<h1>{escape(title)}</h1>"]

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def paragraph(self, text: str, style: str = "") -> None:
        """Add a paragraph."""
        self._parts.append(f"<p{_class(style)}>{escape(text)}</p>")

    def items(self, texts: Sequence[str]) -> None:
        """Add a list; nothing when it is empty."""
        if texts:
            rows = "".join(f"<li>{escape(text)}</li>" for text in texts)
            self._parts.append(f"<ul>{rows}</ul>")

    def code(self, text: str) -> None:
        """Add lines to type."""
        self._parts.append(f"<pre><code>{escape(text)}</code></pre>")

    def figure(self, svg: str, caption: str) -> None:
        """Add a drawing of ours with its caption."""
        self._parts.append(f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>")

    def beside(self, svg: str | None) -> PageSection:
        """Begin a block of text with a drawing of ours beside it; close it by ``with``."""
        return PageSection(self._parts, svg)

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        styles: Sequence[str] = (),
    ) -> None:
        """Add a table; ``styles`` names a class for each column, ``=`` the cell's own text."""
        columns = [*styles, *[""] * (len(headings) - len(styles))]
        head = "".join(f"<th>{escape(text)}</th>" for text in headings)
        body = "".join(
            "<tr>"
            + "".join(
                f"<td{_class(cell if style == '=' else style)}>{escape(cell)}</td>"
                for cell, style in zip(row, columns, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        self._parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")

    def html(self, footer: str) -> str:
        """The whole page."""
        body = "\n".join(self._parts)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self._title)}</title><style>{_STYLE}</style></head>\n"
            f"<body>\n{body}\n<footer>{escape(footer)}</footer>\n</body></html>\n"
        )


class PageSection:
    """A block of two columns: what is added within the ``with`` block, and a drawing."""

    def __init__(self, parts: list[str], svg: str | None) -> None:
        self._parts, self._svg = parts, svg

    def __enter__(self) -> None:
        self._parts.append("<section><div>")

    def __exit__(self, *exception: object) -> None:
        figure = "" if self._svg is None else f"<figure>{self._svg}</figure>"
        self._parts.append(f"</div>{figure}</section>")


def _class(style: str) -> str:
    return f' class="{escape(style, quote=True)}"' if style else ""
