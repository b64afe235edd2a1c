"""Tests of appliance.library.arrivals."""

from __future__ import annotations

from itertools import islice

from appliance.library.arrivals import Arrival, arrivals, stream


def shelf(count: int, release: int = 1) -> list[Arrival]:
    return [(release, row) for row in reversed(range(count))]


def asking(held: list[Arrival], asked: list[tuple[int, int]]):
    def ask(limit: int, offset: int) -> list[Arrival]:
        asked.append((limit, offset))
        return held[offset : offset + limit]

    return ask


def test_stream_asks_for_few_at_first_and_gives_each_once() -> None:
    held, asked = shelf(3000), list[tuple[int, int]]()
    assert list(islice(stream(asking(held, asked), set()), 10)) == held[:10]
    assert asked == [(256, 0)]
    assert list(stream(asking(held, asked), set())) == held
    assert asked[1:] == [(256, 0), (1024, 256), (4096, 1280), (16_384, 3000)]


def test_stream_leaves_out_what_is_hidden_and_ends_where_it_cannot_be_read() -> None:
    held = shelf(600)
    hidden = {row for _, row in held if row % 2}
    assert [row for _, row in stream(asking(held, []), hidden)] == list(range(598, -1, -2))
    whole = asking(held, [])
    broken = stream(lambda limit, offset: whole(limit, offset) if offset == 0 else None, set())
    assert len(list(broken)) == 256


def test_arrivals_new_ones_of_each_come_first_then_the_rest() -> None:
    one = iter([(3, 9), (3, 8), (2, 7), (None, 6)])
    two = iter([(5, 4), (1, 3)])
    found = list(arrivals([(0, 3, one), (1, 5, two), (2, 1, iter([]))]))
    assert found == [(0, 9), (0, 8), (1, 4), (0, 7), (0, 6), (1, 3)]
