"""Where reports are kept: a file a library and month, `<store>/2026-11/<library>.return`, receipt before report.

Receipt and report get their place in one step, so a report that was answered is kept and one that is kept is answered
the same way again: however often it comes, and by which way, it counts once.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from packager.format.errors import FormatError, OlderReportError, ReportTimeError
from packager.format.reports import (
    MAX_RECEIPT,
    MAX_REPORT,
    MONTH,
    Receipt,
    Report,
    make_receipt,
    read_receipt,
    read_report,
)

if TYPE_CHECKING:
    from packager.format.files import Files
    from packager.returns.enrolled import Enrolled
    from packager.returns.registered import Registered
    from provisioning.keys import Key

MONTHS = 36
"""Months back for which reports are taken."""
AHEAD = timedelta(days=2)
"""So far may a box's clock be ahead."""
ENDING = ".return"


@dataclass(frozen=True, slots=True)
class Kept:
    """A report that is kept, with its receipt. again: whether it was there before."""

    report: Report
    receipt: Receipt
    again: bool = False


class ReturnStore:
    """The store. Several threads, one process (`alone`)."""

    def __init__(
        self, folder: Path, enrolled: Enrolled | Registered, key: Key, files: Files, now: Callable[[], datetime]
    ) -> None:
        """Name the parts.

        Args:
            folder: made when it is missing.
            enrolled: who may report.
            key: signs receipts.
            files: the writer.
            now: wall time, UTC.
        """
        self._folder, self._enrolled, self._key, self._files, self._now = folder, enrolled, key, files, now
        self._lock = threading.Lock()
        files.make_dir(folder)

    def take(self, content: bytes) -> Kept:
        """Keep a report, if it is one; durable on return.

        Raises:
            TooLargeError, FormatError: it is no report.
            UnknownDeviceError, ReportSignatureError: it is not by an enrolled device.
            ReportTimeError: its month or its moment cannot be.
            OlderReportError: a newer one of this library and month is known, or another of the same number.
            OSError: the disk is full or does not answer; nothing was kept.
        """
        report = read_report(content)
        report.prove(self._enrolled.key_of(report))
        self._check_time(report)
        path = self._folder / report.head.month / f"{report.head.library}{ENDING}"
        with self._lock:
            known = _known(path)
            if known is not None:
                if known.report.content == content:
                    return Kept(known.report, known.receipt, again=True)
                if known.report.head.number >= report.head.number:
                    raise OlderReportError("is older than one that is known", path=report.file_name)
            receipt = make_receipt(report, self._now(), self._key)
            self._files.make_dir(path.parent)
            self._files.write_atomic(path, (receipt.content, report.content))
        return Kept(report, receipt)

    def _check_time(self, report: Report) -> None:
        now = self._now().astimezone(UTC)
        made = report.head.moment()
        month = datetime.fromisoformat(f"{report.head.month}-01T00:00:00+00:00")
        latest = made + timedelta(days=1)  # libraries are ahead of UTC
        if made > now + AHEAD or month > latest or (now.year - month.year) * 12 + now.month - month.month > MONTHS:
            raise ReportTimeError("is of a time that cannot be", path=report.file_name, found=report.head.made)


def kept_in(folder: Path) -> Iterator[Kept]:
    """Every report that a store keeps, by month and library; damaged files are passed over."""
    for month in sorted(path.name for path in folder.iterdir() if MONTH.match(path.name)):
        for path in sorted((folder / month).glob(f"*{ENDING}")):
            if (found := _known(path)) is not None:
                yield found


def _known(path: Path) -> Kept | None:
    """What is kept of a library and month; a damaged file counts for nothing, and the next report replaces it."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RECEIPT + MAX_REPORT + 1)
    except FileNotFoundError:
        return None
    end = content.find(b"\n") + 1
    try:
        return Kept(read_report(content[end:]), read_receipt(content[:end]))
    except FormatError:
        return None


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Hold a store for one process; False when another has it."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
