"""What the packager found wrong with a file is told before it is opened, and another form of it opens instead."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.web.usable import closed_parts, default_item
from indexer.model import Access, Audience, Resource
from tests.appliance.web.holding import make_app, one
from tests.appliance.web.reading import EPUB, plain_book, reading_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

PDF = "application/pdf"
LOCKED, CODEC, DAMAGED = ("encrypted",), ("codec-unplayable",), ("damaged",)
Made = tuple[Resource, dict[str, bytes]]


def flagged(made: Made, *flags: tuple[str, ...], of: dict[int, int] | None = None) -> Made:
    """The same with flags on its items in order; `of`: place of an item → place of the part that it belongs to."""
    record, contents = made
    items = [replace(item, flags=flag) for item, flag in zip(record.items, flags, strict=True)]
    for item, part in (of or {}).items():
        items[item] = replace(items[item], of=items[part].id)
    return replace(record, items=tuple(items)), contents


def film(resource_id: str, title: str, *names: str, role: str = "part", **members: object) -> Made:
    types = {"avi": "video/x-msvideo", "mp4": "video/mp4", "webm": "video/webm"}
    files = [(role, name, types[name.rpartition(".")[2]], name.encode()) for name in names]
    return one(resource_id, title, "video", files=files, labels=[f"第{n}段" for n in range(1, 9)], **members)


def two_parts() -> Made:
    files = (
        ("part", "1.avi", "video/x-msvideo", b"1a"), ("part", "2.avi", "video/x-msvideo", b"2a"),
        ("part", "3.mp4", "video/mp4", b"3"), ("alternate", "2.webm", "video/webm", b"2w"),
    )  # fmt: skip
    return flagged(
        one("f.some", "水上人家", "video", files=files, labels=("第一段", "第二段", "第三段", "第二段")),
        CODEC, CODEC, (), (), of={3: 1},
    )  # fmt: skip


def works() -> list[Made]:
    locked = (("part", "a.epub", EPUB, b"locked"),)
    both = (("part", "a.epub", EPUB, b"locked2"), ("alternate", "a.pdf", PDF, b"%PDF-1.4 a"))
    pictures = [("part", f"{n}.jpg", "image/jpeg", b"%d" % n) for n in (1, 2)]
    return [
        flagged(one("f.locked", "锁书甲", files=locked), LOCKED),
        flagged(one("f.child", "锁书乙", files=locked, audience=Audience("children")), LOCKED),
        flagged(one("f.here", "锁书丙", files=locked, access=Access("premises", download=False)), LOCKED),
        flagged(one("f.both", "锁书丁", files=both), LOCKED, ()),
        flagged(one("f.damaged", "残书", files=(("part", "a.pdf", PDF, b"%PDF-1.4 broken"),)), DAMAGED),
        flagged(film("f.avi", "旧片甲", "1.avi"), CODEC),
        flagged(film("f.avi2", "旧片乙", "1.avi", access=Access("premises", download=False)), CODEC),
        flagged(film("f.mkv", "旧片丙", "1.avi", "2.avi"), CODEC, CODEC),
        two_parts(),
        flagged(one("f.fonts", "缺字书", files=(("part", "a.pdf", PDF, b"%PDF-1.4 b"),)), ("fonts-missing",)),
        flagged(one("f.pictures", "两幅图", "image", files=pictures), DAMAGED, ()),
        one("f.word", "文档", files=(("part", "a.docx", "application/msword", b"doc"),)),
        one("f.word2", "文档二", files=(("part", "a.docx", "application/msword", b"doc"),),
            access=Access("premises", download=False)),
        one("f.book", "好书", files=(("part", "a.epub", EPUB, plain_book()),)),
        one("f.card", "目录一条", files=()),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def records() -> dict[str, Resource]:
    return {record.id: record for record, _ in works()}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    with reading_world(tmp_path_factory.mktemp("flags"), works()) as world:
        yield make_app(world).test_client()


def main_of(client: FlaskClient, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    text = response.get_data(as_text=True)
    return text[text.index("<main") : text.index("</main>")]


def button(text: str) -> tuple[str, str]:
    """Where the main button leads, and its words; empty when there is none."""
    found = re.search(r'<a class="btn btn--seal btn--big" href="([^"]*)">(?:<svg.*?</svg>)?([^<]*)</a>', text)
    return (found[1], found[2]) if found else ("", "")


@pytest.mark.parametrize(
    ("resource", "opens", "closed"),
    [("f.locked", 0, 1), ("f.both", 1, 0), ("f.avi", 0, 1), ("f.some", 3, 1), ("f.fonts", 0, 0), ("f.pictures", 1, 1),
     ("f.word", 0, 0), ("f.card", None, 0)],
)  # fmt: skip
def test_default_item_is_the_first_usable_form_of_the_first_part_that_has_one(
    records: dict[str, Resource], resource: str, opens: int | None, closed: int
) -> None:
    record = records[resource]
    assert default_item(record) is (None if opens is None else record.items[opens])
    assert len(closed_parts(record)) == closed


@pytest.mark.parametrize(
    ("resource", "sentence", "leads", "words"),
    [
        ("f.locked", "这份资源带着锁，在这里打不开。", "", ""),
        ("f.damaged", "这份资源送来时就有损坏，打不开。", "", ""),
        ("f.avi", "馆里的机器多半放不出。", "/download", "下载"),
        ("f.avi2", "馆里的机器多半放不出。", "", ""),
        ("f.both", "", "/read/f.both", "开始阅读"),
        ("f.some", "其中 1 个在这里打不开，其余照常。", "/read/f.some", "开始看"),
        ("f.fonts", "", "/read/f.fonts", "开始阅读"),
        ("f.word", "这种格式不能在页面上打开。", "/download", "下载"),
        ("f.word2", "这种格式不能在页面上打开。", "", ""),
    ],
)
def test_detail_says_so_and_its_button_leads_to_what_opens(
    client: FlaskClient, resource: str, sentence: str, leads: str, words: str
) -> None:
    text = main_of(client, f"/resources/{resource}")
    assert sentence in text
    assert ("k-busy" in text) == bool(sentence)
    address, said = button(text)
    assert address.endswith(leads)
    assert said == words


def test_detail_rows_name_the_flag_and_offer_what_can_be_done(client: FlaskClient) -> None:
    rows = main_of(client, "/resources/f.some").split("<li>")
    first, second = (row for row in rows if "第一段" in row or ("第二段" in row and "本机放不出" in row))
    assert "本机放不出" in first
    assert "anyway=1" in first
    assert "试试播放" in first
    assert "/read/" not in second
    assert "/download" in second
    locked = main_of(client, "/resources/f.both")
    assert "带锁，打不开" in locked
    assert "缺少字体" in main_of(client, "/resources/f.fonts")


@pytest.mark.parametrize("address", ["/read/f.locked", "/read/f.damaged", "/read/f.avi", "/read/f.mkv"])
def test_closed_file_is_not_loaded_and_other_ways_are_offered(client: FlaskClient, address: str) -> None:
    text = main_of(client, address)
    assert "打不开" in text or "放不出" in text
    assert "/download" in text
    assert "看同类资源" in text
    assert ("anyway=1" in text) == ("avi" in address or "mkv" in address)
    whole = client.get(address).get_data(as_text=True)
    assert "reader-config" not in whole


def test_closed_file_offers_its_other_form(client: FlaskClient, records: dict[str, Resource]) -> None:
    closed, usable = records["f.both"].items
    text = main_of(client, f"/read/f.both?item={closed.id}")
    assert f"item={usable.id}" in text
    assert client.get("/read/f.both").get_data(as_text=True).count("reader-config") == 1
    simple = client.get(f"/read/f.both/chapters/1?item={closed.id}")
    assert simple.location.endswith(f"/read/f.both?item={closed.id}")


def test_closed_file_is_not_offered_where_it_may_not_be_taken_home(client: FlaskClient) -> None:
    assert "/download" not in main_of(client, "/read/f.here")
    assert "/download" not in main_of(client, "/resources/f.here")


def test_player_lists_which_parts_do_not_play_and_tries_on_demand(
    client: FlaskClient, records: dict[str, Resource]
) -> None:
    text = main_of(client, "/read/f.some")
    assert re.findall(r'<em class="tag">([^<]*)</em>', text) == ["本机放不出"]
    second = records["f.some"].items[3]
    assert text.index(f"/items/{second.id}") < text.index(f"/items/{records['f.some'].items[1].id}")
    tried = main_of(client, "/read/f.avi?anyway=1")
    assert "<video" in tried
    assert "馆里的机器多半放不出。" in tried


def test_pictures_open_as_long_as_one_of_them_does(client: FlaskClient) -> None:
    assert "reader-config" in client.get("/read/f.pictures").get_data(as_text=True)


def test_lists_and_search_tell_closed_ones_from_catalogue_entries(client: FlaskClient) -> None:
    text = client.get("/browse/list?type=book").get_data(as_text=True)
    cards = dict(re.findall(r'/resources/([\w.]+)">.*?<span class="meta">([^<]*)</span>', text))
    assert cards["f.locked"] == "这里打不开 · 图书"
    assert cards["f.card"] == "仅有目录 · 图书"
    assert cards["f.both"] == cards["f.word"] == "图书"
    assert cards["f.word2"] == "这里打不开 · 图书"
    found = client.get("/search?q=%E9%94%81%E4%B9%A6").get_data(as_text=True)
    tags = dict(re.findall(r'<a href="/resources/([\w.]+)">.*?<span class="tag">([^<]*)</span>', found))
    assert tags == {"f.locked": "这里打不开", "f.child": "这里打不开", "f.here": "这里打不开", "f.both": "可下载"}
    usable = client.get("/api/search?q=%E9%94%81%E4%B9%A6&available=yes").get_json()["hits"]
    assert [hit["id"] for hit in usable] == ["f.both"]
    assert "f.locked" not in client.get("/new").get_data(as_text=True)


def test_api_gives_the_flags(client: FlaskClient) -> None:
    record = client.get("/api/resources/f.both").get_json()
    assert [item.get("flags") for item in record["items"]] == [["encrypted"], None]
    assert record["usable"] is True
    assert client.get("/api/resources/f.locked").get_json()["usable"] is False


@pytest.mark.parametrize(
    ("face", "words"), [("child", "这一本打不开，换一本看看吧。"), ("elder", "这一种在这里打不开，请您看看别的。")]
)
def test_faces_say_it_in_their_own_words(client: FlaskClient, face: str, words: str) -> None:
    client.set_cookie("display", f"{face}.paper.2.zh-Hans")
    try:
        assert words in main_of(client, "/read/f.child")
        assert words in main_of(client, "/resources/f.child")
    finally:
        client.delete_cookie("display")


def test_fonts_missing_is_told_to_the_reader_of_documents(client: FlaskClient) -> None:
    assert '"fonts_missing": true' in client.get("/read/f.fonts").get_data(as_text=True)
    assert "按原样显示" in client.get("/read/f.fonts").get_data(as_text=True)


def test_file_is_chosen_among_very_many_at_once() -> None:
    count = 20_000
    parts = [("part", f"{n}.avi", "video/x-msvideo", b"") for n in range(count)]
    forms = [("alternate", f"{n}.mp4", "video/mp4", b"") for n in (1, 2)]
    record, _ = one("v.many", "很多", "video", files=[*parts, *forms])
    items = [replace(item, flags=CODEC) for item in record.items[:count]]
    last = replace(record.items[-1], of=items[-1].id)
    record = replace(record, items=(*items, record.items[-2], last))
    began = time.process_time()
    assert default_item(record) == last
    assert len(closed_parts(record)) == count - 1
    assert time.process_time() - began < 5
