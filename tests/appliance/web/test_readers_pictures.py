"""Scans and pictures before any script runs: the compact list, where it opens, the plain pages, the neighbours."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from appliance.web import readers_frames
from appliance.web.readers_neighbours import _Orders
from appliance.web.readers_pictures import page_number
from indexer.errors import RenditionError
from tests.appliance.web.holding import World, make_app
from tests.appliance.web.reading import reading_world
from tests.appliance.web.scanning import long_work, odd_pictures, scanned_works

if TYPE_CHECKING:
    from collections.abc import Iterator


LONG = 300


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with reading_world(tmp_path_factory.mktemp("scans"), [*scanned_works(), long_work(LONG)]) as made:
        yield made


class Reader(FlaskClient):
    """A client that takes answers whole and closes their files."""

    def open(self, *arguments, **options):
        return super().open(*arguments, **{"buffered": True, **options})


@pytest.fixture
def client(scans: World) -> FlaskClient:
    app = make_app(scans)
    app.test_client_class = Reader
    return app.test_client()


def config(client: FlaskClient, path: str) -> dict[str, Any]:
    text = client.get(path).get_data(as_text=True)
    found = re.search(r'<script type="application/json" id="reader-config">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    value = json.loads(found.group(1))
    assert isinstance(value, dict)
    return value


def item_id(world: World, resource_id: str, number: int) -> str:
    return world.records[resource_id].readable_items[number - 1].id


@pytest.mark.parametrize(
    ("resource_id", "template", "rtl"),
    [
        ("s.ltr", "readers/scan.js", False),
        ("s.rtl", "readers/scan.js", True),
        ("s.tiff", "readers/scan.js", False),
        ("s.odd", "readers/picture.js", False),
        ("s.hall1", "readers/picture.js", False),
    ],
)
def test_pages_are_read_as_a_book_and_pictures_in_the_hall(
    client: FlaskClient, resource_id: str, template: str, rtl: bool
) -> None:
    text = client.get(f"/read/{resource_id}").get_data(as_text=True)
    assert template in text
    assert f'"rtl": {str(rtl).lower()}' in text


def test_list_of_a_long_book_is_small_and_reads_no_file(client: FlaskClient, scans: World, monkeypatch: Any) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a file was asked for")

    monkeypatch.setattr(readers_frames, "renditions", refuse)
    monkeypatch.setattr(scans.services.chunks, "fetch", refuse)
    response = client.get("/read/s.long")
    assert len(response.data) < 12_000 + 100 * LONG
    assert len(config(client, "/read/s.long")["pictures"]["files"]) == LONG
    tiled = config(client, "/read/s.tiled")["pictures"]
    assert [file["tile"] for file in tiled["files"]] == [1, 2, 3]
    assert tiled["tiles"].endswith("/{n}.dzi")


def test_list_counts_the_pages_of_few_tiffs_only(client: FlaskClient, monkeypatch: Any) -> None:
    asked = []

    class Counting:
        def counts_pages(self, _held: Any) -> bool:
            return True

        def page_count(self, held: Any) -> int:
            asked.append(held.item.id)
            raise RenditionError("no picture")

    monkeypatch.setattr(readers_frames, "renditions", Counting)
    monkeypatch.setattr(readers_frames, "MULTI_PAGE", frozenset({"image/jpeg"}))
    assert len(config(client, "/read/s.long")["pictures"]["files"]) == LONG
    assert len(asked) == readers_frames.MAX_COUNTED


def test_addresses_of_the_list_lead_to_the_pictures(client: FlaskClient, scans: World) -> None:
    pictures = config(client, "/read/s.tiff")["pictures"]
    (file,) = pictures["files"]
    assert file["pages"] == 5
    address = pictures["page"].format(id=file["id"], v=file["v"], n=4, w=800)
    with Image.open(io.BytesIO(client.get(address).data)) as page:
        assert page.size == (600, 800)
    pictures = config(client, "/read/s.ltr")["pictures"]
    assert client.get(pictures["item"].format(**pictures["files"][2])).mimetype == "image/jpeg"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("", 0),
        ("?page=4", 4),
        ("?page=400", 9),
        ("?page=x", 0),
        ("?at=4", 4),
        ("?item={3}", 3),
        ("?item={3}&page=1", 3),
        ("?item={1}&page=5", 5),
        ("?item={3}&page=5", 5),
    ],
)
def test_address_names_the_page_that_opens(client: FlaskClient, scans: World, query: str, first: int) -> None:
    names = {str(n): item_id(scans, "s.ltr", n) for n in (1, 3)}
    path = "/read/s.ltr" + re.sub(r"\{(\d)\}", lambda match: names[match.group(1)], query)
    assert config(client, path)["first"] == first
    expected = f"/read/s.ltr/pages/{first or 1}"
    assert f'url={expected}"' in client.get(path).get_data(as_text=True)


def test_address_of_a_page_within_a_tiff(client: FlaskClient, scans: World) -> None:
    assert config(client, f"/read/s.tiff?item={item_id(scans, 's.tiff', 1)}&page=3")["first"] == 3
    assert config(client, f"/read/s.tiff?item={item_id(scans, 's.tiff', 1)}")["first"] == 0
    # The sixth picture of this work is the BMP: the first file has two pages.
    assert config(client, f"/read/s.odd?item={item_id(scans, 's.odd', 1)}&page=2")["first"] == 2
    assert config(client, f"/read/s.odd?item={item_id(scans, 's.odd', 3)}")["first"] == 4


def test_address_of_a_place_in_the_text_of_scans_is_a_page(client: FlaskClient, scans: World) -> None:
    text = next(item for item in scans.records["s.read"].items if item.role == "ocr")
    assert config(client, f"/read/s.read?item={text.id}&page=3")["first"] == 3
    assert "reader-config" not in client.get(f"/read/s.read?item={text.id}").get_data(as_text=True)


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("", 0), ("-1", 0), ("1.5", 0), ("９", 0), ("9" * 30, 0)])
def test_page_number_of_any_text(text: str, number: int) -> None:
    assert page_number(text) == number


def test_contents_lead_to_their_pages(client: FlaskClient) -> None:
    text = client.get("/read/s.ltr").get_data(as_text=True)
    lines = re.findall(r'<a href="[^"]*"(?: data-number="(\d+)")?>(第\d章)</a>', text)
    assert lines == [("3", "第1章"), ("6", "第2章"), ("8", "第3章")]
    assert "<span>跋</span>" in text


def test_tiles_of_other_pictures_are_not_shown(client: FlaskClient, scans: World) -> None:
    for resource_id, status in (("s.tiled", 200), ("s.other-tiles", 404)):
        address = config(client, f"/read/{resource_id}")["pictures"]["tiles"].format(n="0002")
        assert client.get(address).status_code == status


def test_plain_pages_show_every_kind_with_its_place(client: FlaskClient, scans: World) -> None:
    names = [name for name, _, _ in odd_pictures()]
    names.insert(0, names[0])
    sizes = {
        "g4.tif": (600, 800), "a.jp2": (600, 800), "a.bmp": (600, 800), "cmyk.jpg": (600, 800), "deep.png": (60, 80),
        "moving.gif": (120, 160), "turned.jpg": (200, 100),
        # Larger than a terminal unpacks without trouble: the box makes it smaller.
        "huge.png": (2400, 2400),
    }  # fmt: skip
    for number, name in enumerate(names, 1):
        text = client.get(f"/read/s.odd/pages/{number}").get_data(as_text=True)
        assert f"/ {len(names)}</span>" in text
        address = re.search(r'<img src="([^"]+)"', text)
        assert address is not None, name
        with Image.open(io.BytesIO(client.get(address.group(1).replace("&amp;", "&")).data)) as image:
            assert image.size == sizes[name], name
            image.load()
    assert client.get(f"/read/s.odd/pages/{len(names) + 1}").status_code == 404


def test_plain_page_keeps_the_order_of_the_whole_work(client: FlaskClient, scans: World) -> None:
    text = client.get(f"/read/s.ltr/pages/5?item={item_id(scans, 's.ltr', 3)}").get_data(as_text=True)
    assert item_id(scans, "s.ltr", 5) in text
    assert 'href="/read/s.ltr/pages/6"' in text


def test_turned_picture_is_upright_when_the_box_draws_it(client: FlaskClient, scans: World) -> None:
    turned = next(i for i in scans.records["s.odd"].items if i.media_type == "image/jpeg" and i.width == 200)
    with Image.open(io.BytesIO(client.get(f"/read/s.odd/pages/{turned.id}/1?w=160").data)) as image:
        assert image.width < image.height


def test_neighbours_of_the_collection_pass_over_what_cannot_be_opened(client: FlaskClient) -> None:
    first, second = config(client, "/read/s.hall1"), config(client, "/read/s.hall2")
    assert (first["previous"], first["next"]) == ("", "/read/s.hall2")
    assert (second["previous"], second["next"]) == ("/read/s.hall1", "/read/s.hall4")
    text = client.get("/read/s.hall2").get_data(as_text=True)
    assert 'href="/resources/s.hall"' in text
    text = client.get("/read/s.hall2/pages/1").get_data(as_text=True)
    assert 'href="/read/s.hall4/pages/1"' in text
    assert 'href="/read/s.hall1/pages/1"' in text
    assert config(client, "/read/s.odd")["next"] == ""


def test_neighbours_ask_the_library_once() -> None:
    class View:
        asked = 0

        def children(self, _parent: str) -> list[Any]:
            View.asked += 1
            return []

    orders, view = _Orders(), View()
    for parent in ("a", "a", "b", "a"):
        orders.ids(view, parent)  # type: ignore[arg-type]
    assert View.asked == 2


def test_old_browsers_are_led_to_the_same_file(client: FlaskClient, scans: World) -> None:
    text = client.get("/read/s.ltr?page=4").get_data(as_text=True)
    assert 'data-simple="/read/s.ltr/pages/4?old=1"' in text
