"""Cuts one picture into Deep Zoom tiles with libvips. Runs in the child process only.

The body is a stream of records, one a file of the pyramid, in the order of their names:
name length u16, name (ASCII), length u32, bytes. `indexer.renditions.tilepack` puts them into the pack.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from indexer.errors import RenditionError, RenditionLimitError
from indexer.renditions import image

TILE, OVERLAP, QUALITY = 510, 1, 80
MAX_PIXELS = 1_000_000_000
MAX_SIDE = 200_000
RECORD = struct.Struct(">H")
LENGTH = struct.Struct(">I")
_SUFFIX = {"webp": f".webp[Q={QUALITY},effort=2,keep=none]", "jpeg": f".jpeg[Q={QUALITY},optimize_coding,keep=none]"}


def make(file: BinaryIO, page: int = 1, form: str = "webp") -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: the tiles of one picture, upright and in sRGB. Values: width, height, tool.

    Args:
        file: JPEG, PNG, TIFF or WebP of up to 1 gigapixel; other kinds as far as `image` takes them.
        page: from 1.
        form: webp or jpeg, quality 80.

    Raises:
        RenditionError: the picture is damaged or has no such page.
        RenditionLimitError: it is too large.
    """
    import pyvips

    if form not in _SUFFIX:
        raise RenditionError(f"no form {form}")
    try:
        picture = _srgb(_load(pyvips, file, page))
        pyramid = picture.dzsave_buffer(
            imagename="t",
            layout="dz",
            tile_size=TILE,
            overlap=OVERLAP,
            suffix=_SUFFIX[form],
            container="zip",
            compression=0,
        )
    except pyvips.Error as error:
        raise RenditionError(f"the picture is damaged: {' '.join(str(error).split())[:200]}") from error
    version = ".".join(str(pyvips.version(n)) for n in range(3))
    values = {"width": picture.width, "height": picture.height, "tool": f"libvips {version}"}
    return values, _records(pyramid)


def _load(pyvips: Any, file: BinaryIO, page: int) -> Any:
    source = pyvips.SourceCustom()
    source.on_read(file.read)
    source.on_seek(lambda offset, whence: file.seek(offset, (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END)[whence]))
    try:
        header = pyvips.Image.new_from_source(source, "")
    except pyvips.Error:
        return _by_pillow(pyvips, file, page)
    _check(header.width, header.height)
    pages = header.get("n-pages") if "n-pages" in header.get_fields() else 1
    if not 1 <= page <= pages:
        raise RenditionError(f"no page {page}, the picture has {pages}")
    turned = "orientation" in header.get_fields() and header.get("orientation") not in {0, 1}
    options: dict[str, Any] = {"access": "random" if turned else "sequential", "fail_on": "truncated"}
    if pages > 1:
        options["page"] = page - 1
    file.seek(0)
    picture = pyvips.Image.new_from_source(source, "", **options)
    return picture.autorot() if turned else picture


def _by_pillow(pyvips: Any, file: BinaryIO, page: int) -> Any:
    """Kinds that this libvips does not read (JPEG 2000, BMP), unpacked by Pillow."""
    file.seek(0)
    picture = image.fitted(file, image.MAX_SIDE, image.MAX_SIDE, page)
    return pyvips.Image.new_from_memory(picture.tobytes(), picture.width, picture.height, 3, "uchar")


def _check(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise RenditionLimitError(f"a picture of {width} x {height} pixels")


def _srgb(picture: Any) -> Any:
    if "icc-profile-data" in picture.get_fields() and picture.interpretation != "b-w":
        picture = picture.icc_transform("srgb", embedded=True, intent="perceptual")
    elif picture.interpretation == "cmyk":
        picture = picture.icc_transform("srgb", input_profile="cmyk")
    elif picture.interpretation != "srgb":
        picture = picture.colourspace("srgb")
    if picture.hasalpha():
        picture = picture.flatten(background=[255, 255, 255])
    return picture.cast("uchar")


def _records(pyramid: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(pyramid)) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith((".dzi", ".webp", ".jpeg")))
        for name in names:
            body = archive.read(name)
            plain = name.removeprefix("t/").removeprefix("t_files/").encode("ascii")
            yield RECORD.pack(len(plain)) + plain + LENGTH.pack(len(body)) + body
