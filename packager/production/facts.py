"""What is known of an image: `<image>.json`, written when the image is finished, read by all that write drives.

The clone goes by it, never by holes of the file: a segment is left out only when the file system itself said that
nothing uses it. Holes come and go with every copy of a sparse file, and a hole may stand for zeros that are needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packager.format.errors import FormatError
from packager.format.release import Disk, Release, canonical_json, load_canonical
from packager.production.errors import ImageError
from packager.production.geometry import MIN_FAT, Geometry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FORMAT = "shuxiang-image-1"
SEGMENT = 64 << 20
"""Bytes that are written, noted and compared at a time."""
MAX_FACTS = 64 << 20
_FREE = "free"
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_MEMBERS = frozenset(
    {"disk", "ext4_at", "ext4_size", "ext4_uuid", "format", "release", "segment", "segments", "sha256", "size", "tools"}
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the ext4 partition. number: from 0; at: place on the disk; sha256: None when nothing uses it."""

    number: int
    at: int
    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image of one drive of a release.

    Attributes:
        release: what it carries. disk: which drive of the set.
        geometry: where things lie. ext4_uuid: of the file system.
        segment: bytes in a segment, all but the last.
        digests: of every segment, in order; None for those that nothing uses.
        sha256: of the whole file, holes read as zeros.
        tools: program → version that made it; the same versions make the same bytes.
    """

    release: Release
    disk: Disk
    geometry: Geometry
    ext4_uuid: str
    segment: int
    digests: tuple[str | None, ...]
    sha256: str
    tools: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes of the image."""
        return self.geometry.size

    @property
    def used(self) -> int:
        """Bytes that are written and compared."""
        return sum(s.size for s in self.segments() if s.sha256 is not None)

    def segments(self) -> list[Segment]:
        """The segments in order."""
        end = self.geometry.ext4_at + self.geometry.ext4_size
        places = range(self.geometry.ext4_at, end, self.segment)
        return [
            Segment(n, at, min(self.segment, end - at), sha256)
            for n, (at, sha256) in enumerate(zip(places, self.digests, strict=True))
        ]

    def segment_list(self) -> bytes:
        """Lines `<SHA-256> <first byte> <bytes>` of what was cloned, for whoever wants to check it with dd."""
        return "".join(f"{s.sha256} {s.at} {s.size}\n" for s in self.segments() if s.sha256).encode("ascii")

    def to_bytes(self) -> bytes:
        """The canonical document."""
        return canonical_json(
            {
                "disk": self.disk.n,
                "ext4_at": self.geometry.ext4_at,
                "ext4_size": self.geometry.ext4_size,
                "ext4_uuid": self.ext4_uuid,
                "format": FORMAT,
                "release": self.release.to_bytes().decode().rstrip("\n"),
                "segment": self.segment,
                "segments": [digest or _FREE for digest in self.digests],
                "sha256": self.sha256,
                "size": self.size,
                "tools": self.tools,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> ImageFacts:
        """The facts of a canonical document.

        Raises:
            ImageError: it is another document, or damaged.
        """
        try:
            return _from(load_canonical(data, MAX_FACTS, "image facts"))
        except (FormatError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise ImageError("desk.image.damaged", f"the facts of the image cannot be used: {error}") from error


def _from(document: dict[str, Any]) -> ImageFacts:
    if document.get("format") != FORMAT or document.keys() != _MEMBERS:
        raise FormatError("is of another format", path="image facts", found=str(document.get("format"))[:40])
    release = Release.from_bytes((document["release"] + "\n").encode())
    geometry = Geometry(document["ext4_at"], document["ext4_size"])
    segment, digests = document["segment"], _digests(document["segments"])
    number, uuid, tools = document["disk"], document["ext4_uuid"], document["tools"]
    if min(number, segment, geometry.ext4_size) < 1:
        raise ValueError("a number is none")
    if not all(isinstance(text, str) for text in (uuid, *tools.values())):
        raise ValueError("a name is none")
    aligned = all(value % 4096 == 0 for value in (geometry.ext4_at, geometry.ext4_size, segment))
    count = -(-geometry.ext4_size // segment)
    if not aligned or geometry.fat_size < MIN_FAT or geometry.size != document["size"] or count != len(digests):
        raise ValueError("its places do not fit together")
    if not _SHA256.match(document["sha256"]):
        raise ValueError("it has no digest")
    disk = release.disks[number - 1]
    return ImageFacts(release, disk, geometry, uuid, segment, digests, document["sha256"], dict(tools))


def _digests(values: Sequence[str]) -> tuple[str | None, ...]:
    if not all(value == _FREE or _SHA256.match(value) for value in values):
        raise ValueError("a digest is none")
    return tuple(None if value == _FREE else value for value in values)


def facts_path(image: Path) -> Path:
    """Where the facts of an image stand."""
    return image.with_name(image.name + ".json")


def read_facts(image: Path) -> ImageFacts:
    """The facts of an image file, its size compared.

    Raises:
        ImageError: there are none, they are damaged, or the file is shorter or longer.
    """
    path = facts_path(image)
    if not path.is_file() or not image.is_file():
        raise ImageError("desk.image.missing", f"{path} is not beside the image, or there is no image")
    with path.open("rb") as file:
        facts = ImageFacts.from_bytes(file.read(MAX_FACTS + 1))
    if image.stat().st_size != facts.size:
        raise ImageError("desk.image.damaged", f"the image has {image.stat().st_size} bytes, not {facts.size}")
    return facts
