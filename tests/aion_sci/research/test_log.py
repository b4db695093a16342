"""The campaign log: a chain that no edit survives, and a tail that a crash may tear."""

from __future__ import annotations

import pytest

from aion_sci.errors import CorruptLogError
from aion_sci.research.log import CampaignLog, verify_log
from aion_sci.runs.spec import canonical_json, content_hash


@pytest.fixture
def path(tmp_path):
    log = CampaignLog(tmp_path / "log.jsonl")
    for i in range(4):
        log.append(log.next(f"event_{i}", {"number": i, "list": [0.1 * i]}))
    return log.path


def test_events_are_read_back(path):
    events = verify_log(path)
    assert [event.name for event in events] == [f"event_{i}" for i in range(4)]
    assert events[3].previous == events[2].hash
    assert CampaignLog(path).events == events


def test_an_unread_log_writes_nothing(tmp_path):
    log = CampaignLog(tmp_path / "log.jsonl")
    log.next("asked", {})
    assert log.events == []
    assert not log.path.exists()


def test_every_changed_byte_is_found(path):
    """Each byte of the file in turn; a changed line break joins or tears lines."""
    whole = path.read_bytes()
    for i in range(len(whole) - 1):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        with pytest.raises(CorruptLogError, match=r"log\.jsonl:\d: the log was changed"):
            verify_log(path)


def test_a_lost_swapped_or_repeated_line_is_found(path):
    lines = path.read_bytes().splitlines(keepends=True)
    for changed in (lines[1:], [lines[0], *lines[2:]], [*lines, lines[-1]], lines[::-1]):
        path.write_bytes(b"".join(changed))
        with pytest.raises(CorruptLogError):
            verify_log(path)


def test_a_rehashed_edit_breaks_the_chain_after_it(path):
    log = CampaignLog(path)
    forged = log.events[1].to_json() | {"data": {"number": 7}}
    forged.pop("hash")
    lines = path.read_text().splitlines()
    lines[1] = canonical_json(forged | {"hash": content_hash(forged)})
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(CorruptLogError, match="does not follow"):
        verify_log(path)


def test_a_torn_last_line_is_cut_and_the_log_goes_on(path):
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        assert len(verify_log(path)) == 3
        log = CampaignLog(path)
        assert path.read_bytes() == whole[:last]
        log.append(log.next("event_3", {"number": 3, "list": [0.1 * 3]}))
        assert path.read_bytes() == whole
