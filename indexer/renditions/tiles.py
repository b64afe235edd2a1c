"""Cuts one picture into Deep Zoom tiles with libvips. Runs in the child process only.

The body is a stream of records, one a file of the pyramid, in the order of their names:
name length u16, name (ASCII), length u32, bytes. `indexer.renditions.tilepack` puts them into the pack.

What the tiles are follows from the picture (docs/adr/0012): pages of black and white become lossless WebP, everything
else JPEG, shades of grey in one band.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from indexer.errors import RenditionError
from indexer.renditions import image, libvips

TILE, OVERLAP, QUALITY = 510, 1, 75
RECORD = struct.Struct(">H")
LENGTH = struct.Struct(">I")
SHADED = f".jpeg[Q={QUALITY},optimize_coding,keep=none]"
BILEVEL = ".webp[lossless,Q=0,effort=1,keep=none]"
TOOL = f"libvips {libvips.VERSION}, jpeg {QUALITY} or webp lossless"


def make(file: BinaryIO, page: int = 1) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: the tiles of one picture, upright, in sRGB or grey. Values: width, height, tool.

    Args:
        file: JPEG, PNG, TIFF or WebP of up to 1 gigapixel; other kinds as far as `image` takes them.
        page: from 1.

    Raises:
        RenditionError: the picture is damaged or has no such page.
        RenditionLimitError: it is too large.
    """
    try:
        picture = libvips.opened(file, page)
        if picture is None:
            picture = _by_pillow(file, page)
        suffix = BILEVEL if libvips.is_bilevel(picture) else SHADED
        picture = libvips.plain(picture)
        pyramid = cut(picture, suffix)
    except libvips.FAULTS as error:
        raise RenditionError(f"the picture is damaged: {libvips.reason(error)}") from error
    return {"width": picture.width, "height": picture.height, "tool": TOOL}, records(pyramid)


def cut(picture: Any, suffix: str, tile: int = TILE, skip_blanks: int = -1) -> bytes:
    """The pyramid of a picture as a stored ZIP, its tiles in the form that the suffix says; blank ones are kept."""
    return bytes(
        picture.dzsave_buffer(
            imagename="t",
            layout="dz",
            tile_size=tile,
            overlap=OVERLAP,
            suffix=suffix,
            skip_blanks=skip_blanks,
            container="zip",
            compression=0,
        )
    )


def _by_pillow(file: BinaryIO, page: int) -> Any:
    """Kinds that this libvips does not read (JPEG 2000, BMP), unpacked by Pillow."""
    file.seek(0)
    picture = image.fitted(file, image.MAX_SIDE, image.MAX_SIDE, page)
    return libvips.from_rgb(picture.tobytes(), picture.width, picture.height)


def records(pyramid: bytes) -> Iterator[bytes]:
    """The files of a pyramid as the body of a job has them."""
    with zipfile.ZipFile(io.BytesIO(pyramid)) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith((".dzi", ".webp", ".jpeg")))
        for name in names:
            body = archive.read(name)
            plain = name.removeprefix("t/").removeprefix("t_files/").encode("ascii")
            yield RECORD.pack(len(plain)) + plain + LENGTH.pack(len(body)) + body
