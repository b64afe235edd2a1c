"""The publisher's server as a source of repairs, asked when the line may be used.

One that fails again and again is left alone for a while, and so is one that asks for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from appliance.upkeep.line import Fetching
from appliance.upkeep.payload import Piece
from appliance.upkeep.sources import Got, proved
from packager.format.origin import BrokenOffError, OriginError, fetch, rest_of

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
        fetching: Fetching,
        *,
        deadline: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the server; `fetching` says whether it may be asked; `deadline` is for one chunk, in seconds."""
        self._address, self._fetching, self._deadline, self._monotonic = address, fetching, deadline, monotonic
        self._failures, self._rests_until = 0, -1.0
        self.name, self.drive, self.mark = urlsplit(address).hostname or "", "", f"origin {address}"

    @property
    def rests(self) -> bool:
        """Whether it is left alone: it failed too often, or asked for it."""
        return self._monotonic() < self._rests_until

    def fetch(self, piece: Piece) -> Got:
        """See `sources.Source`."""
        if self.rests or not self._fetching.allow(piece.length):
            return Got(away=True)
        came = 0
        try:
            chunk = fetch(
                self._address,
                piece.sha256,
                size=piece.size,
                offset=piece.offset,
                length=piece.length,
                deadline=self._deadline,
            )
            came = len(chunk or b"")
        except (OriginError, OSError) as error:
            came = len(error.got) if isinstance(error, BrokenOffError) else 0
            _log.info("%s did not give item %s, MiB %d: %s", self.name, piece.item_id, piece.index, error)
            self._failures += 1
            if self._failures >= MOST_FAILURES or rest_of(error):
                self._failures, self._rests_until = 0, self._monotonic() + max(REST_SECONDS, rest_of(error))
            return Got(away=True)
        finally:
            self._fetching.took(came)
        self._failures = 0
        return proved(chunk, piece) if chunk is not None else Got()
