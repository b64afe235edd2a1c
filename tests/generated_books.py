"""Books and documents in every form that libraries deliver: texts, web pages, EPUB, PDF, ALTO; locked ones too."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from tests.generated import CONTAINER
from tests.generated_pictures import drawing, saved

FONT = Path(__file__).parents[1] / "appliance/web/static/vendor/fonts/whole/noto-sans-sc.ttf"
"""Built with the front end."""
_NS = 'xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
_PAGE = (420, 595)


def chapters(sentence: str, last: str, count: int = 3, lines: int = 25) -> list[tuple[str, str]]:
    """(title, XHTML body) of chapters; the first has `sentence`, the last ends with `last`."""
    filler = "".join(f"<p>这是第 {n} 段，春江潮水连海平，海上明月共潮生。</p>" for n in range(1, lines + 1))
    made = []
    for n in range(1, count + 1):
        title = f"第{'一二三四五六七八九十'[n - 1]}章"
        begin, end = (f"<p>{sentence}</p>" if n == 1 else ""), (f"<p>{last}</p>" if n == count else "")
        made.append((title, f"<h1>{title}</h1>{begin}{filler}{end}"))
    return made


def epub(
    parts: Sequence[tuple[str, str]],
    *,
    language: str = "zh-Hans",
    style: str = "",
    head: str = "",
    meta: str = "",
    spine: str = "",
    files: dict[str, tuple[str, bytes]] | None = None,
    extra: dict[str, bytes] | None = None,
) -> bytes:
    """An EPUB 3.

    Args:
        parts: (title, body) of its chapters.
        language: of the package. style: a style sheet for all chapters. head: more for their heads.
        meta, spine: more for the package and attributes of its spine.
        files: name → (media type, bytes) of more files in the manifest. extra: name → bytes of files outside of it.
    """
    held = {f"f{n}": (name, kind, body) for n, (name, (kind, body)) in enumerate((files or {}).items())}
    items = "".join(f'<item id="{i}" href="{name}" media-type="{kind}"/>' for i, (name, kind, _) in held.items())
    numbers = range(1, len(parts) + 1)
    items += "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers)
    refs = "".join(f'<itemref idref="c{n}"/>' for n in numbers)
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">urn:x:kinds</dc:identifier>'
        f"<dc:title>书</dc:title><dc:language>{language}</dc:language>{meta}</metadata><manifest>"
        '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        f"{items}</manifest><spine{spine}>{refs}</spine></package>"
    )
    toc = "".join(f'<li><a href="c{n}.xhtml">{title}</a></li>' for n, (title, _) in enumerate(parts, 1))
    nav = f'<html {_NS}><head><title>目录</title></head><body><nav epub:type="toc"><ol>{toc}</ol></nav></body></html>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        book.writestr(zipfile.ZipInfo("META-INF/container.xml"), CONTAINER)
        book.writestr(zipfile.ZipInfo("OEBPS/book.opf"), package)
        book.writestr(zipfile.ZipInfo("OEBPS/nav.xhtml"), nav)
        for n, (title, body) in enumerate(parts, 1):
            sheet = f"<style>{style}</style>" if style else ""
            page = f"<html {_NS}><head><title>{title}</title>{head}{sheet}</head><body>{body}</body></html>"
            book.writestr(zipfile.ZipInfo(f"OEBPS/c{n}.xhtml"), page)
        for name, _, body in held.values():
            book.writestr(zipfile.ZipInfo(f"OEBPS/{name}"), body)
        for name, body in (extra or {}).items():
            book.writestr(zipfile.ZipInfo(name), body)
    return out.getvalue()


def fixed_epub(count: int = 4) -> bytes:
    """Pages of pictures, pre-paginated."""
    files, parts = {}, []
    for n in range(1, count + 1):
        files[f"p{n}.jpg"] = ("image/jpeg", saved(drawing(f"Leaf {n}", (480, 640)), "JPEG"))
        parts.append((f"第{n}葉", f'<img src="p{n}.jpg" width="480" height="640" alt="第{n}葉"/>'))
    meta = '<meta property="rendition:layout">pre-paginated</meta>'
    head = '<meta name="viewport" content="width=480, height=640"/>'
    return epub(parts, language="lzh", meta=meta, head=head, files=files, spine=' page-progression-direction="rtl"')


def vertical_epub(sentence: str, last: str) -> bytes:
    """Columns from right to left."""
    style = "html { writing-mode: vertical-rl; -epub-writing-mode: vertical-rl; }"
    return epub(
        chapters(sentence, last), language="zh-Hant", style=style, spine=' page-progression-direction="rtl"'
    )  # fmt: skip


def uyghur_epub(sentence: str) -> bytes:
    """Right to left in Arabic letters."""
    body = f'<div dir="rtl"><h1>بىرىنچى باب</h1><p>{sentence}</p></div>'
    return epub([("بىرىنچى باب", body)], language="ug", spine=' page-progression-direction="rtl"')


def locked_epub(sentence: str) -> bytes:
    """A book under a rights system: its chapters are enciphered, the table says by what."""
    cipher = '<enc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/>'
    entry = (
        f"<enc:EncryptedData>{cipher}<enc:CipherData><enc:CipherReference URI='OEBPS/c1.xhtml'/></enc:CipherData>"
        "</enc:EncryptedData>"
    )
    table = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        f'xmlns:enc="http://www.w3.org/2001/04/xmlenc#">{entry}</encryption>'
    )
    return epub(chapters(sentence, sentence, 1), extra={"META-INF/encryption.xml": table.encode()})


def pdf(sentence: str, last: str, *, pages: int = 3, font: str = "embedded", password: str = "") -> bytes:
    """A document of text with an outline.

    Args:
        sentence: on the first page. last: on the last page.
        pages: how many.
        font: `embedded`, `missing` (a Chinese font that the document does not hold) or `latin`.
        password: what opens it, empty for none.
    """
    name = {"embedded": "Shown", "missing": "STSong-Light", "latin": "Helvetica"}[font]
    if font == "embedded":
        pdfmetrics.registerFont(TTFont(name, str(FONT)))
    elif font == "missing":
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    out = io.BytesIO()
    lock = StandardEncryption(password, canPrint=0, strength=128) if password else None
    canvas = Canvas(out, pagesize=_PAGE, invariant=1, encrypt=lock)
    for n in range(1, pages + 1):
        canvas.setFont(name, 20)
        canvas.drawString(40, 530, f"{n} / {pages}")
        canvas.drawString(40, 480, last if n == pages else sentence)
        canvas.bookmarkPage(f"p{n}")
        canvas.addOutlineEntry(f"第{n}节", f"p{n}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def scanned_pdf(pages: int = 3) -> bytes:
    """Pictures of pages, without a word of text."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=_PAGE, invariant=1)
    for n in range(1, pages + 1):
        canvas.drawImage(ImageReader(drawing(f"Scan {n}")), 0, 0, *_PAGE)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def broken_pdf() -> bytes:
    """What says that it is a PDF and is none."""
    return b"%PDF-1.7\n" + bytes(range(256)) * 40


def alto(words: Sequence[str], size: tuple[int, int] = (480, 640)) -> bytes:
    """The text of one page as OCR gives it, a word a line."""
    width, height = size
    lines = "".join(
        f'<TextLine HPOS="30" VPOS="{100 + 26 * n}" WIDTH="300" HEIGHT="20">'
        f'<String CONTENT="{escape(word)}" HPOS="30" VPOS="{100 + 26 * n}" WIDTH="300" HEIGHT="20"/></TextLine>'
        for n, word in enumerate(words)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout>'
        f'<Page ID="P1" WIDTH="{width}" HEIGHT="{height}"><PrintSpace><TextBlock ID="B1">{lines}</TextBlock>'
        "</PrintSpace></Page></Layout></alto>"
    ).encode()


def web_page(sentence: str, pictures: Sequence[str]) -> bytes:
    """A web page with pictures beside it, and one of another host that no reader fetches."""
    shown = "".join(f'<figure><img src="{p}" alt="插图"><figcaption>图：{p}</figcaption></figure>' for p in pictures)
    return (
        '<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8"><title>网页</title></head><body>'
        f"<h1>水乡</h1><p>{sentence}</p>{shown}<img src='http://203.0.113.9/x.png' alt='外来'><script>alert(1)</script>"
        "</body></html>"
    ).encode()


def novel(count: int = 24) -> str:
    """A long text in 第…回, about 4,000 letters each."""
    ordinals = "一二三四五六七八九十"

    def ordinal(n: int) -> str:
        tens, rest = divmod(n, 10)
        return ("" if tens < 2 else ordinals[tens - 1]) + ("十" if tens else "") + (ordinals[rest - 1] if rest else "")

    paragraph = "且说那日风清月白，众人围坐一处，说起旧年的事来，不觉夜深。" * 6
    return "\n\n".join(
        f"第{ordinal(n)}回　山中夜话之{ordinal(n)}\n\n" + "\n\n".join(f"　　{paragraph}" for _ in range(22))
        for n in range(1, count + 1)
    )
