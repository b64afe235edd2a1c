"""What a file is, by its content."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.checks import HEAD_SIZE, UNKNOWN, extension_for, sniff


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def picture(form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2)).save(buffer, form, **options)
    return buffer.getvalue()


def box(kind: bytes, data: bytes) -> bytes:
    return (8 + len(data)).to_bytes(4, "big") + kind + data


EPUB = zipped(("mimetype", b"application/epub+zip"), ("META-INF/container.xml", b"<container/>"))
LATE_EPUB = zipped(("META-INF/container.xml", b"<container/>"), ("mimetype", b"application/epub+zip"))
FOLDER_EPUB = zipped(("epub/META-INF/container.xml", b"<container/>"), ("epub/OEBPS/a.html", b""))
DOCX = zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))
ODT = zipped(("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<x/>"))
TEXT = "第一章 学而\r\n学而时习之，不亦说乎？\r\n"
MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)
ISOM = box(b"ftyp", b"isom\0\0\2\0isomiso2")


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\xef\xbb\xbf%PDF-1.4", "application/pdf"),
        (b"junk\n%PDF-1.4\n" + bytes(range(256)), "application/pdf"),
        (EPUB, "application/epub+zip"),
        (LATE_EPUB, "application/epub+zip"),
        (FOLDER_EPUB, "application/epub+zip"),
        (DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (ODT, "application/vnd.oasis.opendocument.text"),
        (zipped(("a.txt", b"x")), "application/zip"),
        (zipped(), "application/zip"),
        (zipped(("mimetype", b"application/x-evil")), "application/zip"),
        (picture("JPEG"), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("GIF"), "image/gif"),
        (picture("WEBP"), "image/webp"),
        (picture("TIFF"), "image/tiff"),
        (picture("TIFF", big_tiff=True), "image/tiff"),
        (picture("BMP"), "image/bmp"),
        (picture("JPEG2000"), "image/jp2"),
        (picture("JPEG2000", no_jp2=True), "image/j2c"),
        (picture("ICO"), "image/x-icon"),
        (b"AT&TFORM\0\0\0\0DJVU", "image/vnd.djvu"),
        (b"BM is not a picture", "text/plain"),
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        (MP3_FRAME * 2, "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (box(b"ftyp", b"M4A \0\0\0\0"), "audio/mp4"),
        (ISOM + box(b"moov", b"hdlr....vide"), "video/mp4"),
        (ISOM + box(b"moov", b"hdlr....soun"), "audio/mp4"),
        (box(b"ftyp", b"qt  \0\0\0\0"), "video/quicktime"),
        (box(b"ftyp", b"avif\0\0\0\0"), "image/avif"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm" + b"V_VP9 A_OPUS", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm" + b"A_OPUS", "audio/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", "video/x-matroska"),
        (b"OggS\0\2" + bytes(22) + b"\x01vorbis", "audio/ogg"),
        (b"OggS\0\2" + bytes(22) + b"\x80theora", "video/ogg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
        (b"WEBVTT\n\n00:00.000 --> 00:01.000\n", "text/vtt"),
        (b"\xef\xbb\xbfWEBVTT", "text/vtt"),
        (b"WEBVTTX", "text/plain"),
        (b"1\r\n00:00:01,000 --> 00:00:02,000\r\n", "application/x-subrip"),
        (b'<?xml version="1.0"?>\n<alto xmlns="http://www.loc.gov/standards/alto/ns-v2#">', "application/alto+xml"),
        (b"<?xml version='1.0'?><mets:mets/>", "application/xml"),
        (b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b'<!DOCTYPE svg PUBLIC "a" "b" [<!ENTITY x "y">]><svg/>', "image/svg+xml"),
        (b"<svg onload=alert(1)>", "image/svg+xml"),
        (b"<!doctype html><script>alert(1)</script>", "text/html"),
        (b"  <HTML><body>", "text/html"),
        (b"<!-- hello --><script>", "text/html"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">', "application/xhtml+xml"),
        (b'{"a": 1}', "application/json"),
        (b"[1, 2]", "application/json"),
        (b"[note] not json", "text/plain"),
        (b"[1] a footnote", "text/plain"),
        (b'{"a": 1}\n{"a": 2}\n', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"{not json}", "text/plain"),
        (b"00714cam a2200205 a 4500001001300000", "application/marc"),
        (TEXT.encode(), "text/plain"),
        (TEXT.encode("gb18030"), "text/plain"),
        ("學而時習之，不亦說乎".encode("big5"), "text/plain"),
        (TEXT.encode("utf-16"), "text/plain"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "text/plain"),
        (b"L\0\0\0\x01\x14\x02\0" + bytes(60), UNKNOWN),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0>\0", UNKNOWN),
        (b"\0" * 100, UNKNOWN),
        (b"", UNKNOWN),
    ],
)
@pytest.mark.parametrize("name", ["x", "x.jpg", "无扩展名", "x.epub"])
def test_sniff_content_decides_whatever_the_name(head: bytes, media_type: str, name: str) -> None:
    assert sniff(head, name) == media_type


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.csv", "text/csv"),
        ("a.TSV", "text/tab-separated-values"),
        ("a.md", "text/markdown"),
        ("a.html", "text/plain"),
    ],
)
def test_sniff_name_decides_only_between_plain_texts(name: str, media_type: str) -> None:
    assert sniff(b"a,b\n1,2\n", name) == media_type


def test_sniff_big_file_looks_at_the_head_only() -> None:
    assert sniff(b"a" * HEAD_SIZE + b"\0" * 100, "a.txt") == "text/plain"
    assert sniff(("文" * HEAD_SIZE).encode(), "a.txt") == "text/plain"


@pytest.mark.parametrize(
    ("media_type", "extension"),
    [
        ("application/epub+zip", "epub"),
        ("image/jpeg", "jpg"),
        ("application/alto+xml", "xml"),
        ("x/y", "bin"),
        ("", "bin"),
    ],
)
def test_extension_for_media_type(media_type: str, extension: str) -> None:
    assert extension_for(media_type) == extension


starts = [
    b"",
    b"%PDF-",
    b"PK\x03\x04",
    b"RIFF",
    b"\0\0\0\x18ftyp",
    b"\x1aE\xdf\xa3",
    b"OggS",
    b"BM",
    b"\xff\xfb",
    b"<?xml",
    b"{",
    b"ID3",
]


@given(st.sampled_from(starts), st.binary(max_size=400), st.text(max_size=12))
def test_sniff_any_bytes_never_raises_and_names_a_known_type(start: bytes, rest: bytes, name: str) -> None:
    media_type = sniff(start + rest, name)
    assert media_type == UNKNOWN or extension_for(media_type) != "bin"


@pytest.mark.parametrize(
    "piece", [b"<!--", b"<?", b"<!DOCTYPE ", b"<!DOCTYPE x [", b" <", b"<a ", b"PK\x03\x04" + bytes(26)]
)
def test_sniff_repeated_openings_stay_fast(piece: bytes) -> None:
    sniff(piece * (HEAD_SIZE // len(piece)), "x")
