"""Read the truth files of a release line by line, with bounds: canonical lines in the order of their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from indexer.errors import IndexFormatError, RecordError
from indexer.model import Resource, load_line

MAX_LINE = 1 << 22
"""Most bytes of a record's line."""


def bounded_lines(path: Path, limit: int) -> Iterator[bytes]:
    """The lines of a file with their line feeds.

    Raises:
        IndexFormatError: a line has more than `limit` bytes.
    """
    with path.open("rb") as file:
        while line := file.readline(limit + 1):
            if len(line) > limit:
                raise IndexFormatError(path.name, f"has a line of more than {limit} bytes")
            yield line


def read_records(catalogue_jsonl: Path) -> Iterator[Resource]:
    """The records of the truth file in order, one at a time.

    Raises:
        IndexFormatError: a line is too long, not a record, or not in order.
    """
    for resource, _ in read_record_lines(bounded_lines(catalogue_jsonl, MAX_LINE), catalogue_jsonl.name):
        yield resource


def read_record_lines(lines: Iterable[bytes], name: str, first: int = 1) -> Iterator[tuple[Resource, bytes]]:
    """The record of each line, and the line.

    Args:
        lines: of a truth file.
        name: of the file, for errors.
        first: number of the first line.

    Raises:
        IndexFormatError: a line is not a record, or not in order.
    """
    before = b""
    for number, line in enumerate(lines, first):
        try:
            resource = load_line(line, number)
        except RecordError as error:
            raise IndexFormatError(name, str(error)) from error
        identity = resource.id.encode()
        check_order(before, identity, name, number)
        before = identity
        yield resource, line


def check_order(before: bytes, identity: bytes, name: str, number: int) -> None:
    """Raise `IndexFormatError` unless the id of line `number` comes after the one before it."""
    if identity <= before:
        raise IndexFormatError(name, f"line {number} is not in the order of ids")
