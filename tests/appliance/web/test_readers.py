"""The readers' pages and the same works page by page: every kind, the gate, damage, hostile content, policies."""

from __future__ import annotations

import errno
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.appliance.web.conftest import set_display
from tests.appliance.web.holding import World, make_app
from tests.appliance.web.reading import LAST, OUTSIDE, SENTENCE, damage, reading_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with reading_world(tmp_path_factory.mktemp("reading")) as made:
        yield made


@pytest.fixture(scope="module")
def reading_app(reading: World) -> Flask:
    return make_app(reading)


class Reader(FlaskClient):
    """A client that takes answers whole and closes their files."""

    def open(self, *arguments, **options):
        return super().open(*arguments, **{"buffered": True, **options})


@pytest.fixture
def client(reading_app: Flask) -> FlaskClient:
    reading_app.test_client_class = Reader
    return reading_app.test_client()


@pytest.fixture
def unplugged(reading: World) -> Iterator[None]:
    """The drive is gone."""
    drives = reading.holdings.drives
    reading.write(drives=())
    yield
    reading.write(drives=drives)


@pytest.fixture
def restored(reading: World) -> Iterator[None]:
    """What a test damages is whole again afterwards."""
    before = {path: path.read_bytes() for path in (reading.drive / "bag").rglob("*") if path.is_file()}
    yield
    for path, content in before.items():
        if path.read_bytes() != content:
            path.write_bytes(content)
    reading.services.chunks._kept.clear()
    for kept in (reading.settings.cache_folder / "renditions").rglob("*"):
        if kept.is_file():
            kept.unlink()


def item_of(world: World, resource_id: str, role: str = "part", order: int = 0) -> str:
    return [i for i in world.records[resource_id].items if i.role == role][order].id


def config_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="reader-config">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    value = json.loads(found.group(1))
    assert isinstance(value, dict)
    return value


def directives(response) -> dict[str, str]:
    policy = response.headers["Content-Security-Policy"]
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


@pytest.mark.parametrize(
    ("resource_id", "mark"),
    [
        ("r.book", "readers/epub.js"),
        ("r.pdf", "readers/pdf.js"),
        ("r.painting", "readers/picture.js"),
        ("r.tiff", "readers/scan.js"),
        ("r.scans", "readers/scan.js"),
        ("r.sound", "<audio"),
        ("r.other", "/download"),
    ],
)
def test_read_each_kind_opens_its_reader(client: FlaskClient, resource_id: str, mark: str) -> None:
    response = client.get(f"/read/{resource_id}")
    assert response.status_code == 200
    assert mark in response.get_data(as_text=True)


def test_read_scripts_get_the_address_size_and_words(client: FlaskClient, reading: World) -> None:
    config = config_of(client.get("/read/r.book").get_data(as_text=True))
    item = reading.records["r.book"].items[0]
    assert config["url"] == f"/items/{item.id}?v={item.sha256[:16]}"
    assert config["size"] == item.size
    words = config["words"]
    assert isinstance(words, dict)
    assert words["page_of"] == "{page}\u00a0/\u00a0{total} 页"
    assert words["find.none.text"] == "本书中没有查到“{query}”。"
    assert "第 {pages} 页" in words["damaged.page.text"]


def test_read_child_face_has_its_own_words_and_no_grown_up_books(client: FlaskClient) -> None:
    set_display(client, face="child")
    response = client.get("/read/r.adult")
    assert response.status_code == 403
    assert "reader-config" not in response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["r.book", "r.pdf", "r.painting", "r.sound", "r.other", "r.text/text/1"])
def test_policy_runs_our_scripts_only_and_reaches_nobody(client: FlaskClient, path: str) -> None:
    policy = directives(client.get(f"/read/{path}"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert "object-src" in policy
    for value in policy.values():
        assert "http" not in value
        assert "*" not in value
        assert "eval" not in value


def test_policy_inline_styles_in_books_alone(client: FlaskClient) -> None:
    assert "'unsafe-inline'" in directives(client.get("/read/r.book"))["style-src"]
    for other in ("r.pdf", "r.painting", "r.sound"):
        assert "'unsafe-inline'" not in directives(client.get(f"/read/{other}"))["style-src"]


def test_policy_webassembly_in_the_pdf_worker_alone(client: FlaskClient) -> None:
    response = client.get("/reader/pdf.worker.js")
    if response.status_code == 404:
        pytest.skip("the front end is not built here")
    assert response.mimetype == "text/javascript"
    assert "'wasm-unsafe-eval'" in directives(response)["script-src"]


@pytest.mark.parametrize(
    "path",
    [
        "/read/r.locked",
        "/read/r.locked/pages/1",
        "/read/r.locked/chapters/1",
        "/read/r.locked/text/1",
        "/read/r.locked/pages/{item}/1",
        "/read/r.locked/book/{item}/seal.png",
        "/read/r.locked/tiles/{item}/0123456789abcdef/0001.dzi",
    ],
)
def test_gate_refusal_stands_before_every_route(client: FlaskClient, reading: World, path: str) -> None:
    response = client.get(path.format(item=item_of(reading, "r.locked")))
    assert response.status_code == 403
    text = response.get_data(as_text=True)
    assert SENTENCE not in text
    assert "reader-config" not in text


def test_full_ssd_keeps_no_view_and_shows_it_all_the_same(client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    page = client.get("/read/r.pdf/pages/2")
    address = re.search(r'<img src="(/read/r\.pdf/pages/[^"]+)"', page.get_data(as_text=True))
    assert address
    address_of_it = address[1].replace("&amp;", "&")
    picture = client.get(address_of_it)
    assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(picture.data)).width > 100
    assert client.get(address_of_it, headers={"If-None-Match": picture.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/read/none", "/read/..%2f", "/read/r.book?item=none", "/read/none/pages/1"])
def test_read_unknown_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_read_item_of_another_resource_is_not_found(client: FlaskClient, reading: World) -> None:
    assert client.get(f"/read/r.book?item={item_of(reading, 'r.pdf')}").status_code == 404
    assert client.get(f"/read/r.book/pages/{item_of(reading, 'r.pdf')}/1").status_code == 404


def test_page_pdf_shows_a_picture_with_ways_on(client: FlaskClient) -> None:
    text = client.get("/read/r.pdf/pages/2").get_data(as_text=True)
    assert 'href="/read/r.pdf/pages/1"' in text
    assert 'href="/read/r.pdf/pages/3"' in text
    address = re.search(r'<img src="(/read/r\.pdf/pages/[^"]+)"', text)
    assert address is not None
    image = client.get(address.group(1).replace("&amp;", "&"))
    assert image.mimetype == "image/jpeg"
    with Image.open(io.BytesIO(image.data)) as shown:
        assert shown.width == 1400


def test_page_made_large_stays_large_from_page_to_page(client: FlaskClient) -> None:
    page = client.get("/read/r.pdf/pages/2").get_data(as_text=True)
    assert "rpage--large" not in page
    assert 'href="/read/r.pdf/pages/2?large=1"' in page
    large = client.get("/read/r.pdf/pages/2?large=1").get_data(as_text=True)
    assert "rpage--large" in large
    ways = {f"/read/r.pdf/pages/{way}" for way in ("2", "1?large=1", "3?large=1")}
    assert ways <= set(re.findall(r'href="([^"]+)"', large))
    jump = client.get("/read/r.pdf/pages/2?large=1&page=7")
    assert jump.headers["Location"].endswith("/read/r.pdf/pages/7?large=1")


@pytest.mark.parametrize(("query", "place"), [("page=7", "/pages/7"), ("page=1", "/pages/1")])
def test_page_jump_form_leads_to_the_page(client: FlaskClient, query: str, place: str) -> None:
    response = client.get(f"/read/r.pdf/pages/2?{query}")
    assert response.status_code == 303
    assert response.headers["Location"].endswith(place)


@pytest.mark.parametrize("path", ["/read/r.pdf/pages/9", "/read/r.pdf/pages/0", "/read/r.pdf/pages/2?page=99"])
def test_page_outside_says_how_many_there_are(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "共 8 页" in response.get_data(as_text=True)


def test_page_pictures_run_from_right_to_left_in_old_books(client: FlaskClient) -> None:
    text = client.get("/read/r.scans/pages/2").get_data(as_text=True)
    assert text.index('rel="next"') < text.index('rel="prev"')
    text = client.get("/read/r.painting/pages/2").get_data(as_text=True)
    assert text.index('rel="prev"') < text.index('rel="next"')


def test_pictures_with_a_broken_one_show_the_others(client: FlaskClient) -> None:
    answer = client.get("/read/r.tiffs")
    assert answer.status_code == 200
    files = config_of(answer.get_data(as_text=True))["pictures"]["files"]
    assert [file.get("pages", 1) for file in files] == [1, 3]
    assert "第 1 页有损坏" in client.get("/read/r.tiffs/pages/1").get_data(as_text=True)
    assert "有损坏" not in client.get("/read/r.tiffs/pages/2").get_data(as_text=True)


def test_page_tiff_holds_every_page(client: FlaskClient, reading: World) -> None:
    pictures = config_of(client.get("/read/r.tiff").get_data(as_text=True))["pictures"]
    (file,) = pictures["files"]
    assert file["pages"] == 3
    greys = []
    for n in range(1, 4):
        address = pictures["page"].format(id=file["id"], v=file["v"], n=n, w=pictures["width"])
        with Image.open(io.BytesIO(client.get(address).data)) as image:
            greys.append(image.convert("L").getpixel((5, 5)))
    assert greys == sorted(greys, reverse=True)
    assert len(set(greys)) == 3


def test_page_image_is_kept_and_revalidated(client: FlaskClient, reading: World) -> None:
    path = f"/read/r.pdf/pages/{item_of(reading, 'r.pdf')}/1?w=300"
    first = client.get(path)
    made = reading.services.renditions.cache.total()
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert reading.services.renditions.cache.total() == made


def test_tiles_come_out_of_the_pack_by_name(client: FlaskClient, reading: World) -> None:
    config = config_of(client.get("/read/r.painting").get_data(as_text=True))
    pictures = config["pictures"]
    assert isinstance(pictures, dict)
    address = str(pictures["tiles"]).replace("{n}", "0001")
    assert 'Format="webp"' in client.get(address).get_data(as_text=True)
    tile = client.get(address.replace("0001.dzi", "0001_files/10/0_0.webp"))
    assert (tile.status_code, tile.mimetype) == (200, "image/webp")


@pytest.mark.parametrize("name", ["0009.dzi", "0001_files/99/0_0.webp", "../x.webp", "0001.exe"])
def test_tiles_unknown_name_is_not_found(client: FlaskClient, reading: World, name: str) -> None:
    pack = next(i for i in reading.records["r.painting"].items if i.role == "tilepack")
    assert client.get(f"/read/r.painting/tiles/{pack.id}/{pack.sha256[:16]}/{name}").status_code == 404
    assert client.get(f"/read/r.painting/tiles/{pack.id}/{'0' * 16}/0001.dzi").status_code == 404


def test_chapter_reads_without_scripts(client: FlaskClient) -> None:
    text = client.get("/read/r.book/chapters/1").get_data(as_text=True)
    assert SENTENCE in text
    assert 'href="/read/r.book/chapters/2"' in text
    address = re.search(r'<img[^>]* src="(/read/r\.book/book/[^"]+)"', text)
    assert address is not None
    image = client.get(address.group(1))
    assert image.mimetype == "image/png"
    assert image.headers["Content-Security-Policy"].startswith("sandbox")
    assert LAST in client.get("/read/r.book/chapters/3").get_data(as_text=True)


def test_chapter_hostile_keeps_words_and_nothing_else(client: FlaskClient) -> None:
    text = client.get("/read/r.hostile/chapters/1").get_data(as_text=True)
    article = text[text.index("<article") : text.index("</article>")]
    assert "可见的一句话。" in article
    for forbidden in ("script", "onclick", "javascript", "iframe", "<form", "<object", "203.0.113.9", "style="):
        assert forbidden not in article.lower()


def test_chapter_broken_book_says_so(client: FlaskClient) -> None:
    response = client.get("/read/r.broken/chapters/1")
    assert response.status_code == 422
    assert "这份资源有损坏" in response.get_data(as_text=True)


def test_book_file_gives_pictures_only(client: FlaskClient, reading: World) -> None:
    item = item_of(reading, "r.hostile")
    for name in ("evil.js", "OPS/evil.js", "OPS/c1.xhtml", "../../x", "none.png"):
        assert client.get(f"/read/r.hostile/book/{item}/{name}").status_code == 404


def test_text_old_encoding_is_escaped_and_paged(client: FlaskClient) -> None:
    assert client.get("/read/r.text").status_code == 302
    text = client.get("/read/r.text/text/1").get_data(as_text=True)
    assert SENTENCE in text
    assert "&lt;b&gt;不是粗体" in text
    assert 'href="/read/r.text/text/2"' in text


def test_text_web_page_loses_all_but_its_words(client: FlaskClient) -> None:
    text = client.get("/read/r.web/text/1").get_data(as_text=True)
    article = text[text.index("<article") : text.index("</article>")]
    assert ">标题</h1>" in article
    assert "网页正文。" in article
    assert OUTSIDE not in article
    assert "script" not in article
    assert "onclick" not in article


def test_media_lists_parts_and_captions(client: FlaskClient, reading: World) -> None:
    text = client.get("/read/r.sound").get_data(as_text=True)
    assert f"/items/{item_of(reading, 'r.sound')}?v=" in text
    assert "第二集" in text
    assert "<track" in text
    second = client.get(f"/read/r.sound?item={item_of(reading, 'r.sound', order=1)}").get_data(as_text=True)
    assert f"/items/{item_of(reading, 'r.sound', order=1)}?v=" in second


@pytest.mark.usefixtures("restored")
def test_damage_one_page_is_named_and_the_others_open(client: FlaskClient, reading: World) -> None:
    size = reading.item_path("r.scan").stat().st_size
    damage(reading, "r.scan", size // 2)
    seen = {}
    for n in range(1, 9):
        response = client.get(f"/read/r.scan/pages/{n}")
        assert response.status_code == 200
        seen[n] = f"第 {n} 页有损坏" in response.get_data(as_text=True)
    assert any(seen.values())
    assert not seen[1]
    assert not all(seen.values())


@pytest.mark.usefixtures("restored")
def test_damage_one_picture_is_named_and_the_others_show(client: FlaskClient, reading: World) -> None:
    damage(reading, "r.scans", 100, "page", 1)
    assert "第 2 页有损坏" in client.get("/read/r.scans/pages/2").get_data(as_text=True)
    assert "有损坏" not in client.get("/read/r.scans/pages/3").get_data(as_text=True)


@pytest.mark.usefixtures("restored")
def test_damage_bytes_say_why_in_a_header(client: FlaskClient, reading: World) -> None:
    damage(reading, "r.pdf", 100)
    response = client.get(f"/items/{item_of(reading, 'r.pdf')}")
    assert response.status_code >= 500


@pytest.mark.usefixtures("unplugged")
@pytest.mark.parametrize("path", ["/read/r.book", "/read/r.pdf/pages/1", "/read/r.book/chapters/1", "/read/r.painting"])
def test_drive_gone_says_so_and_offers_another_try(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 503
    assert "reader-config" not in response.get_data(as_text=True)


def test_static_modules_without_a_mark_are_asked_about_again(client: FlaskClient) -> None:
    assert "no-cache" in client.get("/static/readers/shell.js").headers["Cache-Control"]
    assert "max-age=31536000" in client.get("/static/readers/shell.js?v=1").headers["Cache-Control"]
