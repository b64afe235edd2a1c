"""Tests of appliance.store.faults and databases."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from appliance.clock import FixedClock
from appliance.errors import StoreError
from appliance.store import faults as module
from appliance.store.databases import open_database, transaction
from appliance.store.faults import Fault, FaultStore

SHA = "ab" * 32


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def store(tmp_path, clock):
    store = FaultStore(tmp_path / "faults.db", clock)
    yield store
    store.close()


def test_record_damage_is_news_once_and_survives_reopening(store, tmp_path, clock):
    assert store.record(SHA, 3, item_id="i1", drive="d1")
    assert not store.record(SHA, 3, item_id="i1", drive="d1")
    store.close()
    again = FaultStore(tmp_path / "faults.db", clock)
    assert again.standing() == [Fault("i1", 3, "damaged", "d1", "2026-11-22T08:00:00Z", SHA)]
    again.close()


def test_standing_is_newest_first_and_bounded(store, clock):
    for n in range(5):
        store.record(SHA, n, item_id="i1", drive="d1", kind="unreadable")
        clock.advance(1)
    assert [f.chunk for f in store.standing(2)] == [4, 3]
    assert [f.chunk for f in store.standing()] == [4, 3, 2, 1, 0]


def test_clear_one_place_one_drive_or_all(store):
    for drive in ("d1", "d2"):
        for chunk in (0, 1):
            store.record(SHA, chunk, item_id="i1", drive=drive)
    store.record("cd" * 32, 0, item_id="i2", drive="d1")
    assert store.clear(SHA, 0, drive="d1") == 1
    assert store.clear(SHA, 1) == 2
    assert store.clear(SHA) == 1
    assert store.count() == 1


def test_record_a_dying_drive_does_not_fill_the_disk(store, monkeypatch):
    monkeypatch.setattr(module, "MAX_STANDING", 2)
    assert [store.record(SHA, n, item_id="i", drive="d") for n in range(4)] == [True, True, False, False]


def test_record_unknown_kind_is_refused_and_nothing_is_kept(store):
    with pytest.raises(sqlite3.IntegrityError):
        store.record(SHA, 0, item_id="i", drive="d", kind="odd")
    assert store.count() == 0


def test_record_from_many_threads_loses_nothing(store):
    def work(n):
        for chunk in range(20):
            store.record(SHA, chunk, item_id="i", drive=str(n))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count() == 80


def test_open_database_is_durable_at_every_commit(tmp_path):
    connection = open_database(tmp_path / "x.db", ("CREATE TABLE t (a INTEGER) STRICT;",))
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()


def test_open_database_migrates_step_by_step_and_refuses_the_future(tmp_path):
    steps = ("CREATE TABLE t (a INTEGER) STRICT;", "ALTER TABLE t ADD COLUMN b TEXT;")
    open_database(tmp_path / "x.db", steps[:1]).close()
    connection = open_database(tmp_path / "x.db", steps)
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (1, 'x')")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        open_database(tmp_path / "x.db", steps[:1])


def test_open_database_failed_migration_leaves_the_old_version(tmp_path):
    open_database(tmp_path / "x.db", ("CREATE TABLE t (a INTEGER) STRICT;",)).close()
    with pytest.raises(StoreError):
        open_database(
            tmp_path / "x.db", ("CREATE TABLE t (a INTEGER) STRICT;", "CREATE TABLE u (b INTEGER); NONSENSE;")
        )
    connection = open_database(tmp_path / "x.db", ("CREATE TABLE t (a INTEGER) STRICT;",))
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    connection.close()


def test_open_database_foreign_file_is_refused(tmp_path):
    (tmp_path / "x.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError):
        open_database(tmp_path / "x.db", ())
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        open_database(tmp_path / "file" / "x.db", ())


def test_transaction_takes_everything_back_on_error(tmp_path):
    connection = open_database(tmp_path / "x.db", ("CREATE TABLE t (a INTEGER) STRICT;",))

    def fail():
        with transaction(connection):
            connection.execute("INSERT INTO t VALUES (1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    connection.close()
