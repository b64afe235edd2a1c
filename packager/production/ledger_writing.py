"""The bench and the ledger: numbers that are taken are refused before anything is written; good drives are entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packager.production.errors import LedgerError
from packager.production.ledger import Ledger, Line
from packager.production.serials import spaced
from packager.production.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from packager.production.bench import Job

_FREE = frozenset({State.RETURNED, State.CHECKED})


def check_numbers(path: Path, jobs: Sequence[Job]) -> None:
    """No number of these drives belongs to another disk, or to one that is on its way.

    A drive that stands there as checked is one that this command has finished before.

    Raises:
        LedgerError: one does; `problems` names them.
    """
    problems = []
    with Ledger(path) as ledger:
        for job in jobs:
            now = ledger.current(job.serial)
            if now is None or now.state is State.RETURNED:
                continue
            if now.state not in _FREE or now.hardware != job.target.identity:
                problems.append(f"{job.n} 号　{spaced(job.serial)}　台账里已有，现在是“{now.state.word}”")
    if problems:
        raise LedgerError("numbers are taken", tuple(problems))


def enter_written(path: Path, jobs: Sequence[Job], edition: str, at: str, person: str) -> int:
    """Enter drives as written and checked; those that stand there as checked already are passed over.

    Returns:
        How many drives were entered.

    Raises:
        LedgerError: the ledger does not take one.
    """
    with Ledger(path) as ledger:
        new = [job for job in jobs if not _is_checked(ledger.current(job.serial))]
        lines = []
        for job in new:
            facts = {"edition": edition, "hardware": job.target.identity}
            lines += [Line(job.serial, State.WRITTEN, at, person, **facts), Line(job.serial, State.CHECKED, at, person)]
        ledger.enter(lines)
    return len(new)


def _is_checked(line: Line | None) -> bool:
    return line is not None and line.state is State.CHECKED
