from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.codec import BLOCK_LIMIT, HEADER, encode_postings, read_block, read_postings
from indexer.codec_files import MappedFile
from indexer.errors import IndexFormatError


class Memory:
    """A block reader over bytes."""

    name = "memory"

    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or offset + length > self.size:
            raise IndexFormatError(self.name, "over the end")
        return self.content[offset : offset + length]

    def bring(self, ranges: object) -> None: ...

    def close(self) -> None: ...


def encode(ids: list[int], weights: list[int] | None = None, *, packed: bool = False) -> bytes:
    held = np.array(weights or [1] * len(ids), "u1")
    return encode_postings(np.array(ids, "u4"), held, np.full(len(ids), 9, "u1"), packed=packed)


def decode(content: bytes, count: int, documents: int) -> tuple[list[int], list[int]]:
    ids, weights = read_postings(Memory(content), 0, len(content), count, documents)
    return ids.tolist(), weights.tolist()


IDS = st.lists(st.integers(0, 3_000_000), min_size=1, max_size=300, unique=True).map(sorted)


@given(IDS, st.data())
def test_postings_written_and_read_are_the_same(ids: list[int], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(1, 255), min_size=len(ids), max_size=len(ids)))
    assert decode(encode(ids, weights), len(ids), 3_000_001) == (ids, weights)


@given(IDS, st.sampled_from([1, 2, 15, 16, 255]), st.data())
def test_packed_weights_are_the_same_in_less_room(ids: list[int], highest: int, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(1, highest), min_size=len(ids), max_size=len(ids)))
    packed, plain = encode(ids, weights, packed=True), encode(ids, weights)
    assert decode(packed, len(ids), 3_000_001) == (ids, weights)
    spared = {1: len(ids)}.get(max(weights), len(ids) // 2 if max(weights) <= 15 else 0)
    assert len(plain) - len(packed) == spared


def test_weights_of_no_form_are_refused() -> None:
    content = bytearray(encode([1, 2, 3, 4], [1, 1, 1, 1], packed=True))
    content[17] = 2  # the highest weight: where it is more than one, weights stand there
    with pytest.raises(IndexFormatError):
        decode(bytes(content), 4, 100)


@pytest.mark.parametrize("step", [1, 255, 256, 65535, 65536])
def test_postings_each_width_of_delta_round_trips(step: int) -> None:
    ids = [3, 3 + step, 3 + 2 * step]
    assert decode(encode(ids), 3, 1 << 20)[0] == ids


def test_postings_of_several_blocks_round_trip() -> None:
    ids = list(range(0, 3 * (BLOCK_LIMIT + 5), 3))
    content = encode(ids)
    assert HEADER.unpack_from(content)[0] == BLOCK_LIMIT
    assert decode(content, len(ids), 3 * len(ids))[0] == ids


@given(IDS, st.integers(0, 10_000), st.integers(0, 255))
def test_postings_with_a_byte_changed_are_refused_or_stay_within_bounds(ids: list[int], place: int, value: int) -> None:
    content = bytearray(encode(ids))
    content[place % len(content)] = value
    try:
        found, weights = decode(bytes(content), len(ids), 3_000_001)
    except IndexFormatError:
        return
    assert len(found) == len(weights) == len(ids)
    assert found == sorted(set(found))
    assert found[-1] < 3_000_001


@given(IDS, st.integers(0, 10_000))
def test_postings_cut_short_are_refused(ids: list[int], cut: int) -> None:
    content = encode(ids)
    with pytest.raises(IndexFormatError):
        decode(content[: cut % len(content)], len(ids), 3_000_001)


@given(st.binary(max_size=200), st.integers(0, 50))
def test_postings_of_noise_raise_only_the_typed_error(content: bytes, count: int) -> None:
    try:
        decode(content, count, 1000)
    except IndexFormatError:
        return


HEAD = (2, 5, 9, 4, 1, 1, 9, 9)


@pytest.mark.parametrize(
    "change",
    [
        {0: 0},
        {0: BLOCK_LIMIT + 1},
        {0: 1},
        {0: 3},
        {1: 10},
        {2: 1000},
        {2: 5},
        {3: 5},
        {3: 0xFFFFFFFF},
        {4: 3},
        {4: 0},
        {4: 2},
    ],
)
def test_block_with_an_impossible_header_is_refused(change: dict[int, int]) -> None:
    head = [change.get(place, value) for place, value in enumerate(HEAD)]
    with pytest.raises(IndexFormatError):
        decode(HEADER.pack(*head) + bytes([0, 4, 1, 1]), 2, 100)


@pytest.mark.parametrize("deltas", [(1, 4), (0, 0), (0, 5)])
def test_block_whose_ids_do_not_rise_to_the_last_is_refused(deltas: tuple[int, int]) -> None:
    assert decode(HEADER.pack(*HEAD) + bytes([0, 4, 1, 1]), 2, 100) == ([5, 9], [1, 1])
    with pytest.raises(IndexFormatError):
        decode(HEADER.pack(*HEAD) + bytes([*deltas, 1, 1]), 2, 100)


def test_block_whose_ids_stand_still_is_refused() -> None:
    with pytest.raises(IndexFormatError, match="rise"):
        decode(HEADER.pack(3, 5, 9, 6, 1, 1, 9, 9) + bytes([0, 0, 4, 1, 1, 1]), 3, 100)


def test_block_header_with_more_postings_than_ids_is_refused_before_its_body() -> None:
    content = HEADER.pack(3, 5, 6, 6, 1, 1, 9, 9) + bytes([0, 0, 1, 1, 1, 1])
    with pytest.raises(IndexFormatError, match="impossible ids"):
        read_block(Memory(content), 0, len(content), 100)


def test_block_whose_deltas_overflow_is_refused() -> None:
    deltas = struct.pack("<3I", 0, 0xFFFFFFFF, 5)
    with pytest.raises(IndexFormatError):
        decode(HEADER.pack(3, 5, 9, 15, 4, 1, 9, 9) + deltas + b"\1\1\1", 3, 100)


def test_blocks_that_overlap_are_refused() -> None:
    with pytest.raises(IndexFormatError, match="goes back"):
        decode(encode([5, 9]) + encode([9, 10]), 4, 100)


def test_mapped_file_reading_over_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    file = MappedFile(path)
    assert bytes(file.read(1, 4)) == b"2345"
    for offset, length in [(2, 4), (-1, 2), (0, -1), (6, 0)]:
        with pytest.raises(IndexFormatError):
            file.read(offset, length)
    held = file.read(0, 5)
    file.close()
    assert bytes(held) == b"12345"
    with pytest.raises(IndexFormatError):
        file.read(0, 1)


def test_mapped_file_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(IndexFormatError):
            MappedFile(path)


def test_mapped_file_empty_has_no_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    assert bytes(MappedFile(path).read(0, 0)) == b""
