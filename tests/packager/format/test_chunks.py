"""chunks.bin: hashing by chunk, the writer, the table."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.format.chunks import ChunkHasher, ChunkTable, ChunkWriter, chunk_count, first_chunks
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.items import ItemLine
from packager.format.layout import CHUNK

FILES = RealFiles()
SHA = "0" * 64


@pytest.mark.parametrize(
    ("size", "count"),
    [(0, 0), (1, 0), (CHUNK, 0), (CHUNK + 1, 2), (2 * CHUNK, 2), (2 * CHUNK + 1, 3), (4 << 40, 4 << 20)],
)
def test_chunk_count_boundaries(size: int, count: int) -> None:
    assert chunk_count(size) == count


@settings(max_examples=14)
@given(st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 9]), st.data())
def test_chunk_hasher_pieces_of_any_size_give_the_same(size: int, data: st.DataObject) -> None:
    content = bytes(i * 7 % 251 for i in range(1 << 12)) * (size // (1 << 12) + 1)
    content = content[:size]
    hasher = ChunkHasher()
    at = 0
    while at < size:
        step = data.draw(st.integers(min_value=1, max_value=size))
        hasher.update(content[at : at + step])
        at += step
    expected = b"".join(hashlib.sha256(content[i : i + CHUNK]).digest() for i in range(0, size, CHUNK))
    assert hasher.digests() == (expected if size > CHUNK else b"")
    assert hasher.size == size


def lines() -> list[ItemLine]:
    return [ItemLine(SHA, 10, "data/a"), ItemLine(SHA, 2 * CHUNK, "data/b"), ItemLine(SHA, CHUNK + 1, "data/c")]


def test_first_chunks_adds_up() -> None:
    assert [first for _, first in first_chunks(lines())] == [0, 0, 2]


def test_chunk_writer_then_table_gives_digests_by_index(tmp_path: Path) -> None:
    a, b, c = lines()
    with ChunkWriter(tmp_path / "chunks.bin", FILES) as writer:
        writer.add(a, b"")
        writer.add(b, b"1" * 32 + b"2" * 32)
        writer.add(c, b"3" * 32 + b"4" * 32)
    content = (tmp_path / "chunks.bin").read_bytes()
    assert (writer.sha256, writer.size) == (hashlib.sha256(content).hexdigest(), 128)
    with ChunkTable(tmp_path / "chunks.bin") as table:
        assert table.count == 4
        assert [table.digest(n)[:1] for n in range(4)] == [b"1", b"2", b"3", b"4"]
        for n in (-1, 4):
            with pytest.raises(FormatError):
                table.digest(n)


def write(path: Path, added: list[tuple[ItemLine, bytes]]) -> None:
    with ChunkWriter(path, FILES) as writer:
        for line, digests in added:
            writer.add(line, digests)


def test_chunk_writer_wrong_order_or_count_keeps_nothing(tmp_path: Path) -> None:
    a, b, _ = lines()
    path = tmp_path / "chunks.bin"
    for added in ([(b, b"1" * 64), (a, b"")], [(b, b"1" * 32)]):
        with pytest.raises(FormatError):
            write(path, added)
    assert list(tmp_path.iterdir()) == []


def test_chunk_writer_outside_its_block_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        ChunkWriter(tmp_path / "chunks.bin", FILES).add(lines()[0], b"")


def test_chunk_table_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chunks.bin"
    path.write_bytes(b"1" * 33)
    with pytest.raises(FormatError):
        ChunkTable(path)
    path.write_bytes(b"1" * 64)
    with ChunkTable(path) as table:
        path.write_bytes(b"1" * 40)
        assert table.digest(0) == b"1" * 32
        with pytest.raises(FormatError):
            table.digest(1)
