"""Turn a truth file, or files of sections, into runs of an index with several processes, in order and a few ahead.

The workers are fresh interpreters (no fork of a process that has threads), see nothing but what they are told to
read, and are killed when the build ends in any way.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from indexer.build_runs import Run, write_runs
from indexer.errors import BuildWorkerError, IndexFormatError
from indexer.truth_lines import MAX_LINE, check_order, read_records

PART = 8 << 20
"""Bytes of the truth file in a task, up to the next line feed: about a run of common records."""

_AHEAD = 2
"""Tasks for each worker that are given out before the first is done."""
_BLOCK = 1 << 20
_ROOT = Path(__file__).parents[1]
_START = """
import sys
sys.path.insert(0, sys.argv[1])
from indexer.build_worker import serve
serve()
"""
_ENVIRONMENT = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Part:
    """Whole lines of a file: where they begin, how many bytes they are, and the number of the first."""

    offset: int
    size: int
    line: int


def runs_of(catalogue_jsonl: Path, scratch: Path, workers: int) -> Generator[Run, None, None]:
    """The runs of all records of a truth file, in order, written to the folder `scratch`.

    Args:
        catalogue_jsonl: canonical lines sorted by id.
        scratch: where the runs go.
        workers: processes; with one, this process does the work itself.

    Raises:
        IndexFormatError: a line of the truth cannot be read, or the order is wrong.
        BuildWorkerError: a worker died or could not go on.
    """
    if workers == 1:
        yield from write_runs(read_records(catalogue_jsonl), scratch, "run")
        return
    before, line = b"", 1
    paths = {"path": str(catalogue_jsonl.absolute()), "scratch": str(scratch.absolute())}
    tasks = ({**paths, **asdict(part)} for part in parts_of(catalogue_jsonl))
    for runs in runs_in_order(tasks, workers):
        for run in runs:
            check_order(before, run.first.encode(), catalogue_jsonl.name, line)
            before, line = run.last.encode(), line + run.rows
            yield run


def runs_in_order(tasks: Iterator[dict[str, Any]], workers: int) -> Generator[list[Run], None, None]:
    """The runs of each task, in the order of the tasks; a few are in work ahead.

    Args:
        tasks: what `indexer.build_worker` does.
        workers: processes.

    Raises:
        IndexFormatError: what a task reads is not what it should be.
        BuildWorkerError: a worker died or could not go on.
    """
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(workers, "index"))
        free: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(workers):
            free.put(stack.enter_context(_Worker()))
        waiting: deque[Future[list[Run]]] = deque()
        more = True
        while waiting or more:
            while more and len(waiting) < _AHEAD * workers:
                task = next(tasks, None)
                more = task is not None
                if task is not None:
                    waiting.append(pool.submit(_done, free, task))
            if waiting:
                yield waiting.popleft().result()


def parts_of(path: Path) -> Iterator[Part]:
    """The parts of a file of lines, in order.

    Raises:
        IndexFormatError: a line is too long.
    """
    start, line = 0, 1
    with path.open("rb") as file:
        while True:
            size = lines = 0
            while size < PART and (block := file.read(min(_BLOCK, PART - size))):
                size, lines = size + len(block), lines + block.count(b"\n")
            rest = file.readline(MAX_LINE + 1)
            if len(rest) > MAX_LINE:
                raise IndexFormatError(path.name, f"has a line of more than {MAX_LINE} bytes")
            if not size:
                return
            yield Part(start, size + len(rest), line)
            start, line = start + size + len(rest), line + lines + rest.count(b"\n")


def _done(free: SimpleQueue[_Worker], task: dict[str, Any]) -> list[Run]:
    worker = free.get()
    try:
        return worker.runs(task)
    finally:
        free.put(worker)


class _Worker:
    """One process; used from one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def runs(self, task: dict[str, Any]) -> list[Run]:
        """Have a task turned into runs, and wait.

        Raises:
            IndexFormatError, BuildWorkerError: as `runs_in_order`.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - both are pipes
        assert stdout is not None  # noqa: S101
        try:
            stdin.write(json.dumps(task).encode() + b"\n")
            stdin.flush()
            line = stdout.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise BuildWorkerError(f"a process that reads records ended by itself: {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "reason" in answer:
            raise IndexFormatError(answer["path"], answer["reason"])
        if "trouble" in answer:
            raise BuildWorkerError(answer["trouble"])
        return [Run(**run) for run in answer["runs"]]
