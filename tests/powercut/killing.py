"""Writers of databases that are killed while they write, and what must be left.

A writer is a process of its own with the product's own store. Before every change it says what it is going to change,
afterwards that it is done, through a pipe. After the kill the store must hold exactly what was done, or that and the
one change that was begun.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, islice
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import argon2

from appliance.clock import FixedClock
from appliance.people.accounts import DIRECTOR, Accounts
from appliance.store.checks import CheckReader, CheckRun, CheckStore, Finding
from appliance.store.faults import FaultStore
from appliance.store.repairs import Repaired, RepairStore
from appliance.store.wishes import WishStore
from packager.journal import BuildJournal, PackedItem
from packager.made import Facts

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
BATCH = 5
MOST_ACCOUNTS = 300

Say = Callable[..., None]
"""Called with what will be there (`plus`) and what will not (`minus`) before a change; with nothing after it."""


@dataclass(frozen=True)
class Store:
    """A database of the product.

    Attributes:
        name: of its file. write: fills it for ever from a number on. contents: what it holds, by the product's eyes.
        settings: what SQLite says of journal mode and synchronous in the product's own connection.
    """

    name: str
    write: Callable[[Path, Say, int], None]
    contents: Callable[[Path], set[str]]
    settings: Callable[[Path], tuple[str, int]]


def _settings(connection: sqlite3.Connection) -> tuple[str, int]:
    (mode,), (synchronous,) = (connection.execute(f"PRAGMA {p}").fetchone() for p in ("journal_mode", "synchronous"))
    return mode, synchronous


# Accounts: a name and the number of its session, which every change raises


@contextmanager
def _accounts(path: Path) -> Iterator[Accounts]:
    with closing(Accounts(path, FixedClock(), hasher=CHEAP)) as accounts:
        yield accounts


def _write_accounts(path: Path, say: Say, start: int) -> None:
    with _accounts(path) as accounts:
        known = {account.name: account.session for account in accounts.all()}
        if DIRECTOR not in known:
            say(plus=f"{DIRECTOR} 0")
            accounts.first_start()
            say()
        for n in count(start):
            name = f"馆员{n % MOST_ACCOUNTS}"
            if name not in known:
                say(plus=f"{name} 0")
                accounts.create(name, "librarian")
                known[name] = 0
            else:
                say(plus=f"{name} {known[name] + 1}", minus=f"{name} {known[name]}")
                if n % 2:
                    accounts.end_sessions(name, known[name])
                else:
                    accounts.set_role(name, "volunteer" if n % 4 else "librarian")
                known[name] += 1
            say()


def _read_accounts(path: Path) -> set[str]:
    with _accounts(path) as accounts:
        return {f"{account.name} {account.session}" for account in accounts.all()}


# Faults: found, and some of them repaired


def _write_faults(path: Path, say: Say, start: int) -> None:
    with closing(FaultStore(path, FixedClock())) as faults:
        for n in count(start):
            say(plus=f"{n:064x}")
            faults.record(f"{n:064x}", n, item_id=f"item-{n}", drive="one")
            say()
            if n % 3 == 0:
                say(minus=f"{n:064x}")
                faults.clear(f"{n:064x}", n)
                say()


def _read_faults(path: Path) -> set[str]:
    with closing(FaultStore(path, FixedClock())) as faults:
        return {fault.sha256 for fault in faults.standing(100_000)}


# Checks: how far a check is, and what it found on the way there, both or neither


def _write_checks(path: Path, say: Say, start: int) -> None:
    with closing(CheckStore(path)) as checks:
        for n in count(start + 1):
            say(plus=f"{n}")
            run = CheckRun("ab" * 32, "one", "国家版", "national/1", path=f"data/{n}", done=n, total=1 << 40)
            checks.save(run, [Finding(f"{n:064x}", k, "one", f"item-{n}") for k in range(BATCH)])
            say()


def _read_checks(path: Path) -> set[str]:
    with closing(CheckStore(path)) as checks, closing(CheckReader(path)) as reader:
        found = reader.findings(0, 1_000_000)
        runs = checks.runs()
        assert len(found) % BATCH == 0, "half a step"
        assert (runs[0].done if runs else 0) == max((int(f.sha256, 16) for _, f in found), default=0)
        return {str(int(f.sha256, 16)) for _, f in found}


# Repairs: noted, and some of them dropped with their release


def _write_repairs(path: Path, say: Say, start: int) -> None:
    with closing(RepairStore(path)) as repairs:
        for n in count(start):
            say(plus=f"{n:064x}")
            repairs.add([Repaired(f"{n:064x}", n, "cd" * 32, 9, f"item-{n}", "drive", "少儿版", "2026-11-22")])
            say()
            if n % 3 == 0:
                say(minus=f"{n:064x}")
                repairs.drop([(f"{n:064x}", n)])
                say()


def _read_repairs(path: Path) -> set[str]:
    with closing(RepairStore(path)) as repairs:
        return {row.sha256 for row in repairs.all()}


# Wishes: counted together with the month, and some of them forgotten


def _write_wishes(path: Path, say: Say, start: int) -> None:
    with closing(WishStore(path)) as wishes:
        counts = {one.key: one.count for one in wishes.listed(limit=1000)}
        for n in count(start):
            key, day = f"w{n % 50}", date(2026, 1, 1) + timedelta(days=n % 5000)
            had = counts.get(key, 0)
            say(plus=f"{key} {had + 1}", minus=f"{key} {had}" if had else "")
            wishes.add("words", key, key, who=f"{n}", day=day, at="", note=f"{n}")
            counts[key] = had + 1
            say()
            if n % 7 == 0:
                number = next(one.number for one in wishes.listed(limit=1000) if one.key == key)
                say(minus=f"{key} {counts.pop(key)}")
                wishes.remove(number)
                say()


def _read_wishes(path: Path) -> set[str]:
    with closing(WishStore(path)) as wishes:
        found = wishes.listed(limit=1000)
        sums = "SELECT wish, sum(count) FROM monthly GROUP BY wish"
        assert dict(wishes._connection.execute(sums)) == {one.number: one.count for one in found}, "half a wish"
        return {f"{one.key} {one.count}" for one in found}


# The build journal: batches of items, whole or not at all


def _write_journal(path: Path, say: Say, start: int) -> None:
    with mock.patch("os.sync"), BuildJournal(path) as journal:  # a kill takes no payload, and others use this disk too
        for n in count(start):
            say(plus=f"batch {n}")
            for k in range(BATCH):
                name = f"{n}-{k}"
                journal.add_item(
                    PackedItem(
                        name, f"batch {n}", name, 1, 1, "", f"data/{name}", 1, "0" * 64, b"", Facts("text/plain")
                    )
                )
            journal.commit()
            say()


def _read_journal(path: Path) -> set[str]:
    with BuildJournal(path) as journal:
        batches: dict[str, int] = {}
        for _, _, place, _ in journal.items():
            batch = place.removeprefix("data/").split("-")[0]
            batches[batch] = batches.get(batch, 0) + 1
        assert set(batches.values()) <= {BATCH}, "half a batch"
        assert all(len(journal.known(f"batch {batch}")) == BATCH for batch in list(batches)[-3:])
        return {f"batch {batch}" for batch in batches}


def _with_accounts(path: Path) -> tuple[str, int]:
    with _accounts(path) as accounts:
        return _settings(accounts._connection)


def _with_faults(path: Path) -> tuple[str, int]:
    with closing(FaultStore(path, FixedClock())) as faults:
        return _settings(faults._connection)


def _with_checks(path: Path) -> tuple[str, int]:
    with closing(CheckStore(path)) as checks:
        return _settings(checks._connection)


def _with_repairs(path: Path) -> tuple[str, int]:
    with closing(RepairStore(path)) as repairs:
        return _settings(repairs._connection)


def _with_wishes(path: Path) -> tuple[str, int]:
    with closing(WishStore(path)) as wishes:
        return _settings(wishes._connection)


def _with_journal(path: Path) -> tuple[str, int]:
    with BuildJournal(path) as journal:
        return _settings(journal._db)


STORES = (
    Store("accounts.db", _write_accounts, _read_accounts, _with_accounts),
    Store("faults.db", _write_faults, _read_faults, _with_faults),
    Store("checks.db", _write_checks, _read_checks, _with_checks),
    Store("repairs.db", _write_repairs, _read_repairs, _with_repairs),
    Store("wishes.db", _write_wishes, _read_wishes, _with_wishes),
    Store("build.db", _write_journal, _read_journal, _with_journal),
)


@dataclass
class Killed:
    """What a store must hold after kills.

    Attributes:
        done: what was acknowledged. kills: so far. changes: acknowledged in all. torn: copies with a torn end that
            were looked at. begun: kills that came in the middle of a change.
    """

    store: Store
    folder: Path
    done: set[str] = field(default_factory=set)
    kills: int = 0
    changes: int = 0
    torn: int = 0
    begun: int = 0

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / self.store.name

    def kill_once(self, chance: random.Random) -> None:
        """Start a writer, kill it at a moment by chance, look at what is left."""
        fork = multiprocessing.get_context("fork")
        receiver, sender = fork.Pipe(duplex=False)
        process = fork.Process(target=_write, args=(self.store, self.path, self.kills * 100_000, sender))
        process.start()
        sender.close()
        with receiver:
            wanted = chance.choice((0, *range(1, 30)))  # messages; none: it may be killed while it opens the database
            told = list(islice(_received(receiver), wanted))
            time.sleep(chance.uniform(0, 0.01))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL, "the writer ended by itself"
            told += _received(receiver)
        self.kills += 1
        self._check(told, chance)

    def _check(self, told: list[tuple[str, str, tuple[int, bytes]]], chance: random.Random) -> None:
        begun: tuple[str, str] | None = None
        wal = (0, b"")
        for plus, minus, end in told:
            if plus or minus:
                begun = plus, minus
            elif begun is not None:
                self.done, begun, wal = _changed(self.done, begun), None, end
                self.changes += 1
        self.begun += begun is not None
        allowed = [self.done, _changed(self.done, begun)] if begun else [self.done]
        self._check_torn(allowed, wal, chance)
        found = self.store.contents(self.path)
        assert found in allowed, f"after {self.kills} kills: {self.done ^ found}"
        assert _integrity(self.path) == "ok"
        self.done = found

    def _check_torn(self, allowed: list[set[str]], wal: tuple[int, bytes], chance: random.Random) -> None:
        """What a power cut could have left instead: the end of the log that no commit vouched for, cut or zeroed."""
        log = self.path.with_name(f"{self.path.name}-wal")
        size, salt = wal
        if not log.exists() or not size or _salt(log) != salt or log.stat().st_size <= size:
            return
        self.torn += 1
        copy = self.folder / "torn"
        copy.mkdir()
        shutil.copyfile(self.path, copy / self.path.name)
        content = log.read_bytes()
        cut = chance.randrange(size, len(content))
        zeros = bytes(len(content) - cut) if chance.random() < 0.5 else b""
        (copy / log.name).write_bytes(content[:cut] + zeros)
        assert self.store.contents(copy / self.path.name) in allowed, "a torn log"
        assert _integrity(copy / self.path.name) == "ok"
        shutil.rmtree(copy)


def _changed(facts: set[str], change: tuple[str, str]) -> set[str]:
    plus, minus = change
    return (facts | {plus}) - {minus} - {""}


def _write(store: Store, path: Path, start: int, sender: Connection) -> None:
    """In the writer's process."""
    log = path.with_name(f"{path.name}-wal")

    def say(plus: str = "", minus: str = "") -> None:
        end = (log.stat().st_size, _salt(log)) if not plus and not minus and log.exists() else (0, b"")
        sender.send((plus, minus, end))

    store.write(path, say, start)


def _received(receiver: Connection) -> Iterator[tuple[str, str, tuple[int, bytes]]]:
    while True:
        try:
            yield receiver.recv()
        except (EOFError, OSError):
            return


def _salt(log: Path) -> bytes:
    with log.open("rb") as file:
        return os.pread(file.fileno(), 8, 16)


def _integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
