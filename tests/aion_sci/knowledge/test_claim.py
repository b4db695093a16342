"""A claim keeps its content, and its id is that content."""

from __future__ import annotations

import json
import math

import pytest

from aion_sci.errors import CorruptClaimError
from aion_sci.knowledge import Claim
from aion_sci.knowledge.claim import interval_from_json, interval_to_json


def through_json(claim: Claim) -> Claim:
    return Claim.from_json(json.loads(json.dumps(claim.to_json(), allow_nan=False)))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"effect": None, "interval": None, "verdict": "inconclusive"},
        {"interval": (-math.inf, 0.2)},
        {"interval": (0.2, math.inf)},
        {"runs": ("ab", "cd"), "level": "replicated"},
    ],
)
def test_a_claim_survives_its_file(make_claim, changes):
    claim = make_claim(**changes)
    assert through_json(claim) == claim
    assert through_json(claim).id == claim.id


def test_the_id_is_the_content(make_claim):
    claim = make_claim()
    assert claim.id == make_claim().id
    assert claim.id.startswith("claim-")
    assert len(claim.id) == len("claim-") + 12
    assert claim.id != make_claim(effect=0.3000001).id


@pytest.mark.parametrize("name", [f for f in Claim.__dataclass_fields__ if f != "interval"])
def test_editing_any_entry_is_noticed(make_claim, name: str):
    data = make_claim().to_json()
    data[name] = {
        "effect": 0.5, "confidence": 0.5, "verdict": "refuted", "runs": ["ff"],
        "hypothesis": {}, "design": {},
    }.get(name, "edited")  # fmt: skip
    with pytest.raises(CorruptClaimError, match="does not match its content"):
        Claim.from_json(data)


def test_an_edited_interval_is_noticed(make_claim):
    with pytest.raises(CorruptClaimError, match="does not match its content"):
        Claim.from_json({**make_claim().to_json(), "interval": [0.2, 0.3]})


@pytest.mark.parametrize("name", ["id", "runs", "verdict", "interval"])
def test_a_missing_entry_is_noticed(make_claim, name: str):
    data = make_claim().to_json()
    del data[name]
    with pytest.raises(CorruptClaimError, match="not a claim"):
        Claim.from_json(data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"verdict": "proved"}, "verdict is 'proved'"),
        ({"confidence": 1.0}, "confidence is 1"),
        ({"effect": math.nan}, "effect is nan"),
        ({"interval": (0.4, 0.3)}, "from low to high"),
        ({"interval": (math.nan, 0.3)}, "from low to high"),
    ],
)
def test_what_cannot_be_claimed_is_refused(make_claim, changes, message: str):
    with pytest.raises(ValueError, match=message):
        make_claim(**changes)


@pytest.mark.parametrize("interval", [None, (0.29, 0.31), (-math.inf, 2.0), (1.0, math.inf)])
def test_an_interval_survives_json(interval):
    """JSON has no infinity; an open end must come back open."""
    written = json.loads(json.dumps(interval_to_json(interval), allow_nan=False))
    assert interval_from_json(written) == interval
