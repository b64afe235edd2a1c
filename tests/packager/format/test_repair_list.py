"""Tests of packager.format.repair_list: one form, bounds, no surprise in what comes back."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.format.errors import FormatError, TooLargeError
from packager.format.layout import CHUNK
from packager.format.repair_list import MAX_BYTES, MAX_PLACES, dump_list, lacking, load_list

SHA = "ab" * 32


@st.composite
def places(draw):
    size = draw(st.integers(1, 50 * CHUNK))
    chunk = draw(st.integers(0, (size - 1) // CHUNK))
    return lacking(
        draw(st.binary(min_size=32, max_size=32)).hex(), size, chunk, draw(st.binary(min_size=32, max_size=32))
    )


@given(st.lists(places(), max_size=8))
def test_list_comes_back_sorted_and_each_place_once(found):
    expected = sorted(set(found), key=lambda p: (p.sha256, p.chunk))
    assert sorted(load_list(dump_list(found)), key=lambda p: (p.sha256, p.chunk, p.size, p.digest)) == sorted(
        expected, key=lambda p: (p.sha256, p.chunk, p.size, p.digest)
    )


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=9), v, max_size=4),
).map(lambda v: json.dumps(v).encode())


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode), JSON))
def test_anything_else_is_refused_with_our_error(content):
    with contextlib.suppress(FormatError):
        assert load_list(content) == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("sha256", "../../etc/passwd"),
        ("sha256", "AB" * 32),
        ("digest", "ab"),
        ("path", "objects/../../secret"),
        ("size", 0),
        ("size", True),
        ("chunk", -1),
        ("chunk", 9),
        ("chunk", 1.0),
        ("chunk", True),
        ("offset", 0),
        ("offset", float(CHUNK)),
        ("length", float(CHUNK)),
        ("length", CHUNK + 1),
        ("more", 1),
    ],
)
def test_line_that_does_not_fit_itself_is_refused(member, value):
    head, line = (json.loads(row) for row in dump_list([lacking(SHA, 3 * CHUNK, 1, bytes(32))]).splitlines())
    line[member] = value
    with pytest.raises(FormatError):
        load_list(b"\n".join(json.dumps(row).encode() for row in (head, line)))


@pytest.mark.parametrize("head", [{"format": True, "places": 0}, {"format": 1, "places": False}, {"format": 1.0}, [1]])
def test_head_of_other_types_is_refused(head):
    with pytest.raises(FormatError):
        load_list(json.dumps(head).encode() + b"\n")


def test_lists_are_bounded():
    many = dump_list(lacking(f"{n:064x}", 5, 0, bytes(32)) for n in range(MAX_PLACES + 5))
    assert len(load_list(many)) == MAX_PLACES
    assert len(many) < MAX_BYTES
    with pytest.raises(TooLargeError):
        load_list(b"x" * (MAX_BYTES + 1))
    with pytest.raises(FormatError):
        load_list(many.rsplit(b"\n", 2)[0])
