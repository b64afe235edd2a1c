"""A build of hostile files through the command line, watched: time, memory, temporary files, what it left behind."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from indexer.model import load_line
from packager.format.items import read_items
from tests.looking import looked_again

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from indexer.model import Resource

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Build:
    """A build that has ended.

    Attributes:
        folder: holds `source/`, `work/`, `tmp/` and nothing else of the build's.
        files: file name by record id. code: of the command. said: what it printed.
        seconds: of the processors, all processes together. memory, temporary: most bytes at a time.
        records: by id. problems: by id.
    """

    folder: Path
    files: dict[str, str]
    code: int
    said: str
    seconds: float
    memory: int
    temporary: int
    records: dict[str, Resource]
    problems: dict[str, list[dict[str, Any]]]


def watched_build(folder: Path, contents: Sequence[tuple[str, bytes | Path]], limit: float = 240) -> Build:
    """Build a source with one record a file, in a process of its own with a temporary folder of its own.

    Args:
        folder: an empty one.
        contents: (name, content or where it lies); every file gets a folder of its own, so that names may repeat.
        limit: seconds after which it is killed.
    """
    source, tmp = folder / "source", folder / "tmp"
    tmp.mkdir(parents=True)
    files = {}
    rows: list[Mapping[str, str]] = []
    for number, (name, content) in enumerate(contents):
        home = source / f"d{number:03}"
        home.mkdir(parents=True)
        (home / name).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        files[f"h{number:03}"] = name
        rows.append(
            {"id": f"h{number:03}", "title": f"第 {number} 件", "type": "book", "files": f"d{number:03}/{name}"}
        )
    with (source / "catalogue.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, ["id", "title", "type", "files"])
        table.writeheader()
        table.writerows(rows)
    code, said, seconds, memory, temporary = _run(source, folder / "work", tmp, limit)
    problems: dict[str, list[dict[str, Any]]] = {}
    for line in (folder / "work/problems.jsonl").read_text("utf-8").splitlines():
        problem = json.loads(line)
        problems.setdefault(problem["id"], []).append(problem)
    lines = (folder / "work/bag/meta/catalogue.jsonl").read_bytes().splitlines()
    records = {record.id: record for record in map(load_line, lines)}
    return Build(folder, files, code, said, seconds, memory, temporary, records, problems)


def _run(source: Path, work: Path, tmp: Path, limit: float) -> tuple[int, str, float, int, int]:
    command = ["build", source, "--work", work, "--issued", "2026-11-22", "--edition", "2026.11"]
    before = os.times()
    process = subprocess.Popen(
        [sys.executable, "-m", "packager.cli", *map(str, command)],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    memory = temporary = 0
    end = time.monotonic() + limit
    try:
        while process.poll() is None:
            assert time.monotonic() < end, "the build hangs"
            memory = max(memory, _resident(process.pid))
            temporary = max(temporary, looked_again(lambda: _size(tmp)))
            time.sleep(0.1)
    finally:
        process.kill()
    said = process.communicate()[0]
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return process.returncode, said, spent, memory, temporary


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _resident(pid: int) -> int:
    """Bytes of a process and its children that lie in memory, pages that they share counted once."""
    total = 0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            total += process.memory_info().rss - process.memory_info().shared
        except psutil.Error:
            continue
    return total


def left_behind(build: Build) -> set[str]:
    """What lies in the build's folder and belongs to nothing."""
    work = build.folder / "work"
    held = {line.path for line in read_items(work / "bag/meta/items.txt")}
    payload = {p.relative_to(work / "bag").as_posix() for p in (work / "bag/data").rglob("*") if not p.is_dir()}
    known = {"bag", "build.db", "build.db-wal", "build.db-shm", "problems.jsonl", "release.json"}
    return (
        (payload ^ held)
        | {p.name for p in work.iterdir()} - known
        | {p.name for p in (build.folder / "tmp").rglob("*")}
        | {p.name for p in build.folder.iterdir()} - {"source", "work", "tmp"}
    )
