"""Events are small and whole, whatever a stranger's disk calls itself."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from image.drive.events import MAX_BYTES, STATES, Event, encode, plain, state_of, write


def test_an_event_says_what_became_of_a_device(tmp_path):
    event = Event(device="sdb1", state="mounted", at=7, path="/run/media/shuxiang/sdb1", file_system="ext4", label="书")
    write(event, tmp_path)
    assert json.loads((tmp_path / "sdb1.json").read_bytes()) == {
        "schema": 1, "device": "sdb1", "state": "mounted", "path": "/run/media/shuxiang/sdb1", "file_system": "ext4",
        "label": "书", "uuid": "", "reason": "", "detail": "", "writable": False, "at": 7,
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["sdb1.json"]
    assert (tmp_path / "sdb1.json").stat().st_mode & 0o777 == 0o644
    assert state_of("sdb1", tmp_path) == "mounted"


def test_the_state_of_what_was_never_seen_is_empty(tmp_path):
    assert state_of("sdb1", tmp_path) == ""
    (tmp_path / "sdb1.json").write_text("[]")
    assert state_of("sdb1", tmp_path) == ""


@given(st.text(), st.text(), st.text(), st.text(), st.sampled_from(STATES))
def test_an_event_is_small_and_one_line(label, uuid, kind, detail, state):
    body = encode(Event(device="sdb1", state=state, at=1, file_system=kind, label=label, uuid=uuid, detail=detail))
    assert len(body) <= MAX_BYTES
    values = json.loads(body)
    for key in ("label", "uuid", "file_system", "detail"):
        assert all(unicodedata.category(sign)[0] not in "C" for sign in values[key])


def test_text_is_cut_and_has_no_control_signs():
    assert plain("a\x00b\u202ec\n  d") == "a b c d"
    assert len(plain("x" * 10_000)) == 200
