"""What a notebook shows of a catalogue, a record, a claim and a campaign is escaped."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

import aion_sci as aion
from aion_sci.display import html_table
from aion_sci.knowledge import KnowledgeStore
from aion_sci.research import recall

HOSTILE = "<script>alert('&\"')</script>"


class Reader(HTMLParser):
    """Collects tags and texts; unlike a browser it repairs nothing."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def store(samples, asked):
    with KnowledgeStore.open(asked.store, write=False) as opened:
        yield opened


def test_a_table_escapes_headings_and_cells():
    read = Reader(html_table([HOSTILE, "b"], [[HOSTILE, "2"]]))
    assert set(read.tags) == {"table", "thead", "tbody", "tr", "th", "td"}
    assert read.texts == [HOSTILE, "b", HOSTILE, "2"]


def test_without_headings_a_row_begins_with_its_name():
    assert Reader(html_table((), [("a", "1")])).tags == ["table", "tbody", "tr", "th", "td"]


def test_the_catalogue(samples):
    shown = Reader(aion.experiments()._repr_html_())
    assert {"sample.decay", "cfd.heated_cavity"} <= set(shown.texts)


def test_a_campaign(store, asked):
    result = recall(asked.printed["campaign"], store)
    shown = Reader(result._repr_html_())
    assert shown.tags.count("tr") == 1 + len(asked.verdicts)
    assert {asked.claim("threshold"), "0.6931", "refuted"} <= set(shown.texts)


def test_a_claim(store, asked):
    claim = replace(store.claim(asked.claim("equals")), statement=HOSTILE)
    shown = Reader(claim._repr_html_())
    assert HOSTILE in shown.texts
    assert "script" not in shown.tags


def test_a_record(store, asked):
    record = store.record(asked.printed["verdicts"][0]["runs"][0])
    hostile = replace(record, units={"rate": HOSTILE})
    shown = Reader(hostile._repr_html_())
    assert "script" not in shown.tags
    assert any(text.endswith(HOSTILE) for text in shown.texts)
    assert any(" ± " in text and text.endswith("percent, ok") for text in shown.texts)
