"""Reports that were made, until and after they are received; finished files that may also be carried.

    outbox/<library>-2026-11-2.report      kept until a later one of its month is received
    outbox/<library>-2026-11-2.receipt     it was received
    outbox/<library>-2026-11-2.refused     why it was not taken, when it was sent last

A report is there whole or not at all. The next number of a month is above every one that is here. The worker writes,
the serving process reads.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packager.format.errors import FormatError
from packager.format.files import Files, RealFiles
from packager.format.reports import MAX_RECEIPT, MAX_REPORT, Receipt, Report, read_receipt, read_report

_log = logging.getLogger(__name__)

KEPT_MONTHS = 24
MAX_CODE = 40
"""Characters of a reason."""


class Outbox:
    """The folder. One process writes, in any thread: every step is whole, and doing one twice does no harm."""

    def __init__(self, folder: Path, files: Files) -> None:
        """Name the folder (`Settings.outbox_folder`); it need not be there."""
        self._folder, self._files = folder, files

    def reports(self) -> list[Report]:
        """All of them, by month and number; a damaged one is passed over."""
        return sorted(self._read(), key=lambda report: (report.head.month, report.head.number))

    def latest(self, month: str) -> Report | None:
        """The last one of a month."""
        found = [report for report in self.reports() if report.head.month == month]
        return found[-1] if found else None

    def receipt(self, report: Report) -> Receipt | None:
        """The receipt of a report, None when there is none."""
        try:
            found = read_receipt(_bounded(self._path(report, ".receipt"), MAX_RECEIPT))
        except (OSError, FormatError):
            return None
        return found if found.is_for(report) else None

    def waiting(self) -> list[Report]:
        """What is to be sent: of each month the last one, when it has no receipt."""
        last = {report.head.month: report for report in self.reports()}
        return [report for report in last.values() if self.receipt(report) is None]

    def add(self, report: Report) -> None:
        """Keep a report; durable on return.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        self._files.make_dir(self._folder)
        self._files.write_atomic(self._path(report), report.content)
        months = sorted({known.head.month for known in self.reports()})
        for old in self.reports():
            if old.head.month not in months[-KEPT_MONTHS:]:
                self._remove(old)

    def received(self, report: Report, receipt: Receipt) -> None:
        """Keep a receipt; earlier reports of that month go. Durable on return.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        self._files.write_atomic(self._path(report, ".receipt"), receipt.content)
        self._files.remove(self._path(report, ".refused"))
        for old in self.reports():
            if old.head.month == report.head.month and old.head.number < report.head.number:
                self._remove(old)

    def refused(self, report: Report, code: str) -> None:
        """Note why a receiver did not take a report. Durable on return.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        self._files.write_atomic(self._path(report, ".refused"), code.encode())

    def reason(self, report: Report) -> str:
        """Why a report was not taken when it was sent last; empty when that is not known."""
        try:
            text = _bounded(self._path(report, ".refused"), MAX_CODE).decode("ascii")
        except (OSError, UnicodeDecodeError):
            return ""
        return text if len(text) <= MAX_CODE else ""

    def _remove(self, report: Report) -> None:
        for ending in (".report", ".receipt", ".refused"):
            self._files.remove(self._path(report, ending))

    def _path(self, report: Report, ending: str = ".report") -> Path:
        return self._folder / f"{report.file_name.removesuffix('.report')}{ending}"

    def _read(self) -> Iterator[Report]:
        for path in sorted(self._folder.glob("*.report")) if self._folder.is_dir() else ():
            try:
                yield read_report(_bounded(path, MAX_REPORT))
            except (OSError, FormatError) as error:
                _log.warning("%s is passed over: %s", path.name, error)


def _bounded(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report as staff see it.

    Attributes:
        library, month, number, made: of its head. received: moment of its receipt, UTC, empty while there is none.
        reason: why it was not taken, when it was sent last. told: how many facts of a kind it tells.
    """

    library: str
    month: str
    number: int
    made: str
    received: str = ""
    reason: str = ""
    told: Mapping[str, int] = field(default_factory=dict)


class OutboxReader:
    """Reads the folder when it has changed. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it need not be there."""
        self._folder, self._outbox = folder, Outbox(folder, RealFiles())
        self._kept: tuple[int, tuple[ReportRow, ...]] = (-1, ())

    def rows(self) -> tuple[ReportRow, ...]:
        """Of every month the last report, the newest month first."""
        try:
            seen = self._folder.stat().st_mtime_ns
        except OSError:
            return ()
        if self._kept[0] != seen:
            last = {report.head.month: report for report in self._outbox.reports()}
            self._kept = seen, tuple(self._row(last[month]) for month in sorted(last, reverse=True))
        return self._kept[1]

    def _row(self, report: Report) -> ReportRow:
        head, receipt = report.head, self._outbox.receipt(report)
        told = Counter(str(fact["of"]) for fact in report.facts)
        reason = "" if receipt else self._outbox.reason(report)
        return ReportRow(
            head.library, head.month, head.number, head.made, receipt.at if receipt else "", reason, dict(told)
        )
