"""A release: the one small JSON document that the signers sign (docs/format.md, "Release").

Canonical form: UTF-8, NFC, keys sorted, no spaces, no escapes of non-ASCII, ended by one line feed; the same value
always gives the same bytes. Members that this version does not know are ignored; what a reader MUST understand stands
in `requires`, and an unknown entry there refuses the release.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NoReturn

from packager.format.errors import FormatError, LayoutError, NeedsNewerBoxError, TooLargeError
from packager.format.layout import TRUTH_NAMES, check_meta_name

FEATURES = frozenset({"chunks-v1"})
"""What this version understands; a release that requires anything else is refused."""

MAX_RELEASE = 256 << 10
"""Most bytes in a release document."""
MAX_DISKS = 999
MAX_ACCELERATORS = 1000
MAX_SEQ = (1 << 31) - 1
MAX_LABEL = 64
"""Most characters in an edition, a tool or a format."""
MAX_BYTES = 1 << 53
"""Highest size and highest count in a release: what every JSON reader keeps exactly."""

BUNDLE = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")
FEATURE = re.compile(r"[a-z0-9.-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Digest:
    """What a file must be. sha256: 64 lower-case hexadecimal digits; size: bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A derived file in `meta/`. tool: what made it, with its version; format: version of the file's format."""

    sha256: str
    size: int
    tool: str
    format: str


@dataclass(frozen=True, slots=True)
class Disk:
    """One drive of the set.

    Attributes:
        n: its number from 1. tagmanifest: SHA-256 of its tagmanifest.
        bytes: of its payload. count: resources of which it holds a file; 0 where it is not told (sets of one drive).
    """

    n: int
    tagmanifest: str
    bytes: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """A release of a bundle.

    Attributes:
        bundle: a-z, 0-9, `-`; at most 32; begins with a letter.
        seq: number of the release in its bundle, from 1, rising.
        issued: ISO date of the day it was made.
        edition: what people call it: 2026.11; 1-64 characters.
        truth: digest and size of catalogue.jsonl, items.txt and chunks.bin, by name.
        accelerators: derived files by name relative to `meta/`.
        disks: the drives of the set, numbered 1, 2, …; at least one.
        supersedes: number of the release before, None for the first.
        requires: features that a reader must know, sorted.
        count: resources in the catalogue.
        name: what readers call the bundle, as signed: 四川版; 1-64 characters, empty where it is not told.
    """

    bundle: str
    seq: int
    issued: str
    edition: str
    truth: Mapping[str, Digest]
    disks: tuple[Disk, ...]
    accelerators: Mapping[str, Accelerator] = field(default_factory=dict)
    supersedes: int | None = None
    requires: tuple[str, ...] = ("chunks-v1",)
    count: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        """Check every member.

        Raises:
            FormatError: a member is not what it may be.
        """
        _check(self)

    @property
    def target(self) -> str:
        """Its name as a TUF target: `releases/<bundle>/<seq>.json`."""
        return target_name(self.bundle, self.seq)

    @property
    def number(self) -> str:
        """Its build number, see `build_number`."""
        return build_number(self.truth)

    def disk_of(self, tagmanifest: str) -> Disk | None:
        """The drive whose tagmanifest has this SHA-256 (hexadecimal), or None."""
        return next((disk for disk in self.disks if disk.tagmanifest == tagmanifest), None)

    def to_bytes(self) -> bytes:
        """The canonical document.

        Raises:
            TooLargeError: it would be longer than `MAX_RELEASE`.
        """
        document: dict[str, Any] = {
            "accelerators": {
                name: {"format": a.format, "sha256": a.sha256, "size": a.size, "tool": a.tool}
                for name, a in self.accelerators.items()
            },
            "bundle": self.bundle,
            "count": self.count,
            "disks": [_disk_members(disk) for disk in self.disks],
            "edition": self.edition,
            "issued": self.issued,
            "requires": list(self.requires),
            "seq": self.seq,
            "supersedes": self.supersedes,
            "truth": {name: {"sha256": d.sha256, "size": d.size} for name, d in self.truth.items()},
        }
        if self.name:
            document["name"] = self.name
        data = canonical_json(document)
        if len(data) > MAX_RELEASE:
            raise TooLargeError("is too large", path=self.target, expected=f"at most {MAX_RELEASE} bytes")
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Release:
        """The release of a canonical document.

        Raises:
            NeedsNewerBoxError: it requires a feature that this version does not know.
            TooLargeError: it is longer than `MAX_RELEASE`.
            FormatError: it is not canonical JSON, or a member is missing or not what it may be.
        """
        document = load_canonical(data, MAX_RELEASE, "release")
        _check_requires(document)
        try:
            return cls(
                bundle=document["bundle"],
                seq=document["seq"],
                issued=document["issued"],
                edition=document["edition"],
                truth={name: Digest(d["sha256"], d["size"]) for name, d in document["truth"].items()},
                disks=tuple(Disk(d["n"], d["tagmanifest"], d["bytes"], d.get("count", 0)) for d in document["disks"]),
                accelerators={
                    name: Accelerator(a["sha256"], a["size"], a["tool"], a["format"])
                    for name, a in document["accelerators"].items()
                },
                supersedes=document["supersedes"],
                requires=tuple(document["requires"]),
                count=document["count"],
                name=document.get("name", ""),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"has a member that is missing or of another shape: {error}", path="release") from error


@dataclass(frozen=True, slots=True)
class Admission:
    """A drive that may be used.

    Attributes:
        release: what it carries. disk: which drive of the set it is.
        newest: whether no newer release of the same bundle is trusted.
    """

    release: Release
    disk: Disk
    newest: bool


def target_name(bundle: str, seq: int) -> str:
    """The name of a release as a TUF target."""
    return f"releases/{bundle}/{seq}.json"


def build_number(truth: Mapping[str, Digest]) -> str:
    r"""The number that each signer computes from the bag: 24 decimal digits in groups of four (79 bits).

    It depends on the three truth files only: SHA-256 of their lines `<sha256> <size> <name>\n`, sorted by name, as a
    number modulo 10^24. Digits, because two people read it to each other over the telephone.
    """
    lines = "".join(f"{truth[name].sha256} {truth[name].size} {name}\n" for name in sorted(truth))
    digits = f"{int.from_bytes(hashlib.sha256(lines.encode()).digest()) % 10**24:024d}"
    return " ".join(digits[i : i + 4] for i in range(0, 24, 4))


def canonical_json(document: object) -> bytes:
    """The canonical bytes of plain JSON data (no floats), ended by a line feed; strings as they are."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def load_canonical(data: bytes, max_size: int, name: str) -> dict[str, Any]:
    """The object of a canonical JSON document.

    Raises:
        TooLargeError: longer than `max_size`.
        FormatError: not JSON, not an object, or not in canonical form (so one value has one digest).
    """
    if len(data) > max_size:
        raise TooLargeError("is too large", path=name, expected=f"at most {max_size} bytes")
    try:
        document = json.loads(data.decode(), parse_float=_refuse, parse_constant=_refuse)
        if not isinstance(document, dict) or canonical_json(document) != data:
            raise FormatError("is not a canonical JSON object", path=name)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"is not JSON: {error}", path=name) from error
    return document


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"number {text[:20]} is not an integer")


def _disk_members(disk: Disk) -> dict[str, str | int]:
    """The members of a drive; one at its default is left out."""
    told = {"count": disk.count} if disk.count else {}
    return {"bytes": disk.bytes, "n": disk.n, "tagmanifest": disk.tagmanifest, **told}


def _check_requires(document: Mapping[str, Any]) -> None:
    found = document.get("requires")
    if not isinstance(found, list) or not all(isinstance(feature, str) for feature in found):
        raise FormatError("has no list of features", path="release")
    unknown = sorted(set(found) - FEATURES)
    if unknown:
        edition = document.get("edition")
        raise NeedsNewerBoxError(
            "requires features that this version does not know",
            expected=", ".join(sorted(FEATURES)),
            found=", ".join(unknown)[:200],
            edition=edition[:64] if isinstance(edition, str) else "",
        )


def _check(release: Release) -> None:
    _must(isinstance(release.bundle, str) and bool(BUNDLE.match(release.bundle)), "bundle", release.bundle)
    _must(_is_count(release.seq, MAX_SEQ) and release.seq > 0, "seq", release.seq)
    _must(is_date(release.issued), "issued", release.issued)
    _must(is_label(release.edition), "edition", release.edition)
    _must(sorted(release.truth) == list(TRUTH_NAMES), "truth", sorted(map(str, release.truth)))
    for name, digest in release.truth.items():
        _must(is_sha256(digest.sha256) and _is_count(digest.size, MAX_BYTES), f"truth {name}", digest)
    _check_accelerators(release.accelerators)
    _check_disks(release.disks)
    before = release.supersedes
    _must(before is None or (_is_count(before, MAX_SEQ) and 0 < before < release.seq), "supersedes", before)
    features = release.requires
    _must(all(isinstance(f, str) and FEATURE.match(f) for f in features), "requires", features)
    _must(list(features) == sorted(set(features)), "requires", features)
    _must(_is_count(release.count, MAX_BYTES), "count", release.count)
    _must(release.name == "" or is_label(release.name), "name", release.name)


def _check_accelerators(accelerators: Mapping[str, Accelerator]) -> None:
    _must(len(accelerators) <= MAX_ACCELERATORS, "accelerators", len(accelerators))
    for name, found in accelerators.items():
        try:
            check_meta_name(name)
        except LayoutError as error:
            raise FormatError("has an accelerator that no drive may hold", path="release", found=repr(name)) from error
        _must(name not in TRUTH_NAMES, "accelerators", name)
        _must(is_sha256(found.sha256) and _is_count(found.size, MAX_BYTES), f"accelerator {name}", found)
        _must(is_label(found.tool) and is_label(found.format), f"accelerator {name}", found)


def _check_disks(disks: tuple[Disk, ...]) -> None:
    _must(0 < len(disks) <= MAX_DISKS, "disks", len(disks))
    for n, disk in enumerate(disks, 1):
        _must(type(disk.n) is int and disk.n == n, "disks", disk.n)
        _must(is_sha256(disk.tagmanifest) and _is_count(disk.bytes, MAX_BYTES), f"disk {n}", disk)
        _must(_is_count(disk.count, MAX_BYTES), f"disk {n}, count", disk.count)


def _must(right: bool, member: str, found: object) -> None:
    if not right:
        raise FormatError("has a member that is not what it may be", path=f"release, {member}", found=repr(found)[:200])


def _is_count(value: object, highest: int) -> bool:
    return type(value) is int and 0 <= value <= highest


def is_label(value: object) -> bool:
    """Whether `value` is a short printable text in NFC, 1 to `MAX_LABEL` characters."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LABEL or not value.isprintable():
        return False
    return unicodedata.is_normalized("NFC", value)


def is_sha256(value: object) -> bool:
    """Whether `value` is 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and bool(SHA256.match(value))


def is_date(value: object) -> bool:
    """Whether `value` is an ISO date that exists."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
