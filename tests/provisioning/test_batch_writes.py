"""A batch that dies at each of its calls to the disk, one after another: the next run comes to the same end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from provisioning.issuing import enter_made, plan_batch
from provisioning.ledger import Ledger
from provisioning.library_list import Defaults, Row, read_list
from provisioning.making import write_boxes
from tests.provisioning.box_files import BOX_KEY
from tests.provisioning.desk import ENTRY, SECRET, counties, terms, write_csv

CALLS = ((os, "open"), (os, "fchmod"), (os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"))
COUNT = 3


class _Dead(BaseException):
    """The process is no more."""


class _Disk:
    """Counts calls to the disk; from the one that is told on, none returns."""

    def __init__(self, patch: pytest.MonkeyPatch, last: int) -> None:
        self.done, self._last = 0, last
        for place, name in CALLS:
            patch.setattr(place, name, self._counted(getattr(place, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if self.done >= self._last:
                raise _Dead
            self.done += 1
            return call(*arguments, **options)

        return counted


def run(folder: Path, rows: Sequence[Row]) -> None:
    with Ledger(folder / "ledger.db") as ledger:
        planned = plan_batch(ledger, rows, terms(), ENTRY)
        made = write_boxes(planned, folder / "out", BOX_KEY, SECRET, workers=1, tell=lambda _done: None)
        enter_made(ledger, made.files, ENTRY)


def result(folder: Path) -> tuple[dict[str, bytes], tuple[int, str]]:
    files = {path.name: path.read_bytes() for path in (folder / "out").rglob("*.*") if not path.name.endswith(".tmp~")}
    with Ledger(folder / "ledger.db") as ledger:
        return files, ledger.check()


def test_dead_at_each_call(tmp_path: Path) -> None:
    rows = read_list(write_csv(tmp_path / "list.csv", counties(COUNT)), Defaults()).rows
    (tmp_path / "whole").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        calls = _Disk(patch, 10_000)
        run(tmp_path / "whole", rows)
    whole = result(tmp_path / "whole")
    assert whole[1][0] == 1 + 2 * COUNT
    assert calls.done > 30
    for last in range(calls.done):
        folder = tmp_path / str(last)
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            _Disk(patch, last)
            with pytest.raises(_Dead):
                run(folder, rows)
        with Ledger(folder / "ledger.db") as ledger:
            assert ledger.check()[0] in {0, 1 + COUNT}
        run(folder, rows)
        assert result(folder) == whole, f"dead after {last} calls"
