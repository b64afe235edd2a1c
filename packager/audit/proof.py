"""The signed metadata of a drive: what it says of itself, and whether a root proves it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from packager.audit.findings import Findings
from packager.audit.tree import walk_metadata
from packager.format.baginfo import BagInfo
from packager.format.errors import FormatError, HalfCopiedError, TrustError
from packager.format.layout import read_bounded
from packager.format.listing import read_listing
from packager.format.release import Admission, Release, is_sha256
from packager.format.repository import MAX_LISTED, MAX_LISTED_SIZE, MAX_SIZE, Verified, reader_of_folder, verify
from packager.format.withdrawals import NOTICE, ROLE

ROLES = ("root", "targets", "snapshot", "timestamp")
BY_ROOT, BY_ITSELF, NOT_AT_ALL = "root", "itself", "no"
"""What proved the metadata: the root that was given, the drive's own first root (it is whole, whoever made it), or
nothing."""

_VERSIONED = re.compile(r"tuf/metadata/([1-9][0-9]{0,9})\.(root|targets|snapshot|withdrawals)\.json\Z")
_TIMESTAMP = "tuf/metadata/timestamp.json"
_TARGET = re.compile(r"tuf/targets/(?:[^/]+/)*([0-9a-f]{64})\.[^/]+\Z")
_RELEASE = re.compile(r"tuf/targets/releases/[a-z][a-z0-9-]{0,31}/[0-9a-f]{64}\.([1-9][0-9]{0,9})\.json\Z")
_MOST_FILES = 100_000


@dataclass
class Metadata:
    """The files of the signed metadata, by what their names say; nothing of them is proved.

    Attributes:
        roots: names of the roots by version. newest: version and name of the newest file of each role.
        releases: names of the release documents.
    """

    roots: dict[int, str] = field(default_factory=dict)
    newest: dict[str, tuple[int, str]] = field(default_factory=dict)
    releases: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Proof:
    """What the metadata proves.

    Attributes:
        by: `BY_ROOT`, `BY_ITSELF` or `NOT_AT_ALL`.
        admission: the release that names this drive, and which drive of it.
    """

    by: str
    admission: Admission | None = None


def list_metadata(root: Path, findings: Findings) -> Metadata:
    """Sort the files of the signed metadata by their names; links and strangers are findings."""
    found = Metadata()
    count = 0

    def see(path: bytes, _size: int) -> None:
        nonlocal count
        count += 1
        name = os.fsdecode(path)
        match = _VERSIONED.match(name)
        if count > _MOST_FILES:
            return
        if match is not None:
            version, role = int(match[1]), match[2]
            if role == "root":
                found.roots[version] = name
            found.newest[role] = max(found.newest.get(role, (0, "")), (version, name))
        elif name == _TIMESTAMP:
            found.newest["timestamp"] = (0, name)
        elif name == f"tuf/{NOTICE}":
            return  # a notice for boxes; it proves itself and says nothing of this drive
        elif _TARGET.match(name) is None:
            findings.add("outside", name)
        elif _RELEASE.match(name) and len(found.releases) < MAX_LISTED:
            found.releases.append(name)

    walk_metadata(root, see, findings)
    if count > _MOST_FILES:
        findings.add("too-large", "tuf", f"holds more than {_MOST_FILES} files")
    return found


def describe(root: int, found: Metadata, findings: Findings) -> dict[str, dict[str, Any]]:
    """Version, date of expiry and key ids of the signatures of each role's newest file, at its word.

    For every role that a root speaks of also how many keys it has and how many must sign.
    """
    said: dict[str, dict[str, Any]] = {}
    parts: Mapping[str, Any] = {}
    for role in (*ROLES, ROLE):
        if role not in found.newest and role == ROLE:
            continue  # not every list delegates
        if role not in found.newest:
            findings.add("half-copied", f"tuf/metadata/{role}.json", "there is none")
            continue
        name = found.newest[role][1]
        try:
            document = _loads(read_bounded(root, name, MAX_SIZE[role]))
            signed = document["signed"]
            said[role] = {
                "expires": str(signed["expires"])[:32],
                "signatures": sorted(str(s["keyid"])[:64] for s in document["signatures"])[:64],
                "version": _whole(signed["version"]),
            }
            if role == "root":
                parts = dict(signed["roles"])
        except (FormatError, OSError) as error:
            findings.add_error(error, name)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            findings.add("list-changed", name, "is not metadata")
    for role, facts in said.items():
        part = parts.get(role)
        if isinstance(part, dict) and isinstance(part.get("keyids"), list):
            threshold = part.get("threshold")
            facts["keys"], facts["threshold"] = len(part["keyids"]), threshold if type(threshold) is int else None
    return said


def find_release(
    root: int, found: Metadata, tagmanifest: str, info: BagInfo | None
) -> tuple[dict[str, Any], Admission | None, bool]:
    """The release document on the drive that names this tagmanifest, at its word: as it is, as a value, and True.

    When none does, the one that bag-info means, and False: so a changed bag can be compared with what it was. The
    value is None for a release of a newer format.
    """
    meant: tuple[dict[str, Any], Admission | None, bool] = {}, None, False
    for name in found.releases:
        try:
            content = read_bounded(root, name, MAX_LISTED_SIZE)
            document = _loads(content)
            numbers = [disk["n"] for disk in document["disks"] if disk["tagmanifest"] == tagmanifest]
            if numbers:
                return document, _admission(content, numbers[0]), True
            if info is not None and (document["bundle"], document["seq"]) == (info.bundle, info.seq):
                meant = document, _admission(content, info.disk), False
        except (FormatError, OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
            continue
    return meant


def _admission(content: bytes, number: int) -> Admission | None:
    try:
        release = Release.from_bytes(content)
    except FormatError:
        return None
    disk = next((disk for disk in release.disks if disk.n == number), None)
    return Admission(release, disk, newest=False) if disk is not None else None


def _loads(content: bytes) -> Any:
    """JSON without fractions and infinities: what is told of a drive must be JSON again."""
    return json.loads(content, parse_float=_refuse, parse_constant=_refuse)


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ValueError(f"{value!r:.40} is no version")
    return value


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"number {text[:20]} is not an integer")


def check_targets(root: int, layout_root: Path, findings: Findings) -> None:
    """Compare every target file with the digest in its name."""
    names: list[str] = []
    walk_metadata(layout_root, lambda path, _size: names.append(os.fsdecode(path)), Findings())
    for name in sorted(names)[:_MOST_FILES]:
        match = _TARGET.match(name)
        if match is None:
            continue
        try:
            content = read_bounded(root, name, MAX_LISTED_SIZE)
        except (FormatError, OSError) as error:
            findings.add_error(error, name)
            continue
        if hashlib.sha256(content).hexdigest() != match[1]:
            findings.add("digest", name, "has another digest than its name")


def prove(
    root_fd: int, found: Metadata, given: bytes | None, tagmanifest: str, now: datetime, findings: Findings
) -> Proof:
    """Prove the metadata from `given`, or from the drive's own first root, and find the drive in its list."""
    try:
        folder = os.open("tuf", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root_fd)
    except FileNotFoundError:
        findings.add("half-copied", "tuf", "is missing")
        return Proof(NOT_AT_ALL)
    except OSError as error:
        findings.add_error(error, "tuf")
        return Proof(NOT_AT_ALL)
    try:
        read = reader_of_folder(folder)
        if given is None:
            findings.add("unproved")
        verified = verify(read, given or _own_root(root_fd, found))
    except TrustError as error:
        findings.add_error(error, f"tuf/{error.path}" if error.path.startswith("metadata/") else error.path)
        return Proof(NOT_AT_ALL)
    except (FormatError, OSError) as error:
        findings.add_error(error, "tuf")
        return Proof(NOT_AT_ALL)
    finally:
        os.close(folder)
    _note_expired(verified, now, findings)
    return Proof(BY_ITSELF if given is None else BY_ROOT, _admit(verified, tagmanifest, findings))


def _own_root(root_fd: int, found: Metadata) -> bytes:
    if not found.roots:
        raise HalfCopiedError("holds no root", path="metadata/root.json")
    return read_bounded(root_fd, found.roots[min(found.roots)], MAX_SIZE["root"])


def _note_expired(verified: Verified, now: datetime, findings: Findings) -> None:
    for role, when in verified.expires.items():
        if when <= now.astimezone(UTC):
            findings.add("expired", f"tuf/metadata, {role}", f"{when:%Y-%m-%d}")


def _admit(verified: Verified, tagmanifest: str, findings: Findings) -> Admission | None:
    if not is_sha256(tagmanifest):
        return None
    listing = read_listing(verified.listed)
    try:
        admission = listing.find(tagmanifest)
    except TrustError as error:
        findings.add_error(error, "bag/tagmanifest-sha256.txt")
        return None
    if admission is None:
        findings.add("list-changed", "bag/tagmanifest-sha256.txt", f"{tagmanifest} is in no signed list")
    return admission
