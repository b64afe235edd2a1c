"""Reading the payload: every file that is listed and there, every byte of it, and every chunk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from packager.audit.findings import Findings
from packager.audit.ledger import Ledger, Payload
from packager.audit.lists import CHUNKS
from packager.format.chunks import DIGEST, chunk_count
from packager.format.errors import FormatError
from packager.format.items import MAX_ITEM_SIZE
from packager.format.layout import open_nofollow
from packager.format.source_file import read_chunk

_SAMPLE = 8
"""Chunks of one item that are named; more are counted."""


def check_sizes(ledger: Ledger, findings: Findings) -> None:
    """Compare the sizes of files with items.txt, without opening them."""
    for path, _, size, _, found in ledger.payload():
        if size is not None and size != found:
            findings.add("size", b"bag/" + path, f"expected {size} bytes; found {found}")


def check_bytes(root: int, ledger: Ledger, findings: Findings, progress: Callable[[int], None]) -> None:
    """Read the payload whose size is right and compare digests and chunks; `progress` gets bytes read."""
    table = _open_chunks(root, findings)
    try:
        for row in ledger.payload():
            if row[2] is None or row[2] == row[4]:
                _check_file(root, row, table, findings, progress)
    finally:
        if table is not None:
            os.close(table)


def _open_chunks(root: int, findings: Findings) -> int | None:
    try:
        return open_nofollow(root, f"bag/{CHUNKS}")
    except (FormatError, OSError) as error:
        findings.add_error(error, f"bag/{CHUNKS}")
        return None


def _check_file(
    root: int, row: Payload, table: int | None, findings: Findings, progress: Callable[[int], None]
) -> None:
    path, sha256, size, first, _ = row
    name = "bag/" + path.decode("ascii")
    chunks = chunk_count(size) if size is not None and table is not None else 0
    whole, left, bad, number = hashlib.sha256(), size if size is not None else MAX_ITEM_SIZE, [0][:0], 0
    try:
        descriptor = open_nofollow(root, name)
        try:
            while left > 0 and (block := read_chunk(descriptor)):
                whole.update(block)
                left -= len(block)
                if number < chunks and table is not None and first is not None:
                    known = os.pread(table, DIGEST, (first + number) * DIGEST)
                    if known != hashlib.sha256(block).digest():
                        bad.append(number)
                number += 1
                progress(len(block))
        finally:
            os.close(descriptor)
    except (FormatError, OSError) as error:
        findings.add_error(error, name)
        return
    if whole.hexdigest() != sha256:
        findings.add("digest", name, f"expected {sha256}; found {whole.hexdigest()}")
    if bad:
        some = ", ".join(map(str, bad[:_SAMPLE])) + (f" and {len(bad) - _SAMPLE} more" if len(bad) > _SAMPLE else "")
        findings.add("chunk", name, f"MiB {some}, counted from 0")
