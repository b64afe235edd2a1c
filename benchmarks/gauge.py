"""Running jobs in confined children on one and on more workers, and what that takes: time, memory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from indexer.renditions import Renditions, Sandbox

_EVERY, _EXACTLY = 0.05, 4
"""Seconds between two looks at the children's size, and looks between two at what they hold for themselves (slow)."""
Job = Callable[[Renditions], int]
"""One file's work; gives the number of letters that it found."""


@dataclass(frozen=True)
class Rate:
    """What a run took: jobs, wall and CPU seconds of this process and all children, letters of text, peaks in bytes.

    `largest` is the resident set of the largest child, `together` what all children held for themselves at a time.
    """

    jobs: int
    wall: float
    cpu: float
    letters: int
    largest: int
    together: int


def measured(jobs: Sequence[Job], workers: int) -> Rate:
    """Do the jobs, `workers` at a time, in confined children that are warm before the clock starts."""
    with Renditions(Sandbox(jobs=workers, queue_seconds=3600)) as renditions:
        renditions.warm()
        starting = sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children())
        with ThreadPoolExecutor(workers) as pool, Peak() as peak:
            before, start = _cpu() + starting, time.perf_counter()
            letters = sum(pool.map(lambda job: job(renditions), jobs))
            wall = time.perf_counter() - start
        time.sleep(0.1)
        renditions.sandbox.layers()  # the next job takes the dead children away, and only then their time counts
    return Rate(len(jobs), wall, _cpu() - before - peak.cost, letters, peak.largest, peak.together)


def plainly(work: Callable[[Path], int], paths: Sequence[Path], workers: int) -> Rate:
    """Do something else with the same files, `workers` at a time: the figure that stands beside ours."""
    with ThreadPoolExecutor(workers) as pool:
        before, start = _cpu(), time.perf_counter()
        letters = sum(pool.map(work, paths))
        return Rate(len(paths), time.perf_counter() - start, _cpu() - before, letters, 0, 0)


def read_and_hash(path: Path) -> int:
    """What any packager does at least."""
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return 0


def _cpu() -> float:
    """CPU seconds of this process and of every child that has ended, and of theirs."""
    return sum(
        u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


class Peak:
    """Watches this process's descendants; `cost` is the CPU seconds that the watching took."""

    def __init__(self) -> None:
        self.largest = self.together = 0
        self.cost = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own, turn = psutil.Process(os.getpid()), 0
        while not self._over.wait(_EVERY):
            turn += 1
            alone = 0
            for child in own.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    self.largest = max(self.largest, child.memory_info().rss)
                    if turn % _EXACTLY == 0:
                        alone += child.memory_full_info().uss
            self.together = max(self.together, alone)
        self.cost = time.thread_time()
