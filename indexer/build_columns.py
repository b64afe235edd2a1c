"""Columns, texts and tables of an index, put together from its runs as they come."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from shutil import copyfileobj
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from indexer.build_runs import PARENT, Run, own_columns
from indexer.schema import COLUMNS, TABLES, IndexTables

TEXT_MAGIC = b"SXTXT001"
_ROWS = 1 << 18
"""Rows whose hashes are looked through at a time."""
_CHILD = np.dtype([("row", "u4"), ("hash", "u8")])


class ColumnFiles:
    """The files with something for every row, in the order of rows. Memory: the tables, and a run's columns.

    Attributes:
        rows: how many have come. tables: all combinations so far.
    """

    def __init__(self, scratch: Path) -> None:
        """Write `new.<column>.col`, `new.txt` and `new.txo` in the folder `scratch`, where the runs lie too."""
        self._scratch = scratch
        self._stack = ExitStack()
        self.rows = self._text_end = 0
        self.tables = IndexTables()
        names = [*(f".{name}.col" for name in COLUMNS if name not in {"parent", "title_rank"}), "._x_len.col"]
        self._files: dict[str, BinaryIO] = {}
        for extension in (*names, ".txt", ".txo"):
            self._files[extension] = self._stack.enter_context(self.path(extension).open("wb"))
        self._hashes = self._stack.enter_context((scratch / "hashes").open("wb"))
        self._children = self._stack.enter_context((scratch / "children").open("wb"))
        self._files[".txo"].write(TEXT_MAGIC + bytes(8))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def path(self, extension: str) -> Path:
        """Where the file of an extension is written."""
        return self._scratch / f"new{extension}"

    def take(self, run: Run) -> None:
        """Append the rows of a run and remove what is no longer needed of it."""
        self._put("rid", np.arange(self.rows, self.rows + run.rows, dtype=COLUMNS["rid"]))
        for name, values in own_columns(self._read(run, "columns"), run.rows):
            self._put(name, self._numbered(name, run)[values] if name in TABLES else values)
        self._files["._x_len.col"].write(self._read(run, "lengths"))
        self._hashes.write(self._read(run, "hashes"))
        parents = np.frombuffer(self._read(run, "parents"), PARENT)
        children = np.empty(len(parents), _CHILD)
        children["row"], children["hash"] = parents["row"].astype("u4") + np.uint32(self.rows), parents["hash"]
        self._children.write(children.tobytes())
        ends = np.cumsum(np.frombuffer(self._read(run, "sizes"), "u4"), dtype="u8") + np.uint64(self._text_end)
        self._files[".txo"].write(ends.astype("<u8").tobytes())
        text = run.path(self._scratch, "text")
        with text.open("rb") as file:
            copyfileobj(file, self._files[".txt"], 1 << 20)
        text.unlink()
        self._text_end = int(ends[-1])
        self.rows += run.rows

    def flush(self) -> None:
        """Let others read what has been written."""
        for file in self._files.values():
            file.flush()

    def finish(self, title_ranks: NDArray[np.uint32]) -> list[str]:
        """Write the columns for which all rows had to be known; the extensions of all files.

        Memory: 4 bytes a record, and 24 a record that has a parent.
        """
        self._stack.close()
        for name, column in (("parent", self._parent_rows()), ("title_rank", title_ranks)):
            extension = f".{name}.col"
            with self.path(extension).open("wb") as self._files[extension]:
                self._put(name, column)
        return list(self._files)

    def _put(self, name: str, values: NDArray[Any]) -> None:
        # Whoosh's numeric columns: big-endian, one number a row.
        self._files[f".{name}.col"].write(values.astype(np.dtype(COLUMNS[name]).newbyteorder(">")).tobytes())

    def _read(self, run: Run, kind: str) -> bytes:
        path = run.path(self._scratch, kind)
        content = path.read_bytes()
        path.unlink()
        return content

    def _numbered(self, table: str, run: Run) -> NDArray[np.uint32]:
        """Number of a combination in the run → in the index."""
        return np.array([self.tables.number(table, values) for values in run.tables[table]], "u4")

    def _parent_rows(self) -> NDArray[np.uint32]:
        """For each row 1 + the row of its parent, 0 for none; the first row of several with one id."""
        children = np.fromfile(self._scratch / "children", _CHILD)
        wanted = np.unique(children["hash"])
        found = np.zeros(len(wanted), "u4")
        with (self._scratch / "hashes").open("rb") as file:
            for start in range(0, self.rows if len(wanted) else 0, _ROWS):
                hashes = np.fromfile(file, "u8", _ROWS)
                places = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
                rows = np.flatnonzero((wanted[places] == hashes) & (found[places] == 0))[::-1]
                found[places[rows]] = rows + (start + 1)  # the last of several assignments holds: the lowest row
        parent = np.zeros(self.rows, "u4")
        if len(wanted):
            rows = found[np.searchsorted(wanted, children["hash"])]
            parent[children["row"]] = np.where(rows == children["row"] + 1, 0, rows)
        return parent
