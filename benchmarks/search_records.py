"""Records for the benchmarks of searching: a collection's real records, and a national library's beyond."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import national
import zstandard
from national_catalogue.classics import collected

from indexer.errors import RecordError
from indexer.model import Resource, dump_line
from indexer.records import object_to_record

RUN = 200_000
"""Lines that are sorted in memory."""


def collection() -> Path:
    """The collection named by SHUXIANG_COLLECTION."""
    named = os.environ.get("SHUXIANG_COLLECTION")
    if not named:
        print("left out: SHUXIANG_COLLECTION names no collection with records/records.jsonl.zst")
        sys.exit(0)
    return Path(named)


def records(limit: int) -> Iterator[Resource]:
    """The first `limit` usable records of the collection.

    Where it has fewer they are those of a national library (`national.py`): the real ones once each, books, issues of
    serials, pictures and recordings beside them.
    """
    found = collection()
    objects = collected(found) if limit <= _count(found) else national.records(limit, collection=found)
    given = 0
    for number, data in enumerate(objects, 1):
        try:
            resource = object_to_record(data, number).resource
        except RecordError:
            continue
        yield resource
        given += 1
        if given == limit:
            return


def _count(found: Path) -> int:
    """How many lines the collection's records have."""
    path = found / "records" / "records.jsonl.zst"
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def write_truth(folder: Path, limit: int) -> tuple[Path, Path]:
    """catalogue.jsonl and items.txt of `limit` records."""
    return written(folder, records(limit))


def write_national(folder: Path, count: int) -> tuple[Path, Path]:
    """The same of a national library's records, its shares of all kinds kept however few they are."""
    objects = national.records(count, collection=collection())
    return written(folder, (object_to_record(data, n).resource for n, data in enumerate(objects, 1)))


def written(folder: Path, resources: Iterable[Resource]) -> tuple[Path, Path]:
    """The same of these resources; millions of them are sorted in runs on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    catalogue, items = folder / "catalogue.jsonl", folder / "items.txt"
    with tempfile.TemporaryDirectory(dir=folder) as scratch, contextlib.ExitStack() as stack:
        runs = []
        # A tab sorts before every character of an id, so lines that begin with `id, tab` sort as their ids do.
        lines = (resource.id.encode() + b"\t" + dump_line(resource) for resource in resources)
        while run := sorted(itertools.islice(lines, RUN)):
            path = Path(scratch) / str(len(runs))
            with path.open("wb") as file:
                file.writelines(run)
            runs.append(stack.enter_context(path.open("rb")))
        with catalogue.open("wb") as file:
            file.writelines(line.partition(b"\t")[2] for line in heapq.merge(*runs))
    items.touch()
    return catalogue, items
