"""Pictures through libvips: opened in strips, so that neither a gigapixel nor a file of gigabytes is ever held whole.

Runs in the child process only. Pillow (see `indexer.renditions.image`) reads more kinds but unpacks a whole page.
"""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import pyvips
from PIL import Image

from indexer.errors import RenditionError, RenditionLimitError

MAX_PIXELS = 1_000_000_000
MAX_SIDE = 200_000
FAULTS = (pyvips.Error,)
VERSION = ".".join(str(pyvips.version(part)) for part in range(3))


def reason(error: Exception) -> str:
    """What the library says, on one line."""
    return " ".join(str(error).split())[:200]


def source_of(file: BinaryIO) -> Any:
    """The file as a source of the library; `file` must outlive it."""
    source = pyvips.SourceCustom()
    source.on_read(file.read)
    source.on_seek(lambda offset, whence: file.seek(offset, (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END)[whence]))
    return source


def opened(file: BinaryIO, page: int) -> Any | None:
    """One page, upright, not yet unpacked; None when the library does not know the kind of file.

    Pages are read from top to bottom once; those that EXIF turns are unpacked as a whole.

    Raises:
        RenditionError: there is no such page.
        RenditionLimitError: it is too large.
        pyvips.Error: the file is damaged; later, while it is unpacked, too.
    """
    source = source_of(file)
    try:
        header = pyvips.Image.new_from_source(source, "")
    except pyvips.Error:
        return None
    pages = checked(header, page)
    turned = "orientation" in header.get_fields() and header.get("orientation") not in {0, 1}
    options: dict[str, Any] = {"access": "random" if turned else "sequential", "fail_on": "truncated"}
    if pages > 1:
        options["page"] = page - 1
    file.seek(0)
    picture = pyvips.Image.new_from_source(source, "", **options)
    return picture.autorot() if turned else picture


def checked(header: Any, page: int) -> int:
    """The number of pages of a picture that is within bounds and has a page of that number.

    Raises:
        RenditionError: there is no such page.
        RenditionLimitError: it is too large.
    """
    if header.width * header.height > MAX_PIXELS or max(header.width, header.height) > MAX_SIDE:
        raise RenditionLimitError(f"a picture of {header.width} x {header.height} pixels")
    pages = int(header.get("n-pages")) if "n-pages" in header.get_fields() else 1
    if not 1 <= page <= pages:
        raise RenditionError(f"no page {page}, the picture has {pages}")
    return pages


def is_bilevel(picture: Any) -> bool:
    """Whether it is of black and white only, one bit a pixel."""
    fields = picture.get_fields()
    return picture.bands == 1 and "bits-per-sample" in fields and picture.get("bits-per-sample") == 1


def plain(picture: Any) -> Any:
    """In sRGB, or in one band of shades when it has no colours; eight bits, nothing transparent."""
    if picture.interpretation == "grey16":
        picture = picture.colourspace("b-w")
    if picture.interpretation == "b-w":
        pass
    elif "icc-profile-data" in picture.get_fields():
        picture = picture.icc_transform("srgb", embedded=True, intent="perceptual")
    elif picture.interpretation == "cmyk":
        picture = picture.icc_transform("srgb", input_profile="cmyk")
    elif picture.interpretation != "srgb":
        picture = picture.colourspace("srgb")
    if picture.hasalpha():
        picture = picture.flatten(background=[255] * (picture.bands - 1))
    return picture.cast("uchar")


def from_rgb(body: bytes, width: int, height: int) -> Any:
    """A picture of bytes in memory, three a pixel."""
    return pyvips.Image.new_from_memory(body, width, height, 3, "uchar")


def fitted(file: BinaryIO, width: int, height: int, page: int = 1) -> Image.Image | None:
    """One page, upright and in sRGB, made smaller to fit into `width` by `height` pixels, in little memory.

    None when the library does not know the kind of file.

    Raises:
        RenditionError: the picture is damaged or has no such page.
        RenditionLimitError: it is too large.
    """
    source = source_of(file)
    file.seek(0)
    try:
        header = pyvips.Image.new_from_source(source, "")
    except pyvips.Error:
        return None
    option = f"page={page - 1}" if checked(header, page) > 1 else ""
    file.seek(0)
    try:
        small = pyvips.Image.thumbnail_source(
            source, width, height=height, size="down", fail_on="truncated", output_profile="srgb", option_string=option
        )
        small = plain(small).colourspace("srgb")
        return Image.frombytes("RGB", (small.width, small.height), small.write_to_memory())
    except pyvips.Error as error:
        raise RenditionError(f"the picture is damaged: {reason(error)}") from error
