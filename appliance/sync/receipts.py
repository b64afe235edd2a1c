"""Receipts that come back on a stick: the one that carried the reports away, or any other.

A stick is anything until it is proved. Nothing on it is listed: files are asked for by the names of reports that wait
here, no link is followed, and a receipt counts only for the very bytes of a report, signed by the receiver's key.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.store.holdings import Message
from packager.format.errors import FormatError
from packager.format.layout import open_nofollow
from packager.format.reports import MAX_RECEIPT, read_receipt
from provisioning.keys import PublicKey

if TYPE_CHECKING:
    from appliance.settings import Settings
    from appliance.store.outbox import Outbox
    from packager.format.reports import Receipt, Report

_log = logging.getLogger(__name__)

FOLDER = "reports"
"""Where a box puts its reports on a stick; their receipts come beside them."""


class Receipts:
    """Takes them. Used in the thread of the place where a stick is, which may wait for its disk."""

    def __init__(self, settings: Settings, outbox: Outbox) -> None:
        """Name the receiver's key, in the settings, and where reports wait."""
        self._settings, self._outbox = settings, outbox

    def take(self, root: Path) -> Message | None:
        """Take what a stick or drive has of receipts; what staff read of it, None when it is not about reports.

        Args:
            root: folder of the stick.

        """
        waiting = self._outbox.waiting()
        for report in waiting:
            for content in self._found(root, report, ".receipt"):
                if (receipt := self._proved(content, report)) is not None:
                    self._keep(report, receipt)
                    break
        known = self._outbox.reports()
        carried = [report for report in known[-3:] if any(self._found(root, report, ".report"))]
        told = [r for r in (*waiting, *carried) if self._outbox.receipt(r) is not None]
        if told:
            return Message("report.received", {"month": max(report.head.month for report in told)})
        return Message("report.stick.none") if carried else None

    def _keep(self, report: Report, receipt: Receipt) -> None:
        try:
            self._outbox.received(report, receipt)
            _log.info("the receipt of %s came on a stick", report.file_name)
        except OSError as error:  # it counts against no drive; the next stick or line brings it again
            _log.warning("a receipt cannot be kept: %s", error)

    def _proved(self, content: bytes, report: Report) -> Receipt | None:
        try:
            receipt = read_receipt(content)
            if not receipt.is_for(report):
                return None
            if self._settings.report_key:
                receipt.prove(PublicKey(bytes.fromhex(self._settings.report_key)))
        except (FormatError, ValueError) as error:
            _log.warning("a receipt on a stick is passed over: %s", error)
            return None
        return receipt

    def _found(self, root: Path, report: Report, ending: str) -> Iterator[bytes]:
        """The first bytes of a file with the name of a report, wherever it is there."""
        name = report.file_name.removesuffix(".report") + ending
        for place in (f"{FOLDER}/{name}", name):
            try:
                folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    with os.fdopen(open_nofollow(folder, place), "rb") as file:
                        yield file.read(MAX_RECEIPT + 1)
                finally:
                    os.close(folder)
            except (OSError, FormatError):
                continue
