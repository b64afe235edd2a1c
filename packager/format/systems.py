"""A system for boxes as a signed target: its root image, kernel and first file system (docs/format.md, "Systems").

`system/shuxiang-<version>.json` is small canonical JSON and names three objects by digest. Boxes fetch it when they
need it, as the document of a delta; whoever installs it proves all of it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from packager.format.errors import FormatError
from packager.format.release import Digest, canonical_json, is_sha256, load_canonical

SCHEMA = 1
SYSTEM_PREFIX = "system/"
MAX_DOCUMENT = 16 << 10
MAX_VERSION = 10**14
MAX_OPTIONS = 1000
MAX_SYSTEMS = 4
"""So many are listed at a time, the newest."""
PARTS = {"root": 8 << 30, "kernel": 128 << 20, "initrd": 256 << 20}
"""Parts of a system, and most bytes of each."""
_TARGET = re.compile(r"system/shuxiang-([1-9][0-9]{0,13})\.json\Z", re.ASCII)
_OPTIONS = re.compile(r"[0-9A-Za-z_.,:/=+ -]*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class System:
    """A system.

    Attributes:
        version: grows with every system. made: the day that it is of, ISO.
        root, kernel, initrd: digests and sizes.
        options: of the kernel's command line, but for the root file system.
        minimum: the lowest version that may be replaced by it.
    """

    version: int
    made: str
    root: Digest
    kernel: Digest
    initrd: Digest
    options: str = ""
    minimum: int = 1

    def __post_init__(self) -> None:
        """Check every member.

        Raises:
            FormatError: a member is not what it may be.
        """
        for name, number in (("version", self.version), ("minimum", self.minimum)):
            _must(type(number) is int and 0 < number <= MAX_VERSION, name, number)
        _must(self.minimum <= self.version, "minimum", self.minimum)
        _must(_is_day(self.made), "made", self.made)
        for name, digest in self.parts():
            _must(is_sha256(digest.sha256), name, digest.sha256)
            _must(type(digest.size) is int and 0 < digest.size <= PARTS[name], name, digest.size)
        fits = isinstance(self.options, str) and len(self.options) <= MAX_OPTIONS and bool(_OPTIONS.match(self.options))
        words = self.options.split() if fits else []
        _must(fits and not any(word.startswith("root=") for word in words), "options", self.options)

    @property
    def target(self) -> str:
        """Its name as a TUF target."""
        return f"{SYSTEM_PREFIX}shuxiang-{self.version}.json"

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(digest.size for _, digest in self.parts())

    def parts(self) -> Iterator[tuple[str, Digest]]:
        """The parts by name."""
        yield from (("root", self.root), ("kernel", self.kernel), ("initrd", self.initrd))

    def to_bytes(self) -> bytes:
        """The canonical document."""
        parts = {name: {"sha256": digest.sha256, "size": digest.size} for name, digest in self.parts()}
        return canonical_json(
            {
                "made": self.made,
                "minimum": self.minimum,
                "options": self.options,
                "schema": SCHEMA,
                "version": self.version,
                **parts,
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> System:
        """The system that a document describes.

        Raises:
            FormatError: it is not canonical, of another schema, or a member is not what it may be.
        """
        found: Any = load_canonical(content, MAX_DOCUMENT, "system")
        if found.pop("schema", None) != SCHEMA:
            raise FormatError("is of another schema", path="system", expected=str(SCHEMA))
        try:
            parts = {name: Digest(found[name]["sha256"], found[name]["size"]) for name in PARTS}
            made = cls(**{**found, **parts})
        except (KeyError, TypeError) as error:
            raise FormatError(f"has not the members of a system: {error}", path="system") from error
        if made.to_bytes() != content:
            raise FormatError("has other members than a system", path="system")
        return made


def listed_systems(targets: bytes) -> dict[int, Digest]:
    """The systems that verified targets metadata lists: version → what the document must be; odd ones are left out."""
    found = {}
    for name, target in json.loads(targets)["signed"]["targets"].items():
        match = _TARGET.match(name)
        sha256, size = target["hashes"].get("sha256"), target["length"]
        if match and is_sha256(sha256) and 0 < size <= MAX_DOCUMENT:
            found[int(match[1])] = Digest(sha256, size)
    return found


def version_of(name: str) -> int:
    """The version of a target that is a system; 0 for any other."""
    match = _TARGET.match(name)
    return int(match[1]) if match else 0


def system_target(version: int) -> str:
    """The name of a system as a TUF target."""
    return f"{SYSTEM_PREFIX}shuxiang-{version}.json"


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _must(holds: bool, name: str, found: object) -> None:
    if not holds:
        raise FormatError(f"{name} is not what it may be", path="system", found=repr(found)[:100])
