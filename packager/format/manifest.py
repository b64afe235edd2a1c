r"""BagIt manifests: lines `<sha256>  <path>\n`, sorted by path, each path once (RFC 8493, 2.1.3).

Stricter than the RFC, so that one list has one form and `sha256sum -c` reads it: two spaces, lower-case digits, ASCII
paths without CR, LF or `%`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packager.format.errors import FormatError, TooLargeError
from packager.format.items import MAX_ITEMS
from packager.format.layout import check_payload_path, check_tag_path
from packager.format.lines import Row, RowFormat, read_rows

MAX_TAGMANIFEST = 1 << 20
"""Most bytes in a tagmanifest."""

_LINE = re.compile(rb"([0-9a-f]{64})  ([\x21-\x7e]{1,200})\Z")
_ROW = re.compile(rb"([0-9a-f]{64})  (data(?:/[a-z0-9_-][a-z0-9._-]*)+)\n")


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One file. sha256: 64 lower-case hexadecimal digits; path: relative to the bag."""

    sha256: str
    path: str

    def to_bytes(self) -> bytes:
        """The line, with its line feed."""
        return f"{self.sha256}  {self.path}\n".encode("ascii")


def read_manifest(path: Path, *, max_count: int = MAX_ITEMS) -> Iterator[ManifestLine]:
    """The lines of a payload manifest, in order, streaming. Memory: a few MiB.

    Raises:
        FormatError: a line is malformed, out of order or there twice, or the last one is cut short.
        TooLargeError: a line is too long, or there are more than `max_count`.
        OSError: the file is not there or the disk does not answer.
    """
    for rows in read_manifest_rows(path, max_count=max_count):
        for sha256, name in rows:
            yield ManifestLine(sha256.decode(), name.decode())


def read_manifest_rows(path: Path, *, max_count: int = MAX_ITEMS) -> Iterator[list[Row]]:
    """As `read_manifest`, in blocks of (digest, path) as ASCII bytes: the fast way for a million lines.

    Raises:
        FormatError, TooLargeError, OSError: as `read_manifest`.
    """
    return read_rows(path, _FORM, max_count=max_count)


def parse_tagmanifest(content: bytes) -> dict[str, str]:
    """The tag files of a bag: SHA-256 (hexadecimal) by path, in order.

    Raises:
        FormatError: a line is malformed, out of order or there twice, or the last one is cut short.
        TooLargeError: longer than `MAX_TAGMANIFEST`.
    """
    name = "tagmanifest-sha256.txt"
    if len(content) > MAX_TAGMANIFEST:
        raise TooLargeError("is too large", path=name, expected=f"at most {MAX_TAGMANIFEST} bytes")
    if not content.endswith(b"\n"):
        raise FormatError("is cut short: its last line has no line feed", path=name)
    lines = content[:-1].split(b"\n")
    return {line.path: line.sha256 for line in parse_lines(lines, check_tag_path, name)}


def parse_lines(lines: Iterable[bytes], check: Callable[[str], str], name: str) -> Iterator[ManifestLine]:
    """Parse lines without their line feeds; `check` proves each path; `name` goes into errors.

    Raises:
        FormatError: a line is malformed, out of order or there twice.
    """
    before = ""
    for n, line in enumerate(lines, 1):
        found = parse_line(line, f"{name}, line {n}", check)
        if found.path <= before:
            raise FormatError("is not sorted, or names a path twice", path=name, found=found.path)
        before = found.path
        yield found


def parse_line(line: bytes, where: str, check: Callable[[str], str]) -> ManifestLine:
    """The entry of one line without its line feed; `check` proves its path; `where` goes into errors.

    Raises:
        FormatError: the line is malformed.
        LayoutError: `check` refuses the path.
    """
    match = _LINE.match(line)
    if match is None:
        raise FormatError("is malformed", path=where, expected="<sha256>  <path>", found=repr(line[:80]))
    return ManifestLine(match[1].decode("ascii"), check(match[2].decode("ascii")))


def _check_line(line: bytes, where: str) -> str:
    return parse_line(line, where, check_payload_path).path


_FORM = RowFormat(_ROW, separators=3, max_line=64 + 2 + 200 + 1, check_line=_check_line)
