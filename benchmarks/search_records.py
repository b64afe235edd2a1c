"""Records and queries for the benchmarks of searching, made by rule from a collection's real records."""

from __future__ import annotations

import io
import itertools
import json
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import opencc
import zstandard

from indexer.errors import RecordError
from indexer.model import Resource, dump_line
from indexer.records import object_to_record


def collection() -> Path:
    """The collection named by SHUXIANG_COLLECTION."""
    named = os.environ.get("SHUXIANG_COLLECTION")
    if not named:
        print("left out: SHUXIANG_COLLECTION names no collection with records/records.jsonl.zst")
        sys.exit(0)
    return Path(named)


def records(limit: int) -> Iterator[Resource]:
    """The first `limit` usable records of the collection; beyond its end they are repeated under other ids."""
    path = collection() / "records" / "records.jsonl.zst"
    given = 0
    for turn in itertools.count():
        with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
            for number, line in enumerate(io.TextIOWrapper(stream, "utf-8"), 1):
                try:
                    resource = object_to_record(json.loads(line), number).resource
                except RecordError:
                    continue
                yield replace(resource, id=f"{resource.id}-{turn}") if turn else resource
                given += 1
                if given == limit:
                    return


def write_truth(folder: Path, limit: int) -> tuple[Path, Path]:
    """catalogue.jsonl and items.txt of `limit` records."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = sorted((resource.id.encode(), dump_line(resource)) for resource in records(limit))
    catalogue, items = folder / "catalogue.jsonl", folder / "items.txt"
    with catalogue.open("wb") as file:
        file.writelines(line for _, line in lines)
    items.touch()
    return catalogue, items


def queries(resources: list[Resource], seed: int = 7) -> list[tuple[str, str]]:
    """`(kind, query)` by rule: a piece of a title, two characters of it, author and word, the other script."""
    chance = random.Random(seed)
    other = {"s2t": opencc.OpenCC("s2t"), "t2s": opencc.OpenCC("t2s")}
    made: list[tuple[str, str]] = []
    for resource in resources:
        title = resource.title
        start = chance.randrange(max(1, len(title) - 3))
        piece = title[start : start + 4]
        made.append(("title piece", piece))
        made.append(("two characters", title[start : start + 2]))
        if resource.creators:
            made.append(("author + word", f"{resource.creators[0].name} {title[:2]}"))
        swapped = other["s2t"].convert(piece)
        made.append(("other script", swapped if swapped != piece else other["t2s"].convert(piece)))
        body = resource.description
        if len(body) > 8:
            start = chance.randrange(len(body) - 6)
            made.append(("text piece", body[start : start + 5]))
    return [(kind, query) for kind, query in made if query.strip()]
