"""Pictures: their size, one page for the browser, a small cover. Runs in the child process only.

Whatever comes in (CMYK, 16 bit, palettes, transparency, turned by EXIF, several pages) leaves as upright sRGB.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterable
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from indexer.errors import RenditionError, RenditionLimitError
from indexer.renditions import libvips

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "JPEG2000", "AVIF")
MAX_PIXELS = 200_000_000
"""Of a page that Pillow unpacks; larger ones are for `libvips` alone."""
MAX_SIDE = 100_000
MAX_WIDTH = 4096
MAX_PAGES = 10_000
_MAX_OUT = 24_000_000
_LARGE = 100_000_000
"""Pixels of a page from which `libvips` is asked first, which does not hold it whole."""
_PARSER_FAULTS = (OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError, EOFError, ArithmeticError)

Image.MAX_IMAGE_PIXELS = None  # our own bound, below, is checked before any pixel is unpacked


def preload() -> None:
    """Load the decoders and the colour profile."""
    Image.init()
    ImageCms.createProfile("sRGB")


def dimensions(file: BinaryIO) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Values: width, height (upright, of the first page), pages, format."""
    picture = _open(file, 1)
    width, height = picture.size
    if width * height > libvips.MAX_PIXELS or max(width, height) > libvips.MAX_SIDE:
        raise RenditionLimitError(f"a picture of {width} x {height} pixels")
    with contextlib.suppress(*_PARSER_FAULTS):
        # The size of a TIFF is upright already; Pillow would unpack a whole PNG to look for EXIF behind its pixels.
        if picture.format != "TIFF" and (picture.format != "PNG" or "exif" in picture.info):
            turned = picture.getexif().get(0x0112, 1) in {5, 6, 7, 8}
            width, height = (height, width) if turned else (width, height)
    pages = 1
    with contextlib.suppress(*_PARSER_FAULTS):
        pages = int(getattr(picture, "n_frames", 1))
    return {"width": width, "height": height, "pages": min(pages, MAX_PAGES), "format": str(picture.format)}, ()


def page_image(
    file: BinaryIO, page: int = 1, width: int = 1600, form: str = "jpeg"
) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: one page as a picture that browsers know, never enlarged. Values: width, height, media_type.

    Args:
        file: the picture.
        page: from 1 (TIFF, GIF and WebP may hold several).
        width: pixels at most, 16 to `MAX_WIDTH`.
        form: jpeg, png or webp.
    """
    if not 16 <= width <= MAX_WIDTH:
        raise RenditionError(f"width {width} is not within 16 and {MAX_WIDTH}")
    picture = fitted(file, width, _MAX_OUT // width, page)
    media_type, body = encode(picture, form)
    return {"width": picture.width, "height": picture.height, "media_type": media_type}, (body,)


def fitted(file: BinaryIO, width: int, height: int, page: int = 1) -> Image.Image:
    """The picture upright, in sRGB, made smaller to fit into `width` by `height` pixels."""
    picture = _open(file, page)
    if (found := _in_strips(picture, file, width, height, page)) is not None:
        return found
    try:
        _decode_smaller(picture, width, height)
        picture = upright(picture)
        picture.thumbnail((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        return _srgb(picture)
    except _PARSER_FAULTS as error:
        raise RenditionError(f"the picture is damaged: {error}") from error


def _in_strips(picture: Image.Image, file: BinaryIO, width: int, height: int, page: int) -> Image.Image | None:
    """A large picture by libvips; None when Pillow shall unpack it.

    Raises:
        RenditionLimitError: it is too large for both.
    """
    pixels = picture.width * picture.height
    if pixels <= _LARGE and max(picture.size) <= MAX_SIDE:
        return None
    found = libvips.fitted(file, width, height, page)
    if found is None and (pixels > MAX_PIXELS or max(picture.size) > MAX_SIDE):
        raise RenditionLimitError(f"a picture of {picture.width} x {picture.height} pixels")
    return found


def encode(picture: Image.Image, form: str) -> tuple[str, bytes]:
    """Media type and bytes of a picture in `form`: jpeg, png or webp."""
    out = io.BytesIO()
    if form == "jpeg":
        picture.save(out, "JPEG", quality=86, subsampling=0)
    elif form == "png":
        picture.save(out, "PNG", compress_level=4)
    elif form == "webp":
        picture.save(out, "WEBP", quality=80, method=4)
    else:
        raise RenditionError(f"no form {form}")
    return f"image/{form}", out.getvalue()


def upright(picture: Image.Image) -> Image.Image:
    """The picture turned as its EXIF says; broken EXIF turns nothing."""
    with contextlib.suppress(*_PARSER_FAULTS):
        return ImageOps.exif_transpose(picture)
    return picture


def _open(file: BinaryIO, page: int) -> Image.Image:
    try:
        picture = Image.open(file, formats=FORMATS)
        if page != 1:
            if not 1 <= page <= MAX_PAGES:
                raise RenditionError(f"no page {page}")
            picture.seek(page - 1)
    except (UnidentifiedImageError, *_PARSER_FAULTS) as error:
        raise RenditionError("no such page or no picture that can be read") from error
    return picture


def _decode_smaller(picture: Image.Image, width: int, height: int) -> None:
    """Let JPEG and JPEG 2000 unpack at a fraction of their size when that is enough."""
    if picture.format == "JPEG":
        side = max(width, height) * 2
        picture.draft(None, (side, side))
    elif picture.format == "JPEG2000":
        times = max(picture.width / (2 * width), picture.height / (2 * height), 1)
        levels = min(int(math.log2(times)), 5)
        if levels:
            setattr(picture, "reduce", levels)  # noqa: B010 (the JPEG 2000 reader has a field of this name)


def _srgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16") or picture.mode in {"I", "F"}:
        return _eight_bits(picture).convert("RGB")
    if picture.mode in {"CMYK", "RGB", "LAB"} and picture.info.get("icc_profile"):
        with contextlib.suppress(ImageCms.PyCMSError, *_PARSER_FAULTS):
            return _by_profile(picture, picture.info["icc_profile"])
    if picture.mode in {"RGBA", "LA", "PA", "P"} and (picture.mode != "P" or "transparency" in picture.info):
        shown = picture.convert("RGBA")
        ground = Image.new("RGB", shown.size, "white")
        ground.paste(shown, mask=shown.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _by_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.getOpenProfile(io.BytesIO(profile))
    changed = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    if changed is None:
        raise RenditionError("no colours")
    changed.info.pop("icc_profile", None)
    return changed


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey values of more than 8 bits, stretched over their own range."""
    wide = picture.convert("F")
    low, high = (float(str(v)) for v in wide.getextrema())
    span = max(high - low, 1e-6)
    return wide.point(lambda v: v * (255.0 / span) - low * (255.0 / span)).convert("L")
