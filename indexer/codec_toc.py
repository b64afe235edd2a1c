"""An index opened by its table of contents, which names every file with its size: another size refuses it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from indexer.codec import POSTINGS_MAGIC
from indexer.codec_files import BlockReader
from indexer.errors import IndexFormatError

TOC = "toc.json"

OpenName = Callable[[str], BlockReader]
"""From the name of a file of an index to its bytes."""


class NamedFiles:
    """The files of one index, opened one by one.

    Attributes:
        toc: the members of the table of contents, of which only the format was looked at.
    """

    def __init__(self, open_file: OpenName, form: str, most: int, opened: list[BlockReader]) -> None:
        """Read the table of contents.

        Args:
            open_file: opens a file by its name.
            form: name of the layout.
            most: bytes of a table of contents.
            opened: where files are put, for whoever closes them.

        Raises:
            IndexFormatError: it is not of that form.
        """
        self._open, self._opened = open_file, opened
        self.toc: dict[str, Any] = _read(open_file(TOC), form, most)

    def open(self, name: str) -> BlockReader:
        """A file of the size that was promised.

        Raises:
            IndexFormatError: it is of another, or cannot be opened.
        """
        file = self._open(name)
        self._opened.append(file)
        sizes = self.toc.get("files")
        if not isinstance(sizes, dict) or file.size != sizes.get(name):
            raise IndexFormatError(name, f"has {file.size} bytes, the table of contents says otherwise")
        return file

    def postings(self, name: str) -> BlockReader:
        """The same for the postings, whose beginning is looked at.

        Raises:
            IndexFormatError: they are not of the form.
        """
        file = self.open(name)
        if bytes(file.read(0, len(POSTINGS_MAGIC))) != POSTINGS_MAGIC:
            raise IndexFormatError(file.name, "is not a postings file of this format")
        return file


def _read(file: BlockReader, form: str, most: int) -> dict[str, Any]:
    try:
        if file.size > most:
            raise IndexFormatError(TOC, "is too large")
        toc = json.loads(bytes(file.read(0, file.size)))
        if not isinstance(toc, dict) or toc.get("format") != form:
            raise IndexFormatError(TOC, f"is not of the format {form}")
    except (ValueError, RecursionError) as error:
        raise IndexFormatError(TOC, f"is not JSON: {error}") from error
    finally:
        file.close()
    return toc
