"""Whole answers over real sockets."""

from __future__ import annotations

import random

from packager.format.layout import CHUNK


def test_item_whole_is_the_same_bytes(bench_of, files):
    bench = bench_of()
    files(bench, "a", 5 * CHUNK + 77)
    answer = bench.get("/items/a")
    assert answer.status == 200
    assert answer.body == bench.content["a"]


def test_item_random_ranges_are_the_same_bytes(bench_of, files):
    bench = bench_of(store_bytes=8 * CHUNK)
    files(bench, "a", 24 * CHUNK + 4321)
    content = bench.content["a"]
    rng = random.Random(7)
    with bench.connect() as sock:
        for _ in range(400):
            start = rng.randrange(len(content))
            stop = min(len(content), start + rng.choice([1, 2, 500, 65536, CHUNK, 3 * CHUNK]))
            answer = bench.get("/items/a", f"Range: bytes={start}-{stop - 1}", sock=sock)
            assert answer.status == 206
            assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(content)}"
            assert answer.body == content[start:stop]
