"""Documents of the kinds that the PDF reader tells apart, as a holding with a drive."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from tests.appliance.web.holding import one
from tests.hostile_documents import pdf_calls, pdf_lost_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.model import Resource

BROKEN = "有朋自远方来不亦乐乎"
"""Stands on page 3 of `lines`, broken by a line end, and twice on page 6 in one line."""


def lines(
    pages: int = 8, *, layout: str = "", direction: str = "", sizes: Sequence[tuple[int, int]] = ((420, 595),)
) -> bytes:
    """A PDF whose pages bear their numbers, in a Chinese font that is not embedded.

    Args:
        pages: how many. layout, direction: what the document says of itself. sizes: of the pages in turn, in points.
    """
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    if layout:
        canvas._doc._catalog.setPageLayout(layout)
    if direction:
        canvas.setViewerPreference("Direction", direction)
    for n in range(1, pages + 1):
        width, height = sizes[(n - 1) % len(sizes)]
        canvas.setPageSize((width, height))
        canvas.setFont("STSong-Light", 22)
        canvas.drawString(40, height - 75, f"第 {n} 页")
        half = len(BROKEN) // 2
        for row, text in enumerate({3: [BROKEN[:half], BROKEN[half:]], 6: [BROKEN, BROKEN]}.get(n, [])):
            canvas.drawString(40, height - 115 - 30 * row, text)
        canvas.setFont("Helvetica", 16)
        canvas.drawString(40, 60, f"The Quick Brown Fox on leaf {n}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def documents() -> list[tuple[Resource, dict[str, bytes]]]:
    """A plain one, one of the old manner, one that says so itself, without fonts, of unequal pages; two hostile."""

    def document(resource: str, content: bytes, **members: object) -> tuple[Resource, dict[str, bytes]]:
        files = (("part", "a.pdf", "application/pdf", content),)
        return one(resource, "文件", files=files, **{"language": ("zh-Hans",), **members})

    record, contents = document("d.fontless", lines(9))
    items = tuple(dataclasses.replace(item, flags=("fonts-missing",), pages=9) for item in record.items)
    return [
        document("d.plain", lines()),
        document("d.old", lines(7), language=("lzh",)),
        document("d.says", lines(6, layout="TwoPageLeft", direction="R2L")),
        (dataclasses.replace(record, items=items), contents),
        document("d.unequal", lines(4, sizes=((420, 595), (900, 1400)))),
        document("d.lost", pdf_lost_page()),
        document("d.endless", pdf_calls()),
    ]
