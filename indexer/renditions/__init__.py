"""Derived views of a file (page images, chapters, covers, tile packs), made in a confined child process.

`Renditions` is the door; `FileSource`, `BytesSource` and any `ByteSource` of the caller's own feed it. The modules
pdf, image, epub, cover, media, peaks and tiles parse hostile files and are imported by the child only.
"""

from __future__ import annotations

from indexer.renditions.api import (
    BookContents,
    BookPicture,
    Chapter,
    Dimensions,
    Outline,
    OutlineEntry,
    Picture,
    Renditions,
    Tiles,
    TocLine,
)
from indexer.renditions.reading import TextPages
from indexer.renditions.sandbox import Limits, Sandbox
from indexer.renditions.source import ByteSource, BytesSource, FileSource
from indexer.renditions.tilepack import TilepackIndex, tilepack_entry, write_tilepack

__all__ = [
    "BookContents",
    "BookPicture",
    "ByteSource",
    "BytesSource",
    "Chapter",
    "Dimensions",
    "FileSource",
    "Limits",
    "Outline",
    "OutlineEntry",
    "Picture",
    "Renditions",
    "Sandbox",
    "TextPages",
    "TilepackIndex",
    "Tiles",
    "TocLine",
    "tilepack_entry",
    "write_tilepack",
]
