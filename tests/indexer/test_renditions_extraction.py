"""Facts and text of files, through the confined child."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import time
import wave
import zipfile
from pathlib import Path

import pytest

from indexer import sections as form
from indexer.errors import RenditionError
from indexer.renditions import BytesSource, FileSource, Renditions
from indexer.renditions.extraction import DOCUMENT_TYPES, TEXT_TYPES, Extraction
from tests.generated import epub, pdf
from tests.indexer.media_files import m4b, webm
from tests.indexer.rendition_files import pdf_of, plain_pdf, stream

EPUB, PDF = "application/epub+zip", "application/pdf"


@pytest.fixture(scope="module")
def extraction():
    with Renditions() as renditions:
        yield Extraction(renditions.sandbox)


def taken(extraction, body, media_type):
    return [(s.n, s.kind, s.label, s.target, s.text) for s in extraction.text(BytesSource(body), media_type).sections]


def book(files):
    """An EPUB whose chapter, navigation or other files are replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(epub("书", ["一", "二"]))) as old, zipfile.ZipFile(out, "w") as new:
        for name in [*old.namelist(), *(n for n in files if n not in old.namelist())]:
            new.writestr(name, files.get(name) or old.read(name))
    return out.getvalue()


def font_pdf(font, mode=0):
    return pdf_of(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            3: b"<< /Type /Font /Subtype /TrueType /BaseFont /%b /Encoding /WinAnsiEncoding >>" % font,
            4: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 5 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>",
            5: stream(b"BT %d Tr /F1 24 Tf 40 200 Td (Words) Tj ET" % mode),
        }
    )


# — text —


def test_text_epub_chapters_carry_label_and_place(extraction):
    found = taken(extraction, epub("书", ["甲乙", "丙丁"]), EPUB)
    assert found == [
        (1, "chapter", "第1章", "1", "第1章\n甲乙"),
        (2, "chapter", "第2章", "2", "第2章\n丙丁"),
    ]


def test_text_epub_chapter_is_parted_where_contents_point_inside(extraction):
    nav = (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
        '<nav epub:type="toc"><ol><li><a href="c0.xhtml">卷上</a><ol><li><a href="c0.xhtml#s2">其二</a></li></ol>'
        "</li></ol></nav></body></html>"
    )
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title><script>bad()</script></head><body>'
        "<p>春眠\n不觉<ruby>晓<rt>xiǎo</rt></ruby></p>"
        "<h2 id='s2'>其二</h2><p>soft\u00adware  and\nmore</p></body></html>"
    )
    found = taken(extraction, book({"OEBPS/nav.xhtml": nav, "OEBPS/c0.xhtml": chapter}), EPUB)
    assert found[:2] == [
        (1, "chapter", "卷上", "1", "春眠不觉晓"),
        (2, "chapter", "其二", "1#s2", "其二\nsoftware and more"),
    ]


def test_text_epub_broken_chapter_leaves_the_others(extraction):
    found = taken(extraction, book({"OEBPS/c0.xhtml": b"\0" * 9_000_000}), EPUB)
    assert [target for _, _, _, target, _ in found] == ["2"]


def test_text_pdf_pages_and_none_of_a_scan(extraction):
    found = taken(extraction, pdf(2), PDF)
    assert found == [(1, "page", "", "1", "Page 1 of 2"), (2, "page", "", "2", "Page 2 of 2")]
    assert taken(extraction, plain_pdf(3), PDF) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_plain_of_any_encoding_by_headings(extraction, encoding):
    body = "序言的话。\r\n\r\n第一回 宴桃园\r\n话说天下大势，分久必合，合久必分。\r\n第二回\r\n且说。"
    found = taken(extraction, body.encode(encoding), "text/plain")
    assert [(label, text) for _, _, label, _, text in found] == [
        ("", "序言的话。"),
        ("第一回 宴桃园", "第一回 宴桃园\n话说天下大势，分久必合，合久必分。"),
        ("第二回", "第二回\n且说。"),
    ]
    plain = body.replace("\r\n", "\n")
    assert [int(target) for *_, target, _ in found] == [0, plain.index("第一回"), plain.index("第二回")]


def test_text_without_headings_comes_in_bounded_stretches(extraction):
    found = taken(extraction, ("字" * 99 + "\n").encode() * 500, "text/plain")
    assert len(found) == 13
    assert all(len(text) <= 4100 for *_, text in found)
    assert sum(text.count("字") for *_, text in found) == 99 * 500


def test_text_of_one_endless_line_is_cut_at_the_bounds(extraction):
    found = extraction.text(BytesSource("长".encode() * 7_000_000), "text/plain")
    assert found.cut
    assert all(len(s.text) <= form.MAX_LETTERS for s in found.sections)


def test_text_html_loses_markup(extraction):
    body = "<!DOCTYPE html><title>题</title><p>一<b>二</b><script>x</script><h1 id=a>三</h1><p>四".encode()
    assert taken(extraction, body, "text/html") == [
        (1, "chapter", "题", "1", "一二"),
        (2, "chapter", "三", "1#a", "三\n四"),
    ]


def test_text_captions_come_by_minute_without_tags(extraction):
    body = (
        "WEBVTT\n\n00:01.000 --> 00:03.000\n<v 甲>春眠&amp;\n\n00:03.000 --> 00:05.000\n不觉晓\n\nbad --> time\nx\n\n"
        "01:02:00.000 --> 01:02:05.000\n处处闻啼鸟\n"
    )
    assert taken(extraction, body.encode(), "text/vtt") == [
        (1, "time", "00:00:00", "0", "春眠&\n不觉晓"),
        (2, "time", "01:02:00", "3720", "处处闻啼鸟"),
    ]


def test_text_alto_joins_broken_words(extraction):
    body = (
        '<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Layout><Page><TextBlock>'
        '<TextLine><String CONTENT="Mit"/><String CONTENT="Bewun" SUBS_TYPE="HypPart1" SUBS_CONTENT="Bewunderung"/>'
        '<HYP CONTENT="-"/></TextLine><TextLine><String CONTENT="derung" SUBS_TYPE="HypPart2" '
        'SUBS_CONTENT="Bewunderung"/><String CONTENT="stehen"/></TextLine></TextBlock></Page></Layout></alto>'
    )
    assert taken(extraction, body.encode(), "application/alto+xml") == [(1, "page", "", "1", "Mit Bewunderung\nstehen")]


def test_text_same_file_gives_the_same_bytes(extraction):
    body = epub("书", ["甲" * 5000, "乙"])
    assert taken(extraction, body, EPUB) == taken(extraction, body, EPUB)


@pytest.mark.parametrize(("body", "media_type"), [(b"PK\x03\x04", EPUB), (b"%PDF-1.4", PDF), (b"x", "application/zip")])
def test_text_of_a_damaged_or_unknown_file_is_an_error(extraction, body, media_type):
    with pytest.raises(RenditionError):
        extraction.text(BytesSource(body), media_type)


# — documents —


def test_document_pages_contents_and_no_complaint(extraction):
    found = extraction.document(BytesSource(pdf(3)), PDF)
    assert (found.pages, found.encrypted, found.missing_fonts, found.contents) == (3, False, (), ())
    found = extraction.document(BytesSource(epub("书", ["甲", "乙"])), EPUB)
    assert [(line.title, line.target) for line in found.contents] == [("第1章", "1"), ("第2章", "2")]


def test_document_missing_fonts_are_named_but_not_standard_or_invisible_ones(extraction):
    assert extraction.document(BytesSource(font_pdf(b"SimSun")), PDF).missing_fonts == ("SimSun",)
    assert extraction.document(BytesSource(font_pdf(b"ABCDEF+SimHei,Bold")), PDF).missing_fonts == ("SimHei,Bold",)
    assert extraction.document(BytesSource(font_pdf(b"Arial")), PDF).missing_fonts == ()
    assert extraction.document(BytesSource(font_pdf(b"SimSun", mode=3)), PDF).missing_fonts == ()


def test_document_with_a_password_is_locked(extraction):
    objects = b"/Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <%b> /U <%b> >> /ID [<00> <00>]"
    body = pdf(1).replace(b"trailer <<", b"trailer << " + objects % (b"11" * 32, b"22" * 32), 1)
    assert extraction.document(BytesSource(body), PDF).encrypted


@pytest.mark.parametrize(
    ("method", "locked"),
    [("http://www.w3.org/2001/04/xmlenc#aes256-cbc", True), ("http://www.idpf.org/2008/embedding", False)],
)
def test_document_epub_under_a_rights_system_is_locked(extraction, method, locked):
    encryption = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{method}"/></e:EncryptedData></encryption>'
    )
    found = extraction.document(BytesSource(book({"META-INF/encryption.xml": encryption})), EPUB)
    assert found.encrypted is locked


def test_document_long_contents_keep_the_upper_levels(extraction):
    inner = "".join(f'<li><a href="c1.xhtml#x{n}">节{n}</a></li>' for n in range(400))
    nav = (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
        f'<nav epub:type="toc"><ol><li><a href="c0.xhtml">卷上</a></li><li><a href="c1.xhtml">卷下</a><ol>{inner}</ol>'
        "</li></ol></nav></body></html>"
    )
    found = extraction.document(BytesSource(book({"OEBPS/nav.xhtml": nav})), EPUB)
    assert [line.title for line in found.contents] == ["卷上", "卷下"]


# — recordings —


def test_media_wav_seconds_and_codec(extraction):
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(struct.pack("<h", 7) * 20_000)
    found = extraction.media(BytesSource(out.getvalue()), "audio/wav")
    assert (found.duration, found.video, found.audio) == (3, (), ("PCM",))


@pytest.mark.parametrize(("made", "media_type"), [(m4b, "audio/mp4"), (webm, "audio/webm")])
def test_media_chapters_with_the_second_where_each_begins(extraction, made, media_type):
    chapters = ((0, "开篇"), (61.9, " 第二章：<b> "), (100, "10:30 x"), (7300.5, "x:y"))
    found = extraction.media(BytesSource(made(chapters)), media_type)
    assert [(line.title, line.target) for line in found.chapters] == [
        ("开篇", "0"), ("第二章：<b>", "61"), ("10:30 x", "100"), ("x:y", "7300"),
    ]  # fmt: skip
    assert extraction.media(BytesSource(made(())), media_type).chapters == ()


def test_media_chapters_without_a_language_or_too_many_are_cut(extraction):
    assert extraction.media(BytesSource(webm([(0, "a"), (9, "b")], "")), "audio/webm").chapters[1].title == "b"
    many = extraction.media(BytesSource(webm([(n, f"{n}") for n in range(400)])), "audio/webm").chapters
    assert [line.target for line in many] == [str(n) for n in range(300)]


def test_media_captions_last_until_their_last_cue(extraction):
    body = b"1\n00:00:01,000 --> 00:00:02,500\na\n\n2\n01:00:00,000 --> 01:00:09,200\nb\n"
    assert extraction.media(BytesSource(body), "application/x-subrip").duration == 3610


@pytest.mark.parametrize("body", [b"ID3\x04\0\0\x7f\x7f\x7f\x7f", b"RIFF\xff\xff\xff\xffWAVE", b"\0" * 5000])
def test_media_without_sound_or_picture_is_an_error(extraction, body):
    with pytest.raises(RenditionError):
        extraction.media(BytesSource(body), "audio/mpeg")


# — every hostile file of the collection as every kind —

COLLECTION = os.environ.get("SHUXIANG_COLLECTION", "")
HOSTILE = sorted(p for p in (Path(COLLECTION) / "hostile").iterdir() if p.is_file()) if COLLECTION else []


@pytest.mark.collection
@pytest.mark.skipif(not COLLECTION, reason="SHUXIANG_COLLECTION is not set")
@pytest.mark.slow
def test_extraction_hostile_file_as_any_kind_ends_in_time_with_an_answer_or_the_typed_error(extraction):
    for path in HOSTILE:
        started = time.monotonic()
        with FileSource(path) as source:
            for media_type in sorted(TEXT_TYPES):
                with contextlib.suppress(RenditionError):
                    extraction.text(source, media_type)
            for media_type in DOCUMENT_TYPES:
                with contextlib.suppress(RenditionError):
                    extraction.document(source, media_type)
            for media_type in ("audio/mpeg", "video/mp4", "text/vtt"):
                with contextlib.suppress(RenditionError):
                    extraction.media(source, media_type)
        assert time.monotonic() - started < 60, path.name
