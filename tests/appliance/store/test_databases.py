"""Tests of appliance.store.databases: what a damaged file does to those who read and to those who write."""

from __future__ import annotations

import sqlite3

import pytest

from appliance.errors import StoreError
from appliance.store.databases import open_database
from appliance.store.repairs import Repaired, RepairReader, RepairStore, Report
from appliance.store.wishes import WishStore

REPAIRED = Repaired("a" * 64, 3, "b" * 64, 5, "x", "stick", "", "2026-11-26")


@pytest.fixture
def path(tmp_path):
    """A database with a row in every table that is read."""
    store = RepairStore(tmp_path / "repairs.db")
    store.add([REPAIRED])
    store.report(Report("list", "repair.list.saved", {"count": 1}, "2026-11-26"))
    store.close()
    return tmp_path / "repairs.db"


def ask(path):
    reader = RepairReader(path)
    try:
        return reader.latest(), reader.reports(), reader.attempts(), reader.epoch()
    finally:
        reader.close()


def test_reader_of_a_whole_database_answers(path):
    repaired, reports, _, epoch = ask(path)
    assert (repaired, reports[0].params) == ((REPAIRED,), {"count": 1})
    assert epoch


@pytest.mark.parametrize("params", ["", "{", "[1]", "[" * 100_000])
def test_reader_of_a_report_with_damaged_values_tells_the_report(path, params):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE report SET params = ?", (params,))
    connection.close()
    assert [(report.key, report.params) for report in ask(path)[1]] == [("repair.list.saved", {})]


def test_reader_of_damaged_tables_answers_nothing(path):
    """A table whose name is no text any more: SQLite's own message cannot be decoded."""
    path.write_bytes(path.read_bytes().replace(b"TABLE repaired", b"TABLE rep\xa0ired"))
    assert ask(path)[0] == ()
    path.write_bytes(b"no database at all")
    assert ask(path) == ((), (), frozenset(), "")


def test_damaged_database_of_what_can_be_found_out_again_is_put_aside(path, caplog):
    path.write_bytes(b"no database at all" * 100)
    RepairStore(path).close()
    assert ask(path)[0] == ()
    assert path.with_name("repairs.db.damaged").read_bytes() == b"no database at all" * 100
    assert "repairs.db.damaged" in caplog.text


def test_damage_that_only_reading_would_meet_is_found_when_it_is_opened(path):
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        open_database(path, ())


def test_database_that_nobody_can_make_again_stays_as_it_is(tmp_path):
    path = tmp_path / "wishes.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="cannot be"):
        WishStore(path)
    assert [p.name for p in tmp_path.iterdir()] == ["wishes.db"]  # whoever only reads leaves it alone
    newer = tmp_path / "newer.db"
    open_database(newer, ("", "")).close()
    content = newer.read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        WishStore(newer, renew=True)  # of a system that was there before, and may come back
    assert newer.read_bytes() == content
