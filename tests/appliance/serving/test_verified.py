from __future__ import annotations

import os
import random
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import DamagedChunkError
from appliance.serving.chunks import ChunkStore
from appliance.serving.pools import DrivePools
from appliance.serving.throttle import TokenBucket
from appliance.serving.verified import SLICE, TURN, VerifiedFile, VerifiedReader
from packager.format.layout import CHUNK
from tests.appliance.serving.conftest import flip, item_of
from tests.appliance.serving.test_pools import until


@pytest.fixture(scope="module")
def pools():
    made = DrivePools()
    yield made
    made.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    content = random.Random(1).randbytes(4 * CHUNK + 999)
    path = tmp_path_factory.mktemp("item") / "file"
    path.write_bytes(content)
    return item_of(path, content), content, path


def held_open(item, release):
    """Opening that blocks until it is released."""

    def opened():
        release.wait(60)
        return item.open()

    return opened


def drained(file, into=None):
    """Read as the server does: ask again while it gives nothing but is not at its end."""
    got = bytearray() if into is None else into
    while file.tell() < file.stop:
        until(lambda: not file.pending)
        got += file.read(1 << 18)
    return got


def test_file_is_the_same_bytes(made, pools):
    item, content, _path = made
    file = VerifiedFile(item, ChunkStore(), pools, wake=lambda: None)
    assert drained(file) == content
    assert file.read(10) == b""


def test_file_never_waits_and_wakes_when_the_chunk_is_here(made, pools):
    item, content, _path = made
    release, woken = threading.Event(), threading.Event()
    slow = replace(item, drive="slow", open=held_open(item, release))
    file = VerifiedFile(slow, ChunkStore(), pools, wake=woken.set)
    assert file.read(10) == b""
    assert file.pending
    assert not woken.is_set()
    release.set()
    assert woken.wait(60)
    assert not file.pending
    assert bytes(file.read(10)) == content[:10]


def test_file_without_a_loop_waits_and_gives_bytes(made, pools):
    item, content, _path = made
    file = VerifiedFile(item, ChunkStore(), pools, start=CHUNK - 5, stop=CHUNK + 5)
    parts = []
    while part := file.read(65536):
        assert type(part) is bytes
        parts.append(part)
    assert b"".join(parts) == content[CHUNK - 5 : CHUNK + 5]


def test_file_turn_ends_after_its_share_and_goes_on(made, pools):
    item, content, _path = made
    store = ChunkStore()
    for index in range(5):
        store.load(item, index)
    file = VerifiedFile(item, store, pools, wake=lambda: None)
    out = 0
    while part := file.read(-1):
        assert len(part) <= SLICE
        out += len(part)
    assert out == TURN
    assert not file.pending
    assert bytes(file.read(100)) == content[TURN : TURN + 100]


def test_file_rewound_as_the_server_does_counts_only_what_left(made, pools):
    """The server reads, rewinds, and skips by what the socket took."""
    item, content, _path = made
    store = ChunkStore()
    store.load(item, 0)
    bucket = TokenBucket(1, 1000)
    file = VerifiedFile(item, store, pools, wake=lambda: None, alarm=lambda _s: None, bucket=bucket)
    for _ in range(50):
        position = file.tell()
        assert bytes(file.read(500)) == content[:500]
        file.seek(position)
    file.seek(1001, os.SEEK_CUR)
    assert file.read(10) == b""
    assert file.pending


def test_file_empty_bucket_asks_for_an_alarm(made, pools):
    item, _content, _path = made
    store, alarms = ChunkStore(), []
    store.load(item, 0)
    file = VerifiedFile(item, store, pools, wake=lambda: None, alarm=alarms.append, bucket=TokenBucket(1000, 1))
    file.read(501)
    assert file.read(1) == b""
    assert alarms == [pytest.approx(0.5, abs=0.1)]


def test_file_damage_is_raised_and_no_byte_of_it_returned(made, pools, tmp_path):
    item, content, _path = made
    bad = tmp_path / "bad"
    bad.write_bytes(content)
    flip(bad, 2 * CHUNK + 5)
    damaged = replace(item, open=lambda: os.open(bad, os.O_RDONLY))
    file = VerifiedFile(damaged, ChunkStore(), pools, wake=lambda: None)
    got = bytearray()
    with pytest.raises(DamagedChunkError):
        drained(file, into=got)
    assert got == content[: 2 * CHUNK]


def test_file_closed_gives_up_its_reads_and_its_place(made, pools):
    item, _content, _path = made
    release = threading.Event()
    slow = replace(item, drive="slow2", open=held_open(item, release))
    store = ChunkStore(8 * CHUNK)
    files = [VerifiedFile(slow, store, pools, start=i * CHUNK, wake=lambda: None) for i in range(5)]
    for file in files:
        file.read(1)
    until(lambda: pools.states()["slow2"].running == 2)
    assert pools.states()["slow2"].queued == 3
    assert not store.may_read_ahead
    for file in files:
        file.close()
        file.close()
        assert file.read(5) == b""
    assert pools.states()["slow2"].queued == 0
    assert store.may_read_ahead
    release.set()


def test_file_forgotten_without_close_is_counted_off(made, pools):
    item, _content, _path = made
    store = ChunkStore()
    file = VerifiedFile(item, store, pools, wake=lambda: None)
    assert store._streams == 1
    del file
    assert store._streams == 0


def test_file_keeps_no_chunk_that_the_store_threw_out(made, pools):
    """Thousands of stalled readers cost the store's bytes, not a chunk each."""
    item, content, _path = made
    store = ChunkStore(8 * CHUNK)
    file = VerifiedFile(item, store, pools, wake=lambda: None)
    file.read(1)
    until(lambda: not file.pending)
    store._kept.clear()
    assert file.read(5) == b""
    assert not file.pending
    file.read(5)
    until(lambda: not file.pending)
    assert bytes(file.read(5)) == content[:5]


def test_file_reads_one_chunk_ahead(made, pools):
    item, _content, _path = made
    store = ChunkStore()
    store.load(item, 0)
    file = VerifiedFile(item, store, pools, stop=2 * CHUNK, wake=lambda: None)
    file.read(1)
    until(lambda: store.cached(item.key, 1) is not None)
    file.seek(CHUNK)
    file.read(1)
    assert store.loads == 2  # nothing beyond its own end


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, 4 * CHUNK + 999),
    length=st.integers(0, 3 * CHUNK),
    steps=st.lists(
        st.tuples(st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]), st.integers(-CHUNK, CHUNK)), max_size=5
    ),
)
def test_file_any_seek_and_read_agrees_with_the_bytes(made, pools, start, length, steps):
    item, content, _path = made
    stop = min(start + length, item.size)
    file = VerifiedFile(item, ChunkStore(), pools, start=start, stop=stop)
    position = start
    for whence, offset in steps:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: position, os.SEEK_END: stop}[whence]
        position = max(0, base + offset)
        assert file.seek(offset, whence) == position
        part = file.read(1000)
        assert content[position : max(position, stop)][:1000].startswith(part)
        assert bool(part) == (position < stop)
        position += len(part)
        assert file.tell() == position
    file.close()


@settings(max_examples=60, deadline=None)
@given(offset=st.integers(0, 5 * CHUNK), size=st.integers(0, 5 * CHUNK))
def test_reader_any_place_agrees_with_the_bytes(made, pools, offset, size):
    item, content, _path = made
    store = test_reader_any_place_agrees_with_the_bytes.__dict__.setdefault("store", ChunkStore())
    assert VerifiedReader(item, store, pools).read_at(offset, size) == content[offset : offset + size]


def test_reader_damage_is_raised(made, pools, tmp_path):
    item, content, _path = made
    bad = tmp_path / "bad"
    bad.write_bytes(content)
    flip(bad, CHUNK)
    reader = VerifiedReader(replace(item, open=lambda: os.open(bad, os.O_RDONLY)), ChunkStore(), pools)
    assert reader.read_at(0, CHUNK) == content[:CHUNK]
    with pytest.raises(DamagedChunkError):
        reader.read_at(CHUNK - 1, 2)


@pytest.mark.parametrize(("offset", "size"), [(-1, 5), (0, -1)])
def test_reader_negative_place_is_refused(made, pools, offset, size):
    item, _content, _path = made
    with pytest.raises(ValueError, match="from 0"):
        VerifiedReader(item, ChunkStore(), pools).read_at(offset, size)
