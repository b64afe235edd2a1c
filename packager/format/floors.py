"""Small documents of our own that must outlive power cuts and bad sectors: two copies, each with checksum and number.

A copy is one line, `<name> <sequence> <SHA-256 of the rest>`, and the rest. The newest copy that is whole is read; it
is always the OTHER one that is written first, so at every moment one whole copy is there.

The floors say which versions of metadata this box will not go below. They are kept apart from the metadata itself:
with that lost, an old drive would otherwise be taken for news.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.release import canonical_json, load_canonical

log = logging.getLogger(__name__)

MAX_DOCUMENT = 256 << 20
"""Most bytes in a document."""

_HEAD = re.compile(rb"([a-z]+) ([1-9][0-9]{0,18}) ([0-9a-f]{64})\n")


class TwoCopies:
    """A document in two files of one folder, `<name>.a` and `<name>.b`. One writer at a time."""

    def __init__(self, folder: Path, name: str, files: Files) -> None:
        self._name, self._files = name, files
        self._paths = (folder / f"{name}.a", folder / f"{name}.b")

    def read(self) -> bytes | None:
        """The newest whole copy, or None when there is none.

        Raises:
            OSError: the disk does not answer.
        """
        found = [copy for copy in map(self._copy, self._paths) if copy is not None]
        return max(found)[1] if found else None

    def newest_first(self) -> list[bytes]:
        """All whole copies, the newest first.

        Raises:
            OSError: the disk does not answer.
        """
        return [content for _, content in sorted(filter(None, map(self._copy, self._paths)), reverse=True)]

    def settle(self, content: bytes) -> None:
        """See to it that both copies hold `content`, which was read or derived from what was read.

        A power cut between the two copies leaves one of them behind; the next bad sector would then bring it back.

        Raises:
            OSError: as `write`.
        """
        if self.newest_first() != [content, content]:
            self.write(content)

    def write(self, content: bytes) -> None:
        """Write both copies durably, the older or damaged one first.

        Raises:
            OSError: the disk is full or does not answer; at least one whole copy is there, old or new.
        """
        numbers = [copy[0] if copy else 0 for copy in map(self._copy, self._paths)]
        head = f"{self._name} {max(numbers) + 1} {hashlib.sha256(content).hexdigest()}\n".encode()
        for path in sorted(self._paths, key=lambda path: numbers[self._paths.index(path)]):
            self._files.write_atomic(path, (head, content))

    def _copy(self, path: Path) -> tuple[int, bytes] | None:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_DOCUMENT)
        except FileNotFoundError:
            return None
        match = _HEAD.match(raw)
        if match is None or match[1] != self._name.encode():
            log.warning("%s is damaged; its other copy is used", path.name)
            return None
        content = raw[match.end() :]
        if hashlib.sha256(content).hexdigest().encode() != match[3]:
            log.warning("%s is damaged; its other copy is used", path.name)
            return None
        return int(match[2]), content


@dataclass(frozen=True, slots=True)
class Floor:
    """The lowest version of a role that is taken. keys: the key ids that the role had then, sorted."""

    version: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Floors:
    """Floors by role, and the highest signed date that was seen (UTC, None before the first)."""

    roles: Mapping[str, Floor]
    reference: datetime | None = None

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        roles = {name: {"keys": list(floor.keys), "version": floor.version} for name, floor in self.roles.items()}
        reference = self.reference.isoformat() if self.reference else None
        return canonical_json({"reference": reference, "roles": roles})

    @classmethod
    def from_bytes(cls, content: bytes) -> Floors:
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: it is something else.
        """
        document = load_canonical(content, 1 << 20, "floor")
        try:
            roles = {name: _floor(f["version"], f["keys"]) for name, f in document["roles"].items()}
            reference = document["reference"]
            when = datetime.fromisoformat(reference).astimezone(UTC) if reference is not None else None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise FormatError(f"is not a document of floors: {error}", path="floor") from error
        return cls(roles, when)

    def below(
        self, versions: Mapping[str, int], keys: Mapping[str, tuple[str, ...]], thresholds: Mapping[str, int]
    ) -> str:
        """The first role whose version is below its floor, or an empty text.

        Root never falls. Floors of timestamp and snapshot count only while the root names the same keys: a new root
        with other keys is the way back from a stolen online key (TUF 5.3.11). The floor of targets counts as long as
        enough of its old keys remain to sign alone.

        Args:
            versions: by role.
            keys: key ids by role, sorted.
            thresholds: by role.
        """
        for role in ("root", "timestamp", "snapshot", "targets"):
            floor = self.roles.get(role)
            if floor is None or versions[role] >= floor.version:
                continue
            if role == "root" or self._binds(role, floor, keys[role], thresholds[role]):
                return role
        return ""

    @staticmethod
    def _binds(role: str, floor: Floor, keys: tuple[str, ...], threshold: int) -> bool:
        if role == "targets":
            return len(set(floor.keys) & set(keys)) >= threshold
        return floor.keys == keys

    def raised(self, versions: Mapping[str, int], keys: Mapping[str, tuple[str, ...]], reference: datetime) -> Floors:
        """The floors after metadata of these versions was verified and taken."""
        roles = {role: Floor(versions[role], keys[role]) for role in ("root", "timestamp", "snapshot", "targets")}
        return Floors(roles, max(reference, self.reference or reference))


def _floor(version: object, keys: object) -> Floor:
    if type(version) is not int or not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise TypeError("a floor is a whole number and a list of texts")
    return Floor(version, tuple(keys))
