"""Sizes of drives as people write them."""

from __future__ import annotations

import pytest

from packager.capacity import parse_sizes


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("4TB", (4 * 10**12,)),
        ("4 tb", (4 * 10**12,)),
        ("1.5TiB", (3 << 39,)),
        ("931.513GiB", (1000204467699,)),
        ("4TB,4TB，2TB", (4 * 10**12, 4 * 10**12, 2 * 10**12)),
        ("750000", (750000,)),
        ("4", (4,)),
    ],
)
def test_parse_sizes_reads_labels(text, sizes):
    assert parse_sizes(text) == sizes


@pytest.mark.parametrize("text", ["", "0TB", "-4TB", "4PB", "4TB,", "vier", "1e3GB", "４TB"])
def test_parse_sizes_refuses_the_rest(text):
    with pytest.raises(ValueError, match=r".*"):
        parse_sizes(text)
