"""Search finds what people mean and takes whatever they type as data."""

from __future__ import annotations

import pytest

from aion_sci.knowledge import KnowledgeStore
from aion_sci.knowledge.search import expressions


@pytest.fixture
def filled(store: KnowledgeStore, make_claim, make_record) -> KnowledgeStore:
    store.ingest_batch(make_record(rayleigh=r) for r in (1e3, 1e4, 1e5))
    store.ingest(make_record(rayleigh=1e6, outcome="not_converged"))
    store.file_question(
        "campaign-0123456789ab",
        {"question": make_claim().question, "experiment": "cfd.heated_cavity"},
    )
    store.file_claim(make_claim())
    store.file_claim(make_claim(statement="The vortex is steady.", question="Is it steady?"))
    return store


def kinds(store: KnowledgeStore, text: str) -> list[str]:
    return [hit.kind for hit in store.search(text)]


def test_a_claim_is_found_by_its_question(filled: KnowledgeStore, make_claim):
    hits = filled.search("heat transfer")
    assert [hit.kind for hit in hits] == ["claim", "campaign"]
    assert hits[0].id == make_claim().id
    assert hits[0].title == make_claim().statement
    assert "heat transfer" in hits[0].snippet


def test_claims_come_before_campaigns_and_runs(filled: KnowledgeStore):
    assert kinds(filled, "cavity") == ["claim", "claim", "campaign", "run", "run", "run", "run"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("scaling", "claim"),  # stems agree
        ("SCALE", "claim"),
        ("differ heat", "campaign"),
        ("heat transf", "claim"),  # the last word may go on
        ("rayleigh 1e5", "run"),  # numbers are written one way
        ("rayleigh=100000", "run"),
        ("not_converged", "run"),
        ("steady nonsense", "claim"),  # no document holds both: any will do
    ],
)
def test_words_as_people_write_them(filled: KnowledgeStore, text: str, first: str):
    assert first in kinds(filled, text)


def test_all_words_must_occur_where_that_finds_anything(filled: KnowledgeStore):
    assert [hit.title for hit in filled.search("vortex steady")] == ["The vortex is steady."]
    (hit,) = filled.search("rayleigh 1e5 prandtl")
    assert "rayleigh=100000" in hit.title
    (hit,) = filled.search("heated_cavity not_converged")
    assert "rayleigh=1e+06" in hit.title


def test_the_better_match_comes_first(store: KnowledgeStore, make_claim):
    store.file_claim(make_claim(statement="Flow depends on many things.", question="Why vortex?"))
    store.file_claim(make_claim(statement="A vortex forms.", question="Why?"))
    hits = store.search("vortex")
    assert hits[0].title == "A vortex forms."
    assert hits[0].score > hits[1].score > 0


def test_the_limit_is_kept(filled: KnowledgeStore):
    assert kinds(filled, "cavity")[:4] == [h.kind for h in filled.search("cavity", limit=4)]
    assert filled.search("cavity", limit=0) == []


def test_of_very_many_runs_the_last_are_ranked(store: KnowledgeStore, make_record):
    store.ingest_batch(make_record(rayleigh=1e3 + n) for n in range(600))
    assert len(store.search("cavity", limit=20)) == 20
    assert len(store.search("cavity", limit=1000)) == 600


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "*", '"', '"""', "'", "(", ")", "NEAR(", "a OR", "OR", "AND AND", "NOT x", "-heat",
        "^heat", "title:heat", "{title body}: heat", "heat\0transfer", "heat\udc80transfer", "___",
        "'; DROP TABLE runs; --", '") OR 1=1 --', "a" * 10_000, "heat " * 10_000, "\U0001f525",
        "9" * 10_000, "nan inf -inf", "..", "é" * 100,
    ],
)  # fmt: skip
def test_hostile_text_is_only_text(filled: KnowledgeStore, text: str):
    assert isinstance(filled.search(text), list)
    assert kinds(filled, "heat transfer") == ["claim", "campaign"]


def test_syntax_is_not_obeyed(filled: KnowledgeStore):
    """As FTS5 syntax, each of these would leave out the claim that holds `heat`."""
    for text in ("transfer NOT heat", "title:heat", "heat -transfer"):
        assert kinds(filled, text)[0] == "claim"


def test_no_hit_is_an_empty_list(filled: KnowledgeStore):
    assert filled.search("xylophone") == []


def test_the_number_of_words_is_bounded():
    (strict, lenient) = expressions(" ".join(f"w{n}" for n in range(1000)))
    assert strict.count("AND") == lenient.count("OR") == 15
