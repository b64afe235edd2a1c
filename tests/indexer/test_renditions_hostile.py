"""Every hostile file of the collection through every rendition: a result or a typed error, in time, always."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.errors import RenditionError
from indexer.renditions import FileSource, Limits, Renditions, api
from tests.indexer.rendition_files import tilepack_of

LIMITS = Limits(memory=1 << 30, cpu=20, wall=20.0)
WALL = 22.0
KINDS = {".pdf": "pdf", ".epub": "epub", ".zip": "epub", ".svg": "image", "": "image"}

COLLECTION = os.environ.get("SHUXIANG_COLLECTION", "")
FILES = sorted(p for p in Path(COLLECTION, "hostile").iterdir() if p.is_file()) if COLLECTION else []
pytestmark = [
    pytest.mark.collection,
    pytest.mark.skipif(not COLLECTION, reason="SHUXIANG_COLLECTION is not set"),
]


@pytest.fixture(scope="module")
def renditions():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "TILE_LIMITS", LIMITS)
        with Renditions(limits=LIMITS) as made:
            yield made


def jobs(made: Renditions, source: FileSource, kinds: set[str]) -> Iterator[Callable[[], object]]:
    if "pdf" in kinds:
        yield lambda: made.pdf_page_count(source)
        yield lambda: made.pdf_page_image(source, 1, 1200)
        yield lambda: made.pdf_outline(source)
        yield lambda: made.cover(source, "application/pdf")
    if "epub" in kinds:
        yield lambda: made.epub_contents(source)
        for number in (1, 2):
            yield lambda n=number: made.epub_chapter(source, n)
        yield lambda: made.epub_resource(source, "mimetype")
        yield lambda: made.cover(source, "application/epub+zip")
    if "image" in kinds:
        yield lambda: made.image_dimensions(source)
        yield lambda: made.image_page(source)
        yield lambda: made.cover(source, "image/jpeg")
        yield lambda: tilepack_of(made, [source])


def run_all(made: Renditions, path: Path, kinds: set[str]) -> None:
    with FileSource(path) as source:
        for job in jobs(made, source, kinds):
            started = time.monotonic()
            with contextlib.suppress(RenditionError):
                job()
            assert time.monotonic() - started < WALL


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name[:60])
def test_hostile_file_through_its_own_kind(renditions, path):
    run_all(renditions, path, {KINDS.get(path.suffix.lower(), "image")})


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name[:60])
def test_hostile_file_through_every_kind(renditions, path):
    run_all(renditions, path, {"pdf", "epub", "image"})
