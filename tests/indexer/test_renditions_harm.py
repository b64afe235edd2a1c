"""What damaged stretches hurt, found in the confined child."""

from __future__ import annotations

import io
import os
import struct
import zipfile

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from indexer.errors import RenditionError
from indexer.renditions import BytesSource, Renditions
from tests.generated_books import chapters, epub


@pytest.fixture(scope="module")
def sandbox():
    with Renditions() as made:
        yield made.sandbox


def holed(content: bytes, *holes: tuple[int, int]) -> BytesSource:
    spoilt = bytearray(content)
    for first, stop in holes:
        spoilt[first:stop] = bytes(stop - first)
    return BytesSource(bytes(spoilt))


def look(sandbox, task, content, *holes):
    return sandbox.run(f"harm.{task}", holed(content, *holes), {"holes": [list(h) for h in holes]}).values


def pictures(pages: int = 8) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for _ in range(pages):
        canvas.drawImage(ImageReader(Image.frombytes("RGB", (100, 100), os.urandom(30_000))), 0, 0)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def test_pages_of_a_document_are_those_whose_bytes_are_gone(sandbox):
    content = pictures()
    starts = [n for n in range(len(content)) if content.startswith(b"/Subtype /Image", n)]
    hole = (starts[3] + 2000, starts[4] + 2000)  # in the middle of the fourth picture, into the fifth
    values = look(sandbox, "pdf_pages", content, hole)
    assert values == {"whole": False, "pages": [4, 5]}
    assert look(sandbox, "pdf_pages", content) == {"whole": False, "pages": []}


def test_document_without_its_end_cannot_be_opened_or_is_hurt_as_a_whole(sandbox):
    content = pictures(2)
    with pytest.raises(RenditionError):
        look(sandbox, "pdf_pages", content, (0, len(content)))


def test_chapters_of_a_book_are_those_whose_files_are_gone(sandbox):
    content = epub(chapters("一句话。", "最后一句。", count=4))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        at = {entry.filename: entry.header_offset for entry in packed.infolist()}
    third = next(offset for name, offset in at.items() if name.endswith("c3.xhtml"))
    values = look(sandbox, "epub_chapters", content, (third + 40, third + 60))
    assert (values["whole"], values["chapters"], values["other"]) == (False, [3], False)
    assert len(values["titles"]) == 1
    assert values["titles"][0]
    with pytest.raises(RenditionError):
        look(sandbox, "epub_chapters", content, (len(content) - 200, len(content)))


def box(kind: bytes, size: int) -> bytes:
    return struct.pack(">I4s", size + 8, kind) + bytes(size)


@pytest.mark.parametrize(
    ("hole", "whole"), [((5000, 6000), False), ((20, 40), True), ((10_100, 10_200), True), ((0, 4), True)]
)
def test_recording_opens_while_its_index_is_whole(sandbox, hole, whole):
    content = box(b"ftyp", 24) + box(b"mdat", 10_000) + box(b"moov", 500)
    values = look(sandbox, "media_stretches", content, hole)
    assert values["whole"] is whole
    assert whole or (values["begin"], values["end"]) == (32, 10_040)


@pytest.mark.parametrize("content", [b"", b"\0" * 4000, b"\xff" * 4000, struct.pack(">I4sQ", 1, b"mdat", 1 << 63)])
def test_recording_that_is_none_is_hurt_as_a_whole(sandbox, content):
    assert look(sandbox, "media_stretches", content)["whole"]
