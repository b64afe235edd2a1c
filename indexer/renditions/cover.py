"""A small cover of anything that has one. Runs in the child process only."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, BinaryIO

from indexer.renditions import epub, image, pdf

WIDTH, HEIGHT = 480, 640
_SHADE = 32
_LEAST_INK = 0.002
"""Share of a first page that stands out. A lone title covers about twice as much; what a page shows whose fonts are
neither in the document nor on this machine, stray marks without their characters, a third."""


def cover(
    file: BinaryIO, media_type: str, width: int = WIDTH, height: int = HEIGHT
) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: a WebP that fits into `width` by `height`. Values: found, and when it is: width, height, media_type.

    An EPUB's own cover picture, a PDF's first page, a picture itself. Other kinds, an EPUB without a cover, and a PDF
    whose first page shows nothing have none: `found` is false and the body empty.

    Raises:
        RenditionError: the file is damaged.
    """
    if media_type == "application/pdf":
        picture = pdf.first_page(file, width, height)
        if is_blank(picture):
            return {"found": False}, ()
    elif media_type == "application/epub+zip":
        body = epub.cover_bytes(file)
        if body is None:
            return {"found": False}, ()
        picture = image.fitted(io.BytesIO(body), width, height)
    elif media_type.startswith("image/") and media_type != "image/svg+xml":
        picture = image.fitted(file, width, height)
    else:
        return {"found": False}, ()
    found_type, encoded = image.encode(picture, "webp")
    return {"found": True, "width": picture.width, "height": picture.height, "media_type": found_type}, (encoded,)


def is_blank(picture: Any) -> bool:
    """Whether a page is as good as empty: all but a few specks have the shade of its ground."""
    shades = picture.convert("L").histogram()
    ground = max(range(256), key=shades.__getitem__)
    ink = sum(count for shade, count in enumerate(shades) if abs(shade - ground) > _SHADE)
    return bool(ink < _LEAST_INK * sum(shades))
