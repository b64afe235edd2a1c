"""The line as repairs have it: the hours, traffic, rate and origins of updates; see `upkeep.line.Line`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.store.holdings import Message
from appliance.sync.meter import REPAIRS
from appliance.sync.schedule import next_month

if TYPE_CHECKING:
    from appliance.settings import Settings
    from appliance.sync.allowance import Allowance
    from appliance.sync.mirrors import Mirrors


class RepairLine:
    """For the thread of repairs, beside the thread of updates."""

    def __init__(self, settings: Settings, allowance: Allowance, mirrors: Mirrors) -> None:
        """Name whose rules count and who is asked."""
        self._settings, self._allowance, self._mirrors = settings, allowance, mirrors

    def origins(self) -> Sequence[str]:
        """Those of the settings; else those of updates, for the objects lie there too, in the order of updates."""
        return self._settings.repair_origins or self._mirrors.order

    def refusal(self, size: int, *, urgent: bool) -> Message | None:
        """What staff read while a chunk may not be fetched, None when it may. Its bytes are held until `took`.

        Args:
            size: of the chunk in bytes.
            urgent: staff asked for it: whatever the hour and the line; the traffic of the month counts all the same.
        """
        why, now = self._allowance.obstacle(REPAIRS, size, urgent=urgent), self._allowance.now()
        if why == "window":
            return Message("repair.waiting.window", {"time": f"{self._allowance.window.opens(now):%H:%M}"})
        if why == "cap":
            return Message("repair.waiting.cap", {"date": f"{next_month(now):%Y-%m-%d}"})
        return Message(f"repair.waiting.{why}") if why else None

    def delay(self, size: int) -> float:
        """Seconds that a chunk waits for the rate."""
        return self._allowance.delay(REPAIRS, size)

    def took(self, size: int) -> None:
        """Count what came; 0: nothing came."""
        self._allowance.meter.took(size, REPAIRS)
