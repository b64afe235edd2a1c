"""A small cover of anything that has one. Runs in the child process only."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, BinaryIO

from indexer.renditions import epub, image, pdf

WIDTH, HEIGHT = 480, 640


def cover(
    file: BinaryIO, media_type: str, width: int = WIDTH, height: int = HEIGHT
) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: a WebP that fits into `width` by `height`. Values: found, and when it is: width, height, media_type.

    An EPUB's own cover picture, a PDF's first page, a picture itself. Other kinds, and an EPUB without a cover, have
    none: `found` is false and the body empty.

    Raises:
        RenditionError: the file is damaged.
    """
    if media_type == "application/pdf":
        picture = pdf.first_page(file, width, height)
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
