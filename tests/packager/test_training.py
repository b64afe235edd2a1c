"""The training collection: complete rows, sound files, the same bytes every time."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from lxml import etree
from PIL import Image

from indexer.records import row_to_record
from packager.training import TrainingError, write_training
from packager.training.epub import Book, Page, manual_pages, write_epub
from packager.training.fonts import SANS, FontSlices
from packager.training.text import Grid, Heading, Listing, Paragraph, parse_manual

ROOT = Path(__file__).parents[2]
FONT_FOLDERS = (
    ROOT / "appliance/web/static/vendor",
    ROOT / "appliance/web/frontend/node_modules/@fontsource",
)
NOT_OUR_WORDS = (
    "失败",
    "错误",
    "报错",
    "异常",
    "非法",
    "点击",
    "用户",
    "服务器",
    "索引",
    "登陆",
    "帐号",
    "挂载",
    "！",
    "~",
)


def fonts_folder() -> Path:
    for folder in FONT_FOLDERS:
        if any(folder.rglob("noto-sans-sc-*.woff2")):
            return folder
    pytest.skip("the web fonts are not built")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_training(tmp_path_factory.mktemp("training") / "source", fonts_folder())


@pytest.fixture(scope="module")
def rows(source) -> list[dict[str, str]]:
    with (source / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tree(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_write_training_twice_gives_the_same_bytes(source, tmp_path):
    assert tree(write_training(tmp_path / "again", fonts_folder())) == tree(source)


def test_catalogue_every_row_complete_and_every_file_there(source, rows):
    assert 8 <= len(rows) <= 12
    assert len({r["id"].casefold() for r in rows}) == len(rows)
    needed = ("id", "title", "creator", "publisher", "date", "language", "type", "subject", "clc")
    needed += ("description", "rights", "licence", "source")
    for row in rows:
        assert all(row[name] for name in needed), row["id"]
        assert all((source / name).is_file() for name in row["files"].split(";") if name)
    listed = {name for r in rows for name in r["files"].split(";") if name}
    assert listed == set(tree(source)) - {"catalogue.csv"}


def test_catalogue_is_understood_without_a_warning(rows):
    records = [row_to_record(row, number) for number, row in enumerate(rows, 2)]
    assert [r.warnings for r in records if r.warnings] == []
    by_id = {r.resource.id: r.resource for r in records}
    assert by_id["SXT-10"].access.scope == "premises"
    assert (by_id["SXT-08"].audience.group, by_id["SXT-08"].audience.age_from) == ("children", 6)
    assert [(c.name, c.dynasty) for c in by_id["SXT-09"].creators] == [("永瑢", "清"), ("纪昀", "清")]


def test_catalogue_holds_one_of_every_kind(rows):
    assert {r["type"] for r in rows} == {"book", "image"}
    assert any(not r["files"] for r in rows), "a catalogue entry"
    assert any(r["access"] == "premises" for r in rows)
    assert any(r["audience"].startswith("children") for r in rows)
    assert any(len(r["files"].split(";")) >= 4 for r in rows), "a sequence of pictures"
    assert any(r["language"] == "zh-Hant" for r in rows)


def test_pdf_fonts_embedded_text_found_outline_there(source):
    document = pypdfium2.PdfDocument(source / "files/SXT-01/馆员手册.pdf")
    titles = [b.get_title() for b in document.get_toc()]
    assert "接上资源硬盘" in titles
    assert "五步" in titles
    text = "".join(page.get_textpage().get_text_range() for page in document)
    assert "这不是书箱的资源硬盘，没有采用" in re.sub(r"\s", "", text)
    raw = (source / "files/SXT-01/馆员手册.pdf").read_bytes()
    assert raw.count(b"/FontFile2") >= 3
    document.close()


def test_epub_parts_in_order_and_well_formed(source):
    with zipfile.ZipFile(source / "files/SXT-01/馆员手册.epub") as book:
        first = book.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert book.testzip() is None
        for name in book.namelist():
            if name.endswith((".xhtml", ".opf", ".xml")):
                etree.fromstring(book.read(name))
        opf = book.read("OEBPS/package.opf").decode()
        assert 'properties="nav"' in opf
        assert 'properties="cover-image"' in opf
        linked = re.findall(r'href="([^"#]+)', book.read("OEBPS/nav.xhtml").decode())
        assert {f"OEBPS/{name}" for name in linked} <= set(book.namelist())


@pytest.mark.parametrize("name", ["SXT-01/馆员手册", "SXT-02/读者指南", "SXT-07/千字文", "SXT-08/三字经"])
def test_epub_brings_every_character_it_shows(source, name):
    with zipfile.ZipFile(source / f"files/{name}.epub") as book:
        fonts = [set(TTFont(io.BytesIO(book.read(f"OEBPS/{font}.ttf"))).getBestCmap()) for font in ("text", "title")]
        for page in (n for n in book.namelist() if re.search(r"/c\d\d\.xhtml$", n)):
            body = etree.fromstring(book.read(page)).find("{*}body")
            titles = {c for e in body.iter("{*}h1", "{*}h2") for c in "".join(e.itertext())}
            shown = set("".join(body.itertext()))
            assert {c for c in shown - titles if c.isprintable() and ord(c) not in fonts[0]} == set()
            assert {c for c in titles if ord(c) not in fonts[1]} == set()


def test_epub_vertical_turns_from_right_to_left(source):
    with zipfile.ZipFile(source / "files/SXT-07/千字文.epub") as book:
        assert 'page-progression-direction="rtl"' in book.read("OEBPS/package.opf").decode()
        assert "writing-mode: vertical-rl" in book.read("OEBPS/style.css").decode()
        assert "天地玄黃，宇宙洪荒。" in book.read("OEBPS/c01.xhtml").decode()


@pytest.mark.parametrize(("name", "width"), [("SXT-03/接盘卡.png", 2400), ("SXT-05/一页书的来路.png", 3000)])
def test_pictures_large_enough_for_deep_zoom(source, name, width):
    with Image.open(source / "files" / name) as image:
        image.load()
        assert image.width >= width
        assert len(set(image.resize((64, 64)).get_flattened_data())) > 50, "something is drawn"


@pytest.mark.parametrize("name", ["staff-handbook.md", "patrons-guide.md"])
def test_manuals_use_the_agreed_words(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert [word for word in NOT_OUR_WORDS if word in text] == []
    assert not re.search(r"[A-Za-z]{2,}", re.sub(r"PDF|EPUB|ISBN|ISSN|hongloumeng|honglm|hlm|shak", "", text))


def test_font_holds_the_wanted_characters_only():
    font = FontSlices(fonts_folder()).font("书箱", SANS, bold=False)
    assert set(TTFont(io.BytesIO(font)).getBestCmap()) == {0x20, ord("书"), ord("箱")}


def test_font_of_other_characters_has_another_name():
    slices = FontSlices(fonts_folder())
    one, two = (TTFont(io.BytesIO(slices.font(text, SANS, bold=False))) for text in ("书箱", "书柜"))
    assert one["name"].getDebugName(6) != two["name"].getDebugName(6)


def test_font_raises_commas_in_columns():
    font = TTFont(io.BytesIO(FontSlices(fonts_folder()).font("书，", SANS, bold=False)))
    glyf = font["glyf"]
    flat, raised = glyf["u0FF0C"], glyf["u0FF0C.vert"]
    raised.recalcBounds(glyf)
    assert raised.yMin > flat.yMax
    assert [f.FeatureTag for f in font["GSUB"].table.FeatureList.FeatureRecord] == ["vert"]


def test_font_slices_of_an_empty_folder_refused(tmp_path):
    with pytest.raises(TrainingError, match="no Noto Sans SC"):
        FontSlices(tmp_path)


def test_parse_manual_blocks_and_chapters():
    manual = parse_manual("# 甲\n\n先说**一句**\n接着\n\n## 乙\n\n### 丙\n\n1. 一\n2. 二\n\n|头|\n|---|\n|身|\n")
    assert [c.title for c in manual.chapters] == ["前言", "乙"]
    assert "".join(r.text for r in manual.chapters[0].blocks[0].runs) == "先说一句接着"
    assert [type(b) for b in manual.chapters[1].blocks] == [Heading, Listing, Grid]
    assert isinstance(manual.chapters[0].blocks[0], Paragraph)
    assert manual.chapters[1].sections == ("丙",)
    assert manual.strong_characters == frozenset("一句头")


@pytest.mark.parametrize("text", ["", "没有标题", "# 甲\n\n> 引文\n", "# 甲\n\n![图](a.png)\n"])
def test_parse_manual_of_what_it_cannot_print_refused(text):
    with pytest.raises(TrainingError):
        parse_manual(text)


def test_write_epub_escapes_what_the_words_hold():
    page = manual_pages(parse_manual("# 甲 & 乙\n\n## 一 < 二\n\n“三” & 四\n"))
    book = Book(
        "urn:x",
        "甲 & 乙",
        "丙<丁",
        "戊",
        "zh-Hans",
        "己",
        "庚",
        b"\x89PNG",
        (*page, Page("空", "<p>空</p>")),
        b"t",
        b"s",
    )
    with zipfile.ZipFile(io.BytesIO(write_epub(book))) as archive:
        opf = etree.fromstring(archive.read("OEBPS/package.opf"))
        assert opf.findtext(".//{http://purl.org/dc/elements/1.1/}title") == "甲 & 乙"
        assert etree.fromstring(archive.read("OEBPS/c01.xhtml")).findtext(".//{*}h1") == "一 < 二"
