"""Walking the files of a drive: what is there, following no link and in bounded memory."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from packager.audit.findings import Findings
from packager.audit.ledger import Ledger
from packager.format.errors import LayoutError
from packager.format.layout import check_payload_path, check_tag_path

_SYSTEM = frozenset({b"lost+found", b"system volume information", b"$recycle.bin", b".trashes", b".spotlight-v100"})
_DEEPEST = 1000
"""Longest path that is walked into; far over what a drive may hold."""


def walk_bag(root: Path, ledger: Ledger, findings: Findings) -> None:
    """Enter every plain file of the bag into the ledger; links, odd names and what else stands there are findings."""

    def see(path: bytes, size: int) -> None:
        name = path.removeprefix(b"bag/")
        _check_name(name, findings)
        ledger.find(name, size)

    _walk(os.fsencode(root), b"bag", see, findings)


def walk_metadata(root: Path, see: Callable[[bytes, int], None], findings: Findings) -> None:
    """Tell every plain file of the signed metadata, relative to the drive, with its size."""
    _walk(os.fsencode(root), b"tuf", see, findings)


def look_around(root: Path, findings: Findings) -> None:
    """Note what stands beside `bag` and `tuf`, and find these two under names with capital letters."""
    for entry in os.scandir(os.fsencode(root)):
        name = entry.name
        if name in {b"bag", b"tuf"} or name.lower() in _SYSTEM:
            continue
        if name.lower() in {b"bag", b"tuf"}:
            findings.add("case", name, "stands in for the name in small letters")
        else:
            findings.add("outside", name)


def _walk(root: bytes, top: bytes, see: Callable[[bytes, int], None], findings: Findings) -> None:
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            if not stat.S_ISDIR(os.lstat(os.path.join(root, folder)).st_mode):  # noqa: PTH118  # bytes
                findings.add("link", folder, "is a link or not a folder")
                continue
            with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118
                for entry in entries:
                    _see_entry(entry, folder + b"/" + entry.name, folders, see, findings)
        except OSError as error:
            findings.add_error(error, os.fsdecode(folder))


def _see_entry(
    entry: os.DirEntry[bytes],
    path: bytes,
    folders: list[bytes],
    see: Callable[[bytes, int], None],
    findings: Findings,
) -> None:
    try:
        facts = entry.stat(follow_symlinks=False)
    except OSError as error:
        findings.add_error(error, os.fsdecode(path))
        return
    if stat.S_ISDIR(facts.st_mode):
        if len(path) > _DEEPEST:
            findings.add("name", path, "is deeper than any path may be")
        else:
            folders.append(path)
    elif stat.S_ISREG(facts.st_mode):
        see(path, facts.st_size)
    else:
        findings.add("link", path, "is a link or not a plain file")


def _check_name(path: bytes, findings: Findings) -> None:
    try:
        text = path.decode("ascii")
        if text.startswith("data/"):
            check_payload_path(text)
        else:
            check_tag_path(text)
    except UnicodeDecodeError:
        findings.add("name", b"bag/" + path, "holds other characters than ASCII")
    except LayoutError as error:
        findings.add("name", b"bag/" + path, error.reason)
