"""Pages of a PDF as pictures."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from indexer.errors import RenditionError
from indexer.renditions import BytesSource, Renditions, Sandbox
from packager.training.fonts import SANS, FontSlices
from tests.indexer.rendition_files import pdf_of, plain_pdf, stream


@pytest.fixture(scope="module")
def renditions():
    with Renditions() as made:
        yield made


def test_page_image_shows_the_page_at_the_width_asked(renditions):
    made = renditions.pdf_page_image(BytesSource(plain_pdf(pages=2)), 2, 400, "png")
    with Image.open(io.BytesIO(made.body)) as picture:
        assert picture.size == (made.width, made.height) == (400, 600)
        assert picture.getpixel((50, 550)) == (0, 0, 0), "the rectangle is at the lower left"
        assert picture.getpixel((350, 50)) == (255, 255, 255)
    assert made.pages == 2


@pytest.mark.parametrize(("form", "magic"), [("jpeg", b"\xff\xd8"), ("png", b"\x89PNG"), ("webp", b"RIFF")])
def test_page_image_comes_in_the_form_asked(renditions, form, magic):
    made = renditions.pdf_page_image(BytesSource(plain_pdf()), 1, 200, form)
    assert made.body.startswith(magic)
    assert made.media_type == f"image/{form}"


@pytest.mark.parametrize(
    ("page", "width", "form"),
    [(0, 400, "jpeg"), (2, 400, "jpeg"), (-1, 400, "jpeg"), (1, 0, "jpeg"), (1, 99999, "jpeg"), (1, 400, "svg")],
)
def test_page_image_of_what_cannot_be_is_an_error(renditions, page, width, form):
    with pytest.raises(RenditionError):
        renditions.pdf_page_image(BytesSource(plain_pdf()), page, width, form)


def test_page_image_of_a_very_long_page_stays_within_its_pixels(renditions):
    made = renditions.pdf_page_image(BytesSource(plain_pdf(box=b"0 0 100 14000")), 1, 4096)
    assert made.width * made.height <= 24_100_000
    assert made.height > 100 * made.width


def test_outline_titles_levels_and_pages(renditions):
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R >>",
        4: stream(b""),
        5: b"<< /Type /Outlines /First 6 0 R /Last 6 0 R /Count 1 >>",
        6: b"<< /Title <FEFF7B2C4E007AE0> /Parent 5 0 R /Dest [3 0 R /Fit] /First 7 0 R /Last 7 0 R /Count 1 >>",
        7: b"<< /Title (a\\r\\n  b) /Parent 6 0 R >>",
    }
    outline = renditions.pdf_outline(BytesSource(pdf_of(objects)))
    assert outline.pages == 1
    assert [(e.title, e.level, e.page) for e in outline.entries] == [("第一章", 0, 1), ("a b", 1, None)]


def test_outline_that_goes_in_a_circle_ends(renditions):
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R >>",
        4: stream(b""),
        5: b"<< /Type /Outlines /First 6 0 R /Last 6 0 R /Count 1 >>",
        6: b"<< /Title (x) /Parent 5 0 R /Next 6 0 R /First 6 0 R /Last 6 0 R /Count 1 >>",
    }
    assert len(renditions.pdf_outline(BytesSource(pdf_of(objects))).entries) <= 5000


CHINESE_WITHOUT_FONT = {
    1: b"<< /Type /Catalog /Pages 2 0 R >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
    4: stream(b"BT /F 40 Tf 20 40 Td <4E2D6587> Tj ET"),
    5: b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>",
    6: b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 7 0 R "
    b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>",
    7: b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 "
    b"/Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
}


def test_page_image_chinese_without_its_font_is_drawn_with_ours(tmp_path):
    slices = Path(__file__).parents[2] / "appliance/web/static/vendor"
    if not any(slices.rglob("noto-sans-sc-*.woff2")):
        pytest.skip("the web fonts are not built")
    (tmp_path / "chinese.ttf").write_bytes(FontSlices(slices).font("中文", SANS, bold=False))
    with Renditions(Sandbox(fonts=[tmp_path])) as made:
        page = made.pdf_page_image(BytesSource(pdf_of(CHINESE_WITHOUT_FONT)), 1, 400, "png")
    with Image.open(io.BytesIO(page.body)) as picture:
        assert picture.convert("L").crop((40, 40, 200, 130)).getextrema()[0] < 80


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7\n", b"\0" * 5000, plain_pdf()[:100]])
def test_no_pdf_is_an_error(renditions, body):
    for job in (renditions.pdf_page_count, renditions.pdf_outline):
        with pytest.raises(RenditionError):
            job(BytesSource(body))


def test_cover_of_a_pdf_is_its_first_page_within_bounds(renditions):
    cover = renditions.cover(BytesSource(plain_pdf()), "application/pdf")
    assert (cover.media_type, cover.width, cover.height) == ("image/webp", 427, 640)


def test_cover_of_a_pdf_whose_first_page_shows_nothing_is_none(renditions):
    assert renditions.cover(BytesSource(plain_pdf().replace(b" re f", b" re n")), "application/pdf") is None
