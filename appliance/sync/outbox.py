"""Reports that were made, until and after they are received; finished files that may also be carried.

    outbox/<library>-2026-11-2.report      kept until a later one of its month is received
    outbox/<library>-2026-11-2.receipt     it was received

A report is there whole or not at all. The next number of a month is above every one that is here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.reports import MAX_RECEIPT, MAX_REPORT, Receipt, Report, read_receipt, read_report

_log = logging.getLogger(__name__)

KEPT_MONTHS = 24


class Outbox:
    """The folder. One thread writes."""

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
        for old in self.reports():
            if old.head.month == report.head.month and old.head.number < report.head.number:
                self._remove(old)

    def _remove(self, report: Report) -> None:
        self._files.remove(self._path(report))
        self._files.remove(self._path(report, ".receipt"))

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
