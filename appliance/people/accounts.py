"""Staff accounts: names, roles, passwords (Argon2id), rest after failures.

SQLite (WAL, synchronous=FULL), one writer: the serving process, or `appliance account init` while it does not run.
Failures are counted in the database, so switching the box off and on gives nobody more tries.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import argon2

from appliance.clock import Clock
from appliance.errors import (
    AccountExistsError,
    LastDirectorError,
    LockedError,
    NoAccountError,
    NotMatchedError,
    PasswordError,
)
from appliance.people.passwords import (
    MAX_NAME,
    MAX_PASSWORD,
    check_password,
    clean_name,
    new_password,
    normal_password,
    spellings,
)
from appliance.people.strangers import Strangers
from appliance.store.databases import open_database, transaction

ROLES = ("director", "librarian", "volunteer")
"""馆长, 馆员, 志愿者; each may do what those after it may."""

DIRECTOR = "馆长"
"""Name of the first account."""

MAX_ACCOUNTS = 1000
WAITING = "SELECT NOT EXISTS (SELECT 1 FROM account WHERE role = 'director' AND stopped = 0 AND must_change = 0)"
_MIGRATIONS = (
    """CREATE TABLE account (
        name TEXT NOT NULL PRIMARY KEY,
        role TEXT NOT NULL CHECK (role IN ('director', 'librarian', 'volunteer')),
        password TEXT NOT NULL,
        must_change INTEGER NOT NULL,
        stopped INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        rests_until TEXT NOT NULL,
        session INTEGER NOT NULL,
        created TEXT NOT NULL
    ) STRICT;""",
)


@dataclass(frozen=True, slots=True)
class Account:
    """One colleague.

    Attributes:
        name: shown after sign-in only. role: one of `ROLES`.
        must_change: whether the password was given out and has to be replaced at the next sign-in.
        stopped: whether it may not sign in. locked: whether it rests after failures.
        session: grows when signed-in sessions must end; keep it in the session and compare.
    """

    name: str
    role: str
    must_change: bool = False
    stopped: bool = False
    locked: bool = False
    session: int = 0

    def may(self, role: str) -> bool:
        """Whether it may do what `role` may."""
        return ROLES.index(self.role) <= ROLES.index(role)


class Accounts:
    """All staff accounts. Thread-safe; hashing a password takes about 50 ms and 64 MiB, one at a time."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        tries: int = 5,
        rest_minutes: int = 15,
        hasher: argon2.PasswordHasher | None = None,
    ) -> None:
        """Open or make the database.

        Args:
            path: `Settings.accounts_file`.
            clock: for the rest after failures.
            tries: failures in a row before an account rests.
            rest_minutes: for how long.
            hasher: with other costs, for tests.

        Raises:
            StoreError: the database cannot be opened.
        """
        self._clock, self._tries, self._rest = clock, tries, timedelta(minutes=rest_minutes)
        self._hasher = hasher or argon2.PasswordHasher()
        self._lock, self._hashing = threading.Lock(), threading.Lock()
        self._unknown = Strangers(tries, self._rest, clock.now)
        self._connection = open_database(path, _MIGRATIONS)
        self._decoy = self._hasher.hash(secrets.token_hex(8))

    def first_start(self) -> str | None:
        """Make the director's account when there is none at all.

        Returns:
            Its password, random and to be replaced at the first sign-in; None when there are accounts already.
        """
        password = new_password()
        return password if self.first_start_with(DIRECTOR, self._hash(password)) else None

    def first_start_with(self, name: str, hashed: str) -> bool:
        """The same with a name and a hash (Argon2id) that were given; whether the account was made."""
        name = clean_name(name) or DIRECTOR
        with self._lock, transaction(self._connection) as connection:
            if connection.execute("SELECT count(*) FROM account").fetchone()[0]:
                return False
            self._insert(connection, name, "director", hashed)
        return True

    def recover(self, name: str, password: str) -> None:
        """Give a director the password that whoever holds the recovery stick chose; made when there is no such account.

        The account is a director's afterwards, is not stopped and does not rest; all its sessions end.

        Raises:
            PasswordError: the password is too short or too common.
        """
        check_password(password, name=name)
        name, hashed = clean_name(name) or DIRECTOR, self._hash(password)
        change = (
            "UPDATE account SET password = ?, role = 'director', must_change = 0, stopped = 0, failures = 0,"
            " rests_until = '', session = session + 1 WHERE name = ?"
        )
        with self._lock, transaction(self._connection) as connection:
            if not connection.execute("SELECT 1 FROM account WHERE name = ?", (name,)).fetchone():
                self._insert(connection, name, "director", hashed)
            connection.execute(change, (hashed, name))

    def director_waits(self) -> bool:
        """Whether no director has chosen a password yet."""
        with self._lock:
            return bool(self._connection.execute(WAITING).fetchone()[0])

    def sign_in(self, name: str, password: str) -> Account:
        """The account that name and password belong to.

        An unknown name, a stopped account and a wrong password look and take the same.

        Raises:
            NotMatchedError: they do not belong together; it tells the tries left.
            LockedError: too many failures in a row; it tells the minutes to wait.
        """
        name, row = clean_name(name), self._row(clean_name(name))
        self._check_rest(str(row["rests_until"]) if row else self._stranger_until(name))
        right = self._verify(row["password"] if row else self._decoy, password)
        if row is None:
            with self._lock:
                raise self._answer(self._unknown.failed(name, MAX_ACCOUNTS))
        return self._tried(row, right=right)

    def get(self, name: str) -> Account | None:
        """The account of that name while it may be used; ask at every request of a signed-in session."""
        row = self._row(clean_name(name))
        return None if row is None or row["stopped"] else self._account(row)

    def all(self) -> list[Account]:
        """Everyone, by role, then by name."""
        with self._lock:
            rows = self._connection.execute("SELECT * FROM account").fetchall()
        accounts = [self._account(_named(row)) for row in rows]
        return sorted(accounts, key=lambda a: (ROLES.index(a.role), a.name))

    def create(self, name: str, role: str) -> str:
        """Make an account; its first password, to be replaced at the first sign-in.

        Raises:
            AccountExistsError: the name is taken, or there are `MAX_ACCOUNTS` already.
            ValueError: the name is empty or too long, or the role is none of `ROLES`.
        """
        name = clean_name(name)
        if not 0 < len(name) <= MAX_NAME or not name.isprintable() or role not in ROLES:
            raise ValueError("a name of 1-32 printable characters and a role are needed")
        password = new_password()
        hashed = self._hash(password)
        with self._lock, transaction(self._connection) as connection:
            if connection.execute("SELECT count(*) FROM account").fetchone()[0] >= MAX_ACCOUNTS:
                raise AccountExistsError("there are too many accounts")
            try:
                self._insert(connection, name, role, hashed)
            except sqlite3.IntegrityError as error:
                raise AccountExistsError("the name is taken") from error
        return password

    def set_password(self, name: str, password: str, *, session: int | None = None) -> Account:
        """Take the password that someone chose; all their other sessions end.

        Args:
            name: of the account.
            password: that was chosen.
            session: `Account.session` of who chose it; None: whoever calls may in any case.

        Raises:
            PasswordError: it is too short or too common, or the one that the account has: what was given out on
                paper must not stay in use.
            NoAccountError: there is no such account, or its sessions ended while this one chose.
        """
        check_password(password, name=name)
        row = self._row(clean_name(name))
        if row is not None and any(self._verify(row["password"], text) for text in spellings(password)):
            raise PasswordError("account.password.same")
        self._set_password(clean_name(name), password, must_change=False, session=session)
        account = self.get(name)
        if account is None:
            raise NoAccountError("the account is stopped")
        return account

    def end_sessions(self, name: str, session: int) -> None:
        """End every session that carries this number, copies of its cookie included; newer ones go on.

        Durable on return. Nothing happens when they have ended already.

        Args:
            name: of the account.
            session: `Account.session` when the session began.
        """
        with self._lock, transaction(self._connection) as connection:
            connection.execute(
                "UPDATE account SET session = session + 1 WHERE name = ? AND session = ?", (clean_name(name), session)
            )

    def reset_password(self, name: str) -> str:
        """Give out a new random password, to be replaced at the next sign-in; a rest after failures ends.

        Raises:
            NoAccountError: there is no such account.
        """
        password = new_password()
        self._set_password(clean_name(name), password, must_change=True)
        return password

    def unlock(self, name: str) -> None:
        """End the rest after failures.

        Raises:
            NoAccountError: there is no such account.
        """
        self._change(name, "failures = 0, rests_until = ''")

    def stop(self, name: str) -> None:
        """End the account's use; what was done under it stays on record.

        Raises:
            LastDirectorError: nobody else is director.
            NoAccountError: there is no such account.
        """
        self._change(name, "stopped = 1, session = session + 1", keeps_director=False)

    def resume(self, name: str) -> None:
        """Let a stopped account be used again.

        Raises:
            NoAccountError: there is no such account.
        """
        self._change(name, "stopped = 0, failures = 0, rests_until = ''")

    def set_role(self, name: str, role: str) -> None:
        """Give another role.

        Raises:
            LastDirectorError: nobody else is director.
            NoAccountError: there is no such account.
            ValueError: the role is none of `ROLES`.
        """
        if role not in ROLES:
            raise ValueError(f"{role!r} is not a role")
        self._change(name, "role = ?, session = session + 1", role, keeps_director=role == "director")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def _change(
        self, name: str, change: str, *values: str | int, keeps_director: bool = True, session: int | None = None
    ) -> None:
        name = clean_name(name)
        with self._lock, transaction(self._connection) as connection:
            if (
                not keeps_director
                and not connection.execute(
                    "SELECT count(*) FROM account WHERE role = 'director' AND stopped = 0 AND name <> ?", (name,)
                ).fetchone()[0]
            ):
                raise LastDirectorError("nobody else is director")
            where = "name = ? AND session = coalesce(?, session)"
            done = connection.execute(f"UPDATE account SET {change} WHERE {where}", (*values, name, session))  # noqa: S608
            if done.rowcount != 1:
                raise NoAccountError("there is no such account")

    def _set_password(self, name: str, password: str, *, must_change: bool, session: int | None = None) -> None:
        change = "password = ?, must_change = ?, failures = 0, rests_until = '', session = session + 1"
        self._change(name, change, self._hash(password), int(must_change), session=session)

    def _insert(self, connection: sqlite3.Connection, name: str, role: str, hashed: str) -> None:
        now = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        connection.execute("INSERT INTO account VALUES (?, ?, ?, 1, 0, 0, '', 0, ?)", (name, role, hashed, now))

    def _row(self, name: str) -> dict[str, str | int] | None:
        with self._lock:
            row = self._connection.execute("SELECT * FROM account WHERE name = ?", (name,)).fetchone()
        return _named(row) if row else None

    def _account(self, row: dict[str, str | int]) -> Account:
        return Account(
            name=str(row["name"]),
            role=str(row["role"]),
            must_change=bool(row["must_change"]),
            stopped=bool(row["stopped"]),
            locked=self._left(str(row["rests_until"]), self._clock.now()) > timedelta(),
            session=int(row["session"]),
        )

    def _stranger_until(self, name: str) -> str:
        with self._lock:
            return self._unknown.until(name)

    def _check_rest(self, until: str) -> None:
        left = self._left(until, self._clock.now())
        if left > timedelta():
            raise LockedError(-(-int(left.total_seconds()) // 60))

    def _left(self, until: str, now: datetime) -> timedelta:
        """How long a rest still lasts; one longer than rests are began under another clock and is over."""
        if not until:
            return timedelta()
        left = datetime.fromisoformat(until) - now
        return left if left <= self._rest else timedelta()

    def _tried(self, row: dict[str, str | int], *, right: bool) -> Account:
        """Count a try. Others went on while the password was compared: what stands now counts, not what was read."""
        name = str(row["name"])
        with self._lock, transaction(self._connection) as connection:
            found = _named(connection.execute("SELECT * FROM account WHERE name = ?", (name,)).fetchone())
            self._check_rest(str(found["rests_until"]))
            right = right and not found["stopped"] and found["password"] == row["password"]
            left = self._tries - int(found["failures"]) - 1
            rests = not right and left <= 0
            found["failures"] = 0 if right or rests else int(found["failures"]) + 1
            found["rests_until"] = (self._clock.now() + self._rest).isoformat() if rests else ""
            values = (found["failures"], found["rests_until"], name)
            connection.execute("UPDATE account SET failures = ?, rests_until = ? WHERE name = ?", values)
        if not right:
            raise self._answer(left)
        return self._account(found)

    def _answer(self, left: int) -> NotMatchedError | LockedError:
        return NotMatchedError(left) if left > 0 else LockedError(-(-int(self._rest.total_seconds()) // 60))

    def _hash(self, password: str) -> str:
        with self._hashing:
            return self._hasher.hash(normal_password(password))

    def _verify(self, hashed: str | int, password: str) -> bool:
        if len(password) > MAX_PASSWORD:
            return False
        with self._hashing:
            try:
                return self._hasher.verify(str(hashed), normal_password(password))
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False


def _named(row: tuple[str | int, ...]) -> dict[str, str | int]:
    return dict(zip(_COLUMNS, row, strict=True))


_COLUMNS = ("name", "role", "password", "must_change", "stopped", "failures", "rests_until", "session", "created")
