"""Two signed editions of many records for benchmarks of updates, the drive of the first and an origin of the second.

    made = make_editions(folder, 300_000)

Records are those of a national library (`national.py`); one in thirty has a file of 8 KiB and one in six thousand one
of 2.5 MB, which no packing helps. Of one in a hundred a quarter go, a half change (a third of these in their title, and
half of their files by 200 bytes), and beside a quarter of them a new one comes.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from search_records import write_national

from indexer.build import build_index_of
from indexer.catalogue import build_catalogue
from indexer.formats import CATALOGUE_FORMAT, INDEX_FORMAT
from indexer.model import Item, Resource, dump_line, item_id, load_line
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.disks import write_disks
from packager.drives import write_drive
from packager.format.chunks import ChunkHasher, ChunkWriter
from packager.format.deltas import Delta
from packager.format.items import ItemLine, write_items
from packager.format.layout import DriveLayout, item_path
from packager.format.release import Accelerator, Digest, Release
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.signing import sign_release
from tests.simulator import DAY, FastFiles, Publisher, passphrase

FILES = FastFiles()
SMALL_FILE, LARGE_FILE = 8 << 10, 2_500_000
NEW_TITLE = "续编之书"
_SEED = 11


@dataclass(frozen=True)
class Editions:
    """Where they stand. delta: its head; document: its bytes; new_id: of a record that only the second has."""

    root_file: Path
    drive: Path
    origin: Path
    delta: Delta
    document: int
    new_id: str
    payload: int
    lists: int
    seconds: float


def make_editions(folder: Path, count: int, share: float = 0.01) -> Editions:
    """Make and sign both; the folder is empty."""
    folder.mkdir(parents=True)
    publisher = Publisher(folder / "publisher")
    (folder / "root.json").write_bytes(publisher.root)
    write_national(folder / "base", count)
    first, second = folder / "first", folder / "second"
    _edition(first, 1, (_with_file(load_line(line)) for line in (folder / "base/catalogue.jsonl").open("rb")))
    shutil.rmtree(folder / "base")
    _accelerate(first)
    sign_release(first, publisher.keys, passphrase, FILES)
    drive = folder / "drive"
    write_drive(first, drive, FILES, quiet=True)
    _edition(second, 2, _changed(DriveLayout(first).catalogue, share))
    sign_release(second, publisher.keys, passphrase, FILES)
    old, new = edition_of([first]), edition_of([second])
    made = delta_folder(second, "national", 1, 2)
    began = time.process_time()
    head, _ = make_delta(old, new, made, FILES, workers=1)
    seconds = time.process_time() - began
    sign_deltas(second, publisher.keys, passphrase, new.release, DAY, FILES)
    publish(second, publisher.keys, FolderSite(folder / "origin", FILES), DAY, payload=False, lists=False)
    new_id = next(line.id for line in map(load_line, new.layout.catalogue.open("rb")) if line.id.endswith("-"))
    payload = new.release.disks[0].bytes
    lists = sum(digest.size for digest in new.release.truth.values())
    document = (made / "delta.jsonl").stat().st_size
    for left in (first, second):
        shutil.rmtree(left)
    return Editions(
        folder / "root.json", drive, folder / "origin", head, document, new_id, payload, lists, seconds
    )  # fmt: skip


def _with_file(record: Resource) -> Resource:
    number = int.from_bytes(hashlib.sha256(record.id.encode()).digest()[:4], "big")
    if number % 30:
        return record
    size = SMALL_FILE if number % 6000 else LARGE_FILE
    return replace(record, items=(_item(record.id, random.Random(number).randbytes(size)),))


_CONTENT: dict[str, bytes] = {}
"""Path → bytes of the files of records that are not written yet."""


def _item(identity: str, content: bytes) -> Item:
    name = item_id(identity, "part", "file.dat")
    path = item_path(name, "dat")
    _CONTENT[path] = content
    return Item(
        id=name, role="part", order=0, path=path, media_type="application/octet-stream", size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip


def _edition(work: Path, seq: int, records: Iterator[Resource]) -> None:
    """Write an edition of records, sorted by id; files come from `_CONTENT`, or are those of the first edition."""
    layout, before = DriveLayout(work), DriveLayout(work.with_name("first"))
    layout.meta.mkdir(parents=True)
    lines: list[ItemLine] = []
    digests: dict[str, bytes] = {}
    count = 0
    with layout.catalogue.open("wb") as out:
        for record in records:
            count += 1
            out.write(dump_line(record))
            for item in record.items:
                path = layout.payload(item.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                content = _CONTENT.pop(item.path, None)
                if content is None:
                    os.link(before.payload(item.path), path)
                    content = path.read_bytes()
                else:
                    path.write_bytes(content)
                hasher = ChunkHasher()
                hasher.update(content)
                digests[item.path] = hasher.digests()
                lines.append(ItemLine(item.sha256, item.size, item.path))
    lines.sort(key=lambda line: line.path)
    with layout.catalogue.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    truth = {"catalogue.jsonl": Digest(digest, layout.catalogue.stat().st_size)}
    truth["items.txt"] = Digest(*write_items(layout.items, lines, FILES))
    with ChunkWriter(layout.chunks, FILES) as table:
        for line in lines:
            table.add(line, digests[line.path])
    truth["chunks.bin"] = Digest(table.sha256, table.size)
    _describe(work, seq, truth, count, lines, {})


def _describe(
    work: Path, seq: int, truth: dict[str, Digest], count: int, lines: list[ItemLine], more: dict[str, Accelerator]
) -> None:
    options = {"bundle": "national", "seq": seq, "issued": DAY.isoformat()}
    disks = write_disks(work, lambda: ((line, 1) for line in lines), [count], files=FILES, **options)  # type: ignore[arg-type]
    release = Release(
        edition=f"2026.{9 + seq}", truth=truth, disks=disks, accelerators=more, supersedes=None,
        requires=("chunks-v1",), count=count, **options,
    )  # type: ignore[arg-type]  # fmt: skip
    (work / "release.json").write_bytes(release.to_bytes())


def _accelerate(work: Path) -> None:
    """A catalogue and an index as the builder makes them."""
    from packager.format.items import read_items

    layout = DriveLayout(work)
    build_catalogue(layout.catalogue, layout.items, layout.meta / "catalogue.db")
    build_index_of(layout.catalogue, layout.meta / "search")
    release = Release.from_bytes((work / "release.json").read_bytes())
    found = {}
    for path in (layout.meta / "catalogue.db", *sorted((layout.meta / "search").iterdir())):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        version = str(CATALOGUE_FORMAT) if path.name == "catalogue.db" else INDEX_FORMAT
        found[path.relative_to(layout.meta).as_posix()] = Accelerator(
            digest, path.stat().st_size, "benchmark 1", version
        )
    _describe(work, release.seq, dict(release.truth), release.count, list(read_items(layout.items)), found)


def _changed(catalogue: Path, share: float) -> Iterator[Resource]:
    chance = random.Random(_SEED)
    content = DriveLayout(catalogue.parents[2]).payload
    with catalogue.open("rb") as lines:
        for line in lines:
            record, drawn = load_line(line), chance.random() / share
            if drawn < 0.25:
                continue
            if drawn < 0.75:
                title = {"title": record.title + "新编", "title_sort": "", "title_pinyin": ""} if drawn < 0.42 else {}
                record = replace(record, description=record.description + "增订。", **title)
                if record.items and chance.random() < 0.5:
                    old = bytearray(content(record.items[0].path).read_bytes())
                    old[4000:4200] = chance.randbytes(200)
                    record = replace(record, items=(_item(record.id, bytes(old)),))
            yield record
            if 0.75 <= drawn < 1:
                fresh = replace(
                    record, id=record.id + "-", title="续" + record.title, title_sort="", title_pinyin="", items=()
                )
                yield replace(fresh, items=(_item(fresh.id, chance.randbytes(SMALL_FILE)),)) if record.items else fresh
