"""Tile packs: whole pyramids, the same bytes every time, tiles found by range, hostile directories refused."""

from __future__ import annotations

import io
import re
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import IndexFormatError, RenditionError
from indexer.renditions import BytesSource, Renditions, TilepackIndex, tilepack_entry
from indexer.renditions.tilepack import TilepackWriter, media_type
from tests import hostile_amounts as packs
from tests.indexer.rendition_files import tilepack_of


@pytest.fixture(scope="module")
def renditions():
    with Renditions() as made:
        yield made


def picture(width: int, height: int, form: str = "PNG") -> BytesSource:
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.paste("red", (0, 0, 40, 40))
    image.save(out, form)
    return BytesSource(out.getvalue())


@pytest.fixture(scope="module")
def pack(renditions) -> bytes:
    body, made = tilepack_of(renditions, [picture(1200, 700), picture(300, 200, "JPEG")])
    assert [(page.width, page.height) for page in made] == [(1200, 700), (300, 200)]
    assert all(page.tool.startswith("libvips 8.") for page in made)
    return body


def index_of(body: bytes) -> TilepackIndex:
    return TilepackIndex(lambda offset, n: body[offset : offset + n], len(body))


def test_pack_is_a_stored_zip_that_others_read(pack):
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        assert archive.testzip() is None
        assert {i.compress_type for i in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {"0001.dzi", "0002.dzi", "0001_files/11/0_0.jpeg", "0001_files/11/2_1.jpeg"} <= set(archive.namelist())


def test_pack_same_pictures_same_bytes(renditions, pack):
    assert tilepack_of(renditions, [picture(1200, 700), picture(300, 200, "JPEG")])[0] == pack


def test_index_every_tile_is_where_the_zip_says(pack):
    index = index_of(pack)
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        assert len(index) == len(archive.namelist())
        for name in archive.namelist():
            offset, length = index.entry(name)
            assert pack[offset : offset + length] == archive.read(name)
    assert index.pictures == 2


def test_tiles_put_together_show_the_picture(pack):
    offset, length = tilepack_entry(lambda o, n: pack[o : o + n], len(pack), "0001_files/11/0_0.jpeg")
    with Image.open(io.BytesIO(pack[offset : offset + length])) as tile:
        assert tile.size == (511, 511), "510 and one pixel of overlap"
        red, green, _ = tile.convert("RGB").getpixel((10, 10))
        assert red > 200 > green
    offset, length = index_of(pack).entry("0001.dzi")
    descriptor = pack[offset : offset + length].decode()
    assert re.search(r'TileSize="510"', descriptor)
    assert re.search(r'Width="1200"', descriptor)


@pytest.mark.parametrize("form", ["TIFF", "WEBP", "JPEG2000", "BMP"])
def test_pack_of_other_kinds(renditions, form):
    body, made = tilepack_of(renditions, [picture(600, 300, form)])
    assert [(page.width, page.height) for page in made] == [(600, 300)]
    assert index_of(body).entry("0001_files/10/1_0.jpeg")


def test_pack_turned_and_coloured_pictures_come_upright_in_srgb(renditions):
    exif = Image.Exif()
    exif[0x0112] = 8
    out = io.BytesIO()
    Image.new("CMYK", (600, 300), (0, 255, 255, 0)).save(out, "JPEG", exif=exif)
    body, made = tilepack_of(renditions, [BytesSource(out.getvalue())])
    assert [(page.width, page.height) for page in made] == [(300, 600)]
    offset, length = index_of(body).entry("0001_files/10/0_0.jpeg")
    with Image.open(io.BytesIO(body[offset : offset + length])) as tile:
        red, green, blue = tile.convert("RGB").getpixel((5, 5))
        assert red > 180
        assert max(green, blue) < 80


def tile_of(body: bytes, name: str) -> Image.Image:
    offset, length = index_of(body).entry(name)
    with Image.open(io.BytesIO(body[offset : offset + length])) as tile:
        tile.load()
        return tile


def bilevel(width: int = 700, height: int = 600, **more) -> tuple[Image.Image, BytesSource]:
    """Diagonal strokes of one bit a pixel, as a G4 TIFF has them."""
    page = Image.linear_gradient("L").rotate(30).resize((width, height)).point(lambda v: 255 * (v % 16 < 7), "1")
    out = io.BytesIO()
    page.save(out, "TIFF", compression="group4", **more)
    return page, BytesSource(out.getvalue())


def test_pack_of_black_and_white_is_lossless_at_full_size(renditions):
    page, source = bilevel()
    body, _ = tilepack_of(renditions, [source])
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} == {"dzi", "webp"}
    tile = tile_of(body, "0001_files/10/0_0.webp")
    assert tile.convert("L").tobytes() == page.crop((0, 0, 511, 511)).convert("L").tobytes()
    assert len(set(tile_of(body, "0001_files/9/0_0.webp").convert("L").tobytes())) > 2, "smaller levels have shades"


def test_pack_of_shades_has_one_band_and_of_colours_three(renditions):
    for mode, bands in (("L", 1), ("I;16", 1), ("LA", 1), ("RGB", 3)):
        out = io.BytesIO()
        shades = Image.linear_gradient("L").resize((600, 300))
        whole = shades.convert("I").point(lambda v: v * 257).convert("I;16") if mode == "I;16" else shades.convert(mode)
        whole.save(out, "PNG")
        body, _ = tilepack_of(renditions, [BytesSource(out.getvalue())])
        tile = tile_of(body, "0001_files/10/0_0.jpeg")
        assert len(tile.getbands()) == bands
        dark, bright = (tile.convert("L").getpixel((5, y)) for y in (5, 290))
        assert (dark < 20, bright > 235) == (True, True), mode


def test_pack_every_page_of_a_g4_volume_is_itself(renditions):
    pages = [Image.new("1", (2600, 900), 1) for _ in range(20)]
    for number, page in enumerate(pages):
        page.paste(0, (100 * number, 100, 100 * number + 60, 800))
    out = io.BytesIO()
    pages[0].save(out, "TIFF", compression="group4", save_all=True, append_images=pages[1:])
    source = BytesSource(out.getvalue())
    assert renditions.image_dimensions(source).pages == 20
    for number in (1, 2, 19, 20):
        body, (made,) = tilepack_of(renditions, [source], page=number)
        assert (made.width, made.height) == (2600, 900)
        column, at = divmod(100 * (number - 1) + 30, 510)
        tile = tile_of(body, f"0001_files/12/{column}_0.webp").convert("L")
        assert tile.getpixel((at + 1 if column else at, 400)) == 0
        assert tile.getpixel((at + 1 if column else at, 50)) == 255
    with pytest.raises(RenditionError):
        tilepack_of(renditions, [source], page=21)


@pytest.mark.parametrize("body", [b"", b"\x89PNG\r\n", picture(600, 300)._body[:900]])
def test_pack_of_a_damaged_picture_is_an_error(renditions, body):
    with pytest.raises(RenditionError):
        tilepack_of(renditions, [BytesSource(body)])


def test_index_missing_name_is_none(pack):
    assert index_of(pack).entry("0003.dzi") is None
    assert index_of(pack).entry("../../etc/passwd") is None


@pytest.mark.parametrize("cut", [0, 1, 21, 22, 100, 1000])
def test_index_of_a_cut_pack_is_refused(pack, cut):
    body = pack[: len(pack) - cut] if cut else b""
    with pytest.raises(IndexFormatError):
        index_of(body)


def test_index_of_another_zip_is_refused():
    for name, method in (("0001.dzi", zipfile.ZIP_DEFLATED), ("evil.html", zipfile.ZIP_STORED), ("../0001.dzi", 0)):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            archive.writestr(name, b"x" * 100)
        with pytest.raises(IndexFormatError):
            index_of(out.getvalue())


SMALL = io.BytesIO()
with zipfile.ZipFile(SMALL, "w") as _small:
    _small.writestr("0001.dzi", b"<Image/>")
    _small.writestr("0001_files/0/0_0.webp", b"RIFF....WEBP")


@given(st.lists(st.tuples(st.integers(0, len(SMALL.getvalue()) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_index_of_a_changed_pack_stays_within_it(changes):
    body = bytearray(SMALL.getvalue())
    for place, value in changes:
        body[place] = value
    try:
        index = index_of(bytes(body))
        for name in ("0001.dzi", "0001_files/0/0_0.webp"):
            found = index.entry(name)
            if found:
                offset, length = found
                assert 0 <= offset <= offset + length <= len(body)
    except IndexFormatError:
        pass


def test_index_file_that_reaches_into_the_directory_is_refused():
    body = bytearray(SMALL.getvalue())
    body[28:30] = b"\xff\x00"  # the first local header's extra length
    index = index_of(bytes(body))
    with pytest.raises(IndexFormatError, match="reaches"):
        index.entry("0001.dzi")


def test_index_of_more_files_than_a_small_directory_counts(monkeypatch):
    out = io.BytesIO()
    writer = TilepackWriter(out)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)  # so that zipfile writes the large end record
    for number in range(8):
        writer._write(f"000{number}.dzi", b"x")
    writer.close()
    body = out.getvalue()
    assert b"PK\x06\x06" in body
    with pytest.raises(IndexFormatError):
        index_of(body[:-1])
    patched = body[:-12] + b"\xff\xff" + body[-10:]
    assert len(index_of(patched)) == 8


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\x00\x05t.dz", b"i\x00\x00\x00\x01"],
        [b"\x00\x09../../etc\x00\x00\x00\x01x"],
        [b"\xff\xff" + b"a" * 100],
        [b"\x00\x05t.dzi\xff\xff\xff\xff"],
        [],
    ],
)
def test_sink_of_what_is_no_pyramid_is_an_error(pieces):
    sink = TilepackWriter(io.BytesIO()).picture()

    def give() -> None:
        for piece in pieces:
            sink(piece)
        sink.finish()

    with pytest.raises(RenditionError):
        give()


def test_media_type_by_name():
    assert media_type("0001.dzi") == "application/xml"
    assert media_type("0001_files/0/0_0.webp") == "image/webp"


def test_index_of_a_large_pack_is_small_and_whole():
    body = packs.large_tilepack(70_000)
    tracemalloc.start()
    try:
        index = index_of(body)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(index) == 70_000
    assert kept < 40 * 70_000
    assert most < 16 << 20
    assert index.entry("0001_files/10/0_0.jpeg") == index.entry("0140_files/10/4_99.jpeg")
    for name in ("0141_files/10/0_0.jpeg", "00001_files/10/0_0.jpeg", "0001_files/10/00_0.jpeg", "0001.dzi", "x"):
        assert index.entry(name) is None


@given(
    st.lists(st.from_regex(r"\A[0-9]{4,6}(\.dzi|_files/[0-9]{1,2}/[0-9]{1,4}_[0-9]{1,4}\.(webp|jpeg))\Z"), unique=True)
)
def test_index_no_two_names_are_one(names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            archive.writestr(name, name)
    index = index_of(out.getvalue())
    for name in names:
        start, length = index.entry(name)
        assert out.getvalue()[start : start + length] == name.encode()
