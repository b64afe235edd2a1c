"""The jobs that a child can do, by name. Each takes the source as a file and gives values and a body."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from indexer.errors import RenditionError
from indexer.renditions import (
    cover,
    document,
    epub,
    epub_sounds,
    harm,
    image,
    media,
    pdf,
    peaks,
    reading,
    tiles,
    words,
)

Result = tuple[dict[str, Any], Iterable[bytes]]
Task = Callable[..., Result]

TASKS: dict[str, Task] = {
    "pdf.page_count": pdf.page_count,
    "pdf.page_image": pdf.page_image,
    "pdf.outline": pdf.outline,
    "image.dimensions": image.dimensions,
    "image.page_image": image.page_image,
    "image.tiles": tiles.make,
    "epub.contents": epub.contents,
    "epub.chapter": epub.chapter,
    "epub.resource": epub.resource,
    "epub.sound": epub_sounds.sound,
    "cover.cover": cover.cover,
    "document.pdf_facts": document.pdf_facts,
    "document.epub_facts": document.epub_facts,
    "harm.epub_chapters": harm.epub_chapters,
    "harm.pdf_pages": harm.pdf_pages,
    "harm.media_stretches": harm.media_stretches,
    "media.facts": media.facts,
    "peaks.make": peaks.make,
    "words.sections": words.sections,
    "reading.pages": reading.pages,
}


def preload(fonts: tuple[str, ...] = ()) -> None:
    """Load what the jobs need, so that a forked child has it at once; `fonts` are further folders of fonts."""
    pdf.preload(fonts)
    image.preload()
    media.preload()


def run(name: str, file: io.RawIOBase, arguments: dict[str, Any]) -> Result:
    """Do the job of that name.

    Raises:
        RenditionError: there is no such job, or the file cannot be used.
    """
    if name not in TASKS:
        raise RenditionError(f"no task {name}")
    source: BinaryIO = file  # type: ignore[assignment]
    return TASKS[name](source, **arguments)
