"""登记需求: the button and the form, what is kept of them, and what staff see."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.store import wishes as store
from tests.appliance.web.conftest import post, set_display, token_of
from tests.appliance.web.holding import make_app, make_world, one
from tests.appliance.web.searching import books, classes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from appliance.store.wishes import WishStore
    from tests.appliance.web.holding import World

BARE = "x.mulu"
TITLE = "清溪县志（民国二十六年本）"


@pytest.fixture
def searched(tmp_path) -> Iterator[FlaskClient]:
    with make_world(tmp_path, books(), classes()) as world:
        yield make_app(world).test_client()


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def kept(world: World) -> list[tuple[str, str, str, int]]:
    assert world.services.wishes is not None
    return [(w.kind, w.key, w.words, w.count) for w in world.services.wishes.listed()]


def test_a_catalogue_entry_is_asked_for_by_one_button(client: FlaskClient, world: World) -> None:
    page = text_of(client.get(f"/resources/{BARE}"))
    assert "登记需求" in page
    answer = post(client, "/wish", of=BARE, next=f"/resources/{BARE}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/wish/thanks")
    thanks = text_of(client.get("/wish/thanks"))
    assert "需求已登记，" in thanks
    assert f'href="/resources/{BARE}"' in thanks
    assert kept(world) == [("resource", BARE, TITLE, 1)]
    page = text_of(client.get(f"/resources/{BARE}"))
    assert "已登记" in page
    assert "登记需求</button>" not in page


def test_the_next_reader_hears_of_the_others_and_not_who(app: Flask, world: World) -> None:
    for place, words in (("10.0.0.1", "需求已登记"), ("10.0.0.2", "已有 1 位读者登记过"), ("10.0.0.1", "需求已登记")):
        client = app.test_client()
        token = token_of(client)
        origin = {"REMOTE_ADDR": place}
        client.post("/wish", data={"of": BARE, "csrf_token": token}, environ_base=origin)
        assert words in text_of(client.get("/wish/thanks")).replace("<wbr>", "")
    assert kept(world)[0][3] == 2
    assert world.services.wishes is not None
    rows = world.services.wishes._connection.execute("SELECT * FROM asked").fetchall()
    assert all("10.0.0." not in str(row) for row in rows)


def test_what_was_asked_for_is_forgotten_with_the_session(client: FlaskClient) -> None:
    post(client, "/wish", of=BARE)
    assert "已登记" in text_of(client.get(f"/resources/{BARE}"))
    post(client, "/end")
    assert "已登记" not in text_of(client.get(f"/resources/{BARE}"))
    assert client.get("/wish/thanks").status_code == 303


def test_an_empty_result_leads_to_the_form_with_its_words(client: FlaskClient, world: World) -> None:
    page = text_of(client.get("/search?q=滇剧锣鼓经全本"))
    assert "没有查到" in page
    link = re.search(r'href="(/wish\?q=[^"]+)">登记需求', page)
    assert link is not None
    form = text_of(client.get(link.group(1)))
    assert 'value="滇剧锣鼓经全本"' in form
    assert "请勿填写姓名、电话和身份证号" in form
    answer = post(client, "/wish", link.group(1), q=" 《滇剧锣鼓经全本》 ", note="县剧团一九八〇年油印本")
    assert answer.status_code == 303
    post(client, "/wish", q="滇劇鑼鼓經全本")
    assert world.services.wishes is not None
    (wish,) = world.services.wishes.listed()
    assert (wish.words, wish.count, wish.notes) == ("《滇剧锣鼓经全本》", 1, ("县剧团一九八〇年油印本",))


def test_signs_of_a_query_are_not_asked_for(client: FlaskClient) -> None:
    assert 'href="/wish?q=%E9%87%87%E8%8C%B6%E6%88%8F+%E8%84%9A%E6%9C%AC"' in text_of(
        client.get('/search?q="采茶戏" AND 脚本 -电影')
    )


@pytest.mark.parametrize("words", ["", "  ", "？！…", "\u202e\u200b"])
def test_a_form_without_words_asks_for_them(client: FlaskClient, world: World, words: str) -> None:
    answer = post(client, "/wish", q=words, note="留着")
    assert answer.status_code == 422
    assert "请写下想找什么。" in text_of(answer)
    assert 'value="留着"' in text_of(answer)
    assert kept(world) == []


def test_numbers_of_persons_are_not_kept(client: FlaskClient, world: World) -> None:
    note = "我的电话13812345678，138 1234 5678，证号 11010519491231002X，书号 9787020002207"
    post(client, "/wish", q="采茶戏 13912345678 1937年", note=note)
    assert world.services.wishes is not None
    (wish,) = world.services.wishes.listed()
    assert wish.words == "采茶戏 1937年"
    assert wish.notes == ("我的电话 ， ，证号 ，书号 9787020002207",)


_WIDE_IDENTITY = "110105194912310021".translate({ord("0") + n: ord("０") + n for n in range(10)})


@pytest.mark.parametrize(
    "number", ["１３９１２３４５６７８", "139－1234－5678", "139 ５６７８ 1234", "139.1234.5678", _WIDE_IDENTITY]
)
def test_numbers_of_persons_are_not_kept_however_they_are_typed(client: FlaskClient, world: World, number: str) -> None:
    post(client, "/wish", q=f"采茶戏 {number}", note=f"{number}，ISBN 978-7-02-000220-7，１９３７年")
    assert world.services.wishes is not None
    (wish,) = world.services.wishes.listed()
    assert (wish.words, wish.notes) == ("采茶戏", ("，ISBN 978-7-02-000220-7，１９３７年",))


def test_long_and_odd_words_are_cut_and_shown_as_text(client: FlaskClient, world: World, staff: FlaskClient) -> None:
    post(client, "/wish", q="<script>alert(1)</script>" + "长" * 500, note="n" * 500)
    assert world.services.wishes is not None
    (wish,) = world.services.wishes.listed()
    assert (len(wish.words), len(wish.notes[0])) == (store.MAX_WORDS, store.MAX_NOTE)
    page = text_of(staff.get("/staff/wishes"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("wanted", ["x.lunyu", "x.nothing", "../x", "x.blind"])
def test_only_what_cannot_be_read_is_asked_for(client: FlaskClient, world: World, wanted: str) -> None:
    assert post(client, "/wish", of=wanted).status_code == 404
    assert kept(world) == []


def test_a_form_without_its_token_is_refused(client: FlaskClient, world: World) -> None:
    assert client.post("/wish", data={"of": BARE}).status_code == 400
    assert client.get(f"/wish?of={BARE}").status_code == 200  # only shows the form
    assert kept(world) == []


def test_a_terminal_that_asks_too_much_is_told_calmly(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PER_TERMINAL", 2)
    for words in ("一", "二"):
        assert post(client, "/wish", q=words).status_code == 303
    answer = post(client, "/wish", q="三", next="//evil.example/")
    assert answer.status_code == 429
    assert "今天登记的需求较多，" in text_of(answer)
    assert "evil" not in text_of(answer)
    assert len(kept(world)) == 2
    world.clock.advance(86400)
    assert post(client, "/wish", q="三").status_code == 303


def test_children_and_elders_are_spoken_to_in_their_words(client: FlaskClient, world: World) -> None:
    set_display(client, face="child")
    page = text_of(client.get("/search?q=会飞的恐龙"))
    assert "我想看</button>" in page
    post(client, "/wish", q="会飞的恐龙")
    assert "记下了，<wbr>我们去找一找。" in text_of(client.get("/wish/thanks"))
    set_display(client, face="elder")
    assert "登记想看" in text_of(client.get(f"/resources/{BARE}"))
    assert "登记想看</a>" in text_of(client.get("/search?q=会飞的恐龙"))
    post(client, "/wish", of=BARE)
    assert "记下了，<wbr>谢谢您。" in text_of(client.get("/wish/thanks"))
    assert [row[0] for row in kept(world)] == ["words", "resource"]


def test_the_list_of_entries_has_a_button_in_each_line(searched: FlaskClient) -> None:
    page = text_of(searched.get("/search?q=明月"))
    assert "可登记需求" in page
    assert "登记需求<span" not in page
    listed = text_of(searched.get("/search?q=明月&available=catalogue"))
    assert listed.count('name="of" value="s.') == 8
    post(searched, "/wish", of="s.04", next="/search?q=明月&available=catalogue")
    assert "已登记" in text_of(searched.get("/search?q=明月&available=catalogue"))


def test_an_ended_licence_can_be_asked_for(tmp_path) -> None:
    import datetime as dt

    from indexer.model import Access

    made = [one("e", "到期的书", access=Access(until="2026-01-01")), one("o", "开放的书")]
    with make_world(tmp_path, made) as world:
        client = make_app(world).test_client()
        assert "登记需求" in text_of(client.get("/resources/e"))
        assert "登记需求" in text_of(client.get("/read/e"))
        assert "登记需求" not in text_of(client.get("/resources/o"))
        assert post(client, "/wish", of="e").status_code == 303
        assert world.clock.now() > dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def test_without_a_database_nothing_is_offered(world: World) -> None:
    from dataclasses import replace

    world.services = replace(world.services, wishes=None)
    client = make_app(world).test_client()
    assert "登记需求</button>" not in text_of(client.get(f"/resources/{BARE}"))
    assert "/wish?q=" not in text_of(client.get("/search?q=会飞的恐龙"))
    assert client.get("/wish").status_code == 404
    assert post(client, "/wish", of=BARE).status_code == 404


# What staff see


def test_staff_see_deal_with_and_forget_wishes(staff: FlaskClient, world: World) -> None:
    assert "没有待办的需求" in text_of(staff.get("/staff/wishes"))
    post(staff, "/wish", of=BARE)
    post(staff, "/wish", q="采茶戏", note="=cmd|1")
    home = text_of(staff.get("/staff/"))
    assert "有 2 条读者意见待查看。" in home
    page = text_of(staff.get("/staff/wishes"))
    assert f'href="/resources/{BARE}"' in page
    assert "2026年11月22日" in page
    assert "1 人" in page
    post(staff, "/staff/wishes", "/staff/wishes", do="looked")
    assert "读者意见" not in text_of(staff.get("/staff/"))
    assert world.services.wishes is not None
    number = str(world.services.wishes.listed()[0].number)
    post(staff, "/staff/wishes", "/staff/wishes", do="settle", wish=number)
    assert "待办 1" in text_of(staff.get("/staff/wishes"))
    settled = text_of(staff.get("/staff/wishes?settled=1"))
    assert "改为待办" in settled
    post(staff, "/staff/wishes", "/staff/wishes", do="remove", wish=number, settled="1")
    assert "还没有办过的需求" in text_of(staff.get("/staff/wishes?settled=1"))
    for wrong in ("", "x", "9" * 30):
        assert post(staff, "/staff/wishes", "/staff/wishes", do="settle", wish=wrong).status_code == 400


def test_the_table_is_for_spreadsheets_and_none_of_it_a_formula(staff: FlaskClient) -> None:
    post(staff, "/wish", of=BARE)
    post(staff, "/wish", q="=SUM(A1)", note="+1")
    answer = staff.get("/staff/wishes.csv")
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    head, *rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert head == ["想看什么", "记录号", "人数", "首次登记", "最近登记", "补充", "办理日期"]
    assert rows == [
        [TITLE, BARE, "1", "2026-11-22", "2026-11-22", "", ""],
        ["'=SUM(A1)", "", "1", "2026-11-22", "2026-11-22", "'+1", ""],
    ]


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
def test_no_sign_of_a_formula_begins_a_cell(staff: FlaskClient, sign: str) -> None:
    post(staff, "/wish", q=f"{sign}1+1")
    *_, row = csv.reader(io.StringIO(staff.get("/staff/wishes.csv").data.decode("utf-8-sig")))
    assert row[0] == f"'{sign}1+1"


def test_a_full_disk_is_told_calmly(client: FlaskClient, world: World) -> None:
    assert world.services.wishes is not None
    connection = world.services.wishes._connection
    connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")
    statuses = [post(client, "/wish", q=f"{n}采茶戏" * 40, note="长" * 100).status_code for n in range(12)]
    assert set(statuses) == {303, 503}
    assert len(kept(world)) == statuses.count(303)


def spoil(store_: WishStore) -> None:
    """Damage the database as a dying disk does, under the one who writes it."""
    connection = store_._connection
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    store_.close()
    with path.open("r+b") as file:
        file.seek(size)
        file.write(b"\xff" * (path.stat().st_size - size))
    store_._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def test_damaged_wishes_are_begun_anew_and_said_calmly_until_staff_know(staff: FlaskClient, world: World) -> None:
    store_ = world.services.wishes
    assert store_ is not None
    post(staff, "/wish", q="采茶戏")
    spoil(store_)
    page = staff.get("/staff/wishes")
    assert page.status_code == 200
    assert "从头登记" in text_of(page)
    assert post(staff, "/wish", q="采茶戏").status_code == 303
    assert len(kept(world)) == 1
    spoil(store_)
    assert post(staff, "/wish", q="黄梅戏").status_code == 303  # a reader does not notice
    assert [words for _, _, words, _ in kept(world)] == ["黄梅戏"]
    assert "从头登记" in text_of(staff.get("/staff/wishes"))
    assert post(staff, "/staff/wishes", do="know").status_code == 303
    assert "从头登记" not in text_of(staff.get("/staff/wishes"))


def test_wishes_that_cannot_be_read_now_are_said_calmly(staff: FlaskClient, world: World) -> None:
    assert world.services.wishes is not None
    world.services.wishes._connection.close()
    for answer in (
        staff.get("/staff/wishes"),
        staff.get("/staff/wishes.csv"),
        post(staff, "/staff/wishes", do="looked"),
    ):
        assert answer.status_code == 503
        assert "暂时读不出来" in text_of(answer)
    assert staff.get("/staff/").status_code == 200


def test_only_staff_see_wishes_and_no_light_of_readers_changes(client: FlaskClient) -> None:
    post(client, "/wish", q="采茶戏")
    for path in ("/staff/wishes", "/staff/wishes.csv"):
        assert "/staff/sign-in" in client.get(path).headers["Location"]
    assert post(client, "/staff/wishes", do="looked").status_code == 303
    assert "意见" not in text_of(client.get("/staff/"))
    assert "需要处理" not in text_of(client.get("/"))
