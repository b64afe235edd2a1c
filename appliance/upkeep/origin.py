"""The publisher's server as a source of repairs; one that fails again and again is left alone for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from appliance.upkeep.payload import Piece
from appliance.upkeep.sources import Got, proved
from packager.format.origin import OriginError, fetch

_log = logging.getLogger(__name__)

DEADLINE_SECONDS = 60.0
MOST_FAILURES = 3
"""After so many failures in a row the server is left alone for a while."""
REST_SECONDS = 900.0


class OriginSource:
    """One server."""

    kind = "network"

    def __init__(
        self,
        address: str,
        *,
        deadline: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the server; `deadline` is for one chunk, in seconds."""
        self._address, self._deadline, self._monotonic = address, deadline, monotonic
        self._failures, self._rests_until = 0, -1.0
        self.name, self.drive, self.mark = urlsplit(address).hostname or "", "", f"origin {address}"

    @property
    def rests(self) -> bool:
        """Whether it failed so often that it is left alone."""
        return self._monotonic() < self._rests_until

    def fetch(self, piece: Piece) -> Got:
        """See `sources.Source`."""
        if self.rests:
            return Got(away=True)
        try:
            chunk = fetch(
                self._address,
                piece.sha256,
                size=piece.size,
                offset=piece.offset,
                length=piece.length,
                deadline=self._deadline,
            )
        except (OriginError, OSError) as error:
            _log.info("%s did not give item %s, MiB %d: %s", self.name, piece.item_id, piece.index, error)
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                self._failures, self._rests_until = 0, self._monotonic() + REST_SECONDS
            return Got(away=True)
        self._failures = 0
        return proved(chunk, piece) if chunk is not None else Got()
