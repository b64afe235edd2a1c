"""Reading the lists of a bag past their faults: every line that is wrong is told, what can be read of it is used.

A reader of a box stops at the first fault (`packager.format.lines`); here the rest of the list is read as well. A line
is never longer in memory than its bound.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from packager.audit.findings import Findings
from packager.audit.ledger import Ledger
from packager.format.baginfo import BAGIT, MAX_BAG_TEXT, BagInfo
from packager.format.chunks import chunk_count
from packager.format.errors import FormatError, LayoutError
from packager.format.items import MAX_ITEM_SIZE, MAX_ITEMS, ItemLine, parse_item
from packager.format.layout import MAX_PATH, check_payload_path, check_tag_path, open_nofollow, read_bounded
from packager.format.manifest import MAX_TAGMANIFEST, ManifestLine, parse_line
from packager.format.source_file import read_chunk

BAGIT_NAME, INFO, MANIFEST, TAGMANIFEST = "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"
CATALOGUE, CHUNKS, ITEMS = "meta/catalogue.jsonl", "meta/chunks.bin", "meta/items.txt"
NEEDED = (BAGIT_NAME, INFO, MANIFEST, CATALOGUE, CHUNKS, ITEMS)
"""Tag files that every tagmanifest lists."""

_LONGEST = 64 + 1 + len(str(MAX_ITEM_SIZE)) + 2 + MAX_PATH + 1
_LOOSE = re.compile(rb"\s*([0-9A-Fa-f]{64})(?:[ \t]+([0-9]{1,13}))?[ \t]+\*?(?:\./)?(\S+)\s*\Z")


def open_tag_file(root: int, name: str) -> BinaryIO:
    """Open a tag file of the bag below the drive's descriptor.

    Raises:
        LayoutError, FileNotFoundError, OSError: as `open_nofollow`.
    """
    return os.fdopen(open_nofollow(root, f"bag/{name}"), "rb")


def read_lines(file: BinaryIO, most: int) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their numbers from 1 and their line feeds; None for one of more than `most` bytes: it is skipped."""
    number = 0
    while line := file.readline(most + 1):
        number += 1
        if len(line) <= most:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(1 << 20)
        yield number, None


def check_texts(root: int, findings: Findings) -> BagInfo | None:
    """bagit.txt and bag-info.txt; what the second says, when it can be read."""
    content = _read(root, BAGIT_NAME, MAX_BAG_TEXT, findings)
    if content is not None and content != BAGIT:
        findings.add("line", f"bag/{BAGIT_NAME}", "is not the two lines that it must be")
    content = _read(root, INFO, MAX_BAG_TEXT, findings)
    if content is None:
        return None
    try:
        return BagInfo.from_bytes(content)
    except FormatError as error:
        findings.add_error(error, f"bag/{INFO}")
        return None


def check_tagmanifest(root: int, findings: Findings) -> tuple[str, dict[str, str]]:
    """The tagmanifest: its digest (empty when it cannot be read), and the digests that it lists, by path in the bag."""
    content = _read(root, TAGMANIFEST, MAX_TAGMANIFEST, findings)
    if content is None:
        return "", {}
    found: dict[str, str] = {}
    folded: dict[str, str] = {}
    before = ""
    for number, line in enumerate(io.BytesIO(content), 1):
        entry = _entry(line, number, TAGMANIFEST, check_tag_path, findings)
        if entry is None:
            continue
        if entry.path <= before or entry.path in found:
            findings.add("order", f"bag/{TAGMANIFEST}", f"names {entry.path}", number)
        before = max(before, entry.path)
        if folded.setdefault(entry.path.lower(), entry.path) != entry.path:
            findings.add("case", f"bag/{entry.path}", "differs from another name by capital letters only")
        if entry.path == TAGMANIFEST:
            findings.add("mismatch", f"bag/{TAGMANIFEST}", "lists itself", number)
        found[entry.path] = entry.sha256
    for name in NEEDED:
        if name not in found:
            findings.add("mismatch", f"bag/{TAGMANIFEST}", f"does not list {name}")
    return hashlib.sha256(content).hexdigest(), found


def check_tag_files(
    root: int, listed: dict[str, str], findings: Findings, progress: Callable[[int], None]
) -> dict[str, tuple[str, int]]:
    """Read every tag file that is listed; digest and size by path in the bag, of those that could be read."""
    found: dict[str, tuple[str, int]] = {}
    for name, sha256 in listed.items():
        if name == TAGMANIFEST:
            continue
        try:
            with open_tag_file(root, name) as file:
                whole, size = hashlib.sha256(), 0
                while block := read_chunk(file.fileno()):
                    whole.update(block)
                    size += len(block)
                    progress(len(block))
        except (FormatError, OSError) as error:
            findings.add_error(error, f"bag/{name}")
            continue
        found[name] = whole.hexdigest(), size
        if whole.hexdigest() != sha256:
            findings.add("digest", f"bag/{name}", f"expected {sha256}; found {whole.hexdigest()}")
    return found


def check_manifest(root: int, ledger: Ledger, findings: Findings) -> None:
    """Enter every line of the payload manifest into the ledger."""
    before = ""
    for number, line in _lines_of(root, MANIFEST, findings):
        entry = _entry(line, number, MANIFEST, check_payload_path, findings)
        if entry is None:
            continue
        if not ledger.list_payload(entry.path, entry.sha256) or entry.path <= before:
            findings.add("order", f"bag/{MANIFEST}", f"names {entry.path}", number)
        before = max(before, entry.path)


def check_items(root: int, ledger: Ledger, findings: Findings) -> int:
    """Enter every line of items.txt into the ledger; how many digests chunks.bin must hold."""
    before, chunks = "", 0
    for number, line in _lines_of(root, ITEMS, findings):
        item = _item(line, number, findings)
        if item is None:
            continue
        if not ledger.list_item(item.path, item.sha256, item.size, chunks) or item.path <= before:
            findings.add("order", f"bag/{ITEMS}", f"names {item.path}", number)
        before = max(before, item.path)
        chunks += chunk_count(item.size)
    return chunks


def _lines_of(root: int, name: str, findings: Findings) -> Iterator[tuple[int, bytes]]:
    try:
        with open_tag_file(root, name) as file:
            for number, line in read_lines(file, _LONGEST):
                if number > MAX_ITEMS:
                    findings.add("too-large", f"bag/{name}", f"has more than {MAX_ITEMS} lines")
                    return
                if line is None:
                    findings.add("too-large", f"bag/{name}", "is a line that is too long", number)
                else:
                    yield number, line
    except FileNotFoundError:
        findings.add("missing", f"bag/{name}")
    except (FormatError, OSError) as error:
        findings.add_error(error, f"bag/{name}")


def _entry(line: bytes, number: int, name: str, check: Callable[[str], str], findings: Findings) -> ManifestLine | None:
    """The entry of a line; one that is wrong is told, and read as far as its digest and path can be made out."""
    where = f"bag/{name}"
    try:
        return parse_line(_whole(line), name, check)
    except FormatError as error:
        findings.add("name" if isinstance(error, LayoutError) else "line", where, _said(error), number)
    loose = _LOOSE.match(line)
    if loose is None:
        return None
    try:
        return ManifestLine(loose[1].decode().lower(), check(loose[3].decode("ascii")))
    except (FormatError, UnicodeDecodeError):
        return None


def _item(line: bytes, number: int, findings: Findings) -> ItemLine | None:
    where = f"bag/{ITEMS}"
    try:
        return parse_item(_whole(line), ITEMS)
    except FormatError as error:
        findings.add("name" if isinstance(error, LayoutError) else "line", where, _said(error), number)
    loose = _LOOSE.match(line)
    if loose is None or loose[2] is None:
        return None
    try:
        path = check_payload_path(loose[3].decode("ascii"))
        return ItemLine(loose[1].decode().lower(), min(int(loose[2]), MAX_ITEM_SIZE), path)
    except (FormatError, UnicodeDecodeError):
        return None


def _whole(line: bytes) -> bytes:
    if not line.endswith(b"\n"):
        raise FormatError("is cut short: its last line has no line feed")
    return line[:-1]


def _said(error: FormatError) -> str:
    return f"{error.reason}; found {error.found}" if error.found else error.reason


def _read(root: int, name: str, most: int, findings: Findings) -> bytes | None:
    try:
        return read_bounded(root, f"bag/{name}", most)
    except (FormatError, OSError) as error:
        findings.add_error(error, f"bag/{name}")
        return None
