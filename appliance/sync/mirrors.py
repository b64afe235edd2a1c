"""The origins of the settings: who has the newest lists, and in which order they are asked for the rest.

A mirror may be away, be behind, or give other bytes. One that is behind must not keep a box from news, so all are asked
until one brings some; one that spoiled an object is left alone while another is there, or it would spoil what that one
began.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from appliance.sync.lists import fetch_lists
from appliance.sync.sources import ServerSource
from packager.format.errors import HalfCopiedError, TrustError, UnreadableError
from packager.format.origin import OriginError, delta_document, get, rest_of

if TYPE_CHECKING:
    from appliance.intake.trusting import SharedTrust
    from appliance.sync.incoming import Source
    from packager.format.release import Digest

_log = logging.getLogger(__name__)

DOCUMENT_SECONDS = 300.0
"""For the document of a delta."""


class Mirrors:
    """The origins of a box. For one thread.

    Attributes:
        stale: hosts whose lists were older than what this box trusts, when they were asked last.
        all_behind: whether everybody's were, who answered.
        rest: the longest time, in seconds, for which one asked to be left alone since `ask`.
    """

    def __init__(self, addresses: Sequence[str], root: bytes, scratch: Path) -> None:
        """Name them.

        Args:
            addresses: in the order of the settings.
            root: the root metadata that this box was given.
            scratch: `Settings.scratch_folder`: what a killed run leaves there goes at the next start.
        """
        self._settings, self._order = tuple(addresses), tuple(addresses)
        self._root, self._scratch = root, scratch
        self.stale: tuple[str, ...] = ()
        self.all_behind = False
        self.rest = 0.0

    @property
    def order(self) -> tuple[str, ...]:
        """Addresses, those that had the newest lists first. From any thread."""
        return self._order

    def ask(self, trust: SharedTrust) -> None:
        """Take the newest lists; afterwards those that have them are the first to be asked for anything.

        Raises:
            TrustError: nobody answered, and one sent what is refused.
            UnreadableError, HalfCopiedError, OSError: nobody answered.
        """
        faults: list[Exception] = []
        answered: dict[str, int] = {}
        self.rest = 0.0
        for address in self._settings:
            before = dict(trust.current().versions)
            try:
                answered[address] = self._take(address, trust)
            except (TrustError, OSError) as error:
                _log.info("%s is passed over: %s", host_of(address), error)
                self.rest = max(self.rest, rest_of(error))
                faults.append(error)
            if trust.current().versions != before:
                break
        if not answered:
            raise next((f for f in faults if is_refusal(f)), faults[0] if faults else OriginError("there is no origin"))
        newest = trust.current().versions.get("timestamp", 0)
        behind = {address for address, version in answered.items() if version != newest}
        self.stale = tuple(host_of(address) for address in answered if address in behind)
        self.all_behind = len(behind) == len(answered)
        self._order = tuple(sorted(self._settings, key=lambda a: (a not in answered, a in behind)))

    def _take(self, address: str, trust: SharedTrust) -> int:
        """The version of the timestamp that an origin has; what it has is taken when it is news."""
        with tempfile.TemporaryDirectory(prefix="updates-", dir=self._scratch) as name:
            folder = fetch_lists(address, self._root, Path(name))
            trust.take(folder, None)
            version = json.loads((folder / "metadata" / "timestamp.json").read_bytes())["signed"]["version"]
            return int(version)

    def document(self, name: str, wanted: Digest, took: Callable[[int], None]) -> bytes:
        """The document of a delta, from the first that has it.

        Raises:
            OriginError: nobody gives it.
        """
        for address in self._order:
            try:
                content = get(address, delta_document(name, wanted.sha256), wanted.size, DOCUMENT_SECONDS)
            except (OriginError, OSError) as error:
                self.rest = max(self.rest, rest_of(error))
                _log.info("%s did not give %s: %s", host_of(address), name, error)
                continue
            if content is not None:
                took(len(content))
                if hashlib.sha256(content).hexdigest() == wanted.sha256:
                    return content
            _log.info("%s has no %s, or another", host_of(address), name)
        raise OriginError(f"nobody gives {name}")

    def sources(self, spoiled: Collection[str], file: str = "") -> list[Source]:
        """Where objects, or one file, are asked for; without those that spoiled some, while others are there."""
        found: list[Source] = [ServerSource(address, host_of(address), file=file) for address in self._order]
        return [source for source in found if source.name not in spoiled] or found


def is_refusal(error: Exception) -> bool:
    """Whether signed lists were refused, and not just hard to get."""
    return isinstance(error, TrustError) and not isinstance(error, UnreadableError | HalfCopiedError)


def host_of(address: str) -> str:
    """The name of a server, and its port when it is a special one, for staff and the journal."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
