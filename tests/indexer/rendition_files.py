"""Small files for the rendition tests, made by hand."""

from __future__ import annotations

import io
import zipfile

from PIL import Image

from indexer.renditions import ByteSource, Renditions, Tiles, write_tilepack


def pdf_of(objects: dict[int, bytes]) -> bytes:
    """A PDF of numbered objects; 1 is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for number in range(1, len(objects) + 1):
        out += b"%010d 00000 n \n" % places[number]
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def stream(body: bytes, more: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(body), more, body)


def plain_pdf(pages: int = 1, box: bytes = b"0 0 200 300", padding: int = 0) -> bytes:
    """A PDF of pages with a black rectangle each, and `padding` bytes that no page needs."""
    kids = b" ".join(b"%d 0 R" % (3 + 2 * n) for n in range(pages))
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, pages)}
    for n in range(pages):
        objects[3 + 2 * n] = b"<< /Type /Page /Parent 2 0 R /MediaBox [%b] /Contents %d 0 R >>" % (box, 4 + 2 * n)
        objects[4 + 2 * n] = stream(b"0 0 100 150 re f")
    if padding:
        objects[3 + 2 * pages] = stream(b"x" * padding)
    return pdf_of(objects)


def looping_pdf(depth: int = 9, fan: int = 12) -> bytes:
    """A page whose drawing calls forms that call forms: `fan` to the power of `depth` rectangles."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R "
        b"/Resources << /XObject << /F 5 0 R >> >> >>",
        4: stream(b"/F Do"),
    }
    for level in range(depth):
        last = level == depth - 1
        inner = b"0 0 10 10 re f" if last else b"/F Do " * fan
        resources = b"" if last else b"/Resources << /XObject << /F %d 0 R >> >>" % (6 + level)
        objects[5 + level] = stream(inner, b"/Type /XObject /Subtype /Form /BBox [0 0 200 300] " + resources)
    return pdf_of(objects)


CONTAINER = (
    b'<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    b'<rootfile full-path="OPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def epub_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An EPUB of these files; the container is added when it is not given."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("mimetype", b"application/epub+zip", zipfile.ZIP_STORED)
        for name, body in {"META-INF/container.xml": CONTAINER, **files}.items():
            archive.writestr(name, body)
    return out.getvalue()


def package(manifest: str, spine: str, metadata: str = "<dc:title>书</dc:title><dc:language>zh</dc:language>") -> bytes:
    """A package document; `spine` is the whole element."""
    return (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata>'
        f"<manifest>{manifest}</manifest>{spine}</package>"
    ).encode()


def page(body: str, head: str = "") -> bytes:
    """A chapter."""
    return (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="zh">'
        f"<head><title>t</title>{head}</head><body>{body}</body></html>"
    ).encode()


def book(*chapters: str, more: dict[str, bytes] | None = None, manifest: str = "", spine: str = "") -> bytes:
    """An EPUB of chapters c1.xhtml, c2.xhtml … in OPS/, and more files."""
    numbers = range(1, len(chapters) + 1)
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers)
    order = spine or "<spine>" + "".join(f'<itemref idref="c{n}"/>' for n in numbers) + "</spine>"
    files = {f"OPS/c{n}.xhtml": page(body) for n, body in zip(numbers, chapters, strict=True)}
    return epub_of({"OPS/package.opf": package(items + manifest, order), **files, **(more or {})})


def png(width: int = 40, height: int = 30, colour: str = "red") -> bytes:
    """A PNG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def tilepack_of(renditions: Renditions, pictures: list[ByteSource], page: int = 1) -> tuple[bytes, list[Tiles]]:
    """A tile pack of one page of each picture, and what the child said of them."""
    made: list[Tiles] = []

    def records(source: ByteSource) -> list[bytes]:
        pieces: list[bytes] = []
        made.append(renditions.tiles(source, pieces.append, page))
        return pieces

    out = io.BytesIO()
    write_tilepack(out, map(records, pictures))
    return out.getvalue(), made
