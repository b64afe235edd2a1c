"""EPUB 3 with fixed bytes: the same book gives the same file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from packager.training.text import Block, Grid, Heading, Listing, Manual, Paragraph, Run

_DAY = (2026, 11, 1, 0, 0, 0)
_MODIFIED = "2026-11-01T00:00:00Z"

_STYLE = """\
@font-face { font-family: "Shuxiang Text"; src: url(text.ttf); }
@font-face { font-family: "Shuxiang Title"; src: url(title.ttf); }
html { color: #211d18; }
body { margin: 0 5%; line-height: 1.8; font-family: "Noto Sans SC", "Shuxiang Text", sans-serif; }
h1, h2, h3 { font-family: "Noto Serif SC", "Shuxiang Title", serif; font-weight: 600; line-height: 1.4;
  text-align: start; }
h1 { font-size: 1.6em; border-bottom: 2px solid #a32a1e; padding-bottom: .4em; margin: 1.2em 0 1em; }
h2 { font-size: 1.2em; margin: 1.6em 0 .5em; }
p { margin: .7em 0; text-align: justify; }
li { margin: .4em 0; }
table { border-collapse: collapse; width: 100%; margin: 1em 0; }
th, td { border-bottom: 1px solid #ddd5c5; padding: .5em .6em; text-align: start; vertical-align: top; }
th { background: #f0ebdf; }
strong { font-weight: 700; }
.cover { margin: 0; text-align: center; }
.cover img { max-width: 100%; max-height: 100%; }
.verse { font-family: "Noto Serif SC", "Shuxiang Title", serif; font-size: 1.3em; }
.verse p { margin: .6em 0; }
.gloss { font-size: .85em; color: #4c453b; }
"""
_VERTICAL = """\
html { writing-mode: vertical-rl; -epub-writing-mode: vertical-rl; -webkit-writing-mode: vertical-rl; }
body { margin: 5% 0; }
h1 { border-bottom: 0; border-left: 2px solid #a32a1e; padding: 0 0 0 .5em; margin: 0 1em; }
"""


@dataclass(frozen=True)
class Page:
    """One chapter file: title for the table of contents, XHTML body, and (anchor, title) of its sections."""

    title: str
    body: str
    sections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Book:
    """What an EPUB says of itself.

    Attributes:
        identifier: permanent, a URN.
        language: BCP 47.
        cover: PNG bytes.
        text_font: TrueType bytes for the text. title_font: for titles and verses. A terminal may have no Chinese
            font at all, so the book brings the glyphs that it needs.
        vertical: columns from the right, pages turned from right to left.
    """

    identifier: str
    title: str
    creator: str
    publisher: str
    language: str
    rights: str
    description: str
    cover: bytes
    pages: tuple[Page, ...]
    text_font: bytes
    title_font: bytes
    vertical: bool = False


def write_epub(book: Book) -> bytes:
    """The EPUB file of `book`: mimetype first and stored, all dates fixed, entries in reading order."""
    files: list[tuple[str, bytes]] = [
        ("META-INF/container.xml", _CONTAINER.encode()),
        ("OEBPS/package.opf", _package(book).encode()),
        ("OEBPS/nav.xhtml", _nav(book).encode()),
        ("OEBPS/style.css", (_STYLE + (_VERTICAL if book.vertical else "")).encode()),
        ("OEBPS/text.ttf", book.text_font),
        ("OEBPS/title.ttf", book.title_font),
        ("OEBPS/cover.png", book.cover),
        (
            "OEBPS/cover.xhtml",
            _xhtml(book, "封面", f'<img src="cover.png" alt="{escape(book.title)}"/>', "cover").encode(),
        ),
    ]
    for number, page in enumerate(book.pages, 1):
        files.append((f"OEBPS/{_name(number)}", _xhtml(book, page.title, page.body).encode()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(_entry("mimetype", zipfile.ZIP_STORED), b"application/epub+zip")
        for name, body in files:
            method = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(_entry(name, method), body)
    return out.getvalue()


def manual_pages(manual: Manual) -> tuple[Page, ...]:
    """The chapters of a manual as pages."""
    pages = []
    for chapter in manual.chapters:
        parts = [f"<h1>{escape(chapter.title)}</h1>"]
        sections: list[tuple[str, str]] = []
        for block in chapter.blocks:
            if isinstance(block, Heading):
                anchor = f"s{len(sections) + 1}"
                sections.append((anchor, block.text))
                parts.append(f'<h2 id="{anchor}">{escape(block.text)}</h2>')
            else:
                parts.append(_block(block))
        pages.append(Page(chapter.title, "\n".join(parts), tuple(sections)))
    return tuple(pages)


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_runs(block.runs)}</p>"
    if isinstance(block, Listing):
        tag = "ol" if block.ordered else "ul"
        return f"<{tag}>" + "".join(f"<li>{_runs(e)}</li>" for e in block.entries) + f"</{tag}>"
    if isinstance(block, Grid):
        head, *rows = block.rows
        first = "<tr>" + "".join(f"<th>{escape(c)}</th>" for c in head) + "</tr>"
        rest = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        return f"<table><thead>{first}</thead><tbody>{rest}</tbody></table>"
    return ""


def _runs(runs: Sequence[Run]) -> str:
    return "".join(f"<strong>{escape(r.text)}</strong>" if r.bold else escape(r.text) for r in runs)


def _name(number: int) -> str:
    return f"c{number:02d}.xhtml"


def _entry(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DAY)
    info.compress_type = method
    info.external_attr = 0o644 << 16
    info.create_system = 3
    return info


_CONTAINER = """\
<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


def _xhtml(book: Book, title: str, body: str, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{book.language}" \
xml:lang="{book.language}">
<head><meta charset="utf-8"/><title>{escape(title)}</title><link rel="stylesheet" href="style.css"/></head>
<body{mark}>
{body}
</body>
</html>
"""


def _nav(book: Book) -> str:
    lines = []
    for number, page in enumerate(book.pages, 1):
        name = _name(number)
        inner = "".join(f'<li><a href="{name}#{anchor}">{escape(text)}</a></li>' for anchor, text in page.sections)
        lines.append(f'<li><a href="{name}">{escape(page.title)}</a>{f"<ol>{inner}</ol>" if inner else ""}</li>')
    label = "目錄" if book.language == "zh-Hant" else "目录"
    return _xhtml(book, label, f'<nav epub:type="toc" id="toc"><h1>{label}</h1><ol>{"".join(lines)}</ol></nav>')


def _package(book: Book) -> str:
    numbers = range(1, len(book.pages) + 1)
    manifest = "\n".join(f'<item id="c{n:02d}" href="{_name(n)}" media-type="application/xhtml+xml"/>' for n in numbers)
    spine = "".join(f'<itemref idref="c{n:02d}"/>' for n in numbers)
    direction = ' page-progression-direction="rtl"' if book.vertical else ""
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{book.language}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{escape(book.identifier)}</dc:identifier>
<dc:title>{escape(book.title)}</dc:title>
<dc:creator>{escape(book.creator)}</dc:creator>
<dc:publisher>{escape(book.publisher)}</dc:publisher>
<dc:language>{book.language}</dc:language>
<dc:rights>{escape(book.rights)}</dc:rights>
<dc:description>{escape(book.description)}</dc:description>
<dc:date>2026-11-01</dc:date>
<meta property="dcterms:modified">{_MODIFIED}</meta>
<meta name="cover" content="cover-image"/>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
<item id="text-font" href="text.ttf" media-type="font/ttf"/>
<item id="title-font" href="title.ttf" media-type="font/ttf"/>
<item id="cover-image" href="cover.png" media-type="image/png" properties="cover-image"/>
<item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/>
{manifest}
</manifest>
<spine{direction}><itemref idref="cover"/>{spine}</spine>
</package>
"""
