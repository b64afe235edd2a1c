"""Building an index and asking pages of it, measured; nothing but the standard library, for Xapian's Python too.

An engine is a module with

    build(folder)           makes its index from `prepared.jsonl` of the folder
    files(folder)           what the index is, with what its pages are fetched from
    open_engine(folder)     gives what has `page(asked)`
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

PAGE = 20
Asked = dict[str, Any]
"""`kind`, `text`, and for engines that take no text `terms`."""


@dataclass
class Page:
    """A page: the families of its lines (a part counts as its parent), how many records match, what it shows."""

    families: list[str]
    total: int
    shown: int


def prepared(folder: Path) -> Iterator[dict[str, Any]]:
    """The records as every engine takes them: folded texts, numbers for facets, and what a line shows."""
    with (folder / "prepared.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def queries(folder: Path) -> list[Asked]:
    with (folder / "queries.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def snippet(text: str, stretches: Iterable[str], around: int = 60) -> str:
    """The piece of a text around the first stretch of the query in it; what any page has to do at least."""
    at = min((place for one in stretches if (place := text.find(one)) >= 0), default=0)
    piece = text[max(0, at - around // 2) : at + around]
    for one in stretches:
        piece = piece.replace(one, f"<mark>{one}</mark>")
    return piece


def build(engine: ModuleType, folder: Path) -> dict[str, float]:
    """Make the index; what it took and how large it is."""
    before, started = _cpu(), time.perf_counter()
    engine.build(folder)
    return {"wall": time.perf_counter() - started, "cpu": _cpu() - before, "bytes": size(engine.files(folder))}


def ask(engine: ModuleType, folder: Path) -> dict[str, Any]:
    """Open it with nothing of it in the page cache, ask everything twice; times, memory and answers."""
    asked = queries(folder)
    evict(engine.files(folder))
    before, started = anonymous(), time.perf_counter()
    opened = engine.open_engine(folder)
    opened.page(asked[0])
    first, memory = (time.perf_counter() - started) * 1000, anonymous() - before
    evict(engine.files(folder))
    cold = [_timed(opened.page, one)[:2] for one in asked]
    warm, answers = [], []
    for one in asked:
        wall, cpu, page = _timed(opened.page, one)
        warm.append((wall, cpu))
        answers.append(asdict(page))
    return {
        "bytes": size(engine.files(folder)),
        "first": first,
        "memory": memory,
        "memory after": anonymous() - before,
        "cold": cold,
        "warm": warm,
        "answers": answers,
    }


def _timed(page: Callable[[Asked], Page], one: Asked) -> tuple[float, float, Page]:
    started, cpu = time.perf_counter(), time.process_time()
    answer = page(one)
    return (time.perf_counter() - started) * 1000, (time.process_time() - cpu) * 1000, answer


def evict(paths: Iterable[Path]) -> None:
    """Let the page cache forget these files; the system does so for clean pages that nothing has mapped."""
    for path in _all_files(paths):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def size(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in _all_files(paths))


def _all_files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
    return found


def anonymous() -> int:
    """Anonymous memory of this process, in MB (mapped files are the kernel's cache)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) >> 10
    return 0


def _cpu() -> float:
    """CPU seconds of this process and of children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
