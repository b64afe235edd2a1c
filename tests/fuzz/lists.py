"""Targets: the lists of a bag. The fast readers of whole blocks must agree with plain ones that read line by line."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from indexer.errors import IndexFormatError, RecordError, RenditionError
from indexer.model import dump_line, load_line
from indexer.peaks import dump_peaks, load_peaks
from indexer.renditions.tilepack import TilepackIndex, descriptor
from indexer.sections import dump_section, read_sections
from indexer.truth_lines import read_records
from packager.format.baginfo import BagInfo
from packager.format.chunks import DIGEST, ChunkHasher, ChunkTable, chunk_count
from packager.format.errors import FormatError
from packager.format.items import ItemLine, parse_item, read_items
from packager.format.layout import CHUNK, MAX_PATH, check_payload_path
from packager.format.manifest import ManifestLine, parse_lines, parse_tagmanifest, read_manifest
from tests.fuzz.target import Target, kept

V1 = Path(__file__).parents[1] / "vectors" / "v1"
BAG = V1 / "known/drive/bag"
_PATHS = (b"data/", b"data/aa/bb/", b"meta/", b"bagit.txt", b"../", b"/", b"0" * 64, b"  ", b"\n", b"a" * MAX_PATH)


def vectors(name: str) -> list[bytes]:
    """The inputs of golden cases, good and bad, that are text and short."""
    found = [json.loads(line) for line in (V1 / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [case["input"].encode("utf-8", "surrogatepass") for case in found if "input" in case][:60]


def seeds(name: str, *files: Path) -> Callable[[], Sequence[bytes]]:
    return lambda: [*vectors(name), *(path.read_bytes() for path in files)]


def outcome(read: Callable[[], Any], *errors: type[Exception]) -> Any:
    """What `read` gives, or None when it refuses with one of its own errors."""
    try:
        return read()
    except errors:
        return None


def _slowly(data: bytes, parse: Callable[[Iterable[bytes]], list[Any]]) -> list[Any] | None:
    """What a reader that knows no blocks makes of a list."""
    if not data:
        return []
    if not data.endswith(b"\n"):
        return None
    return outcome(lambda: parse(data[:-1].split(b"\n")), FormatError)


def run_manifest(data: bytes) -> bool:
    path = kept("manifest", data)
    found = outcome(lambda: list(read_manifest(path)), FormatError)
    plain: list[ManifestLine] | None = _slowly(data, lambda lines: list(parse_lines(lines, check_payload_path, "list")))
    assert found == plain
    assert found is None or b"".join(line.to_bytes() for line in found) == data
    return found is not None


def run_items(data: bytes) -> bool:
    path = kept("items", data)
    found = outcome(lambda: list(read_items(path)), FormatError)
    assert found == _slowly(data, _plain_items)
    assert found is None or b"".join(line.to_bytes() for line in found) == data
    return found is not None


def _plain_items(lines: Iterable[bytes]) -> list[ItemLine]:
    found: list[ItemLine] = []
    for line in lines:
        item = parse_item(line, "list")
        if found and item.path <= found[-1].path:
            raise FormatError("is not sorted")
        found.append(item)
    return found


def run_tagmanifest(data: bytes) -> bool:
    found = outcome(lambda: parse_tagmanifest(data), FormatError)
    assert found is None or b"".join(ManifestLine(d, n).to_bytes() for n, d in found.items()) == data
    return found is not None


def run_bag_info(data: bytes) -> bool:
    found = outcome(lambda: BagInfo.from_bytes(data), FormatError)
    assert found is None or found.to_bytes() == data
    return found is not None


def run_chunks(data: bytes) -> bool:
    """A table of any bytes, and an item whose bytes come in pieces: `data` says how they are cut."""
    path = kept("chunks.bin", data)
    table = outcome(lambda: ChunkTable(path), FormatError)
    assert (table is None) == (len(data) % DIGEST != 0)
    if table is not None:
        with table:
            assert b"".join(table.digest(n) for n in range(table.count)) == data
            assert outcome(lambda: table.digest(table.count), FormatError) is None
            assert outcome(lambda: table.digest(-1), FormatError) is None
    content = (data or b"\0") * (2 * CHUNK // max(1, len(data)) + 1)
    content = content[: CHUNK + (data[0] if data else 0)]
    hasher, at = ChunkHasher(), 0
    for step in data[:40]:
        hasher.update(content[at : at + step * 8192])
        at += step * 8192
    hasher.update(content[at:])
    pieces = [content[n : n + CHUNK] for n in range(0, len(content), CHUNK)]
    expected = b"".join(hashlib.sha256(piece).digest() for piece in pieces) if len(content) > CHUNK else b""
    assert hasher.digests() == expected
    assert len(expected) == DIGEST * chunk_count(len(content))
    return table is not None


def run_catalogue(data: bytes) -> bool:
    found = outcome(lambda: load_line(data), RecordError)
    if found is None:
        return False
    line = dump_line(found)
    assert dump_line(load_line(line)) == line
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    assert [item for item in found.items if item.size >= 1 << 53] == []
    return True


def run_records(data: bytes) -> bool:
    path = kept("catalogue.jsonl", data)
    found = outcome(lambda: list(read_records(path)), IndexFormatError)
    assert found is None or [r.id.encode() for r in found] == sorted({r.id.encode() for r in found})
    return found is not None


def run_sections(data: bytes) -> bool:
    found = outcome(lambda: list(read_sections(BytesIO(data))), IndexFormatError)
    if found:
        written = b"".join(map(dump_section, found))
        assert list(read_sections(BytesIO(written))) == found
    return found is not None


def run_peaks(data: bytes) -> bool:
    found = outcome(lambda: load_peaks(data), IndexFormatError)
    assert found is None or load_peaks(dump_peaks(found)) == found
    return found is not None


def run_tilepack(data: bytes) -> bool:
    pack = outcome(lambda: TilepackIndex(lambda at, length: data[at : at + length], len(data)), IndexFormatError)
    if pack is None:
        return False
    assert pack.pictures <= len(pack)
    for name in ("0001.dzi", "0001_files/0/0_0.jpeg"):
        place = outcome(lambda name=name: pack.entry(name), IndexFormatError)
        if place is not None:
            assert place[0] + place[1] <= len(data)
            outcome(lambda place=place: descriptor(data[place[0] : place[0] + place[1]]), RenditionError)
    return True


def _tilepack_seeds() -> Sequence[bytes]:
    body = b'<Image Format="jpeg" Overlap="1" TileSize="510"><Size Width="9" Height="9"/></Image>'
    found = []
    for names in ((), ("0001.dzi",), ("0001.dzi", "0001_files/0/0_0.jpeg", "0002.dzi")):
        out = BytesIO()
        with zipfile.ZipFile(out, "w") as pack:
            for name in names:
                pack.writestr(zipfile.ZipInfo(name), body)
        found.append(out.getvalue())
    return found


def _catalogue_seeds() -> Sequence[bytes]:
    return [*vectors("catalogue"), *(BAG / "meta/catalogue.jsonl").read_bytes().splitlines(keepends=True)]


_MEMBERS = (
    b'"items":[',
    b'"access":{"scope":"none"}',
    b'"flags":["damaged"]',
    b'"contents":[',
    b"\\ud800",
    b"null",
    b"1e9",
)
LISTS = (
    Target(
        "manifest",
        "packager.format.manifest.read_manifest",
        seeds("manifest", BAG / "manifest-sha256.txt"),
        run_manifest,
        _PATHS,
    ),
    Target(
        "tagmanifest",
        "packager.format.manifest.parse_tagmanifest",
        seeds("tagmanifest", BAG / "tagmanifest-sha256.txt"),
        run_tagmanifest,
        _PATHS,
    ),
    Target("items", "packager.format.items.read_items", seeds("items", BAG / "meta/items.txt"), run_items, _PATHS),
    Target(
        "bag-info",
        "packager.format.baginfo.BagInfo",
        seeds("bag-info", BAG / "bag-info.txt"),
        run_bag_info,
        (b"Payload-Oxum: ", b"Bag-Count: "),
    ),
    Target(
        "chunks",
        "packager.format.chunks",
        lambda: [b"", bytes(32), bytes(range(64)), bytes(33)],
        run_chunks,
        max_len=512,
    ),
    Target("catalogue", "indexer.model.load_line", _catalogue_seeds, run_catalogue, _MEMBERS),
    Target(
        "records",
        "indexer.truth_lines.read_records",
        lambda: [(BAG / "meta/catalogue.jsonl").read_bytes(), *vectors("catalogue")],
        run_records,
        _MEMBERS,
    ),
    Target(
        "sections",
        "indexer.sections.read_sections",
        seeds("sections"),
        run_sections,
        (b'"kind":"page"', b'"n":2', b"\xc2\xad"),
    ),
    Target("peaks", "indexer.peaks.load_peaks", seeds("peaks"), run_peaks, (b'"data":[', b"-128", b"1e9")),
    Target(
        "tilepack",
        "indexer.renditions.tilepack",
        _tilepack_seeds,
        run_tilepack,
        (b"PK\1\2", b"PK\5\6", b"PK\6\6", b"\xff" * 4),
    ),
)
