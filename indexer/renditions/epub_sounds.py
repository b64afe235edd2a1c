"""The sounds that go with a book's chapters. Runs in the child process only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from indexer.errors import RenditionError
from indexer.renditions.epub_archive import Archive, local_name, parse_xml
from indexer.renditions.epub_package import Entry, Package
from indexer.renditions.sounds import LONGEST_HEAD, sound_type

MAX_SOUNDS = 20


def sounds_of(package: Package, entry: Entry, markup: Any) -> list[str]:
    """Names in the book of the sounds of a chapter, each once, at most `MAX_SOUNDS`.

    Args:
        package: the book's.
        entry: the chapter.
        markup: its root, as it was before it was cleaned; None for a picture.
    """
    found = dict.fromkeys([*_spoken(package, entry), *(_shown(package, entry, markup) if markup is not None else ())])
    return [name for name in found if name and len(name) <= 1000][:MAX_SOUNDS]


def sound(file: BinaryIO, name: str) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: a sound of the book, unaltered. No values.

    Raises:
        RenditionError: there is no such file, or it is no sound that browsers play.
    """
    body = Archive(file).read(name)
    if not sound_type(body[:LONGEST_HEAD]):
        raise RenditionError("that file of the book is no sound")
    return {}, (body,)


def _spoken(package: Package, entry: Entry) -> Iterator[str]:
    """What the chapter's media overlay plays, in the order of speaking."""
    overlay = package.manifest.get(entry.overlay) if entry.overlay else None
    if overlay is None or not overlay.name:
        return
    try:
        root = parse_xml(package.archive.read(overlay.name))
    except RenditionError:
        return
    for element in root.iter():
        if local_name(element) == "audio" and element.get("src"):
            yield package.archive.resolve(overlay.name, element.get("src", ""))[0]


def _shown(package: Package, entry: Entry, markup: Any) -> Iterator[str]:
    """What its own players would play: the first of the forms of each."""
    for element in markup.iter():
        if local_name(element) != "audio":
            continue
        forms = [element, *(child for child in element if local_name(child) == "source")]
        source = next((form.get("src", "") for form in forms if form.get("src")), "")
        if source:
            yield package.archive.resolve(entry.name, source)[0]
