"""Systems that somebody brings by hand: on a stick, or on any drive, in the tree of an origin.

Pulled out, it goes on where it was; what was read stays.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.box.system_state import MINUTES
from appliance.errors import IntakeError, ServingError
from appliance.intake.carrying import carrier_root
from appliance.serving.pools import DrivePools, PoolLimits, Urgency
from appliance.store.holdings import Message
from appliance.sync.incoming import SourceError
from appliance.sync.stick_supply import StickSupply
from packager.format.errors import FormatError
from packager.format.origin import OriginError

if TYPE_CHECKING:
    from appliance.intake.door import Carrier, Door
    from appliance.settings import Settings
    from appliance.sync.systems import Systems

_log = logging.getLogger(__name__)


class SystemSticks:
    """Looks once at each that was plugged in. For the thread of updates."""

    def __init__(self, settings: Settings, door: Door, systems: Systems, check_stop: Callable[[], None]) -> None:
        """Begin with nothing read.

        Args:
            settings: of the box.
            door: to intake.
            systems: what brings them.
            check_stop: raises when all work is to be broken off.
        """
        self._door, self._systems, self._check_stop = door, systems, check_stop
        self._pools = DrivePools(PoolLimits(threads=1, deadline=float(settings.drive_deadline_seconds)))
        self._done: set[str] = set()

    def close(self) -> None:
        """End the reading threads."""
        self._pools.close()

    def turn(self) -> None:
        """Read what was plugged in since."""
        if not self._systems.running or not self._door.trust.current().systems:
            return
        carriers = self._door.carriers()
        here = {carrier.mark for carrier in carriers}
        for mark in self._done - here:
            self._done.discard(mark)
            self._pools.drop(mark)
        for carrier in carriers:
            if carrier.mark not in self._done and not carrier.offers:  # updates of the content come first
                self._done.add(carrier.mark)
                self._read(carrier)

    def _read(self, carrier: Carrier) -> None:
        try:
            supply = StickSupply(
                self._root(carrier), self._reading(carrier), lambda _size: self._check_stop(), lambda _size: None
            )
            trusted = self._door.trust.current()
            if self._systems.bring(supply, trusted):
                self._door.tell(carrier, Message("box.system.ready", {"minutes": MINUTES}))
            elif self._systems.has_older_only(supply, trusted):
                self._door.tell(carrier, Message("box.system.older"))
        except IntakeError as error:
            self._door.tell(carrier, Message(error.sentence, error.params))
        except (OriginError, SourceError, ServingError, FormatError) as error:
            _log.info("the system on a stick is not had: %s", error)

    def _root(self, carrier: Carrier) -> Path:
        """Where lists and objects stand on it."""
        found = self._reading(carrier)("look", lambda: bytes(carrier_root(carrier.root)))
        return Path(os.fsdecode(found))

    def _reading(self, carrier: Carrier) -> Callable[[object, Callable[[], bytes]], bytes]:
        def read(name: object, work: Callable[[], bytes]) -> bytes:
            return self._pools.wait(self._pools.submit(carrier.mark, str(name), work, Urgency.AHEAD))

        return read
