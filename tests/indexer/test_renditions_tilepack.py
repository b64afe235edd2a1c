"""Tile packs: whole pyramids, the same bytes every time, tiles found by range, hostile directories refused."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import IndexFormatError, RenditionError
from indexer.renditions import BytesSource, Renditions, TilepackIndex, tilepack_entry
from indexer.renditions.tilepack import TilepackWriter, media_type


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
    out = io.BytesIO()
    made = renditions.make_tilepack([picture(1200, 700), picture(300, 200, "JPEG")], out)
    assert made.sizes == ((1200, 700), (300, 200))
    assert made.tool.startswith("libvips 8.")
    return out.getvalue()


def index_of(body: bytes) -> TilepackIndex:
    return TilepackIndex(lambda offset, n: body[offset : offset + n], len(body))


def test_pack_is_a_stored_zip_that_others_read(pack):
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        assert archive.testzip() is None
        assert {i.compress_type for i in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {"0001.dzi", "0002.dzi", "0001_files/11/0_0.webp", "0001_files/11/2_1.webp"} <= set(archive.namelist())


def test_pack_same_pictures_same_bytes(renditions, pack):
    out = io.BytesIO()
    renditions.make_tilepack([picture(1200, 700), picture(300, 200, "JPEG")], out)
    assert out.getvalue() == pack


def test_index_every_tile_is_where_the_zip_says(pack):
    index = index_of(pack)
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        assert len(index) == len(archive.namelist())
        for name in archive.namelist():
            offset, length = index.entry(name)
            assert pack[offset : offset + length] == archive.read(name)
    assert index.pictures == 2


def test_tiles_put_together_show_the_picture(pack):
    offset, length = tilepack_entry(lambda o, n: pack[o : o + n], len(pack), "0001_files/11/0_0.webp")
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
    out = io.BytesIO()
    assert renditions.make_tilepack([picture(600, 300, form)], out, form="jpeg").sizes == ((600, 300),)
    assert index_of(out.getvalue()).entry("0001_files/10/1_0.jpeg")


def test_pack_turned_and_coloured_pictures_come_upright_in_srgb(renditions):
    exif = Image.Exif()
    exif[0x0112] = 8
    out = io.BytesIO()
    Image.new("CMYK", (600, 300), (0, 255, 255, 0)).save(out, "JPEG", exif=exif)
    pack = io.BytesIO()
    assert renditions.make_tilepack([BytesSource(out.getvalue())], pack, form="jpeg").sizes == ((300, 600),)
    offset, length = index_of(pack.getvalue()).entry("0001_files/10/0_0.jpeg")
    with Image.open(io.BytesIO(pack.getvalue()[offset : offset + length])) as tile:
        red, green, blue = tile.convert("RGB").getpixel((5, 5))
        assert red > 180
        assert max(green, blue) < 80


@pytest.mark.parametrize("body", [b"", b"\x89PNG\r\n", picture(600, 300)._body[:900]])
def test_pack_of_a_damaged_picture_is_an_error(renditions, body):
    with pytest.raises(RenditionError):
        renditions.make_tilepack([BytesSource(body)], io.BytesIO())


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
