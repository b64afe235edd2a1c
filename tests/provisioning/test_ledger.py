"""The ledger of provisioning: lines are added, whole batches at a time, and nobody changes one unseen."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.errors import LedgerFileError
from provisioning.ledger import GENESIS, Ledger, Line, chained
from provisioning.signed import canonical


def line(number: int, what: str = "made") -> Line:
    return {"what": what, "library": f"CN-{number}", "serial": 1, "note": "记"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Ledger(tmp_path / "l.db") as ledger:
        ledger.enter(lambda: [line(n) for n in range(5)])
    return tmp_path / "l.db"


def test_lines_are_given_back_in_order(path: Path) -> None:
    with Ledger(path) as ledger:
        assert ledger.lines() == [line(n) for n in range(5)]
        assert ledger.lines("made", "CN-3") == [line(3)]
        assert ledger.lines("issued") == []
        assert ledger.last_by_library("made")["CN-4"] == line(4)


def test_the_chain_is_the_one_of_the_document(path: Path) -> None:
    before = "0" * 64
    for n in range(5):
        before = hashlib.sha256(before.encode() + canonical(line(n))).hexdigest()
    with Ledger(path) as ledger:
        assert ledger.check() == (5, before)
    assert chained(GENESIS, b"a") == hashlib.sha256(b"0" * 64 + b"a").hexdigest()


def test_only_its_owner_may_read_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("change", ["UPDATE line SET body = '{}' WHERE id = 2", "DELETE FROM line WHERE id = 5"])
def test_lines_are_not_changed_by_hand(path: Path, change: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        sqlite3.connect(path).execute(change)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ("UPDATE line SET body = replace(body, '记', '改') WHERE id = 2", 2),
        ("UPDATE line SET library = 'CN-9' WHERE id = 4", 4),
        ("UPDATE line SET sha256 = 'x' WHERE id = 5", 5),
        ("DELETE FROM line WHERE id = 3", 3),
        ("UPDATE line SET id = id + 10", 1),
    ],
)
def test_whoever_changes_a_line_in_spite_of_all_is_seen(path: Path, change: str, at: int) -> None:
    database = sqlite3.connect(path)
    database.executescript(f"DROP TRIGGER line_stays; DROP TRIGGER line_kept; {change};")
    database.close()
    with Ledger(path) as ledger, pytest.raises(LedgerFileError, match=f"第 {at} 行"):
        ledger.check()


def test_a_batch_that_fails_in_the_middle_leaves_nothing(path: Path) -> None:
    def make() -> Iterator[Line]:
        yield line(7)
        raise RuntimeError("in the middle")

    with Ledger(path) as ledger:
        with pytest.raises(RuntimeError):
            ledger.enter(make)
        assert len(ledger.lines()) == 5
        assert ledger.enter(lambda: [line(8)]) == 1
        ledger.check()


def test_two_who_enter_at_a_time_wait_for_each_other(path: Path) -> None:
    def add() -> None:
        with Ledger(path) as ledger:
            for n in range(5):
                ledger.enter(lambda n=n: [line(n, "issued")] if len(ledger.lines()) else [])

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Ledger(path) as ledger:
        assert ledger.check()[0] == 25


def test_what_is_no_ledger_is_told(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_bytes(b"no database, whatever else it is" * 40)
    with pytest.raises(LedgerFileError, match="用不了"):
        Ledger(tmp_path / "l.db")
