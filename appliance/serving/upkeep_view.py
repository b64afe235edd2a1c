"""What the worker's checks and repairs mean for the serving process: news for its record of damage, and for pages.

The worker writes two databases of its own, this process writes `faults.db`; each has one writer. Here the first are
read: what a check found becomes known damage, what was repaired ends it. How far a list was taken is written together
with what was taken from it, so a power cut loses nothing and repeats nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.settings import Settings
from appliance.store.checks import CheckReader, CheckRun
from appliance.store.faults import Fault, FaultStore
from appliance.store.repairs import Repaired, RepairReader, Report

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class UpkeepState:
    """Everything that pages say of checks and repairs.

    Attributes:
        runs: checks, the one begun last first. repaired: the last mended places, the newest first.
        attempts: places (digest of the item, number of the chunk) for which nobody had the bytes.
        reports: what happened with sticks and lists, the newest first.
        version: grows with every change.
    """

    runs: tuple[CheckRun, ...] = ()
    repaired: tuple[Repaired, ...] = ()
    attempts: frozenset[tuple[str, int]] = frozenset()
    reports: tuple[Report, ...] = ()
    version: int = 0


class UpkeepView:
    """Follows the worker's databases. `refresh` is for one thread, `state` for all.

    Attributes:
        state: as it was at the last refresh.
    """

    def __init__(self, settings: Settings, faults: FaultStore) -> None:
        """Name the databases, which need not be there yet; `faults` takes over what they say."""
        self._faults = faults
        self._checks = CheckReader(settings.checks_file)
        self._repairs = RepairReader(settings.repairs_file)
        self.state = UpkeepState()

    def refresh(self) -> None:
        """Look whether the worker wrote something."""
        checked, repaired = self._checks.changed(), self._repairs.changed()
        if checked:
            self._take_findings()
        if repaired:
            self._take_repairs()
        if checked or repaired:
            self.state = UpkeepState(
                self._checks.runs(),
                self._repairs.latest(),
                self._repairs.attempts(),
                self._repairs.reports(),
                self.state.version + 1,
            )

    def close(self) -> None:
        """Close the databases."""
        self._checks.close()
        self._repairs.close()

    def _take_findings(self) -> None:
        epoch = self._checks.epoch()
        after = self._faults.taken("checks", epoch)
        while found := self._checks.findings(after, _BATCH):
            after = found[-1][0]
            faults = [Fault(f.item_id, f.chunk, f.kind, f.drive, "", f.sha256) for _, f in found]
            self._faults.take_over("checks", epoch, after, faults)

    def _take_repairs(self) -> None:
        epoch = self._repairs.epoch()
        after = self._faults.taken("repairs", epoch)
        while done := self._repairs.repaired(after, _BATCH):
            after = done[-1][0]
            self._faults.end("repairs", epoch, after, [(r.sha256, r.chunk) for _, r in done])
