"""What was found in or made of some bytes before, by their digest: the same bytes are never parsed twice.

A row says "this tool made this of these bytes": facts, a derivative that lies in the bag, or nothing and why. It does
not name the source file, so a renamed or touched file costs a copy and no parsing. What a limit of time or memory
stopped is not kept: a quieter machine may do it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

SCHEMA = """
CREATE TABLE IF NOT EXISTS made (
  origin TEXT NOT NULL, tool TEXT NOT NULL, run INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
  sha256 TEXT NOT NULL, chunks BLOB NOT NULL, facts TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (origin, tool)) STRICT, WITHOUT ROWID;
"""
COLUMNS = "origin, tool, path, size, sha256, chunks, facts, reason"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was learned of an item's content.

    Attributes:
        media_type: found by content.
        pages: of a document; duration: seconds; width and height: pixels; 0 where there are none.
        trouble: what is wrong with the file, for the people who keep the catalogue; empty when nothing is.
        flags: of `indexer.model.ITEM_FLAGS`.
        contents: (title, place) of each line of its table of contents.
        tool: what learned them; with another version they are learned anew.
    """

    media_type: str
    pages: int = 0
    duration: int = 0
    width: int = 0
    height: int = 0
    trouble: str = ""
    flags: tuple[str, ...] = ()
    contents: tuple[tuple[str, str], ...] = ()
    tool: str = ""

    def to_text(self) -> str:
        """JSON for a row."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Facts:
        """The facts of a row, of this or an earlier version."""
        values = json.loads(text)
        values["flags"] = tuple(values.get("flags", ()))
        values["contents"] = tuple((title, place) for title, place in values.get("contents", ()))
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Made:
    """What a tool made of some bytes.

    Attributes:
        origin: SHA-256 in hexadecimal of the bytes, or of a text that names all of them. tool: with its version.
        facts: of what was made, or of the bytes themselves.
        path: where the derivative lies in the bag, empty when there is none. size: bytes. sha256: hexadecimal.
        chunks: digests of its 1 MiB chunks, empty up to 1 MiB.
        reason: what people should know about it; when there is no derivative, why.
    """

    origin: str
    tool: str
    facts: Facts
    path: str = ""
    size: int = 0
    sha256: str = ""
    chunks: bytes = field(default=b"", repr=False)
    reason: str = ""


class MadeBefore:
    """Reads what a journal's committed rows know, from any thread, through a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`, which exists."""
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.execute("PRAGMA query_only=ON")

    def __enter__(self) -> Self:
        """The reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._db.close()

    def get(self, origin: str, tool: str) -> Made | None:
        """What `tool` made of the bytes of digest `origin`, None when it never did."""
        query = f"SELECT {COLUMNS} FROM made WHERE origin = ? AND tool = ?"  # noqa: S608 - a constant
        with self._lock:
            row = self._db.execute(query, (origin, tool)).fetchone()
        if row is None:
            return None
        _, _, path, size, sha256, chunks, facts, reason = row
        return Made(origin, tool, Facts.from_text(facts), path, size, sha256, chunks, reason)
