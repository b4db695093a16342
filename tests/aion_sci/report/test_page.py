"""A page escapes every text and loads nothing."""

from __future__ import annotations

from html.parser import HTMLParser

from aion_sci.report.page import Page

HOSTILE = '<script>alert("\'&")</script><img src=x onerror=alert(1)>'


class Tags(HTMLParser):
    """Collects tags and attributes as written."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found |= {tag, *(f"{tag}.{name}" for name, _ in attrs)}


def hostile_page() -> str:
    """The same text wherever a text can enter."""
    page = Page(HOSTILE)
    page.heading(HOSTILE)
    page.paragraph(HOSTILE, HOSTILE)
    page.items([HOSTILE])
    page.code(HOSTILE)
    page.figure("<svg></svg>", HOSTILE)
    with page.beside("<svg></svg>"):
        page.paragraph(HOSTILE)
    page.table([HOSTILE, "b"], [[HOSTILE, HOSTILE]], [HOSTILE, "="])
    return page.html(HOSTILE)


def test_no_text_becomes_markup():
    tags = Tags(hostile_page()).found
    assert tags.isdisjoint({"script", "img", "link", "iframe", "img.onerror"})
    assert {tag for tag in tags if "." in tag} == {
        "html.lang", "meta.charset", "meta.name", "meta.content", "p.class", "td.class",
    }  # fmt: skip


def test_texts_are_kept_as_they_are():
    class Texts(HTMLParser):
        found = ""

        def handle_data(self, data):
            self.found += data

    read = Texts()
    read.feed(hostile_page())
    assert read.found.count(HOSTILE) == 12


def test_nothing_is_loaded():
    assert not any(word in hostile_page().replace(HOSTILE, "") for word in ("@import", "url("))


def test_a_list_without_entries_is_left_out():
    page = Page("title")
    page.items([])
    assert "<ul>" not in page.html("footer")


def test_a_section_without_a_drawing_has_no_figure():
    page = Page("title")
    with page.beside(None):
        page.paragraph("inside")
    text = page.html("footer")
    assert "<section><div>\n<p>inside</p>\n</div></section>" in text
