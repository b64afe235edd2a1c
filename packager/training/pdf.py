"""A manual as a PDF for A5: outline, linked table of contents, embedded Chinese fonts, fixed bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    HRFlowable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
    Table,
    TableStyle,
)
from reportlab.platypus import Paragraph as Text
from reportlab.platypus.tableofcontents import TableOfContents

from packager.training.breaking import break_lines
from packager.training.text import Block, Grid, Heading, Listing, Manual, Paragraph, Run

INK, INK_2, SEAL, PAPER, LINE, SUNK = (
    HexColor(c) for c in ("#211d18", "#4c453b", "#a32a1e", "#f8f5ee", "#ddd5c5", "#f0ebdf")
)
BODY, STRONG, TITLE = "ShuxiangBody", "ShuxiangStrong", "ShuxiangTitle"


@dataclass(frozen=True)
class Fonts:
    """TrueType bytes of the three faces of a printed manual."""

    body: bytes
    strong: bytes
    title: bytes


@dataclass(frozen=True)
class Imprint:
    """What the title page and the document's properties say."""

    author: str
    subject: str
    edition: str


def write_pdf(manual: Manual, imprint: Imprint, fonts: Fonts) -> bytes:
    """The PDF of `manual`. The same arguments give the same bytes."""
    for name, body in ((BODY, fonts.body), (STRONG, fonts.strong), (TITLE, fonts.title)):
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(body)))
    pdfmetrics.registerFontFamily(BODY, normal=BODY, bold=STRONG, italic=BODY, boldItalic=STRONG)
    out = io.BytesIO()
    document = _Document(out, manual, imprint)
    document.multiBuild(_story(manual))
    return out.getvalue()


class _Document(BaseDocTemplate):
    """Title page, then pages with a running title and a page number; headings become outline entries."""

    def __init__(self, out: io.BytesIO, manual: Manual, imprint: Imprint) -> None:
        super().__init__(
            out,
            pagesize=A5,
            title=manual.title,
            author=imprint.author,
            subject=imprint.subject,
            creator="Shuxiang",
            lang="zh-Hans",
            invariant=1,
            pageCompression=1,
        )
        self._manual, self._imprint = manual, imprint
        self._headings = 0
        width, height = A5
        whole = Frame(0, 0, width, height, id="whole")
        frame = Frame(18 * mm, 18 * mm, width - 36 * mm, height - 38 * mm, 0, 0, 0, 0, id="text")
        self.addPageTemplates(
            [
                PageTemplate("title", [whole], onPage=self._title_page),
                PageTemplate("text", [frame], onPage=self._text_page),
            ]
        )

    def beforeDocument(self) -> None:  # noqa: N802 (reportlab's name)
        self._headings = 0
        self.canv.showOutline()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 (reportlab's name)
        if not isinstance(flowable, _Title):
            return
        level, text = flowable.outline_level, flowable.outline_text
        self._headings += 1
        key = f"h{self._headings}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level, closed=level == 0)
        if level == 0:
            self.notify("TOCEntry", (0, escape(text), self.page, key))

    def _title_page(self, canvas: Canvas, _document: Any) -> None:
        width, height = A5
        canvas.setFillColor(PAPER)
        canvas.rect(0, 0, width, height, stroke=0, fill=1)
        canvas.setFillColor(SEAL)
        canvas.roundRect(18 * mm, height - 52 * mm, 22 * mm, 22 * mm, 1.6 * mm, stroke=0, fill=1)
        canvas.setFillColor(HexColor("#fffaf5"))
        canvas.setFont(TITLE, 23)
        for row, character in enumerate("书箱"):
            canvas.drawCentredString(29 * mm, height - (38.8 + 9.6 * row) * mm, character)
        canvas.setFillColor(INK)
        canvas.setFont(TITLE, 34)
        canvas.drawString(18 * mm, height - 84 * mm, self._manual.title)
        canvas.setStrokeColor(INK)
        canvas.setLineWidth(0.8)
        canvas.line(18 * mm, height - 92 * mm, width - 18 * mm, height - 92 * mm)
        canvas.setFillColor(INK_2)
        canvas.setFont(BODY, 11)
        canvas.drawString(18 * mm, height - 101 * mm, self._imprint.subject)
        canvas.drawString(18 * mm, 24 * mm, self._imprint.author)
        canvas.drawRightString(width - 18 * mm, 24 * mm, self._imprint.edition)

    def _text_page(self, canvas: Canvas, _document: Any) -> None:
        width, height = A5
        canvas.setFillColor(INK_2)
        canvas.setFont(BODY, 8)
        canvas.drawString(18 * mm, height - 13 * mm, f"书箱 · {self._manual.title}")
        canvas.drawCentredString(width / 2, 10 * mm, str(canvas.getPageNumber()))
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.4)
        canvas.line(18 * mm, height - 15 * mm, width - 18 * mm, height - 15 * mm)


_WIDTH = A5[0] - 36 * mm


def _style(name: str, font: str, size: float, leading: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=leading, textColor=INK, **more)


_TEXT = _style("text", BODY, 10.5, 18, spaceAfter=6)
_CELL = _style("cell", BODY, 9.5, 15)
_HEAD = _style("head", STRONG, 9.5, 15)
_CHAPTER = _style("chapter", TITLE, 19, 27, spaceAfter=4)
_SECTION = _style("section", TITLE, 13, 20, spaceBefore=10, spaceAfter=4, keepWithNext=1)
_ENTRY = _style(
    "entry", BODY, 10.5, 17, leftIndent=18, bulletIndent=2, bulletFontName=BODY, bulletFontSize=10.5, spaceAfter=4
)
_CONTENTS = _style("contents", BODY, 11, 22)


def _story(manual: Manual) -> list[Flowable]:
    contents = TableOfContents(levelStyles=[_CONTENTS], dotsMinLevel=0)
    title = Text("目录", _CHAPTER)
    story: list[Flowable] = [NextPageTemplate("text"), PageBreak(), title, _rule(), contents]
    for chapter in manual.chapters:
        story += [PageBreak(), _Title(chapter.title, _CHAPTER, 0), _rule()]
        for block in chapter.blocks:
            story += _flowables(block)
    return story


def _rule() -> Flowable:
    return HRFlowable(width="100%", thickness=1.2, color=SEAL, spaceBefore=2, spaceAfter=10)


class _Title(Text):
    """A heading that becomes an entry of the outline."""

    def __init__(self, text: str, style: ParagraphStyle, level: int) -> None:
        super().__init__(escape(text), style)
        self.outline_level, self.outline_text = level, text


def _flowables(block: Block) -> list[Flowable]:
    if isinstance(block, Heading):
        return [_Title(block.text, _SECTION, 1)]
    if isinstance(block, Paragraph):
        return [_text(block.runs, _TEXT, _WIDTH)]
    if isinstance(block, Listing):
        marks = [f"{n}." if block.ordered else "·" for n in range(1, len(block.entries) + 1)]
        return [_text(e, _ENTRY, _WIDTH - _ENTRY.leftIndent, m) for m, e in zip(marks, block.entries, strict=True)]
    return [_table(block), Spacer(1, 8)]


def _table(block: Grid) -> Flowable:
    columns = len(block.rows[0])
    longest = [max(len(row[c]) for row in block.rows) for c in range(columns)]
    share = [min(max(n + 1, 5), 12) for n in longest]
    widths = [_WIDTH * s / sum(share) for s in share]
    cells = [
        [
            _text((Run(cell, bold=number == 0),), _HEAD if number == 0 else _CELL, wide - 10)
            for cell, wide in zip(row, widths, strict=True)
        ]
        for number, row in enumerate(block.rows)
    ]
    table = Table(cells, colWidths=widths, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), SUNK),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 6),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def _text(runs: Sequence[Run], style: ParagraphStyle, width: float, bullet: str = "") -> Flowable:
    """A paragraph whose lines we break ourselves: reportlab lets a comma begin a line."""

    def measure(text: str, font: str) -> float:
        return float(pdfmetrics.stringWidth(text, font, style.fontSize))

    styled = [(run.text, STRONG if run.bold else style.fontName) for run in runs]
    lines = break_lines(styled, width, measure)
    # a line may be a hair wider than reportlab's own sum, or end with a hanging mark: it must not be broken again
    markup = "<br/>".join("".join(_unit(*unit) for unit in _joined(line)) for line in lines)
    wide = ParagraphStyle(style.name + "-wide", parent=style, rightIndent=-style.fontSize - 2)
    return Text(markup, wide, bulletText=bullet or None)


def _joined(line: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of the same font as one."""
    return [("".join(text for text, _ in units), font) for font, units in groupby(line, key=lambda unit: unit[1])]


def _unit(text: str, font: str) -> str:
    return f"<b>{escape(text)}</b>" if font == STRONG else escape(text)
