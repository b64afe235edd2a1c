"""The origins as the supply of an update; see `supply.Supply`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from packager.format.origin import OriginError, delta_document

if TYPE_CHECKING:
    from appliance.sync.incoming import Incoming, Source
    from appliance.sync.mirrors import Mirrors
    from packager.format.release import Digest

SMALL = 1 << 20
"""A document of at most so many bytes is fetched like lists, at any hour: it tells how much there is to fetch."""


class ServerSupply:
    """What the mirrors have that were asked last."""

    def __init__(
        self, mirrors: Mirrors, incoming: Incoming, allow: Callable[[int], None], took: Callable[[int], None]
    ) -> None:
        """Name them; `incoming` knows who spoiled what, `allow` and `took` are as in `Supply`."""
        self._mirrors, self._incoming, self.allow, self.took = mirrors, incoming, allow, took

    def has(self, target: str, wanted: Digest) -> bool:  # noqa: ARG002 - as the protocol says
        """What is listed is there."""
        return True

    def document(self, target: str, wanted: Digest) -> Iterator[bytes]:
        """See `Supply.document`."""
        if wanted.size <= SMALL:
            yield self._mirrors.document(target, wanted, lambda _size: None)
            return
        sources = self._mirrors.sources(self._incoming.spoiled, delta_document(target, wanted.sha256))
        if self._incoming.fetch(wanted, sources, self.allow, lambda _size: None) is None:  # counted when it is whole
            raise OriginError(f"nobody gives {target}")
        for path in self._incoming.pieces(wanted):
            yield path.read_bytes()
        self._incoming.forget(wanted)

    def sources(self) -> Sequence[Source]:
        """See `Supply.sources`."""
        return self._mirrors.sources(self._incoming.spoiled)
