"""Tests of appliance.store.verified."""

from __future__ import annotations

import pytest

from appliance.store import verified as module
from appliance.store.verified import VerifiedDrives
from packager.format.files import RealFiles


def test_verified_drive_is_known_by_its_facts_also_after_a_restart(tmp_path):
    known = VerifiedDrives(tmp_path / "v.json", RealFiles())
    known.add("aa", "facts")
    for found in (known, VerifiedDrives(tmp_path / "v.json", RealFiles())):
        assert found.has("aa", "facts")
        assert not found.has("aa", "others")
        assert not found.has("bb", "facts")


def test_verified_drives_are_bounded_oldest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_KNOWN", 3)
    known = VerifiedDrives(tmp_path / "v.json", RealFiles())
    for n in (1, 2, 3, 1, 4):
        known.add(str(n), "f")
    assert [known.has(str(n), "f") for n in (1, 2, 3, 4)] == [True, False, True, True]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_verified_damaged_memory_is_forgotten(tmp_path, content):
    (tmp_path / "v.json").write_bytes(content)
    known = VerifiedDrives(tmp_path / "v.json", RealFiles())
    assert not known.has("aa", "f")
    known.add("aa", "f")
    assert VerifiedDrives(tmp_path / "v.json", RealFiles()).has("aa", "f")
