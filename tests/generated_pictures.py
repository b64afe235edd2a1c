"""Pictures in every form that libraries deliver, each with something to see on it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw


def drawing(
    text: str, size: tuple[int, int] = (480, 640), ground: str = "#e8dcc0", ink: str = "#202840"
) -> Image.Image:
    """A page with a frame, bars like lines of writing, and `text` in Latin letters."""
    picture = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(picture)
    width, height = size
    pen.rectangle((12, 12, width - 13, height - 13), outline=ink, width=3)
    pen.text((30, 26), text, fill=ink, font_size=max(20, width // 14))
    for n, y in enumerate(range(100, height - 60, 26)):
        pen.rectangle((30, y, width - 40 - (n * 53) % (width // 3), y + 9), fill=ink)
    return picture


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    """The bytes of a picture in a form of Pillow."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def jpeg(text: str, size: tuple[int, int] = (480, 640), ground: str = "#e8dcc0") -> bytes:
    """An ordinary JPEG."""
    return saved(drawing(text, size, ground), "JPEG", quality=80)


def pages_tiff(texts: Sequence[str]) -> bytes:
    """One TIFF with a page for each text."""
    first, *rest = [drawing(text) for text in texts]
    return saved(first, "TIFF", save_all=True, append_images=rest, compression="tiff_lzw")


def group4_tiff(texts: Sequence[str]) -> bytes:
    """Black and white in CCITT Group 4, as offices scan."""
    first, *rest = [drawing(text, (1200, 1600), "white", "black").convert("1") for text in texts]
    return saved(first, "TIFF", save_all=True, append_images=rest, compression="group4")


def cmyk_jpeg(text: str) -> bytes:
    """As printers deliver."""
    return saved(drawing(text).convert("CMYK"), "JPEG", quality=85)


def deep_png(text: str) -> bytes:
    """Grey in 16 bits."""
    grey = np.asarray(drawing(text).convert("L"), dtype=np.uint16) * 257
    return saved(Image.fromarray(grey), "PNG")


def moving_gif(count: int = 3) -> bytes:
    """A GIF that moves."""
    first, *rest = [drawing(f"GIF {n + 1}", (320, 240)).convert("P") for n in range(count)]
    return saved(first, "GIF", save_all=True, append_images=rest, duration=400, loop=0)


FORMS = {
    "tiff": lambda: pages_tiff(["TIFF 1", "TIFF 2", "TIFF 3"]),
    "g4": lambda: group4_tiff(["G4 1", "G4 2"]),
    "jp2": lambda: saved(drawing("JPEG 2000"), "JPEG2000"),
    "gif": moving_gif,
    "webp": lambda: saved(drawing("WebP"), "WEBP"),
    "cmyk": lambda: cmyk_jpeg("CMYK"),
    "png16": lambda: deep_png("PNG 16"),
    "bmp": lambda: saved(drawing("BMP"), "BMP"),
}
"""Name of a form → its bytes."""
