"""Finding a font for Chinese: the one of the settings, our own (Noto, OFL), or one of the system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import resources
from pathlib import Path

from PIL import ImageFont

Faces = Callable[[int], ImageFont.FreeTypeFont]
"""A font by its size in pixels."""

SYSTEM = (
    "/usr/share/fonts-droid-fallback/truetype/DroidSansFallbackFull.ttf",
    "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)


def find_faces(chosen: Path | None = None) -> Faces:
    """The first font that can be opened.

    Raises:
        OSError: none can.
    """
    for path in _candidates(chosen):
        try:
            ImageFont.truetype(str(path), 20)
        except OSError:
            continue
        return lru_cache(maxsize=64)(lambda size, path=path: ImageFont.truetype(str(path), size))
    raise OSError("there is no font for Chinese")


def _candidates(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
    yield Path(str(resources.files("appliance.web"))) / "static/vendor/fonts/whole/noto-sans-sc.ttf"
    yield from map(Path, SYSTEM)
