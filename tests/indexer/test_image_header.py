"""The pixels that a picture claims, against what Pillow says of real ones, and any bytes at all."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.image_header import header_pixels, picture_type
from tests import hostile_amounts as amounts
from tests import hostile_documents as documents

SIZES = st.integers(1, 300)


def saved(width: int, height: int, form: str, **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"exif": b"Exif\0\0" + bytes(60_000)}),
        ("GIF", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 50}),
        ("WEBP", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"}),
    ],
)
@given(SIZES, SIZES)
def test_header_of_a_real_picture(form, options, width, height):
    assert header_pixels(saved(width, height, form, **options)) == width * height


def test_header_of_an_animation():
    out = io.BytesIO()
    frames = [Image.new("P", (30, 20), n) for n in range(3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], comment=b"c" * 900)
    assert header_pixels(out.getvalue()) == 600


@pytest.mark.parametrize(
    ("content", "pixels"),
    [
        (documents.webp_bomb(), 16383 * 16383),
        (documents.png_claim(), 0x7FFF_FFFF**2),
        (documents.png_bomb(4000), 4000 * 4000),
        (documents.gif_claim(), 65535 * 65535),
        (b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\xff\xff\xff\xff\0", 65535 * 65535),
        (b"\xff\xd8\xff\xc0\0\x0b\x08\0\0\x10\x00\x01", None),
        (b"\xff\xd8" + b"\xff\xe1\xff\xff" + bytes(70_000), None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_header_of_a_hostile_picture(content, pixels):
    assert header_pixels(content) == pixels


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\xff\xd8", b""]), st.binary(max_size=200)
)
def test_header_of_anything_has_an_answer_or_none(magic, rest):
    found = header_pixels(magic + rest)
    assert found is None or found >= 0


def test_header_of_endless_blocks_ends():
    assert header_pixels(b"GIF89a\x01\0\x01\0\0\0\0" + b"\x21\xfe\0" * 200_000) is None
    assert header_pixels(b"\xff\xd8" + b"\xff" * 300_000) is None


def test_header_of_an_avif_is_the_largest_that_its_parts_say():
    assert header_pixels(amounts.avif_claim()) == 65_535**2
    assert header_pixels(b"\0\0\0\x1cftypavif" + bytes(100)) is None


@pytest.mark.parametrize(
    ("form", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp"), ("BMP", "")],
)
def test_picture_type_is_found_by_the_first_bytes(form, media_type):
    assert picture_type(saved(9, 9, form)[:16]) == media_type
