"""Pictures of all kinds leave upright, in sRGB, within bounds."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageCms

from indexer.errors import RenditionError, RenditionLimitError
from indexer.renditions import BytesSource, Renditions


@pytest.fixture(scope="module")
def renditions():
    with Renditions() as made:
        yield made


def saved(picture: Image.Image, form: str, **more) -> BytesSource:
    out = io.BytesIO()
    picture.save(out, form, **more)
    return BytesSource(out.getvalue())


def opened(made) -> Image.Image:
    return Image.open(io.BytesIO(made.body)).convert("RGB")


def two_halves(width=80, height=40) -> Image.Image:
    """Left red, right blue."""
    picture = Image.new("RGB", (width, height), "blue")
    picture.paste("red", (0, 0, width // 2, height))
    return picture


def close(colour, wanted, by=40) -> bool:
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=True))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "JPEG2000"])
def test_image_page_of_every_kind_shows_the_same(renditions, form):
    picture = opened(renditions.image_page(saved(two_halves(), form), form="png"))
    assert picture.size == (80, 40)
    assert close(picture.getpixel((10, 20)), (255, 0, 0))
    assert close(picture.getpixel((70, 20)), (0, 0, 255))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_image_page_turned_by_exif_is_upright(renditions, form):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate clockwise to show
    source = saved(two_halves(), form, exif=exif, quality=95)
    assert renditions.image_dimensions(source).width == 40
    picture = opened(renditions.image_page(source))
    assert picture.size == (40, 80)
    assert close(picture.getpixel((20, 10)), (255, 0, 0))


def test_image_page_cmyk_becomes_srgb(renditions):
    source = saved(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "JPEG", quality=95)
    assert close(opened(renditions.image_page(source, form="png")).getpixel((5, 5)), (255, 0, 0))


def test_image_page_transparent_stands_on_white(renditions):
    source = saved(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG")
    assert opened(renditions.image_page(source)).getpixel((5, 5)) == (255, 255, 255)


def test_image_page_sixteen_bits_are_stretched(renditions):
    picture = Image.new("I;16", (20, 20), 0)
    picture.paste(60000, (10, 0, 20, 20))
    shown = opened(renditions.image_page(saved(picture, "TIFF"), form="png"))
    assert shown.getpixel((2, 2)) == (0, 0, 0)
    assert shown.getpixel((15, 2)) == (255, 255, 255)


def test_image_page_colour_profile_is_used(renditions):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = saved(two_halves(), "PNG", icc_profile=profile)
    assert close(opened(renditions.image_page(source, form="png")).getpixel((10, 20)), (255, 0, 0), by=6)


def test_image_page_of_several_pages_gives_the_one_asked(renditions):
    pages = [Image.new("RGB", (20, 20), c) for c in ("red", "lime", "blue")]
    source = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert renditions.image_dimensions(source).pages == 3
    assert close(opened(renditions.image_page(source, 2, form="png")).getpixel((5, 5)), (0, 255, 0))
    with pytest.raises(RenditionError):
        renditions.image_page(source, 4)


def test_image_page_never_enlarges_and_keeps_the_ratio(renditions):
    source = saved(two_halves(800, 400), "PNG")
    assert (lambda m: (m.width, m.height))(renditions.image_page(source, 1, 200)) == (200, 100)
    assert renditions.image_page(source, 1, 4000).width == 800


def test_picture_of_too_many_pixels_is_a_limit(renditions):
    body = bytearray(saved(Image.new("1", (8, 8)), "PNG")._body)
    body[16:24] = (60000).to_bytes(4) + (60000).to_bytes(4)
    import zlib

    body[29:33] = zlib.crc32(body[12:29]).to_bytes(4)
    for job in (renditions.image_dimensions, renditions.image_page):
        with pytest.raises(RenditionLimitError):
            job(BytesSource(bytes(body)))


def test_dimensions_of_a_png_unpack_nothing(renditions):
    whole = saved(Image.effect_noise((400, 300), 50), "PNG")._body
    cut = BytesSource(whole[:2000])
    assert renditions.image_dimensions(cut).width == 400
    with pytest.raises(RenditionError):
        renditions.image_page(cut)


def test_picture_of_more_than_pillow_takes_is_shown_all_the_same(renditions):
    page = Image.new("1", (20_000, 12_000), 1)
    page.paste(0, (0, 0, 10_000, 12_000))
    source = saved(page, "TIFF", compression="group4")
    found = renditions.image_dimensions(source)
    assert (found.width, found.height) == (20_000, 12_000)
    picture = opened(renditions.image_page(source, 1, 400))
    assert picture.size == (400, 240)
    assert close(picture.getpixel((50, 100)), (0, 0, 0))
    assert close(picture.getpixel((350, 100)), (255, 255, 255))
    cover = renditions.cover(source, "image/tiff")
    assert (cover.width, cover.height) == (480, 288)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xd8\xff\xe0", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"BLP2" + b"\0" * 200]
)
def test_no_picture_is_an_error(renditions, body):
    with pytest.raises(RenditionError):
        renditions.image_page(BytesSource(body))


def test_truncated_picture_is_an_error(renditions):
    body = saved(Image.effect_noise((200, 200), 50).convert("RGB"), "PNG")._body
    with pytest.raises(RenditionError, match="damaged"):
        renditions.image_page(BytesSource(body[: len(body) // 2]))


def test_cover_of_a_picture_fits(renditions):
    cover = renditions.cover(saved(two_halves(2000, 1000), "JPEG"), "image/jpeg")
    assert (cover.media_type, cover.width, cover.height) == ("image/webp", 480, 240)
    assert renditions.cover(BytesSource(b"<svg/>"), "image/svg+xml") is None
