"""The partition table, by the standard's own arithmetic and by what the kernel and Windows ask of it."""

from __future__ import annotations

import struct
import uuid
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.production.geometry import FAT_AT, MIB, Geometry, table_of
from provisioning.disks.errors import TableError
from provisioning.disks.gpt import HEAD, LINUX, SECTOR, TAIL, read_table, table_bytes

SIZE = 64 * MIB
GEOMETRY = Geometry(36 * MIB, 27 * MIB)


class Disk:
    """The bytes of a disk that are not zero, and where they lie."""

    def __init__(self, name="a"):
        head, tail = table_bytes(table_of(GEOMETRY, name), SIZE)
        self.head, self.tail = bytearray(head), bytearray(tail)

    def read(self, at, length):
        if at >= SIZE - TAIL:
            return bytes(self.tail[at - SIZE + TAIL :][:length])
        return bytes(self.head[at : at + length])

    def change(self, at, by):
        part, at = (self.head, at) if at < HEAD else (self.tail, at - SIZE + TAIL)
        part[at] ^= by


def test_table_is_read_back_as_it_was_written():
    assert read_table(Disk().read, SIZE) == table_of(GEOMETRY, "a")


def test_headers_by_the_standard():
    read = Disk().read
    assert read(510, 2) == b"\x55\xaa"
    assert read(450, 1) == b"\xee"
    assert struct.unpack("<II", read(454, 8)) == (1, SIZE // SECTOR - 1)
    for at, other, entries in ((1, SIZE // 512 - 1, 2), (SIZE // 512 - 1, 1, SIZE // 512 - 33)):
        header = bytearray(read(at * 512, 92))
        assert header[:12] == b"EFI PART\0\0\1\0"
        crc = struct.unpack_from("<I", header, 16)[0]
        header[16:20] = b"\0\0\0\0"
        assert crc == zlib.crc32(header)
        assert struct.unpack_from("<QQQQ", header, 24) == (at, other, 34, SIZE // 512 - 34)
        assert struct.unpack_from("<QII", header, 72) == (entries, 128, 128)
        assert struct.unpack_from("<I", header, 88)[0] == zlib.crc32(read(entries * 512, 128 * 128))


def test_windows_gets_no_drive_letter_for_the_linux_partition():
    entry = Disk().read(1024 + 128, 128)
    assert uuid.UUID(bytes_le=entry[:16]) == uuid.UUID("0FC63DAF-8483-4772-8E79-3D69D8477DE4") == LINUX
    attributes = struct.unpack_from("<Q", entry, 48)[0]
    assert attributes >> 63 & 1, "no drive letter"
    assert attributes >> 62 & 1, "hidden"
    assert entry[56:].decode("utf-16-le").rstrip("\0") == "SHUXIANG"


def test_same_name_same_bytes_other_name_other_guids():
    assert Disk().head == Disk().head
    first, second = read_table(Disk().read, SIZE), read_table(Disk("b").read, SIZE)
    guids = lambda table: {table.disk, *(p.unique for p in table.partitions)}  # noqa: E731
    assert guids(first) & guids(second) == set()


@given(st.integers(0, HEAD + TAIL - 1), st.integers(1, 255))
def test_any_changed_byte_of_the_table_is_found_or_means_nothing(where, change):
    disk = Disk()
    at = where if where < HEAD else SIZE - TAIL + where - HEAD
    disk.change(at, change)
    of_the_mbr = at < SECTOR and at not in {450, 510, 511}
    if of_the_mbr or SECTOR + 92 <= at < 2 * SECTOR or at >= SIZE - SECTOR + 92:
        read_table(disk.read, SIZE)
    else:
        with pytest.raises(TableError):
            read_table(disk.read, SIZE)


@given(st.binary(max_size=2048))
def test_hostile_tables_raise_nothing_else(content):
    with pytest.raises(TableError):
        read_table(lambda at, length: content[at : at + length], SIZE)


@pytest.mark.parametrize("where", [SIZE // SECTOR - 31, 1 << 54, (1 << 64) - 1])
def test_header_that_names_entries_beyond_the_end_is_damaged(where):
    """Its checksum is right: such a disk is one without a table, not one that cannot be written."""
    disk = Disk()
    struct.pack_into("<Q", disk.head, SECTOR + 72, where)
    disk.head[SECTOR + 16 : SECTOR + 20] = bytes(4)
    struct.pack_into("<I", disk.head, SECTOR + 16, zlib.crc32(disk.head[SECTOR : SECTOR + 92]))
    with pytest.raises(TableError, match="beyond the end"):
        read_table(disk.read, SIZE)


def test_table_that_does_not_fit_is_refused():
    with pytest.raises(TableError):
        table_bytes(table_of(GEOMETRY, "a"), GEOMETRY.ext4_at + GEOMETRY.ext4_size)
    with pytest.raises(TableError):
        table_bytes(table_of(Geometry(FAT_AT, 27 * MIB), "a"), SIZE)
