"""Full-text search over claims, questions and runs: BM25 from SQLite's FTS5.

What a person types is data, never FTS5 syntax: each word becomes a quoted phrase, all of which must
occur; the last one may go on. Only where nothing holds all the words are documents with any of them
listed. Numbers are written one way on both sides, so that ``1e5`` finds ``rayleigh=100000``.

Claims come before questions and questions before runs. Runs of one experiment read alike, and a
broad query matches all of them: of these only the ones indexed last are ranked.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from typing import NamedTuple

__all__ = ["Hit", "expressions", "number_text", "search"]

_SEPARATOR = re.compile(r"[\s=,;:]+")
_NUMBER = re.compile(r'"[-\d.]')
_MOST_WORDS = 16
_RANKED_RUNS = 500

_KNOWLEDGE = """
    SELECT kind, id, title, snippet(knowledge_text, 3, '', '', ' … ', 16),
           -bm25(knowledge_text, 0, 0, 4, 1) AS score
    FROM knowledge_text WHERE knowledge_text MATCH ?
    ORDER BY kind = 'claim' DESC, score DESC, id LIMIT ?
"""
_OLDEST_RANKED_RUN = """
    SELECT min(rowid) FROM
    (SELECT rowid FROM run_text WHERE run_text MATCH ? ORDER BY rowid DESC LIMIT ?)
"""
_RUNS = """
    SELECT 'run', run_id, title, body, -bm25(run_text, 0, 2, 1) AS score
    FROM run_text WHERE run_text MATCH ? AND rowid >= ?
    ORDER BY score DESC, run_id LIMIT ?
"""


class Hit(NamedTuple):
    """Something found; a higher score is better within its kind."""

    kind: str
    """``claim``, ``campaign`` or ``run``."""
    id: str
    title: str
    snippet: str
    score: float


def search(connection: sqlite3.Connection, text: str, limit: int) -> list[Hit]:
    """The best ``limit`` hits for what a person typed."""
    for expression in expressions(text):
        hits = [Hit(*row) for row in connection.execute(_KNOWLEDGE, (expression, limit))]
        if len(hits) < limit:
            hits += _runs(connection, expression, limit - len(hits))
        if hits:
            return hits
    return []


def expressions(text: str) -> list[str]:
    """FTS5 expressions for a text, strict to lenient; none where it holds no word."""
    readable = text.encode("utf-8", "ignore").decode()  # a command line may hold stray bytes
    words = dict.fromkeys(word for part in _SEPARATOR.split(readable) for word in _words(part))
    phrases = [f'"{word}"' for word in itertools.islice(words, _MOST_WORDS)]
    if not phrases:
        return []
    if not _NUMBER.match(phrases[-1]):
        phrases[-1] += " *"
    strict, lenient = " AND ".join(phrases), " OR ".join(phrases)
    return [strict] if strict == lenient else [strict, lenient]


def number_text(number: float) -> str:
    """How a number is written in a searchable text."""
    return f"{number:.6g}"


def _runs(connection: sqlite3.Connection, expression: str, limit: int) -> list[Hit]:
    bounds = (expression, max(limit, _RANKED_RUNS))
    (oldest,) = connection.execute(_OLDEST_RANKED_RUN, bounds).fetchone()
    if oldest is None:
        return []
    return [Hit(*row) for row in connection.execute(_RUNS, (expression, oldest, limit))]


def _words(part: str) -> list[str]:
    try:
        return [number_text(float(part))]
    except ValueError:
        return re.findall(r"\w+", part)
