"""Books that ask for more than running text: media overlays, fallbacks, other directions, notes. Made here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

from tests.appliance.web.reading import EPUB, OUTSIDE, xhtml

SENTENCES = ("人之初，性本善。", "性相近，習相遠。", "茍不教，性乃遷。")
CLIP = 0.6
"""Seconds that a sentence lasts in a book that is heard to its end."""
_XHTML = "application/xhtml+xml"
_SMIL = "application/smil+xml"
_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def book(
    files: Mapping[str, tuple[str, str | bytes]],
    spine: Sequence[str],
    *,
    attributes: Mapping[str, str] | None = None,
    meta: str = "",
    language: str = "zh-Hans",
    entries: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A book.

    Args:
        files: name → (media type, content); None-like empty content stands in the manifest and not in the zip.
        spine: names in the order of reading; a name may stand there more than once.
        attributes: name → further attributes of its manifest item. `#name` stands for that file's id.
        meta: further metadata. language: of the package. entries: (title, address) of the contents.
    """
    ids = {name: f"f{n}" for n, name in enumerate(files)}
    more = attributes or {}

    def item(name: str, kind: str) -> str:
        extra = more.get(name, "")
        for other, own in ids.items():
            extra = extra.replace(f'"#{other}"', f'"{own}"')
        return f'<item id="{ids[name]}" href="{name}" media-type="{kind}" {extra}/>'

    manifest = "".join(item(name, kind) for name, (kind, _) in files.items())
    refs = "".join(f'<itemref idref="{ids[name]}"/>' for name in spine)
    opf = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">urn:x</dc:identifier>'
        f"<dc:title>书</dc:title><dc:language>{language}</dc:language>{meta}</metadata><manifest>"
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f"{manifest}</manifest><spine>{refs}</spine></package>"
    )
    lines = "".join(f'<li><a href="{address}">{title}</a></li>' for title, address in entries)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("mimetype"), EPUB)
        file.writestr("META-INF/container.xml", _CONTAINER)
        file.writestr("OPS/book.opf", opf)
        file.writestr("OPS/nav.xhtml", xhtml("目录", f'<nav epub:type="toc"><ol>{lines}</ol></nav>'))
        for name, (_, content) in files.items():
            if content:
                file.writestr(f"OPS/{name}", content)
    return out.getvalue()


def tone(seconds: float) -> bytes:
    """A quiet tone as WAV, 8 bit at 8 kHz."""
    samples = (b"\x78" * 20 + b"\x88" * 20) * round(seconds * 200)
    header = b"RIFF" + (36 + len(samples)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += bytes.fromhex("01000100401f0000401f000001000800") + b"data" + len(samples).to_bytes(4, "little")
    return header + samples


def smil(chapter: str, sound: str, clip: float) -> str:
    """An overlay of a chapter whose sentences `s1`, `s2` … follow one another in `sound`, `clip` seconds each."""
    pars = "".join(
        f'<par><text src="{chapter}#s{n + 1}"/>'
        f'<audio src="{sound}" clipBegin="{n * clip:.1f}s" clipEnd="0:00:{(n + 1) * clip:04.1f}"/></par>'
        for n in range(len(SENTENCES))
    )
    return f'<smil xmlns="http://www.w3.org/ns/SMIL" version="3.0"><body><seq>{pars}</seq></body></smil>'


def spoken_book(
    sound: bytes | None = None, *, clip: float = 8.0, meta: str = "", style: str = "", outside: bool = False
) -> bytes:
    """A cover without an overlay and two spoken chapters; in the first one the third sentence lies on another page.

    Args:
        sound: of the first chapter: a tone by default, empty for none at all. clip: seconds of a sentence.
        meta: further metadata. style: sheet of the chapters. outside: the second chapter's sound is on another host.
    """
    head = f"<style>{style}</style>"
    filler = "".join(f"<p>另一段，第 {n} 行，没有朗读。</p>" for n in range(60))
    first, second, third = (f'<p id="s{n}">{text}</p>' for n, text in enumerate(SENTENCES, 1))
    files: dict[str, tuple[str, str | bytes]] = {
        "cover.xhtml": (_XHTML, xhtml("封面", "<h1>三字經</h1>")),
        "c1.xhtml": (_XHTML, xhtml("一", f"<h1>其一</h1>{first}{second}{filler}{third}", head)),
        "c2.xhtml": (_XHTML, xhtml("二", f"<h1>其二</h1>{first}{second}{third}", head)),
        "c1.smil": (_SMIL, smil("c1.xhtml", "a1.wav", clip)),
        "c2.smil": (_SMIL, smil("c2.xhtml", f"{OUTSIDE}/a2.wav" if outside else "a2.wav", clip)),
        "a1.wav": ("audio/wav", tone(clip * 3) if sound is None else sound),
        "a2.wav": ("audio/wav", tone(clip * 3)),
    }
    overlays = {f"c{n}.xhtml": f'media-overlay="#c{n}.smil"' for n in (1, 2)}
    entries = (("其一", "c1.xhtml"), ("其二", "c2.xhtml"))
    spine = ("cover.xhtml", "c1.xhtml", "c2.xhtml")
    return book(files, spine, attributes=overlays, meta=meta, entries=entries, language="zh-Hant")


def spoken_pages() -> bytes:
    """Four fixed pages, a sentence each, in one sound."""
    head = '<meta name="viewport" content="width=400, height=600"/><style>p { position: absolute; top: 60px }</style>'
    names = [f"p{n}.xhtml" for n in range(1, 5)]
    files: dict[str, tuple[str, str | bytes]] = {
        name: (_XHTML, xhtml(name, f'<p id="s1">第 {n} 頁的一句話。</p>', head)) for n, name in enumerate(names, 1)
    }
    pars = "".join(
        f'<par><text src="{name}#s1"/><audio src="a.wav" clipBegin="{n * CLIP}s" clipEnd="{(n + 1) * CLIP}s"/></par>'
        for n, name in enumerate(names)
    )
    files["all.smil"] = (_SMIL, f'<smil xmlns="http://www.w3.org/ns/SMIL" version="3.0"><body>{pars}</body></smil>')
    files["a.wav"] = ("audio/wav", tone(CLIP * 4))
    meta = '<meta property="rendition:layout">pre-paginated</meta>'
    return book(files, names, attributes=dict.fromkeys(names, 'media-overlay="#all.smil"'), meta=meta)


def odd_book() -> bytes:
    """A book in Arabic by its package alone: fallbacks, a chapter that stands twice, a badly set one, a note."""
    turned, wide = "-epub-text-combine: horizontal", "-epub-line-break: strict; font-family: serif"
    style = f"<style>.turned {{ {turned}; }} .wide {{ {wide}; }}</style>"
    note = '<a id="ref" epub:type="noteref" href="notes.xhtml#n1">注</a>'
    files: dict[str, tuple[str, str | bytes]] = {
        "plain.xhtml": (_XHTML, xhtml("a", f'<p class="turned">Left to right.</p><p class="wide">{note}</p>', style)),
        "data.json": ("application/json", '{"not": "shown"}'),
        "data.xhtml": (_XHTML, xhtml("b", "<p>In place of data.</p>")),
        "lively.xhtml": (_XHTML, xhtml("c", "<p>Needs scripts.</p>")),
        "still.xhtml": (_XHTML, xhtml("d", "<p>Needs none.</p>")),
        "twice.xhtml": (_XHTML, xhtml("e", "<p>Twice.</p>")),
        "broken.xhtml": (_XHTML, xhtml("f", "<p>Badly set.")),
        "arabic.xhtml": (_XHTML, xhtml("g", "<p>مكتبة بلا إنترنت</p>")),
        "notes.xhtml": (_XHTML, xhtml("h", '<aside id="n1">The note itself.</aside>')),
        "alone.json": ("application/json", '{"has": "no fallback"}'),
    }
    attributes = {
        "data.json": 'fallback="#data.xhtml"',
        "lively.xhtml": 'properties="scripted" fallback="#still.xhtml"',
    }
    spine = ("plain.xhtml", "data.json", "lively.xhtml", "twice.xhtml", "arabic.xhtml", "twice.xhtml", "broken.xhtml",
             "notes.xhtml", "alone.json")  # fmt: skip
    return book(files, spine, attributes=attributes, language="ar", entries=(("First", "plain.xhtml"),))


def upright_scrolled_book() -> bytes:
    """A long chapter in vertical lines that asks to be scrolled."""
    filler = "".join(f"<p>有朋自远方来，第 {n} 段。</p>" for n in range(60))
    head = "<style>html { writing-mode: vertical-rl; }</style>"
    files: dict[str, tuple[str, str | bytes]] = {"c1.xhtml": (_XHTML, xhtml("一", f"<h1>其一</h1>{filler}", head))}
    return book(files, ("c1.xhtml",), meta='<meta property="rendition:flow">scrolled-doc</meta>')


def scrolled_book() -> bytes:
    """Two long chapters that ask to be scrolled."""
    filler = "".join(f"<p>有朋自远方来，第 {n} 段。</p>" for n in range(60))
    files: dict[str, tuple[str, str | bytes]] = {
        "c1.xhtml": (_XHTML, xhtml("一", f"<h1>其一</h1>{filler}")),
        "c2.xhtml": (_XHTML, xhtml("二", f"<h1>其二</h1>{filler}<p>全书至此终。</p>")),
    }
    return book(files, ("c1.xhtml", "c2.xhtml"), meta='<meta property="rendition:flow">scrolled-doc</meta>')
