"""The page about a work of very many files: how often they are looked through, and how many one page shows."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.library.library import Library
from appliance.store.faults import FaultStore
from appliance.web.detail_rows import CONTENTS_SHOWN, ROWS_SHOWN
from indexer.model import ContentsEntry, Item, Resource
from tests.appliance.web.holding import World, make_app, make_world, one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from appliance.library.model import Held

FEW, MANY = 110, 440
KINDS = {
    "course": (("part", "video/x-msvideo"), ("caption", "text/vtt"), ("transcript", "text/plain")),
    "audio": (("part", "audio/x-ms-wma"), ("alternate", "audio/ogg"), ("peaks", "application/json")),
    "newspaper": (("page", "image/jpeg"), ("ocr", "text/plain")),
    "image": (("part", "image/jpeg"),),
    "exhibition": (("part", "image/jpeg"), ("page", "image/jpeg")),
    "book": (("part", "text/html"), ("figure", "image/jpeg")),
}
MOST_LOOKS = 30


class Looked(tuple[Item, ...]):
    """The files of a record, which count how often they are looked through."""

    looks = 0

    def __iter__(self) -> Iterator[Item]:
        Looked.looks += 1
        return super().__iter__()


def work(type_: str, count: int) -> tuple[Resource, dict[str, bytes]]:
    """A work of `count` files of each role, of which no recording plays, and as many lines of contents."""
    files = [(role, f"{role}{n}.x", media, b"") for role, media in KINDS[type_] for n in range(count)]
    record, contents = one(
        f"m.{type_}{count}", "很多", type_, files=files, labels=[f"第{n}" for n in range(1, count + 1)]
    )
    first = record.items[:count]
    flags = ("codec-unplayable",) if type_ in {"course", "audio"} else ()
    items = [
        replace(item, flags=flags if item.role == "part" else (), of=first[item.order].id) for item in record.items
    ]
    items[:count] = [replace(item, of="") for item in items[:count]]
    lines = tuple(ContentsEntry(f"第{n}行", f"{item.id}#1") for n, item in enumerate(first, 1))
    return replace(record, items=tuple(items), contents=lines), contents


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with make_world(tmp_path_factory.mktemp("many"), [work(t, n) for t in KINDS for n in (FEW, MANY)]) as made:
        yield made


@pytest.fixture
def client(world: World, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    plain = Library.resource

    def looked(library: Library, resource_id: str) -> Held | None:
        held = plain(library, resource_id)
        return held and replace(held, resource=held.resource.with_items(Looked(held.resource.items)))

    monkeypatch.setattr(Library, "resource", looked)
    client: FlaskClient = make_app(world).test_client()
    return client


def page_of(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def names_in(page: str) -> list[str]:
    editions = page.partition('<ul class="editions">')[2].partition("</ul>")[0]
    return re.findall(r"<li><span><b>(.*?)</b>", editions)


@pytest.mark.parametrize("type_", KINDS)
def test_page_looks_through_the_files_as_often_for_many_as_for_few(client: FlaskClient, type_: str) -> None:
    looks = []
    for count in (FEW, MANY):
        Looked.looks = 0
        page_of(client, f"/resources/m.{type_}{count}")
        looks.append(Looked.looks)
    assert looks[0] == looks[1] <= MOST_LOOKS


@pytest.mark.parametrize("type_", ["course", "image"])
def test_files_are_shown_by_the_hundred_with_a_way_to_the_next(client: FlaskClient, type_: str) -> None:
    address, seen = f"/resources/m.{type_}{MANY}", []
    while address:
        page = page_of(client, address)
        shown = names_in(page)
        assert len(shown) <= ROWS_SHOWN
        seen += shown
        files = page.partition('id="files"')[2].partition("</section>")[0]
        following = re.search(r'rel="next" href="([^"#]*)#files"', files)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"第{n}" for n in range(1, MANY + 1)]


def test_contents_are_shown_by_pages_with_their_own_numbers(client: FlaskClient) -> None:
    page = page_of(client, f"/resources/m.image{MANY}?contents=2&files=3&from=/new")
    lines = page.partition('<ol class="toc">')[2].partition("</ol>")[0]
    assert re.findall(r">第(\d+)行<small>(\d+)</small>", lines) == [
        (str(n), str(n)) for n in range(CONTENTS_SHOWN + 1, 2 * CONTENTS_SHOWN + 1)
    ]
    assert re.search(r"\?files=3&amp;from=(/|%2F)new&amp;contents=3#contents", page)
    assert re.search(r"\?contents=2&amp;from=(/|%2F)new&amp;files=4#files", page)


def test_page_out_of_the_list_is_the_nearest_one(client: FlaskClient) -> None:
    for asked, first in (("0", 1), ("-7", 1), ("x", 1), ("9" * 5000, 1), ("999", 401)):
        assert names_in(page_of(client, f"/resources/m.image{MANY}?files={asked}"))[0] == f"第{first}"


def test_main_button_is_the_same_on_every_page(client: FlaskClient) -> None:
    buttons = {
        re.search(r'btn--seal btn--big" href="([^"]*)"', page_of(client, f"/resources/m.exhibition{MANY}{more}"))[1]  # type: ignore[index]
        for more in ("", "?files=2", "?files=5")
    }
    assert buttons == {f"/read/m.exhibition{MANY}"}


def test_images_of_a_book_are_one_row_before_its_files(client: FlaskClient) -> None:
    page = page_of(client, f"/resources/m.exhibition{MANY}")
    assert len(names_in(page)) == ROWS_SHOWN
    assert names_in(page)[1] == "第1"
    assert names_in(page_of(client, f"/resources/m.exhibition{MANY}?files=2"))[0] == f"第{ROWS_SHOWN}"


def test_recording_is_tried_only_when_no_form_of_it_plays(client: FlaskClient) -> None:
    assert "anyway=1" in page_of(client, f"/resources/m.course{MANY}")
    assert "anyway=1" not in page_of(client, f"/resources/m.audio{MANY}")


def test_damage_is_gathered_only_when_something_changed(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = world.records[f"m.newspaper{MANY}"]
    for item in record.items[:50]:
        world.faults.record(item.id * 3, 0, item_id=item.id, drive="d1")
    assert "k-todo" in page_of(client, f"/resources/{record.id}")
    asked: list[str] = []
    plain_faults = FaultStore.standing
    monkeypatch.setattr(FaultStore, "standing", lambda *a: asked.append("faults") or plain_faults(*a))
    monkeypatch.setattr(Library, "item", lambda *_: pytest.fail("gathered again"))
    assert "k-todo" in page_of(client, f"/resources/{record.id}")
    assert asked == []
    for item in record.items[:50]:
        world.faults.clear(item.id * 3)
