from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import DamagedChunkError, DriveGoneError
from appliance.serving.chunks import ChunkStore, read_exactly
from appliance.serving.pools import DrivePools
from packager.format.errors import LayoutError
from packager.format.layout import CHUNK
from tests.appliance.serving.conftest import flip, item_of


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def pools():
    made = DrivePools()
    yield made
    made.close()


@pytest.fixture
def made(tmp_path):
    def make(size, name="file", **options):
        content = random.Random(size).randbytes(size)
        path = tmp_path / name
        path.write_bytes(content)
        return item_of(path, content, **options), content, path

    return make


def test_load_each_chunk_is_its_bytes(made):
    item, content, _path = made(2 * CHUNK + 5)
    store = ChunkStore()
    assert item.chunks == 3
    assert b"".join(store.load(item, i) for i in range(3)) == content


@pytest.mark.parametrize("index", [-1, 3, 1000])
def test_load_chunk_outside_is_refused(made, index):
    item, _content, _path = made(2 * CHUNK + 5)
    with pytest.raises(ValueError, match="no chunk"):
        ChunkStore().load(item, index)


def test_load_flipped_byte_is_damage_and_not_kept(made):
    item, _content, path = made(2 * CHUNK)
    flip(path, CHUNK + 17)
    seen = []
    store = ChunkStore(on_damage=lambda item, index: seen.append((item.key, index)))
    store.load(item, 0)
    with pytest.raises(DamagedChunkError) as damage:
        store.load(item, 1)
    assert (damage.value.key, damage.value.index, damage.value.drive) == (item.key, 1, "disk")
    assert damage.value.offset == CHUNK
    assert seen == [(item.key, 1)]
    assert store.cached(item.key, 1) is None
    flip(path, CHUNK + 17)
    store.load(item, 1)  # repaired: served again


def test_load_shortened_file_is_damage(made):
    item, _content, path = made(2 * CHUNK)
    os.truncate(path, CHUNK + 100)
    with pytest.raises(DamagedChunkError, match="100 found"):
        ChunkStore().load(item, 1)


def test_load_file_swapped_for_a_longer_one_is_damage(made):
    item, content, path = made(1000)
    path.write_bytes(content + b"more")
    ChunkStore().load(item, 0)  # the signed bytes are all there
    path.write_bytes(b"more" + content)
    with pytest.raises(DamagedChunkError):
        ChunkStore().load(item, 0)


def test_load_vanished_file_is_a_gone_drive(made):
    item, _content, path = made(1000)
    path.unlink()
    seen = []
    store = ChunkStore(on_gone=lambda item, index, error: seen.append((item.drive, index, error.errno)))
    with pytest.raises(DriveGoneError):
        store.load(item, 0)
    assert seen == [("disk", 0, 2)]


def test_load_read_error_is_a_gone_drive_and_leaks_no_descriptor(made, tmp_path):
    item, _content, _path = made(1000)
    folder = replace(item, open=lambda: os.open(tmp_path, os.O_RDONLY))  # a folder opens but cannot be read
    before = descriptors()
    for _ in range(20):
        with pytest.raises(DriveGoneError):
            ChunkStore().load(folder, 0)
    assert descriptors() <= before  # what earlier tests left may be closed meanwhile


def test_load_link_where_a_file_should_be_is_a_gone_drive(made):
    def refuse():
        raise LayoutError("is a link", path="data/aa/x")

    item, _content, _path = made(1000)
    with pytest.raises(DriveGoneError, match="is a link"):
        ChunkStore().load(replace(item, open=refuse), 0)


def test_store_stays_within_its_bytes_and_keeps_the_recent(made):
    item, _content, _path = made(20 * CHUNK)
    store = ChunkStore(8 * CHUNK)
    for index in range(20):
        store.load(item, index)
        store.cached(item.key, 0)
        assert store.held_bytes <= 8 * CHUNK
    assert [i for i in range(20) if store.cached(item.key, i) is not None] == [0, *range(13, 20)]


def test_store_that_shrinks_keeps_two_chunks_for_each_open_stream_and_the_recent(made):
    item, _content, _path = made(16 * CHUNK)
    store = ChunkStore(max_bytes=16 * CHUNK)
    for _ in range(5):
        store.stream_opened()
    for index in range(16):
        store.load(item, index)
    store.shrink()
    assert store.held_bytes == 10 * CHUNK
    assert [index for index in range(16) if store.cached(item.key, index)] == list(range(6, 16))
    for _ in range(5):
        store.stream_closed()
    store.shrink()
    assert store.held_bytes == store.max_bytes == 8 * CHUNK


def test_store_too_small_is_refused():
    with pytest.raises(ValueError, match="at least"):
        ChunkStore(CHUNK)


def test_store_same_file_on_two_drives_is_kept_once(made):
    item, _content, path = made(1000)
    other = replace(item, drive="other", open=lambda: pytest.fail("read again"))
    store = ChunkStore()
    store.load(item, 0)
    assert store.load(other, 0) == path.read_bytes()


def test_fetch_many_readers_of_one_chunk_share_one_read(made, pools):
    opened = []

    def slow(path):
        opened.append(1)
        time.sleep(0.1)
        return os.open(path, os.O_RDONLY)

    item, content, path = made(1000)
    item = replace(item, open=lambda: slow(path))
    store, got = ChunkStore(), []
    threads = [threading.Thread(target=lambda: got.append(store.fetch(item, 0, pools).result())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [content] * 20
    assert len(opened) == 1
    assert store.loads == 1


def test_fetch_descriptors_under_churn_never_give_foreign_bytes(made, pools, tmp_path):
    """Descriptors are opened, closed and reused all the time by others; no read may ever land in another file."""
    item, content, _path = made(6 * CHUNK)
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"\xff" * (6 * CHUNK))
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            os.close(os.open(foreign, os.O_RDONLY))

    churners = [threading.Thread(target=churn) for _ in range(3)]
    for thread in churners:
        thread.start()
    try:
        before = descriptors()
        for _ in range(12):
            store = ChunkStore()  # a cold one: every chunk is read again
            jobs = [store.fetch(item, index, pools) for index in range(6)]
            for job in jobs[::2]:
                pools.leave(job)
            for index, job in enumerate(jobs):
                if index % 2:
                    assert job.result() == content[index * CHUNK : (index + 1) * CHUNK]
        assert descriptors() <= before + 8
    finally:
        stop.set()
        for thread in churners:
            thread.join()


def test_read_exactly_pieces_are_joined(monkeypatch, tmp_path):
    path = tmp_path / "f"
    path.write_bytes(bytes(range(100)))
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, offset: real(fd, min(size, 7), offset))
    with path.open("rb") as file:
        assert read_exactly(file.fileno(), 50, 10) == bytes(range(10, 60))
        assert read_exactly(file.fileno(), 500, 90) == bytes(range(90, 100))
        assert read_exactly(file.fileno(), 5, 100) == b""
