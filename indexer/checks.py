"""What a file is, found by its content. The name only breaks ties between kinds of plain text.

Media types are the registered ones where there is one. ALTO has none; `application/alto+xml` says what it is and
any reader of XML takes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import PurePosixPath

import puremagic

from indexer.text.encodings import decode_head, detect_encoding

HEAD_SIZE = 64 << 10
UNKNOWN = "application/octet-stream"

_EXTENSIONS = {
    "application/alto+xml": "xml",
    "application/epub+zip": "epub",
    "application/gzip": "gz",
    "application/json": "json",
    "application/jsonl": "jsonl",
    "application/marc": "mrc",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/postscript": "ps",
    "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.rar": "rar",
    "application/x-7z-compressed": "7z",
    "application/x-mobipocket-ebook": "mobi",
    "application/x-subrip": "srt",
    "application/x-tar": "tar",
    "application/xhtml+xml": "xhtml",
    "application/xml": "xml",
    "application/zip": "zip",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/flac": "flac",
    "audio/midi": "mid",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/x-aiff": "aiff",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/j2c": "j2k",
    "image/jp2": "jp2",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tif",
    "image/vnd.adobe.photoshop": "psd",
    "image/vnd.djvu": "djvu",
    "image/webp": "webp",
    "image/x-icon": "ico",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/tab-separated-values": "tsv",
    "text/vtt": "vtt",
    "video/3gpp": "3gp",
    "video/mp2t": "ts",
    "video/mp4": "mp4",
    "video/mpeg": "mpg",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/x-matroska": "mkv",
    "video/x-ms-asf": "wmv",
    "video/x-msvideo": "avi",
}
_BY_NAME = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "md": "text/markdown",
    "markdown": "text/markdown",
}

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"II+\0\x08\0\0\0", "image/tiff"),
    (0, b"MM\0+\0\x08\0\0", "image/tiff"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51", "image/j2c"),
    (0, b"AT&TFORM", "image/vnd.djvu"),
    (0, b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"MThd\0\0\0\x06", "audio/midi"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS-", "application/postscript"),
    (60, b"BOOKMOBI", "application/x-mobipocket-ebook"),
    (257, b"ustar", "application/x-tar"),
)


def sniff(head: bytes, name: str) -> str:
    """The media type of a file.

    Never raises: what is not known is `application/octet-stream`. Work and memory are bounded by `HEAD_SIZE`.

    Args:
        head: the first bytes of the file, best `HEAD_SIZE` of them.
        name: its name; it decides only between kinds of text (CSV, Markdown) and of old Office files.
    """
    head = bytes(head[:HEAD_SIZE])
    extension = PurePosixPath(name).suffix.lower().lstrip(".")
    if not head:
        return UNKNOWN
    for offset, signature, media_type in _SIGNATURES:
        if head.startswith(signature, offset):
            return media_type
    for check in _CHECKS:
        if found := check(head, extension):
            return found
    return _by_puremagic(head)


KNOWN_TYPES = frozenset(_EXTENSIONS)
"""Every media type that `sniff` gives, but for `UNKNOWN`."""


def extension_for(media_type: str) -> str:
    """The file extension of a media type, without the dot, lower-case ASCII; `bin` for an unknown one."""
    return _EXTENSIONS.get(media_type, "bin")


def _riff(head: bytes, _extension: str) -> str:
    kinds = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
    if head.startswith(b"RIFF"):
        return kinds.get(head[8:12], "")
    if head.startswith(b"FORM") and head[8:12] in {b"AIFF", b"AIFC"}:
        return "audio/x-aiff"
    return ""


def _bmp(head: bytes, _extension: str) -> str:
    """BM alone is too little: the size of the header that follows must be one of those in use."""
    sizes = {12, 16, 40, 52, 56, 64, 108, 124}
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in sizes:
        return "image/bmp"
    if head.startswith(b"\0\0\x01\0") and 0 < int.from_bytes(head[4:6], "little") < 256 and head[9:10] == b"\0":
        return "image/x-icon"
    return ""


_BRANDS = {
    b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"M4P ": "audio/mp4", b"qt  ": "video/quicktime",
    b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic",
    b"mif1": "image/heic", b"jp2 ": "image/jp2", b"jpx ": "image/jp2",
}  # fmt: skip


def _iso_media(head: bytes, _extension: str) -> str:
    """MP4 and its relatives: the brand says which; without one, whether the first index has pictures."""
    if head[4:8] != b"ftyp":
        return "video/quicktime" if head[4:8] in {b"moov", b"wide"} else ""
    brand = head[8:12]
    if brand in _BRANDS:
        return _BRANDS[brand]
    if brand.startswith((b"3gp", b"3g2")):
        return "video/3gpp"
    return "audio/mp4" if b"soun" in head and b"vide" not in head else "video/mp4"


def _matroska(head: bytes, _extension: str) -> str:
    if not head.startswith(b"\x1aE\xdf\xa3"):
        return ""
    if b"webm" not in head[:64]:
        return "video/x-matroska"
    return "audio/webm" if (b"A_OPUS" in head or b"A_VORBIS" in head) and b"V_" not in head else "video/webm"


def _ogg(head: bytes, _extension: str) -> str:
    if not head.startswith(b"OggS"):
        return ""
    return "video/ogg" if b"\x80theora" in head[:512] or b"BBCD" in head[:512] else "audio/ogg"


_BIT_RATES = range(1, 15)


def _mpeg_audio(head: bytes, _extension: str) -> str:
    """A frame header of MPEG audio; a second one where the first frame ends, when that is in reach."""
    if head[:1] != b"\xff" or len(head) < 4 or head[1] & 0xE0 != 0xE0:
        return ""
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    version, layer, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4
    if version == 1 or layer == 0 or rate not in _BIT_RATES or head[2] >> 2 & 3 == 3:
        return ""
    return "audio/mpeg"


def _transport_stream(head: bytes, _extension: str) -> str:
    packets = range(0, min(len(head), 188 * 5), 188)
    return "video/mp2t" if len(packets) >= 3 and all(head[i] == 0x47 for i in packets) else ""


_LOCAL_FILE = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)
_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_OFFICE_NAMES = {"docx": _OFFICE[0][1], "xlsx": _OFFICE[1][1], "pptx": _OFFICE[2][1]}


def _zip(head: bytes, extension: str) -> str:
    """EPUB and OpenDocument say it in their first member; others show by the names of their members."""
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ""
    if head[30:38] == b"mimetype":
        declared = re.match(rb"application/[a-z0-9.+-]{3,80}", head[38:130])
        if declared and declared[0].decode() in _EXTENSIONS:
            return declared[0].decode()
        if declared and declared[0].startswith(b"application/epub+zip"):
            return "application/epub+zip"
    names = [head[m.end() : m.end() + int.from_bytes(m[1], "little")] for m in _LOCAL_FILE.finditer(head)]
    # Some makers zip the folder instead of what is in it: epub/META-INF/container.xml is an EPUB to its readers.
    if any(n.endswith(b"META-INF/container.xml") and n.count(b"/") <= 2 for n in names):
        return "application/epub+zip"
    if b"[Content_Types].xml" in names:
        for prefix, media_type in _OFFICE:
            if any(n.startswith(prefix) for n in names):
                return media_type
        return _OFFICE_NAMES.get(extension, "application/zip")
    return "application/zip"


def _old_office(head: bytes, extension: str) -> str:
    if not head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return ""
    names = {"xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint", "doc": "application/msword"}
    return names.get(extension, UNKNOWN)


def _marc(head: bytes, _extension: str) -> str:
    """The leader of ISO 2709: length, status, kind, then fixed digits."""
    return "application/marc" if re.match(rb"\d{5}[a-z ][a-z ]..[ a]\d\d\d{5}", head.lstrip(b"\r\n \x1a")) else ""


_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|title|meta|link|body|script|style|iframe|frameset|table|div|p|a|br|h[1-6]|font|img)"
    r"[\s>/]",
    re.IGNORECASE,
)
_COMMENTS = re.compile(
    r"\A(?:\s+|<!--.{0,4000}?-->|<\?.{0,1000}?\?>|<!DOCTYPE[^>\[]{0,500}(?:\[.{0,4000}?\])?\s*>){0,20}", re.DOTALL
)
_ROOT = re.compile(r"<(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)([^>]{0,4000})")
_ROOTS = {"svg": "image/svg+xml", "html": "application/xhtml+xml", "alto": "application/alto+xml"}
_SRT = re.compile(r"\A\s*\d+\s*\r?\n\d{1,2}:\d\d:\d\d[,.]\d{1,3}\s*-->")
_JSON = re.compile(r'\s*(?:\{\s*(?:"|\}|\Z)|\[\s*(?:[\[{"\]]|\Z|(?:-?\d[\d.eE+-]*|true|false|null)\s*(?:,|\])))')


def _text(head: bytes, extension: str) -> str:
    encoding = detect_encoding(head)
    if encoding is None:
        return ""
    text = decode_head(head, encoding).removeprefix("\ufeff")
    if re.match(r"WEBVTT(?:[ \t\r\n]|\Z)", text):
        return "text/vtt"
    if _SRT.match(text):
        return "application/x-subrip"
    if marked := _markup(text):
        return marked
    if _is_json(text, whole=len(head) < HEAD_SIZE):
        return "application/jsonl" if extension == "jsonl" else "application/json"
    return _BY_NAME.get(extension, "text/plain")


def _is_json(text: str, *, whole: bool) -> bool:
    """A text that is here as a whole must parse (`[1] a footnote` does not); of a longer one the beginning counts."""
    if not _JSON.match(text):
        return False
    start = text.lstrip()
    try:
        _, end = json.JSONDecoder().raw_decode(start)
    except RecursionError:
        return True
    except ValueError:
        return not whole
    return start[end:].lstrip()[:1] in {"", "[", "{"}


def _markup(text: str) -> str:
    """HTML, XHTML, SVG, ALTO or other XML; empty when the text is none of them."""
    start = text.lstrip()
    if not start.startswith("<"):
        return ""
    declared = start.startswith("<?xml")
    body = _COMMENTS.sub("", text, count=1)
    root = _ROOT.match(body)
    if root and root[2].lower() in _ROOTS and (declared or root[2].lower() != "html" or "xhtml" in root[3]):
        return _ROOTS[root[2].lower()]
    if _HTML.match(start) or _HTML.match(body):
        return "text/html"
    if declared or (root and (root[1] or "xmlns" in root[3])):
        return "application/xml"
    return "application/xml" if root and f"</{root[2]}>" in text else ""


def _marked_pdf(head: bytes, _extension: str) -> str:
    """A byte order mark or white space before the header is common."""
    return "application/pdf" if head[:64].lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith(b"%PDF-") else ""


def _late_pdf(head: bytes, _extension: str) -> str:
    """Readers of PDF accept its header anywhere in the first 1,024 bytes."""
    return "application/pdf" if b"%PDF-" in head[:1024] else ""


_CHECKS: tuple[Callable[[bytes, str], str], ...] = (
    _zip, _riff, _iso_media, _matroska, _ogg, _bmp, _mpeg_audio, _transport_stream, _old_office, _marked_pdf, _marc,
    _text, _late_pdf,
)  # fmt: skip


def _by_puremagic(head: bytes) -> str:
    """Ask the larger table, but believe it only for types that we can name and only when it is sure."""
    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError, IndexError, UnicodeError, OverflowError):
        return UNKNOWN
    for guess in guesses:
        if guess.confidence >= 0.8 and guess.mime_type in _EXTENSIONS and not guess.mime_type.startswith("text/"):
            return str(guess.mime_type)
    return UNKNOWN
