"""Patrons' pages without scripts: what they say, where they lead, what they never show."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from appliance.store.holdings import Message, Part
from appliance.web import results
from tests.appliance.web.conftest import post, set_display, token_of

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

PAGES = (
    "/", "/search?q=论语", "/search?type=book", "/search?q=没有的书名", "/browse", "/browse/list?kind=book",
    "/browse/list?clc=I", "/browse/list?type=audio", "/new", "/resources/x.lunyu", "/resources/x.mulu",
    "/resources/x.zhanguo", "/resources/x.odd", "/resources/x.later", "/end", "/staff/", "/staff/how", "/staff/sign-in",
)  # fmt: skip


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def words_of(page: str) -> str:
    return re.sub(r"<[^>]+>", "", page)


def test_pages_have_no_inline_script_style_or_event(client: FlaskClient) -> None:
    for path in PAGES:
        page = text(client, path)
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|<style", page), path
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page)), path
        assert "http://" not in re.sub(r'xmlns="[^"]+"|http://library\.local', "", page), path


@pytest.mark.parametrize("face", ["std", "child", "elder"])
def test_page_shows_in_every_face_and_in_english(client: FlaskClient, face: str) -> None:
    set_display(client, face=face, language="en")
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code in {200, 403}, path
        assert f'data-face="{face}"' in answer.get_data(as_text=True)


def test_page_in_english_holds_no_chinese_of_ours(client: FlaskClient) -> None:
    set_display(client, language="en")
    for path in ("/browse", "/end", "/staff/", "/staff/sign-in", "/nope"):
        page = client.get(path).get_data(as_text=True)
        page = re.sub(r"<text[^>]*>.*?</text>|中文|省馆技术支持", "", page)
        assert not re.search(r"[\u4e00-\u9fff]", words_of(page)), path


def test_home_tiles_add_up_to_all_resources(client: FlaskClient) -> None:
    page = text(client, "/")
    counts = [int(n) for n in re.findall(r'class="tile [^>]*><b>[^<]+</b><span>(\d+)', page)]
    assert sum(counts) == client.get("/health").get_json()["resources"] == 13


def test_home_light_is_in_the_footer(client: FlaskClient) -> None:
    assert "k-ok" in text(client, "/")
    assert "内容更新至 2026年11月" in text(client, "/")


def test_home_of_an_empty_box_is_calm(client: FlaskClient, world: World) -> None:
    world.write(releases=(), drives=(), notices=(Message("home.no_drive"),))
    page = text(client, "/")
    assert "暂无" in page
    assert "这个书架目前没有资源" in page
    assert "需要处理" in page


def test_home_child_holds_only_what_is_for_children(client: FlaskClient) -> None:
    set_display(client, face="child")
    page = text(client, "/")
    assert "考拉" in page
    assert "论语" not in page
    assert "<rt>jīn</rt>" in page
    assert "<rt>sān</rt>" in page
    assert "论语" not in text(client, "/new")
    assert "三國演義" not in text(client, "/browse/list?kind=book")
    assert "这本是给大人看的" in client.get("/resources/x.lunyu").get_data(as_text=True)
    assert client.get("/read/x.lunyu").status_code == 403


def test_home_elder_greets_and_shows_at_most_four_ways(client: FlaskClient) -> None:
    set_display(client, face="elder")
    page = text(client, "/")
    assert "您好" in page
    assert page.count('class="big"') == 4


def test_results_mark_title_and_say_why(client: FlaskClient) -> None:
    page = text(client, "/search?q=论语")
    assert "<mark>论语</mark>" in page
    assert "题名相符" in page
    assert "检索结果 1 条" in page


def test_results_filter_links_narrow_and_chips_take_away(client: FlaskClient) -> None:
    page = text(client, "/search?type=book")
    assert re.search(r'class="opt" href="/search\?type=book&amp;available=catalogue"', page)
    assert 'href="/search?type=book&amp;sort=year_desc"' in page
    assert 'id="facets"' in page
    assert 'href="#facets"' in page
    year = re.search(r'href="(/search\?type=book&amp;year=[^"]+)"', page)
    assert year is not None
    assert "193" in year.group(1)
    assert client.get(year.group(1).replace("&amp;", "&")).status_code == 200


def test_results_without_anything_lead_to_the_shelves(client: FlaskClient) -> None:
    answer = client.get("/search?q=%20")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/browse")


def test_results_with_an_odd_value_drop_it(client: FlaskClient) -> None:
    answer = client.get("/search?q=论语&year=xx")
    assert answer.status_code == 303
    assert "year" not in answer.headers["Location"]


def test_results_behind_the_last_page_lead_to_the_first(client: FlaskClient) -> None:
    answer = client.get("/search?q=论语&sort=title&page=90")
    assert answer.status_code == 303
    first = answer.headers["Location"]
    assert "page" not in first
    assert "sort=title" in first
    assert client.get(first).status_code == 200


def test_results_empty_offer_ways_on(client: FlaskClient) -> None:
    page = text(client, "/search?q=唐诗赏读大全")
    assert "已按“唐诗 赏读”查找" in page
    assert "少查了几个字" in page
    assert "唐诗赏读五讲" in page
    page = text(client, "/search?q=唐诗赏读大全&literal=1")
    assert "没有查到“唐诗赏读大全”" in page
    assert 'href="/search?q=%E5%94%90%E8%AF%97%E8%B5%8F%E8%AF%BB"' in page
    assert "唐诗赏读五讲" in page


@pytest.mark.parametrize("face", ["std", "child", "elder"])
def test_results_empty_name_nothing_below_when_nothing_stands_there(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, face: str
) -> None:
    set_display(client, face=face)
    monkeypatch.setattr(results, "newest", lambda _limit: [])
    page = text(client, "/search?q=㐀㐁㐂")
    assert "没有查到" in page or "没找到" in page
    assert "下面" not in page
    assert "这些也很" not in page


def test_results_empty_by_filter_say_how_many_there_are_without(client: FlaskClient) -> None:
    page = text(client, "/search?q=论语&type=audio")
    assert "按现在的条件没有查到" in page
    assert "不加条件时有 1 条" in page


def test_results_while_search_is_made_keep_the_shelves_open(client: FlaskClient, world: World) -> None:
    world.write(releases=(replace(world.holdings.releases[0], search=Part("rebuilding", "", 10, 120)),))
    answer = client.get("/search?q=论语")
    assert answer.status_code == 503
    assert "检索正在准备，<wbr>约需 2 分钟" in answer.get_data(as_text=True)
    assert "Retry-After" in answer.headers
    for path in ("/", "/browse", "/browse/list?clc=I", "/resources/x.lunyu", "/new"):
        assert client.get(path).status_code == 200
    set_display(client, face="child")
    page = text(client, "/")
    assert "考拉" in page
    assert "论语" not in page


def test_detail_main_button_rights_and_facts(client: FlaskClient) -> None:
    page = text(client, "/resources/x.lunyu")
    assert re.search(r'class="btn btn--seal btn--big" href="/read/x\.lunyu[^"]*"', page)
    assert page.count("btn--seal") == 1
    for part in (
        "（春秋）孔子弟子 撰",
        "可下载带走",
        "公有领域",
        "选一个版本",
        "B222.22（哲学、宗教类）",
        "2.5 MB",
        "学而篇",
    ):
        assert part in page, part


def test_detail_of_a_course_lists_its_lectures(client: FlaskClient) -> None:
    page = text(client, "/resources/x.tangshi")
    assert re.findall(r"第(\d)讲</b>", page) == list("12345")


def test_detail_catalogue_only_says_so_and_can_only_be_asked_for(client: FlaskClient) -> None:
    page = text(client, "/resources/x.mulu")
    assert "本资源仅有目录，馆内没有全文" in page
    assert re.findall(r'btn--seal">([^<]+)', page) == ["登记需求"]
    assert "收藏单位" not in page


def test_detail_not_yet_open_names_the_day(client: FlaskClient) -> None:
    assert "本资源自 2027年1月1日起提供。" in text(client, "/resources/x.later")


def test_detail_without_a_plausible_clock_waits(client: FlaskClient, world: World) -> None:
    world.clock.advance(-400 * 86400)
    assert "馆员正在核对日期" in text(client, "/resources/x.later")
    assert "btn--seal" in text(client, "/resources/x.lunyu")


def test_detail_unplugged_says_so_and_offers_others(client: FlaskClient, world: World) -> None:
    world.write(drives=(replace(world.holdings.drives[0], state="gone"),))
    page = text(client, "/resources/x.lunyu")
    assert "硬盘没有接上" in page
    assert "btn--seal" not in page
    assert "硬盘未接" in text(client, "/search?q=论语")


def test_detail_damaged_pages_are_named_in_readers_words(client: FlaskClient, world: World) -> None:
    for item in world.records["x.zhanguo"].items[1:3]:
        world.faults.record(item.sha256, 0, item_id=item.id, drive="d1")
    page = text(client, "/resources/x.zhanguo")
    assert "第 2 至 3 页有损坏，已通知馆员。" in page
    assert "btn--seal" in page
    assert "需要处理" in text(client, "/")


def test_detail_damaged_whole_has_no_button(client: FlaskClient, world: World) -> None:
    item = world.records["x.odd"].items[0]
    world.faults.record(item.sha256, -1, item_id=item.id, drive="d1")
    page = text(client, "/resources/x.odd")
    assert "这份资源有损坏，暂时打不开。" in page
    assert "btn--seal" not in page


def test_detail_escapes_what_the_record_says(client: FlaskClient) -> None:
    page = text(client, "/resources/x.odd")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>not bold" not in page


@pytest.mark.parametrize(
    "path", ["/resources/none", "/resources/%2e%2e", "/items/zzz", "/items/..%2f..%2fetc", "/read/none"]
)
def test_unknown_resource_is_said_in_words(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "404" not in words_of(answer.get_data(as_text=True))


@pytest.mark.parametrize(
    "path", ["/browse/list?kind=none", "/browse/list?type=x", "/browse/list?clc=%3C", "/new?page=0", "/nope"]
)
def test_unknown_page_is_404_in_words(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "这一页找不到了。" in answer.get_data(as_text=True)


def test_cover_is_the_picture_or_404(client: FlaskClient, world: World) -> None:
    answer = client.get("/covers/x.lunyu")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    # A clear picture goes with it: else a browser puts the sign of a broken one on the cover that the page draws.
    for none in ("/covers/x.sanguo", "/covers/none"):
        missing = client.get(none)
        assert (missing.status_code, missing.mimetype) == (404, "image/gif")
        assert Image.open(io.BytesIO(missing.data)).convert("RGBA").getpixel((0, 0))[3] == 0
    cover = world.item_path("x.lunyu", "cover")
    cover.write_bytes(bytes(cover.stat().st_size))
    world.services.chunks.__init__(16 << 20)  # type: ignore[misc]
    damaged = client.get("/covers/x.lunyu")
    assert (damaged.status_code, damaged.mimetype) == (404, "image/gif")


def test_display_choice_is_kept_and_goes_back(client: FlaskClient) -> None:
    answer = post(client, "/display", theme="night", next="/browse?x=1#display")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/browse?x=1#display")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert 'data-theme="night"' in text(client, "/")


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/a\r\nSet-Cookie:x=y", ""]
)
def test_display_never_leads_elsewhere(client: FlaskClient, target: str) -> None:
    assert post(client, "/display", theme="night", next=target).headers["Location"] == "/"


def test_display_refuses_what_is_not_offered(client: FlaskClient) -> None:
    assert post(client, "/display", theme="<script>").status_code == 400


def test_display_odd_cookie_is_the_default(client: FlaskClient) -> None:
    client.set_cookie("display", "child<>.night.9.xx" + "x" * 500)
    page = text(client, "/")
    assert 'data-face="std" data-theme="night" data-size="2"' in page


def test_leave_wipes_everything(client: FlaskClient) -> None:
    set_display(client, face="elder", theme="night")
    answer = post(client, "/end", "/end")
    page = answer.get_data(as_text=True)
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert 'data-face="std" data-theme="paper"' in page
    assert "已清除全部记录" in page
    cookies = answer.headers.getlist("Set-Cookie")
    assert any(c.startswith("display=;") for c in cookies)
    assert 'data-theme="paper"' in text(client, "/")


def test_forms_without_their_token_are_refused(client: FlaskClient) -> None:
    for path in ("/display", "/end", "/staff/sign-in", "/staff/sign-out", "/staff/command", "/staff/put-away"):
        answer = client.post(path, data={"face": "child"})
        assert answer.status_code == 400, path
        assert "页面打开太久" in answer.get_data(as_text=True)


def test_gets_change_nothing(client: FlaskClient, world: World) -> None:
    token_of(client)
    before = (world.root / "data").stat().st_mtime_ns
    for path in PAGES:
        client.get(path)
    assert world.commands == []
    assert (world.root / "data").stat().st_mtime_ns == before


def test_inside_error_gives_a_number_for_staff(app: Flask, world: World, caplog: pytest.LogCaptureFixture) -> None:
    app.testing = False

    def broken() -> str:
        raise RuntimeError("inside")

    app.view_functions["patrons.home"] = broken
    answer = app.test_client().get("/")
    page = answer.get_data(as_text=True)
    number = re.search(r"编号：(\d{4}-\d{4})", page)
    assert answer.status_code == 500
    assert number is not None
    assert number.group(1) in caplog.text
    assert "RuntimeError" not in page


def test_method_not_allowed_and_too_large_are_pages(client: FlaskClient) -> None:
    assert client.delete("/").status_code == 405
    large = client.post("/display", data={"csrf_token": token_of(client), "next": "x" * 2_000_000})
    assert large.status_code == 413
    assert "文件太大" in large.get_data(as_text=True)


def test_results_with_a_broken_index_keep_the_shelves_open(client: FlaskClient, world: World) -> None:
    index = world.settings.releases_folder / world.holdings.releases[0].folder / "search"
    (index.parent / "search-2").mkdir()
    for path in index.iterdir():
        (index.parent / "search-2" / path.name).write_bytes(b"broken")
    world.write(releases=(replace(world.holdings.releases[0], search=Part("ready", "search-2")),))
    assert client.get("/search?q=论语").status_code == 503
    assert client.get("/api/search?q=论语").get_json()["error"]["percent"] == 0
    for path in ("/", "/browse", "/resources/x.lunyu"):
        assert client.get(path).status_code == 200
