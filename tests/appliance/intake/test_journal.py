"""Tests of appliance.intake.journal."""

from __future__ import annotations

import errno

import pytest

from appliance.clock import FixedClock
from appliance.intake import journal as module
from appliance.intake.journal import Journal
from packager.format.files import RealFiles
from tests.packager.format.simulated_files import SimulatedFiles, write_state


def journal_at(path, files=None):
    return Journal(path, files or RealFiles(), FixedClock())


def test_journal_lines_are_numbered_also_after_a_restart(tmp_path):
    path = tmp_path / "state/intake.jsonl"
    journal_at(path).add("recognising", {"drive": "aa", "attempt": 1})
    journal_at(path).add("ready", {"drive": "aa"})
    assert list(journal_at(path).read()) == [
        {"n": 1, "at": "2026-11-22T08:00:00Z", "event": "recognising", "drive": "aa", "attempt": 1},
        {"n": 2, "at": "2026-11-22T08:00:00Z", "event": "ready", "drive": "aa"},
    ]


def test_journal_damaged_line_and_torn_tail_are_left_out(tmp_path):
    path = tmp_path / "intake.jsonl"
    journal = journal_at(path)
    for event in ("one", "two", "three"):
        journal.add(event, {})
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b"two", b"TWO") + lines[2][:-9])
    assert [line["event"] for line in journal_at(path).read()] == ["one"]
    journal_at(path).add("four", {})
    assert [line["event"] for line in journal_at(path).read()] == ["one", "four"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\0" * 100, b"0123456789abcdef null\n"])
def test_journal_foreign_content_is_nothing(tmp_path, content):
    (tmp_path / "j").write_bytes(content)
    assert list(journal_at(tmp_path / "j").read()) == []


def test_journal_is_bounded_the_oldest_go_first(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 2000)
    journal = journal_at(tmp_path / "j")
    for n in range(60):
        journal.add("event", {"k": n})
        assert (tmp_path / "j").stat().st_size <= 2000
    kept = [line["k"] for line in journal.read()]
    assert kept == list(range(60))[-len(kept):]  # fmt: skip


def test_journal_line_that_is_too_long_is_left_out(tmp_path):
    journal = journal_at(tmp_path / "j")
    journal.add("x", {"long": "y" * module.MAX_LINE})
    assert list(journal.read()) == []


def test_journal_full_disk_stops_nothing(tmp_path):
    class Full(RealFiles):
        def _append(self, handle: int, block: bytes) -> None:
            raise OSError(errno.ENOSPC, "full")

    journal_at(tmp_path / "j").add("one", {})
    journal_at(tmp_path / "j", Full()).add("two", {})
    assert [line["event"] for line in journal_at(tmp_path / "j").read()] == ["one"]


def test_journal_power_cut_loses_the_new_line_or_nothing(tmp_path):
    files = SimulatedFiles(tmp_path / "live")
    files.root.mkdir()
    journal = journal_at(files.root / "j", files)
    journal.add("one", {})
    start = len(files.journal)
    journal.add("two", {})
    for n, (_done, state) in enumerate(files.states(per_cut=4, start=start)):
        folder = write_state(state, tmp_path / f"cut{n}")
        assert [line["event"] for line in journal_at(folder / "j").read()] in (["one"], ["one", "two"])
