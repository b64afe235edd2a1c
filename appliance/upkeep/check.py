"""The full check of one drive: every byte read and proved, slowly, and only while no reader wants the drive.

One chunk is read at a time, so a reader waits for at most one of them; before each the sign of readers is looked at.
What was checked is kept every few seconds, with what was found on the way, so a restart or a pulled plug costs no more
than that. A read that fails tells nothing yet: the drive may just have been pulled. It counts as a finding when a
later read of the same drive succeeds, or when the drive is still there after a pause.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

from appliance.clock import Clock
from appliance.errors import DriveGoneError, SickDriveError, StoreError
from appliance.serving.chunks import read_exactly
from appliance.serving.pools import DrivePools, Urgency
from appliance.store.checks import CheckRun, CheckStore, Finding
from appliance.store.objects import ObjectStore
from appliance.store.reading import ReadingWatch
from appliance.upkeep.payload import Piece, Plugged, pieces
from appliance.upkeep.priority import give_way
from packager.format.errors import FormatError
from packager.format.layout import CHUNK, DriveLayout

_log = logging.getLogger(__name__)

QUIET_SECONDS = 2.0
"""For so long no reader may have used the drive before the next chunk is read."""
TOLD_SECONDS = 5.0
"""A check that waits for readers for so long says so."""
SAVE_SECONDS = 5.0
SETTLE_SECONDS = 3.0
MOST_SUSPECTS = 64
MOST_FOUND = 20_000
"""A drive with so many damaged places needs no further check; it must be replaced."""
MOST_SICK = 3
"""After so many reads that never came back the check rests until staff have it go on."""
_FIRST_RATE = 100e6


class DriveCheck:
    """One thread for one drive. Made by `Checks`; `stop` ends it, `join` waits."""

    def __init__(
        self,
        plugged: Plugged,
        run: CheckRun,
        *,
        store: CheckStore,
        pools: DrivePools,
        objects: ObjectStore,
        clock: Clock,
        reading: Path,
        sick: int = 0,
    ) -> None:
        """Go on with `run` as soon as `start` is called.

        Args:
            plugged: the drive.
            run: where it is to go on.
            store: where it is kept.
            pools: reads the drive, with a deadline for every read.
            objects: what is kept there need not be found again.
            clock: wall time for the record, monotonic for the estimate.
            reading: folder of the signs of readers.
            sick: how many reads of this check never came back before.
        """
        self.plugged, self.run = plugged, run
        self._store, self._pools, self._objects, self._clock = store, pools, objects, clock
        self._watch = ReadingWatch(reading, plugged.key)
        self._layout = DriveLayout(plugged.root)
        self._stop = threading.Event()
        self._findings: list[Finding] = []
        self._suspects: list[Finding] = []
        self._sure = (run.path, run.chunk, run.done)
        self._at = self._sure
        self._began, self._done_before = clock.monotonic(), run.done
        self._saved = clock.monotonic()
        self.sick = sick
        self._thread = threading.Thread(target=self._work, name=f"check {plugged.key}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End soon, keeping how far it is."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def _work(self) -> None:
        give_way()
        try:
            self._check()
        except (StoreError, FormatError, OSError):
            _log.exception("the check of drive %s stopped", self.plugged.key)
        except DriveGoneError:
            self._keep()

    def _check(self) -> None:
        for piece in pieces(self.plugged, self.run.path, self.run.chunk):
            if not self._turn_comes():
                self._keep()
                return
            if self._objects.read(piece.digest) is None:
                self._prove(piece)
            else:
                self._move_on(piece)  # repaired: readers never ask the drive for it again, and neither does a check
            if self.sick >= MOST_SICK:
                self._keep(state="paused")
                return
            if self.run.found + len(self._findings) >= MOST_FOUND:
                break
        self._settle()
        if not self._stop.is_set():
            self._finish()

    def _turn_comes(self) -> bool:
        """Wait until no reader wants the drive; False when told to stop."""
        waiting = 0.0
        while not self._stop.is_set():
            if self._watch.quiet_for() >= QUIET_SECONDS:
                if self.run.state == "yielding":
                    self._keep(state="running")
                return True
            if self.run.state == "running" and waiting >= TOLD_SECONDS:
                self._keep(state="yielding")
            self._stop.wait(0.1)
            waiting += 0.1
        return False

    def _prove(self, piece: Piece) -> None:
        """Read one chunk, compare, note what was found.

        Raises:
            DriveGoneError: the drive is no longer there.
        """
        try:
            good = self._digest(piece) == piece.digest
        except SickDriveError:
            # Never to come back here matters most: intake looks at the drive, and the check begins anew after it.
            self.sick += 1
            self._findings.append(self._finding(piece, "unreadable"))
            self._move_on(piece)
            self._keep()
            return
        except (OSError, FormatError) as error:
            _log.info("item %s, MiB %d cannot be read: %s", piece.item_id, piece.index, error)
            self._suspect(piece)
            return
        self._findings += self._suspects  # the drive answers, so what failed before was not the whole drive
        self._suspects.clear()
        if not good:
            self._findings.append(self._finding(piece, "damaged"))
        self._move_on(piece)

    def _digest(self, piece: Piece) -> bytes:
        """SHA-256 of what the drive gives; tries again while the drive rests."""
        while True:
            try:
                job = self._pools.submit(
                    self.plugged.key, (piece.path, piece.index), partial(self._read, piece), Urgency.AHEAD
                )
            except SickDriveError as error:
                if self._stop.wait(error.retry_after):
                    raise DriveGoneError(self.plugged.key, "the check was stopped") from error
                continue
            return self._pools.wait(job)

    def _read(self, piece: Piece) -> bytes:
        """In the drive's own thread."""
        give_way()
        try:
            root = os.open(self.plugged.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise DriveGoneError(self.plugged.key, str(error), errno=error.errno or 0) from error
        try:
            descriptor = self._layout.open_payload(root, piece.path)
        finally:
            os.close(root)
        try:
            chunk = read_exactly(descriptor, piece.length, piece.offset)
            # What was checked need not push what readers use out of memory; what comes next may be fetched meanwhile.
            os.posix_fadvise(descriptor, piece.offset, piece.length, os.POSIX_FADV_DONTNEED)
            if piece.offset + piece.length < piece.size:
                os.posix_fadvise(descriptor, piece.offset + piece.length, CHUNK, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)
        return hashlib.sha256(chunk).digest()

    def _suspect(self, piece: Piece) -> None:
        self._suspects.append(self._finding(piece, "unreadable"))
        self._at = (piece.path, piece.index + 1, self._at[2] + piece.length)
        if len(self._suspects) >= MOST_SUSPECTS:
            self._settle()

    def _settle(self) -> None:
        """Give the box time to notice that a drive was pulled; what failed on one that stays is unreadable."""
        if self._suspects and not self._stop.wait(SETTLE_SECONDS):
            self._findings += self._suspects
            self._suspects.clear()
            self._sure = self._at

    def _finding(self, piece: Piece, kind: str) -> Finding:
        return Finding(piece.sha256, piece.index, self.plugged.key, piece.item_id, kind)

    def _move_on(self, piece: Piece) -> None:
        self._at = self._sure = (piece.path, piece.index + 1, self._at[2] + piece.length)
        if self._clock.monotonic() - self._saved >= (1.0 if self._findings else SAVE_SECONDS):
            self._keep()

    def _keep(self, *, state: str = "") -> None:
        """Keep how far it surely is."""
        path, chunk, done = self._sure
        found, self._findings = self._findings, []
        self.run = replace(
            self.run,
            path=path,
            chunk=chunk,
            done=done,
            found=self.run.found + len(found),
            state=state or self.run.state,
            seconds_left=self._left(done),
            changed=self._now(),
        )
        self._store.save(self.run, found)
        self._saved = self._clock.monotonic()

    def _finish(self) -> None:
        self._sure = ("", 0, self.run.total)
        self._keep(state="finished")
        _log.info("drive %s is checked: %d damaged places", self.plugged.key, self.run.found)

    def _left(self, done: int) -> int:
        """Seconds until the end at the pace so far, pauses included."""
        spent = self._clock.monotonic() - self._began
        rate = (done - self._done_before) / spent if spent > 1 and done > self._done_before else _FIRST_RATE
        return round((self.run.total - done) / rate)

    def _now(self) -> str:
        return f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
