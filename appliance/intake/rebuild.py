"""Making a derived file again from the truth, in a process of its own at low priority.

Nothing is durable when it ends; the worker syncs and gives the result its place. Killing the process leaves something
in the scratch folder and nothing else, so a release that would need too much memory or crashes the builder harms
nobody but itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource as limits
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.processes import die_with_parent, ends, start

_log = logging.getLogger(__name__)

NICENESS = 15
MAX_MEMORY = 2 << 30
"""Address space of the process, memory maps included."""
WORST_ESTIMATE = 7 * 24 * 3600

Progress = Callable[[int, int], None]
"""Percent done (0-99) and an estimate of the seconds left."""


@dataclass(frozen=True, slots=True)
class Task:
    """One derived file to make.

    Attributes:
        folder: the release's folder name.
        part: `catalogue` or `search`.
        catalogue_jsonl: the truth's records.
        items_txt: the truth's items.
        out: what to make, in the scratch folder.
        count: records, for progress.
        older: the same part of an older edition, over which it may be laid; None: it is made whole.
        upon: this edition's catalogue, when an index is laid over another: it says what differs.
    """

    folder: str
    part: str
    catalogue_jsonl: Path
    items_txt: Path
    out: Path
    count: int
    older: Path | None = None
    upon: Path | None = None


def run_task(task: Task, progress: Progress, stop: threading.Event) -> bool:
    """Make it and wait; whether it was made. `stop` kills the process within a quarter of a second."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # words keep apart
    with ours:
        ours.setblocking(False)
        started = time.monotonic()
        with theirs:
            words = (
                task.folder, task.part, task.catalogue_jsonl, task.items_txt, task.out, task.count,
                task.older or "", task.upon or "", theirs.fileno(),
            )  # fmt: skip
            process = start(__name__, *map(str, words), keep=[theirs.fileno()])
        while not ends(process, 0.25):
            if stop.is_set():
                process.kill()
            _report(ours, progress, time.monotonic() - started)
    if process.returncode:
        _log.warning("%s of %s could not be made: exit %d", task.part, task.folder, process.returncode)
    return process.returncode == 0


def estimate(done: int, total: int, spent: float) -> tuple[int, int]:
    """Percent done, at most 99, and seconds left after `spent` seconds."""
    percent = min(99, 100 * done // max(1, total))
    left = spent * max(0, total - done) / max(1, done)
    return percent, round(min(left, WORST_ESTIMATE))


def _report(ours: socket.socket, progress: Progress, spent: float) -> None:
    """Pass on the last of what the child has said."""
    last = b""
    with contextlib.suppress(OSError):  # nothing more is said now
        while word := ours.recv(64):
            last = word
    if last:
        done, total = (int(word) for word in last.split())
        progress(*estimate(done, total, spent))


def _child(task: Task, parent: socket.socket) -> None:
    """Build, in the child. The next worker may make another edition's in the same place: none outlives its own."""
    die_with_parent()
    parent.send(b"0 1")  # or the worker is gone already
    os.nice(NICENESS)
    # What it is laid over is mapped, and its pages are the system's to take back.
    mapped = sum(path.stat().st_size for path in task.older.rglob("*") if path.is_file()) if task.older else 0
    limits.setrlimit(limits.RLIMIT_AS, (MAX_MEMORY + mapped, MAX_MEMORY + mapped))

    def tell(done: int, total: int | None) -> None:
        parent.send(b"%d %d" % (done, total or task.count))

    build(task, tell)


def build(task: Task, progress: Callable[[int, int | None], None]) -> None:
    """Make the derived file of a task in this process, which takes in 80 MB of libraries and tables for it.

    Over an older one, where there is one and little differs; a catalogue is then a folder, `out` without its suffix.

    Raises:
        IndexerError: the truth cannot be read, or `out` is there already.
        OSError: the SSD is full or does not answer.
    """
    from indexer.build import build_index
    from indexer.catalogue import build_catalogue, read_records

    if task.older is not None and _laid(task, task.older, progress):
        return
    if task.part == "catalogue":
        build_catalogue(task.catalogue_jsonl, task.items_txt, task.out, progress=progress)
    else:
        build_index(read_records(task.catalogue_jsonl), task.out, progress=progress)


def _laid(task: Task, older: Path, progress: Callable[[int, int | None], None]) -> bool:
    """Lay it over an older one; False, and nothing is left of it, when it must be made whole."""
    from indexer.errors import IndexFormatError, OverlayError
    from indexer.overlay_build import build_index_overlay
    from indexer.overlay_catalogue_build import build_catalogue_overlay

    out = task.out.with_suffix("")
    try:
        if task.part == "catalogue":
            build_catalogue_overlay(older, task.catalogue_jsonl, task.items_txt, out, progress=progress)
        elif task.upon is not None:
            build_index_overlay(older, task.upon, out, progress=progress)
        else:
            return False
    except (OverlayError, IndexFormatError) as error:
        sys.stderr.write(f"{task.part} of {task.folder} is made whole: {error}\n")
        shutil.rmtree(out, ignore_errors=True)
        return False
    return True


if __name__ == "__main__":
    _folder, _part, _records, _items, _out, _count, _older, _upon, _parent = sys.argv[1:]
    _child(
        Task(
            _folder, _part, Path(_records), Path(_items), Path(_out), int(_count),
            Path(_older) if _older else None, Path(_upon) if _upon else None,
        ),
        socket.socket(fileno=int(_parent)),
    )  # fmt: skip
