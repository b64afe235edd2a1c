"""What readers see of the texts inside resources: below titles, at the place, and never what they may not read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest
from flask.testing import FlaskClient

from appliance.web.glance import damages
from appliance.web.staff_health import damage_rows
from tests.appliance.web.holding import World, make_app
from tests.appliance.web.inside import BOOK, LAST, PAGE, SHUT, TEXT, inside_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with inside_world(tmp_path_factory.mktemp("inside")) as made:
        yield made


@pytest.fixture
def client(world: World) -> FlaskClient:
    return make_app(world).test_client()


def lines(client: FlaskClient, query: str, **more: str) -> list[tuple[str, str, str, str]]:
    """Of each line of the results: title, words of its place, the place's address, marked words of its excerpt."""
    found = []
    for hit in parsed(client.get("/search", query_string={"q": query, **more}).text).xpath("//article"):
        places = hit.xpath(".//p[contains(@class, 'kids')]/a")
        where = (places[0].text_content(), places[0].get("href")) if places else ("", "")
        marks = "|".join(mark.text_content() for mark in hit.xpath(".//p[@class='why']/mark"))
        found.append((hit.xpath(".//h3")[0].text_content(), *where, marks))
    return found


def parsed(body: str) -> lxml.html.HtmlElement:
    """A page's tree."""
    return lxml.html.document_fromstring(body)


@pytest.mark.parametrize(
    ("query", "title", "where", "at"),
    [
        (BOOK, "楚辞选读", "下篇", "3"),
        (LAST, "文件一种", "第8页", "8"),
        (PAGE, "网页一种", "", None),
        (TEXT, "长文一种", "", None),
    ],
)
def test_a_text_is_found_with_its_place(
    client: FlaskClient, query: str, title: str, where: str, at: str | None
) -> None:
    (found,) = lines(client, query)
    assert found[0] == title
    assert where in found[1].replace(" ", "").replace("\u2009", "")
    asked = parse_qs(urlsplit(found[2]).query)
    assert urlsplit(found[2]).path.startswith("/read/i.")
    assert (asked.get("at") or [None])[0] == at
    assert asked["find"][0] in query
    assert found[3]


def test_titles_come_before_texts_and_filters_hold_for_both(client: FlaskClient) -> None:
    both = lines(client, "大漠孤烟直")
    assert [line[0] for line in both] == ["大漠孤烟直", "长文一种"]
    assert not both[0][1]
    assert [line[0] for line in lines(client, "大漠孤烟直", type="newspaper")] == []
    answer = client.get("/api/search", query_string={"q": "大漠孤烟直"}).json
    assert (answer["total"], answer["total_exact"]) == (2, True)
    assert {f["value"]: f["count"] for f in answer["facets"]["type"]} == {"book": 2}


def test_a_text_that_may_not_be_read_is_never_shown(client: FlaskClient) -> None:
    body = client.get("/search", query_string={"q": SHUT}).text
    assert not parsed(body).xpath("//p[contains(@class, 'kids')]/a | //p[@class='why']/mark")
    assert client.get("/resources/i.shut/find", query_string={"q": SHUT}).status_code == 403


def test_a_field_is_not_looked_for_in_texts(client: FlaskClient) -> None:
    assert [line[0] for line in lines(client, "title:大漠孤烟直")] == ["大漠孤烟直"]


def test_finding_within_a_resource(client: FlaskClient) -> None:
    places = parsed(client.get("/resources/i.pdf/find", query_string={"q": "学而时习"}).text).xpath("//article")
    assert len(places) == 7
    assert [mark.text for mark in places[0].xpath(".//mark")] == ["学而时习"]
    assert parse_qs(urlsplit(places[6].xpath(".//a")[0].get("href")).query)["at"] == ["7"]
    nothing = client.get("/resources/i.pdf/find", query_string={"q": "这里没有"}).text
    assert "没有查到" in nothing
    assert client.get("/resources/i.pdf/find").status_code == 200
    assert client.get("/resources/none/find").status_code == 404
    assert "/resources/i.pdf/find" in client.get("/resources/i.pdf").text
    assert "/resources/i.shut/find" not in client.get("/resources/i.shut").text


@pytest.mark.parametrize(("query", "part"), [(PAGE, "落霞与孤鹜齐飞"), (TEXT, "大漠孤烟直")])
def test_a_text_opens_at_the_page_that_holds_the_words(client: FlaskClient, query: str, part: str) -> None:
    ((_, _, address, _),) = lines(client, query)
    moved = client.get(address)
    assert moved.status_code == 302
    assert moved.location.endswith("#found")
    assert "/text/1?" not in moved.location
    (mark,) = parsed(client.get(moved.location).text).xpath("//mark[@id='found']")
    assert part.startswith(mark.text[:5])


def test_words_are_marked_without_tearing_markup_or_entities(client: FlaskClient) -> None:
    for words in ("amp", "<p>", "&", "lt", "p", "class"):
        body = client.get("/read/i.web/text/1", query_string={"find": words}).text
        assert parsed(body).get_element_by_id("text").text_content().count("网页的第") > 10
        assert "&<mark" not in body


def test_without_the_drive_texts_are_not_asked(world: World, client: FlaskClient) -> None:
    drive = world.holdings.drives[0]
    world.write(drives=())
    world.services.texts.refresh()
    assert lines(client, BOOK) == []
    world.write(drives=(drive,))
    assert "正文稍后可查" in client.get("/search", query_string={"q": BOOK}).text
    assert lines(client, BOOK) == []
    world.services.texts.refresh()
    assert len(lines(client, BOOK)) == 1
    assert "正文稍后可查" not in client.get("/search", query_string={"q": BOOK}).text


def test_a_withdrawn_resource_is_not_found_by_its_text(world: World, client: FlaskClient) -> None:
    world.write(withdrawn=("i.book",))
    assert lines(client, BOOK) == []
    assert client.get("/api/search", query_string={"q": BOOK}).json["total"] == 0
    assert client.get("/resources/i.book/find", query_string={"q": BOOK}).status_code in {403, 410}
    world.write(withdrawn=())
    assert len(lines(client, BOOK)) == 1


def test_a_damaged_index_is_done_without(tmp_path: Path) -> None:
    with inside_world(tmp_path / "own") as world:
        client = make_app(world).test_client()
        (path,) = (tmp_path / "own/drive/bag/data/index/sections-1").glob("*.pst")
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        world.services.chunks._kept.clear()
        world.services.texts.refresh()
        world.services.texts._opened.clear()
        world.services.texts._cache._kept.clear()
        world.services.texts.refresh()
        assert [line[0] for line in lines(client, "大漠孤烟直")] == ["大漠孤烟直"]
        assert "正文稍后可查" in client.get("/search", query_string={"q": "大漠孤烟直"}).text
        assert world.commands, "the damage was told"


def test_staff_are_told_of_damage_to_an_index(world: World) -> None:
    app = make_app(world)
    path = next((world.drive / "bag/data/index/sections-1").glob("*.trm"))
    key = hashlib.sha256(path.read_bytes()).hexdigest()
    world.faults.record(key, 0, item_id=path.stem, drive="d1", kind="damaged")
    with app.test_request_context():
        (found,) = damages()
        assert (found.resource_id, found.item_ids, found.places) == ("", (path.stem,), 1)
        (row,) = damage_rows([found])
        assert row.title == "正文检索文件"
        assert "检索可能不全" in row.readers
    world.faults.clear(key, 0, drive="d1")
