"""Sets of rows of a catalogue, a bit for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set


class Rows(Set[int]):
    """An unchanging set of row numbers, iterated from the lowest.

    Memory: one bit for each row up to the highest, 125 kB for a million rows; a `frozenset` of a million takes 60 MB.
    """

    __slots__ = ("_bits", "_count")

    def __init__(self, rows: Iterable[int] = ()) -> None:
        """Take the rows in, in any order; none is below 0."""
        bits = bytearray()
        for row in rows:
            place = row >> 3
            if place >= len(bits):
                bits.extend(bytes(place + 1 - len(bits)))
            bits[place] |= 1 << (row & 7)
        self._bits = bytes(bits)
        self._count = int.from_bytes(bits).bit_count()

    def __contains__(self, row: object) -> bool:
        return isinstance(row, int) and 0 <= row < 8 * len(self._bits) and bool(self._bits[row >> 3] >> (row & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        for place, byte in enumerate(self._bits):
            if byte:
                yield from (8 * place + bit for bit in range(8) if byte >> bit & 1)

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"Rows({list(self)})"
