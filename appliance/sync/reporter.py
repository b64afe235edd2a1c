"""Making the library's reports and sending them; a thread of the worker's own, for reports wait for no update.

A report of the month is made as soon as there is none, again when a week has passed and something is different, and a
last time when the month is over. It lies in the outbox until its receipt is there, however long that takes.
"""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.box.writable import FILES, folder_on, lent
from appliance.clock import plausible_now
from appliance.errors import ApplianceError
from appliance.serving.pools import DrivePools, PoolLimits, Urgency
from appliance.store.commands import STICKS
from appliance.store.holdings import Message, read_holdings
from appliance.store.identity import device_key, library_id
from appliance.store.outbox import Outbox
from appliance.sync.carrying import carry
from appliance.sync.facts import Wishes, facts_of
from appliance.sync.receipts import FOLDER
from appliance.sync.schedule import month_of, wait_after
from indexer import __version__
from packager.format.errors import FormatError, ReportSignatureError
from packager.format.files import RealFiles
from packager.format.origin import OriginError, rest_of, send
from packager.format.release import canonical_json
from packager.format.reports import MAX_RECEIPT, Head, Report, make_report, moment_text, read_receipt
from provisioning.keys import PublicKey

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.settings import Settings
    from packager.format.files import Files

_log = logging.getLogger(__name__)

AGAIN = timedelta(days=7)
CHECK_SECONDS = 3600.0
TURN_SECONDS = 5.0
DEADLINE = 60.0
_RECEIVED = (200, 201)
_OF_THE_REPORT = frozenset({"format", "report", "report-older", "report-time", "too-large"})
"""Why one report is not taken, whereas another may be."""


class RefusedError(Exception):
    """A receiver does not take a report. code: why, one of `packager.format.errors`."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        self.code = code
        super().__init__(code)


class Reporter:
    """One box's reports. `turn` is for one thread.

    Attributes:
        outbox: where they lie.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        files: Files,
        *,
        wishes: Wishes = lambda _month: (),
        fetched: Callable[[str], int] = lambda _month: 0,
        stale: Callable[[], Iterable[str]] = tuple,
        say: Callable[[Message | None], None] = lambda _message: None,
        luck: random.Random | None = None,
    ) -> None:
        """Begin with what is in the outbox.

        Args:
            settings: of the box.
            clock: wall time for months, monotonic for waiting.
            files: the writer.
            wishes: what readers wish for, see `facts.Wishes`.
            fetched: bytes of updates in a month.
            stale: hosts of mirrors that were behind.
            say: told what staff read of a report that they saved.
            luck: for the waits after failures.
        """
        self._settings, self._clock, self._say = settings, clock, say
        self._wishes, self._fetched, self._stale = wishes, fetched, stale
        self._luck = luck or random.Random()  # noqa: S311 - waits need no secrecy
        self.outbox = Outbox(settings.outbox_folder, files)
        self._failures, self._next, self._made = 0, -1e9, -1e9
        self._stop, self._wake = threading.Event(), threading.Event()
        self._asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._pools = DrivePools(PoolLimits(threads=1, deadline=float(settings.drive_deadline_seconds)))
        self._thread = threading.Thread(target=self._follow, name="reports", daemon=True)

    def start(self) -> None:
        """Make and send reports in a thread until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Break off; what was made stays."""
        self._stop.set()
        self._wake.set()
        self._pools.close()
        if self._thread.is_alive():
            self._thread.join(5)

    def _follow(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(TURN_SECONDS)
            self._wake.clear()
            try:
                if not self._stop.is_set():
                    self.turn()
            except Exception:  # noqa: BLE001 - readers and updates go on, whatever a report does
                _log.exception("a report broke off")

    def turn(self) -> None:
        """Save what was asked for, make what is due, and send what waits, each when its time has come."""
        while not self._asked.empty():
            self._save(self._asked.get())
        now = self._clock.monotonic()
        if now - self._made >= CHECK_SECONDS:
            self._made = now
            try:
                self.make()
            except (ApplianceError, FormatError, OSError) as error:
                _log.warning("no report could be made: %s", error)
        if self._settings.report_url and now >= self._next:
            self._send_all()

    # What staff ask for

    def command(self, command: dict[str, str]) -> None:
        """Take a command of the spool (`commands.REPORTS`), in any thread."""
        if command["do"] == "report-send":
            self._next = -1e9
        else:
            self._asked.put(command.get("drive", ""))
        self._wake.set()

    def _save(self, key: str) -> None:
        """Put what waits on a stick, durably; what came of it is said."""
        drives = read_holdings(self._settings.holdings_file).drives
        stick = next((d for d in drives if d.key == key and d.state in STICKS), None)
        waiting = self.outbox.waiting() or self.outbox.reports()[-1:]
        if stick is None or not waiting:
            self._say(Message("report.not_saved"))
            return
        root = Path(stick.path)
        day = max(min(self._clock.now(), self._settings.horizon), self._settings.earliest).date()

        def save() -> bytes:
            return "\n".join(carry(self._settings, folder_on(root, FOLDER, RealFiles()), day)).encode()

        try:
            name = f"stick {key} {stick.since}"
            with lent(self._settings, root, FILES):
                self._pools.wait(self._pools.submit(name, "save", save, Urgency.AHEAD))
        except (ApplianceError, FormatError, OSError) as error:
            _log.warning("the reports cannot be saved: %s", error)
            self._say(Message("report.not_saved"))
        else:
            self._say(Message("report.saved", {"month": waiting[-1].head.month}))

    # Making

    def make(self) -> list[Report]:
        """Make the reports that are due; durable on return.

        Raises:
            StoreError: the key of this device is damaged.
            FormatError, TooLargeError: what is known does not fit into a report.
            OSError: the SSD is full or does not answer.
        """
        when = plausible_now(self._clock, earliest=self._settings.earliest, horizon=self._settings.horizon)
        if when is None:
            return []  # a report of a month that is not would be refused, and count for nothing
        local = when + timedelta(minutes=self._settings.utc_offset_minutes)
        month, before = month_of(local), month_of(local.replace(day=1) - timedelta(days=1))
        made = [self._of(before, when, last=True), self._of(month, when, last=False)]
        return [report for report in made if report is not None]

    def _of(self, month: str, when: datetime, *, last: bool) -> Report | None:
        known = self.outbox.latest(month)
        if known is None and last:
            return None  # this box was not there
        if known is not None and not self._is_due(known, month, when, last=last):
            return None
        facts = facts_of(self._settings, month, wishes=self._wishes, fetched=self._fetched(month), stale=self._stale())
        if known is not None and not last and [dict(fact) for fact in known.facts] == _sorted(facts):
            return None
        key = device_key(self._settings.device_key_file)
        number = known.head.number + 1 if known else 1
        library = library_id(self._settings.library_id, key)
        report = make_report(Head(library, month, number, moment_text(when), __version__), facts, key)
        self.outbox.add(report)
        _log.info("report %s is made", report.file_name)
        return report

    def _is_due(self, known: Report, month: str, when: datetime, *, last: bool) -> bool:
        """Whether a month that has a report needs another: a last one when it is over, else one a week."""
        made = known.head.moment() + timedelta(minutes=self._settings.utc_offset_minutes)
        return month_of(made) == month if last else when - known.head.moment() >= AGAIN

    # Sending

    def _send_all(self) -> None:
        refused: RefusedError | None = None
        try:
            for report in self.outbox.waiting():
                try:
                    self.send(report)
                except RefusedError as error:
                    self.outbox.refused(report, error.code)
                    if error.code not in _OF_THE_REPORT:
                        raise
                    refused = error  # it may never be taken, and the others are not to wait for it
            if refused is not None:
                raise refused
        except (RefusedError, FormatError, OriginError, OSError) as error:
            _log.info("a report is not received yet: %s", error)
            self._failures += 1
            wait = max(rest_of(error), wait_after(self._failures, self._luck.random()))
        else:
            self._failures, wait = 0, CHECK_SECONDS
        self._next = self._clock.monotonic() + wait

    def send(self, report: Report) -> None:
        """Hand one report to the receiver and keep its receipt; a second time does no harm.

        Raises:
            RefusedError: it is not taken.
            FormatError: the answer is no receipt, or for another report, or by another key than the settings name.
            OriginError, OSError: see `origin.send`.
        """
        status, answer = send(self._settings.report_url, report.content, MAX_RECEIPT, DEADLINE)
        if status not in _RECEIVED:
            raise RefusedError(_code_of(answer))
        receipt = read_receipt(answer)
        if not receipt.is_for(report):
            raise ReportSignatureError("is a receipt for another report", path="receipt")
        if self._settings.report_key:
            receipt.prove(PublicKey(bytes.fromhex(self._settings.report_key)))
        self.outbox.received(report, receipt)
        _log.info("report %s is received", report.file_name)


def _sorted(facts: Iterable[object]) -> list[object]:
    return [json.loads(line) for line in sorted(canonical_json(fact) for fact in facts)]


def _code_of(answer: bytes) -> str:
    """Why a receiver refused, for the journal."""
    try:
        code = json.loads(answer)["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "unknown"
    return code[:40] if isinstance(code, str) and code.isascii() and code.isprintable() else "unknown"
