"""The signed lists that go with a copy: the newest that this box trusts, with every root that leads there."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import BranchError
from packager.format.errors import FormatError
from packager.format.floors import MAX_DOCUMENT, TwoCopies
from packager.format.layout import DriveLayout, read_bounded
from packager.format.release import load_canonical
from packager.format.repository import MAX_ROOTS, MAX_SIZE, reader_of_mapping, root_version, verify
from packager.format.withdrawals import NOTICE

if TYPE_CHECKING:
    from packager.format.files import Files
    from packager.format.release import Release

_ROOT = re.compile(r"([1-9][0-9]{0,8})\.root\.json\Z")


def signed_lists(trust: Path, root: bytes, drives: Iterable[Path], release: Release, files: Files) -> dict[str, bytes]:
    """What stands outside of the bag of a copy, by name below its root; proved once more.

    Nothing is written: the worker of this box may be at work in the same folder.

    Args:
        trust: folder of the trust store.
        root: the root metadata that this box was given.
        drives: plugged drives; they may hold older roots, for a branch whose box is older than this one.
        release: that must be listed.
        files: the writer; only reads.

    Raises:
        BranchError: there is nothing that is trusted, or the release is not listed any more.
    """
    for content in TwoCopies(trust, "trusted", files).newest_first():
        try:
            document: Any = load_canonical(content, MAX_DOCUMENT, "trusted")
            kept = {name: base64.b64decode(text) for name, text in document["files"].items()}
            anchor = base64.b64decode(document["anchor"])
            notice: str = document.get("notice") or ""
            found = _with_roots(kept, anchor, drives)
            oldest = min((named for named in found.items() if _ROOT.search(named[0])), key=_number)[1]
            verified = verify(reader_of_mapping(found), oldest)
            same = verify(reader_of_mapping(found), root)
        except (FormatError, KeyError, TypeError, ValueError, AttributeError):
            continue
        if same.root == verified.root and verified.listed.get(release.target) == release.to_bytes():
            lists = {f"tuf/{name}": content for name, content in sorted(found.items())}
            return lists | ({NOTICE: notice.encode()} if notice else {})
    raise BranchError("branch.not_copied", f"{release.target} is not on a signed list here")


def _with_roots(kept: Mapping[str, bytes], anchor: bytes, drives: Iterable[Path]) -> dict[str, bytes]:
    """The kept files, the root that they begin at, and older roots of a drive as far as they lead to it."""
    found = {f"metadata/{root_version(anchor)}.root.json": anchor, **kept}
    for drive in drives:
        older: dict[str, bytes] = {}
        for version in range(root_version(anchor) - 1, max(0, root_version(anchor) - MAX_ROOTS), -1):
            name = f"metadata/{version}.root.json"
            content = _read(drive, f"tuf/{name}")
            if not content:
                break
            older[name] = content
        if older and _leads({**older, **found}, min(older.items(), key=_number)[1], kept):
            return {**older, **found}
    return found


def _number(named: tuple[str, bytes]) -> int:
    match = _ROOT.search(named[0])
    return int(match[1]) if match else 0


def _leads(files: Mapping[str, bytes], root: bytes, kept: Mapping[str, bytes]) -> bool:
    """Whether everything can be proved from this root on."""
    try:
        return verify(reader_of_mapping(files), root).metadata["timestamp"] == kept["metadata/timestamp.json"]
    except (FormatError, KeyError):
        return False


def _read(drive: Path, name: str) -> bytes:
    try:
        descriptor = os.open(DriveLayout(drive).root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return read_bounded(descriptor, name, MAX_SIZE["root"])
        finally:
            os.close(descriptor)
    except (OSError, FormatError):
        return b""
