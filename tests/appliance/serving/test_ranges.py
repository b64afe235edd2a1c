from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.serving.ranges import ByteRange, requested_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-", ByteRange(0, 1000)),
        ("bytes=5-9", ByteRange(5, 10)),
        ("bytes=990-2000", ByteRange(990, 1000)),
        ("bytes=-1", ByteRange(999, 1000)),
        ("bytes=-5000", ByteRange(0, 1000)),
        ("BYTES = 5-9 ", ByteRange(5, 10)),
    ],
)
def test_range_satisfiable_names_its_bytes(header, expected):
    assert requested_range(header, 1000) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_range_outside_cannot_be_satisfied(header):
    asked = requested_range(header, 1000)
    assert asked is not None
    assert not asked.satisfiable
    assert asked.content_range(1000) == "bytes */1000"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "abc",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=9-5",
        "items=0-1",
        "bytes=0-1,5-6",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=1-2x",
        "bytes=１-２",
        "bytes=0-1\n",
        "bytes=" + "9" * 40 + "-",
        "bytes=--5",
        "bytes=0x1-2",
    ],
)
def test_range_malformed_or_several_is_ignored(header):
    assert requested_range(header, 1000) is None


def test_range_of_empty_item_is_ignored():
    assert requested_range("bytes=0-", 0) is None
    assert requested_range("bytes=-5", 0) is None


@given(st.text(max_size=40), st.integers(0, 1 << 50))
def test_range_any_text_stays_within_the_item(header, size):
    for text in (header, "bytes=" + header):
        asked = requested_range(text, size)
        if asked is not None and asked.satisfiable:
            assert 0 <= asked.start < asked.stop <= size


@given(st.integers(0, 999), st.integers(0, 2000), st.integers(1, 1000))
def test_range_agrees_with_slicing(start, length, size):
    content = bytes(i % 251 for i in range(size))
    asked = requested_range(f"bytes={start}-{start + length}", size)
    assert asked is not None
    expected = content[start : start + length + 1]
    assert (content[asked.start : asked.stop] if asked.satisfiable else b"") == expected
