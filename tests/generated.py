"""A small collection made on the spot: other ids, unknown columns and types, bad rows, nested folders, odd names.

It shares nothing with any real collection, so that what passes on one and fails on the other shows what was tuned.
"""

from __future__ import annotations

import csv
import io
import struct
import wave
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)


def epub(title: str, chapters: list[str]) -> bytes:
    """A minimal EPUB 3 with one XHTML file a chapter."""
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    opf = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">urn:x:1</dc:identifier>'
        f"<dc:title>{title}</dc:title><dc:language>zh</dc:language>"
        '<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta></metadata>'
        '<manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        f"{items}</manifest><spine>{spine}</spine></package>"
    )
    links = "".join(f'<li><a href="c{n}.xhtml">第{n + 1}章</a></li>' for n in range(len(chapters)))
    nav = (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>目录</title>'
        f'</head><body><nav epub:type="toc"><ol>{links}</ol></nav></body></html>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        book.writestr(zipfile.ZipInfo("META-INF/container.xml"), CONTAINER)
        book.writestr(zipfile.ZipInfo("OEBPS/book.opf"), opf)
        book.writestr(zipfile.ZipInfo("OEBPS/nav.xhtml"), nav)
        for n, text in enumerate(chapters):
            page = (
                f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>第{n + 1}章</title></head>'
                f"<body><h1>第{n + 1}章</h1><p>{text}</p></body></html>"
            )
            book.writestr(zipfile.ZipInfo(f"OEBPS/c{n}.xhtml"), page)
    return out.getvalue()


def pdf(pages: int, *, padding: int = 0) -> bytes:
    """A minimal PDF with a line of text a page; `padding` random-looking bytes make it large."""
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for n in range(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        text = f"BT /F1 24 Tf 40 200 Td (Page {n + 1} of {pages}) Tj ET".encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
    if padding:
        noise = b"".join(struct.pack("<I", zlib.crc32(struct.pack("<I", i))) for i in range(padding // 4))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(noise), noise))
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def picture(width: int, height: int, form: str = "PNG", *, shade: int = 90) -> bytes:
    """A picture with a gradient, so that a blank one shows."""
    gradient = Image.linear_gradient("L").resize((width, height))
    other = Image.new("L", (width, height), shade)
    out = io.BytesIO()
    Image.merge("RGB", (gradient, other, gradient.rotate(180))).save(out, form)
    return out.getvalue()


def sound(seconds: float = 0.5) -> bytes:
    """A WAV file of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * int(8000 * seconds))
    return out.getvalue()


COLUMNS = (
    "id", "title", "creator", "contributor", "publisher", "date", "language", "type", "subject", "clc", "description",
    "rights", "licence", "source", "files", "馆藏地", "price",
)  # fmt: skip


@dataclass
class Generated:
    """The collection: where it is, what must come out, what must be reported."""

    folder: Path
    good: dict[str, str] = field(default_factory=dict)
    """Resource id → title of every row that must be packed."""
    bad: dict[str, int] = field(default_factory=dict)
    """A word of the expected reason → physical line of a row that must be reported."""
    files: dict[str, list[str]] = field(default_factory=dict)
    """Resource id → its files relative to the folder."""


def make_collection(folder: Path) -> Generated:
    """Write the collection below `folder`."""
    made = Generated(folder)
    rows: list[dict[str, str]] = []

    def add(resource: str, title: str, contents: dict[str, bytes], **columns: str) -> None:
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        made.good[resource], made.files[resource] = title, list(contents)
        rows.append({"id": resource, "title": title, "files": ";".join(contents), **columns})

    add("zj-2024.001", "山居四要", {"甲/书 一.epub": epub("山居四要", ["春日宜晴，", "夏日宜雨。"])},
        creator="（元）汪汝懋 編", type="图书", language="zh-CN", date="元至正二十年", clc="R212",
        馆藏地="三楼")  # fmt: skip
    add("zj-2024.002", "水利 <b>图</b> & “说”", {"乙/深/更深/a b (1).pdf": pdf(3, padding=3 << 20)},
        creator="Zhōu; 李四（绘）", type="ebook", language="ZH", subject="水利;农业", clc="S27")  # fmt: skip
    add("ZJ_pics", "四时山色", {f"丙/{n}.png": picture(900, 700, shade=n * 40) for n in (1, 2, 10)}, type="picture")
    add("zj-tiff", "旧地图", {"丙/map.TIF": picture(640, 480, "TIFF")}, type="image", clc="K99")
    add("zj-wav", "风声", {"丁/风.wav": sound(), "丁/雨.wav": sound(0.2)}, type="sound-recording")
    add("zj-odd", "没有扩展名的书", {"戊/noext": epub("无名", ["有字。"])}, type="hologram", price="12")
    add("zj-txt", "乡音录", {"戊/乡音.txt": "乡音无改鬓毛衰。\n".encode("gb18030")}, type="book", language="zh-Hans")
    rows.append(
        {"id": "zj-card", "title": "只有目录的书：𠮷野家訓", "type": "book", "creator": "佚名", "date": "[19--]"}
    )
    made.good["zj-card"], made.files["zj-card"] = "只有目录的书：𠮷野家訓", []
    add("zj-multi", "多行\n描述", {"己/c.pdf": pdf(1)}, type="book", description="第一行\n第二行", clc="Z")
    made.good["zj-multi"] = "多行 描述"
    (folder / "secret.txt").write_bytes(b"not listed")
    lines = io.StringIO()
    writer = csv.DictWriter(lines, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
    next_line = lines.getvalue().count("\n") + 1
    for word, row in (
        ("id", {"id": "", "title": "没有记录号"}),
        ("id", {"id": "a/b c", "title": "记录号不合规定"}),
        ("ZJ-2024.001", {"id": "ZJ-2024.001", "title": "只差大小写的重复"}),
        ("title", {"id": "zj-notitle", "title": ""}),
    ):
        writer.writerow(row)
        made.bad[f"{word}:{next_line}"] = next_line
        next_line += 1
    writer.writerow({"id": "zj-outside", "title": "指到外面", "type": "book", "files": "../outside.pdf"})
    writer.writerow({"id": "zj-absent", "title": "文件不在", "type": "book", "files": "no/such.pdf"})
    made.good["zj-outside"], made.good["zj-absent"] = "指到外面", "文件不在"
    made.files["zj-outside"] = made.files["zj-absent"] = []
    (folder.parent / "outside.pdf").write_bytes(pdf(1))
    (folder / "catalogue.csv").write_text(lines.getvalue(), encoding="utf-8-sig", newline="")
    return made
