"""An index of texts for a drive that brings none: made on the SSD, where the texts are few, by a child at low priority.

Texts are read through verified chunks, one at a time, and the child sees those copies alone. A cache: nothing in it is
durable, what is half made or damaged is thrown away and made again, and it goes with its release.
"""

from __future__ import annotations

import json
import logging
import os
import resource as limits
import shutil
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from appliance.processes import ends, start

_log = logging.getLogger(__name__)

MAX_TEXTS = 5_000
MAX_TEXT_BYTES = 32 << 20
"""Texts that an index is made of on the box; about a minute of a core, and four times the space."""
NICENESS = 15
MAX_MEMORY = 2 << 30
"""Address space of the child."""
_SPARE = 8
"""The SSD must have so many times the texts' bytes free."""
_LIST = "texts.json"

Text = tuple[int, int, int, Callable[[], bytes]]
"""Row of the record, place of the text among its items, bytes, and what reads it."""


class MadeIndexes:
    """The indexes in one folder. For one thread, but for `close`."""

    def __init__(self, folder: Path) -> None:
        """Keep indexes in `folder`, which is made when it is needed."""
        self._folder = folder
        self._stop = threading.Event()
        self._failed: set[str] = set()

    def close(self) -> None:
        """Break off what is being made."""
        self._stop.set()

    def get(self, name: str) -> Path | None:
        """The folder of an index that was made."""
        path = self._folder / name
        return path if (path / "toc.json").is_file() else None

    def forget(self, name: str) -> None:
        """Throw one away that turned out to be damaged; it is not made again before the next start."""
        self._failed.add(name)
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def keep_only(self, names: Collection[str]) -> None:
        """Throw away all others."""
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.name not in names:
                shutil.rmtree(path, ignore_errors=True)

    def make(self, name: str, records: int, texts: Sequence[Text]) -> Path | None:
        """Make an index and wait for it; None when it cannot be made.

        Args:
            name: of its folder.
            records: in the catalogue.
            texts: by record and item, within `MAX_TEXTS` and `MAX_TEXT_BYTES`.

        Raises:
            ServingError: a text cannot be read now.
        """
        total = sum(size for _, _, size, _ in texts)
        if name in self._failed or len(texts) > MAX_TEXTS or total > MAX_TEXT_BYTES:
            return None
        work = self._folder / f"{name}.tmp~"
        try:
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            if shutil.disk_usage(work).free < _SPARE * total:
                return None
            listed = []
            for number, (row, place, size, read) in enumerate(texts):
                if self._stop.is_set():
                    return None
                (work / f"{number}.jsonl").write_bytes(read())
                listed.append([row, place, f"{number}.jsonl", size])
            (work / _LIST).write_text(json.dumps(listed))
            process = start(__name__, str(work), str(records))
            while not ends(process, 0.25):
                if self._stop.is_set():
                    process.kill()
            if process.returncode:
                _log.warning("an index of texts could not be made: exit %d", process.returncode)
                if not self._stop.is_set():
                    self._failed.add(name)
                return None
            shutil.rmtree(self._folder / name, ignore_errors=True)
            (work / "index").rename(self._folder / name)
            return self._folder / name
        except OSError as error:
            _log.warning("an index of texts cannot be made: %s", error)
            return None
        finally:
            shutil.rmtree(work, ignore_errors=True)


def build(work: Path, records: int) -> None:
    """Make the index of the texts in a folder, in the child.

    Raises:
        IndexerError: a text is not in its form.
        OSError: the SSD is full or does not answer.
    """
    from indexer.sections_build import build_sections
    from indexer.sections_runs import TextFile

    files = [
        TextFile(row, place, work / name, size) for row, place, name, size in json.loads((work / _LIST).read_text())
    ]
    build_sections(files, work / "index", records=records)


if __name__ == "__main__":
    os.nice(NICENESS)
    limits.setrlimit(limits.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    build(Path(sys.argv[1]), int(sys.argv[2]))
