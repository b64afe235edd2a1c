"""A log of writes becomes the disk that a power cut would have left."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image.smoke.errors import MachineError
from image.smoke.writelog import DISCARD, FLUSH, FUA, MAGIC, cut, index_at, read_log

SECTOR = 512
SIZE = 64 * SECTOR


def log_of(entries, counted=None):
    """A log as QEMU writes it: a superblock, then an entry's sector and its bytes."""
    out = struct.pack("<QQQI", MAGIC, 1, len(entries) if counted is None else counted, SECTOR).ljust(SECTOR, b"\0")
    for at, data, flags in entries:
        count = 8 if flags & DISCARD else len(data) // SECTOR
        out += struct.pack("<QQQQ", at // SECTOR, count, flags, 0).ljust(SECTOR, b"\0") + data
    return out


def block(letter, sectors=1):
    return letter.encode() * (SECTOR * sectors)


@pytest.fixture
def made(tmp_path):
    def make(entries, **more):
        log, disk = tmp_path / "log", tmp_path / "disk"
        log.write_bytes(log_of(entries, **more))
        disk.write_bytes(bytes(SIZE))
        return log, disk

    return make


def test_flushed_writes_stand_and_later_ones_by_chance(made):
    log, disk = made([(0, block("a"), 0), (0, b"", FLUSH), (512, block("b"), 0), (1024, block("c"), FUA)])
    writes = read_log(log)
    seen = set()
    for seed in range(20):
        disk.write_bytes(bytes(SIZE))
        cut(log, writes, 4, disk, random.Random(seed))
        content = disk.read_bytes()
        assert content[:512] == block("a")
        assert content[1024:1536] == block("c"), "written through"
        seen.add(content[512:513])
    assert seen == {b"b", b"\0"}


def test_last_write_may_be_torn_at_a_sector_of_the_disk(made):
    log, disk = made([(0, block("x", 24), 0)])
    writes = read_log(log)
    lengths = set()
    for seed in range(40):
        disk.write_bytes(bytes(SIZE))
        done = cut(log, writes, 1, disk, random.Random(seed))
        lengths.add(disk.read_bytes().count(b"x"))
        assert done.applied + done.lost + done.torn == 1
    assert lengths == {0, 4096, 8192, 12288}


def test_log_of_a_killed_machine_is_read_beyond_its_count(made):
    log, _ = made([(0, block("a"), 0), (512, block("b"), 0)], counted=0)
    with log.open("ab") as file:
        file.write(bytes(4096))
    assert [write.at for write in read_log(log)] == [0, 512]
    with log.open("r+b") as file:
        file.truncate(SECTOR * 4)  # the second entry's bytes did not come
    assert [write.at for write in read_log(log)] == [0]


def test_discards_have_no_bytes_and_change_nothing(made):
    log, disk = made([(0, block("a"), 0), (0, b"", DISCARD), (0, b"", FLUSH), (512, block("b"), 0), (0, b"", FLUSH)])
    writes = read_log(log)
    assert len(writes) == 5
    cut(log, writes, 5, disk, random.Random(1))
    assert disk.read_bytes()[:1024] == block("a") + block("b")


def test_moment_is_found_by_the_length_of_the_log(made):
    log, _ = made([(0, block("a"), 0), (512, block("b", 2), 0)])
    writes = read_log(log)
    assert [index_at(writes, size) for size in (0, 1535, 1536, 3071, 3072, 9999)] == [0, 0, 1, 1, 2, 2]


def test_other_files_are_no_logs(tmp_path):
    path = tmp_path / "log"
    for content in (b"", b"x" * 4096, struct.pack("<QQQI", MAGIC, 2, 0, 512), struct.pack("<QQQI", MAGIC, 1, 0, 5)):
        path.write_bytes(content)
        with pytest.raises(MachineError):
            read_log(path)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4), st.sampled_from([0, 0, FLUSH, FUA])), max_size=12),
    st.integers(0, 2**32),
)
def test_cut_after_a_last_flush_is_the_whole_disk(tmp_path_factory, places, seed):
    entries = [(at * SECTOR, bytes((n + 1,)) * SECTOR * size, flags) for n, (at, size, flags) in enumerate(places)]
    expected = bytearray(SIZE)
    for at, data, _ in entries:
        expected[at : at + len(data)] = data
    folder = tmp_path_factory.mktemp("log")
    (folder / "log").write_bytes(log_of([*entries, (0, b"", FLUSH)]))
    (folder / "disk").write_bytes(bytes(SIZE))
    writes = read_log(folder / "log")
    cut(folder / "log", writes, len(writes), folder / "disk", random.Random(seed))
    assert (folder / "disk").read_bytes()[:SIZE] == bytes(expected[:SIZE])
