"""Indexes of texts on drives: read by proved chunks, within their time, and done without when they cannot be had."""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import DamagedChunkError, DriveGoneError
from appliance.serving import verified_blocks
from appliance.serving.chunks import ChunkStore
from appliance.serving.pools import DrivePools
from appliance.serving.texts import TextSearch, _best, _united
from appliance.serving.texts_errors import TextsLateError
from appliance.serving.texts_made import MadeIndexes
from appliance.serving.verified_blocks import BlockCache, VerifiedBlocks, until
from indexer.codec_files import BLOCK
from indexer.errors import IndexFormatError
from indexer.search_inside import Inside
from packager.build import build
from packager.format.files import RealFiles
from packager.format.layout import CHUNK
from tests.appliance.serving.conftest import item_of, slowed
from tests.appliance.web.inside import BOOK, OPTIONS, inside_world, source

CONTENT = random.Random(3).randbytes(2 * CHUNK + 12_345)


@pytest.fixture
def pools():
    made = DrivePools()
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "x.pst").write_bytes(CONTENT)
    return tmp_path / "x.pst"


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 1), (BLOCK - 1, 2), (0, 0), (CHUNK - 7, BLOCK * 3), (2 * CHUNK + 12_340, 5), (0, len(CONTENT)), (5, CHUNK)],
)
def test_bytes_are_those_of_the_file(path: Path, pools: DrivePools, offset: int, length: int) -> None:
    cache = BlockCache(3 * BLOCK)
    file = VerifiedBlocks("x.pst", item_of(path, CONTENT), ChunkStore(), pools, cache)
    for _ in range(2):
        assert file.read(offset, length) == CONTENT[offset : offset + length]
        assert cache.bytes <= 3 * BLOCK
    assert file.size == len(CONTENT)


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1), (len(CONTENT), 1), (1, len(CONTENT))])
def test_reading_over_the_end_is_a_fault_of_the_index(path: Path, pools: DrivePools, offset: int, length: int) -> None:
    file = VerifiedBlocks("x.pst", item_of(path, CONTENT), ChunkStore(), pools, BlockCache())
    with pytest.raises(IndexFormatError):
        file.read(offset, length)


def test_a_wrong_chunk_gives_none_of_its_bytes(path: Path, pools: DrivePools) -> None:
    bad = bytearray(CONTENT)
    bad[CHUNK + 5] ^= 1
    path.write_bytes(bad)
    file = VerifiedBlocks("x.pst", item_of(path, CONTENT), ChunkStore(), pools, BlockCache())
    assert file.read(0, CHUNK) == CONTENT[:CHUNK]
    with pytest.raises(DamagedChunkError):
        file.read(CHUNK - 1, 2)
    with pytest.raises(DamagedChunkError):
        file.read(2 * CHUNK - 1, 1)


def test_a_block_is_proved_alone_and_a_wrong_one_by_its_chunk(path: Path, pools: DrivePools) -> None:
    digests = b"".join(hashlib.sha256(CONTENT[at : at + BLOCK]).digest() for at in range(0, len(CONTENT), BLOCK))
    told: list[int] = []
    store = ChunkStore(on_damage=lambda _item, index: told.append(index))
    file = VerifiedBlocks("x.pst", item_of(path, CONTENT), store, pools, BlockCache())
    file.take_digests(digests)
    for at in (0, 5 * BLOCK + 3, 2 * CHUNK + 12_340):
        assert file.read(at, 5) == CONTENT[at : at + 5]
    assert not store.held_bytes
    bad = bytearray(CONTENT)
    bad[CHUNK + 5] ^= 1
    path.write_bytes(bad)
    assert file.read(CHUNK + BLOCK, BLOCK) == CONTENT[CHUNK + BLOCK : CHUNK + 2 * BLOCK]
    with pytest.raises(DamagedChunkError):
        file.read(CHUNK, 1)
    assert told == [1]
    store.repaired = lambda _digest: CONTENT[CHUNK : 2 * CHUNK]
    assert file.read(CHUNK, 9) == CONTENT[CHUNK : CHUNK + 9]
    store.repaired = None
    path.unlink()
    with pytest.raises(DriveGoneError):
        file.read(2 * BLOCK, 1)


def proved(path: Path, pools: DrivePools, cache: BlockCache | None = None) -> VerifiedBlocks:
    """A reader that proves block by block."""
    digests = b"".join(hashlib.sha256(CONTENT[at : at + BLOCK]).digest() for at in range(0, len(CONTENT), BLOCK))
    file = VerifiedBlocks("x.pst", item_of(path, CONTENT), ChunkStore(), pools, cache or BlockCache())
    file.take_digests(digests)
    return file


def test_what_is_needed_together_is_read_in_order_and_neighbours_at_once(
    path: Path, pools: DrivePools, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[tuple[int, int]] = []
    read = verified_blocks.read_exactly

    def told(descriptor: int, size: int, offset: int) -> bytes:
        reads.append((offset // BLOCK, -(-size // BLOCK)))
        return read(descriptor, size, offset)

    monkeypatch.setattr(verified_blocks, "read_exactly", told)
    file = proved(path, pools)
    file.bring(
        [(9 * BLOCK, 5), (3 * BLOCK + 1, BLOCK), (40 * BLOCK, 1), (8 * BLOCK, 2), (3 * BLOCK, 4), (len(CONTENT), 9)]
    )
    assert sorted(reads) == [(3, 2), (8, 2), (40, 1)]
    reads.clear()
    assert file.read(3 * BLOCK, 2 * BLOCK) == CONTENT[3 * BLOCK : 5 * BLOCK]
    assert file.read(40 * BLOCK, 9) == CONTENT[40 * BLOCK : 40 * BLOCK + 9]
    assert not reads
    assert file.read(2 * BLOCK, 8 * BLOCK) == CONTENT[2 * BLOCK : 10 * BLOCK]
    assert sorted(reads) == [(2, 1), (5, 3)]
    small = proved(path, pools, BlockCache(BLOCK))
    assert small.read(0, 20 * BLOCK) == CONTENT[: 20 * BLOCK]


def test_of_a_slow_drive_what_came_in_time_is_at_hand_and_the_rest_follows(
    path: Path, pools: DrivePools, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = verified_blocks.read_exactly

    begun, go = [], threading.Event()

    def slowly(descriptor: int, size: int, offset: int) -> bytes:
        begun.append(offset)
        if len(begun) > 5:
            go.wait(60)
        return read(descriptor, size, offset)

    monkeypatch.setattr(verified_blocks, "read_exactly", slowly)
    file, every = proved(path, pools), range(0, 40, 2)
    started = time.monotonic()
    with until(started + 1):
        file.bring([(n * BLOCK, 1) for n in every])
        here = [n for n in every if file._has(n)]
        assert file.read(here[0] * BLOCK, 1) == CONTENT[here[0] * BLOCK : here[0] * BLOCK + 1]
        assert 0 < len(here) < len(every)
        missing = next(n for n in every if n not in here)
        time.sleep(max(0.0, started + 1 - time.monotonic()))
        with pytest.raises(TextsLateError):
            file.read(missing * BLOCK, 1)
    go.set()
    for _ in range(3000):
        if len([n for n in every if file._has(n)]) > len(here):
            break
        time.sleep(0.02)
    assert len([n for n in every if file._has(n)]) > len(here)


def test_a_slow_drive_is_not_waited_for_and_its_chunk_is_there_next_time(path: Path, pools: DrivePools) -> None:
    go = threading.Event()

    def opened(open_: object) -> int:
        go.wait(60)
        return open_()  # type: ignore[operator, no-any-return]

    store = ChunkStore()
    file = VerifiedBlocks("x.pst", slowed(item_of(path, CONTENT), opened), store, pools, BlockCache())
    started = time.monotonic()
    with pytest.raises(TextsLateError), until(time.monotonic() + 0.1):
        file.read(10, 10)
    assert time.monotonic() - started < 30
    go.set()
    for _ in range(3000):
        if store.held_bytes:
            break
        time.sleep(0.02)
    with until(time.monotonic()):
        assert file.read(10, 10) == CONTENT[10:20]


def test_a_drive_that_does_not_answer_costs_a_search_its_time_and_no_more(tmp_path: Path) -> None:
    with inside_world(tmp_path / "w") as world:
        texts = world.services.texts
        assert texts.covers_all
        assert len(texts.search(BOOK).inside) == 1
        go = threading.Event()
        for opened in texts._opened.values():
            for file in opened.index._files:
                original = file._item
                file._item = replace(original, open=lambda o=original: (go.wait(60), o.open())[1])
        world.services.chunks._kept.clear()
        texts._cache._kept.clear()
        started = time.monotonic()
        answer = texts.search(BOOK, seconds=0.2)
        assert time.monotonic() - started < 30
        assert not answer.inside
        assert not answer.complete
        go.set()
        for _ in range(100):
            if texts.search(BOOK, seconds=0.5).inside:
                break
        assert texts.search(BOOK).complete


def test_an_index_that_cannot_be_opened_leaves_the_rest(tmp_path: Path) -> None:
    with inside_world(tmp_path / "w") as world:
        texts = world.services.texts
        (toc,) = (tmp_path / "w/drive/bag/data/index").rglob("toc.json")
        os.truncate(toc, 10)
        world.services.chunks._kept.clear()
        texts._cache._kept.clear()
        texts._opened.clear()
        texts.refresh()
        assert not texts.covers_all
        assert not texts.search(BOOK).inside
        assert world.commands


def test_a_small_drive_without_an_index_gets_one_made_here(tmp_path: Path) -> None:
    with inside_world(tmp_path / "w", indexed=False) as world:
        texts = world.services.texts
        assert texts.covers_all
        assert len(texts.search(BOOK).inside) == 1
        (made,) = world.settings.texts_folder.iterdir()
        before = (made / "toc.json").stat().st_mtime_ns
        with_index = tmp_path / "other"
        build(source(tmp_path / "source"), with_index, OPTIONS, RealFiles())
        for path in (with_index / "bag/data/index/sections-1").iterdir():
            assert (made / path.name).read_bytes() == path.read_bytes()
        again = TextSearch(
            lambda: world.keeper.library, world.services.chunks, world.services.pools,
            made=MadeIndexes(world.settings.texts_folder),
        )  # fmt: skip
        again.refresh()
        assert again.covers_all
        assert (made / "toc.json").stat().st_mtime_ns == before
        os.truncate(next(made.glob("*.pst")), 9)
        third = TextSearch(
            lambda: world.keeper.library, world.services.chunks, world.services.pools,
            made=MadeIndexes(world.settings.texts_folder),
        )  # fmt: skip
        third.refresh()
        assert not third.covers_all
        assert not third.search(BOOK).inside
        world.write(drives=())
        texts.refresh()
        assert not list(world.settings.texts_folder.iterdir())


def test_too_many_texts_are_not_indexed_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.serving.texts_made.MAX_TEXT_BYTES", 100)
    with inside_world(tmp_path / "w", indexed=False) as world:
        assert not world.services.texts.covers_all
        assert not world.services.texts.search(BOOK).complete
        assert not world.settings.texts_folder.exists() or not list(world.settings.texts_folder.iterdir())


def test_a_resource_on_two_drives_counts_once_with_its_best_place() -> None:
    def inside(rows: list[int], scores: list[float], sections: list[int], *, exact: bool = True) -> Inside:
        return Inside(np.array(rows, "u4"), np.array(scores, "f4"), np.array(sections, "u4"), exact)

    one, two = inside([1, 4, 9], [1.5, 3.0, 2.0], [10, 11, 12]), inside([4, 7], [5.0, 1.0], [70, 71], exact=False)
    both = _united([one, two])
    assert both.rows.tolist() == [1, 4, 7, 9]
    assert both.scores.tolist() == [1.5, 5.0, 1.0, 2.0]
    assert not both.exact
    first, second = object(), object()
    sources = [(first, one), (second, two)]
    assert _best(sources, 4) == (second, 70)  # type: ignore[arg-type]
    assert _best(sources, 9) == (first, 12)  # type: ignore[arg-type]
    assert _best(sources, 5) is None  # type: ignore[arg-type]
