"""A glance at an origin: whether its lists are others than those seen last, for one small file instead of all of them.

`timestamp.json` is replaced last, whenever anything is published, so a notice that withdraws something counts here
within a minute. What it says is believed no further than that all lists are looked at then.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

from packager.format.origin import OriginError, get
from packager.format.repository import MAX_SIZE

_log = logging.getLogger(__name__)

DEADLINE_SECONDS = 10.0


class Glance:
    """Remembers what was seen last. For one thread."""

    def __init__(self, addresses: Sequence[str]) -> None:
        """Name the origins, in the order in which they are asked."""
        self._addresses = tuple(addresses)
        self._seen = ""

    def is_news(self) -> bool:
        """Whether the first origin that answers has other lists than the last time; False when none answers."""
        found = self._look()
        news = bool(found) and found != self._seen
        self._seen = found or self._seen
        return news

    def _look(self) -> str:
        for address in self._addresses:
            try:
                content = get(address, "tuf/metadata/timestamp.json", MAX_SIZE["timestamp"], DEADLINE_SECONDS)
            except (OriginError, OSError) as error:
                _log.debug("no glance: %s", error)
                continue
            if content is not None:
                return hashlib.sha256(content).hexdigest()
        return ""
