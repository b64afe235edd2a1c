"""Finding without a query: lists from A to Z, creators, subjects, classes, times, serials, what is related."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from appliance.store.holdings import Part
from indexer.class_names import ClassName
from tests.appliance.web.conftest import set_display
from tests.appliance.web.holding import make_app, make_world
from tests.appliance.web.shelving import shelves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path, shelves()) as made:
        yield made


@pytest.fixture
def reader(shelved: World) -> FlaskClient:
    return make_app(shelved).test_client()


def main_of(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True).split('<main id="main"')[1].split("</main>")[0]


def links(page: str) -> dict[str, str]:
    """Text of each link, without spaces, → its address."""
    found = re.findall(r'<a [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {re.sub(r"<[^>]+>|\s", "", text): unescape(url) for url, text in found}


def titles(page: str) -> list[str]:
    return re.findall(r'class="title[^"]*"[^>]*>([^<]+)<', page)


def test_browse_counts_lines_and_leads_to_all_ways(reader: FlaskClient) -> None:
    page = main_of(reader, "/browse")
    found = links(page)
    assert found["I文学8种"] == "/browse/list?clc=I"
    assert found["D政治、法律1种"] == "/browse/list?clc=D"  # nine issues are one newspaper
    assert {"按主题", "按作者", "按年代", "按地区", "报纸和期刊"} <= set(found)
    for path in (found["按主题"], found["按作者"], found["按年代"], found["按地区"], found["报纸和期刊"]):
        main_of(reader, path)


def test_class_leads_down_by_what_is_there(reader: FlaskClient) -> None:
    found = links(main_of(reader, "/browse/list?clc=I"))
    below = {text: url for text, url in found.items() if "clc=I" in url}
    assert below == {"I11种": "/browse/list?clc=I1", "I27种": "/browse/list?clc=I2"}
    page = main_of(reader, "/browse/list?clc=I2")
    assert {text for text, url in links(page).items() if "clc=I2" in url} == {"I213种", "I222种", "I282种"}
    assert links(page)["文学"] == "/browse/list?clc=I"
    assert "I2（文学类）" in page


def test_lists_go_on_and_back_from_page_to_page(reader: FlaskClient) -> None:
    path, walked, pages = "/browse/list?clc=S", [], []
    while path:
        page = main_of(reader, path)
        pages.append(titles(page))
        walked += pages[-1]
        path = links(page).get("下一页", "")
        assert len(pages) < 5
    assert len(walked) == len(set(walked)) == 61
    assert [len(one) for one in pages] == [24, 24, 13]
    back = links(page)["上一页"]
    assert "before=" in back
    assert titles(main_of(reader, back)) == pages[1]
    assert titles(main_of(reader, "/browse/list?clc=S&page=2&after=nobody")) == pages[1]
    assert titles(main_of(reader, "/browse/list?clc=S&page=2")) == pages[1]
    reader.get("/browse/list?page=900000")
    assert reader.get("/browse/list?clc=S&page=900000").status_code == 404


def test_creators_stand_under_the_letter_of_their_sound(reader: FlaskClient) -> None:
    page = main_of(reader, "/browse/creators")
    found = links(page)
    assert found["鲁迅4种"] == "/creators/" + quote("鲁迅")
    assert found["农书社60种"]
    assert list(found.values()).index(found["农书社60种"]) < list(found.values()).index(found["鲁迅4种"])
    assert {"F", "L", "N", "W", "Z"} <= set(found)
    wang = links(main_of(reader, found["W"]))
    assert set(wang) >= {"王维3种"}
    assert "鲁迅4种" not in wang
    assert reader.get("/browse/creators?letter=X").status_code == 200
    assert reader.get("/browse/creators?letter=XX").status_code == 404


def test_creator_has_works_by_type_and_time_and_those_who_worked_along(reader: FlaskClient) -> None:
    page = main_of(reader, "/creators/鲁迅")
    assert titles(page) == ["域外小说集", "呐喊", "彷徨", "呐喊（有声书）"]
    assert "鲁迅（1881-1936）" in page
    assert "魯迅" in page
    found = links(page)
    assert found["周作人"] == "/creators/" + quote("周作人")
    assert found["短篇小说"] == "/subjects/" + quote("短篇小说")
    assert titles(main_of(reader, "/creators/魯迅")) == titles(page)
    many = main_of(reader, "/creators/农书社")
    assert len(titles(many)) == 12
    all_ = links(many)["全部60种"]
    assert all_.startswith("/search?")
    assert "检索结果 60 条" in main_of(reader, all_)


def test_authors_of_one_name_are_told_apart(reader: FlaskClient) -> None:
    page = main_of(reader, "/creators/王维")
    assert len(titles(page)) == 3
    found = links(page)
    tang = main_of(reader, found["唐2"])
    assert sorted(titles(tang)) == ["王右丞集", "辋川集"]
    assert "王维（唐）" in tang
    assert titles(main_of(reader, found["1970-1"])) == ["呐喊（有声书）"]


def test_subject_has_what_is_on_it_and_what_goes_with_it(reader: FlaskClient) -> None:
    page = main_of(reader, "/subjects/短篇小说")
    assert titles(page) == ["呐喊（有声书）", "彷徨", "呐喊", "域外小说集"]
    assert {"现代文学", "翻译", "鲁迅", "周作人"} <= set(links(page))
    second = main_of(reader, "/subjects/农历?page=3")
    assert len(titles(second)) == 12
    assert len(titles(main_of(reader, "/subjects/清溪县"))) == 1


def test_name_under_which_nothing_stands_leads_to_search(reader: FlaskClient) -> None:
    for path in ("/creators/没有的人", "/subjects/没有的事", "/creators/a/b"):
        answer = reader.get(path)
        assert answer.status_code == 303
        assert reader.get(answer.headers["Location"]).status_code == 200
    assert reader.get("/creators/《》").status_code == 404


def test_times_lead_to_searches_that_find_as_many(reader: FlaskClient) -> None:
    found = links(main_of(reader, "/browse/times"))
    checked = 0
    for text, url in found.items():
        if "year=" in url:
            count = int(re.sub(r".*年(代)?|种", "", text) or 0)
            assert f"检索结果 {count} 条" in main_of(reader, url), text
            checked += 1
    assert checked > 5


def test_serials_have_years_the_latest_issue_and_the_calendar(reader: FlaskClient) -> None:
    page = main_of(reader, "/browse/serials")
    found = links(page)
    assert found["清溪日报"] == "/resources/n"
    assert found["最新一期1951年11月1日"] == "/resources/n.195111"
    assert "year=1951" in found["按年月选择清溪日报"]
    assert re.search(r"1949—1951\s?年", page)
    assert "共 9 期" in page
    assert reader.get(found["按年月选择清溪日报"]).status_code == 200
    assert "清溪日报" not in main_of(reader, "/browse/serials?type=journal")
    assert reader.get("/browse/serials?type=book").status_code == 404


def test_related_says_why(reader: FlaskClient) -> None:
    page = main_of(reader, "/resources/a1")
    panel = page.split("相关资源")[1].split("</ul>")[0]
    lines = [re.sub(r"<[^>]+>", "|", part) for part in panel.split("<li>")[1:]]
    assert "呐喊（有声书）" in lines[0]
    assert "同一作品的其他版本" in lines[0]
    assert any("彷徨" in line and "同一作者：鲁迅" in line for line in lines)
    assert not any("|呐喊|" in line or "农家历书" in line for line in lines)
    near = main_of(reader, "/resources/n.194911").split("相关资源")
    assert len(near) == 1 or "清溪日报" not in near[1]


@pytest.mark.parametrize(
    "path", ["/browse/creators", "/browse/subjects", "/browse/times", "/creators/方小慧", "/subjects/童话"]
)
def test_children_see_only_what_is_theirs(reader: FlaskClient, path: str) -> None:
    set_display(reader, face="child")
    page = main_of(reader, path)
    assert not re.search("鲁迅|王维|农书社|短篇小说|农历", page)
    assert re.search("方小慧|童话|20[12]0", page)


def test_children_have_no_page_of_what_is_not_theirs(reader: FlaskClient) -> None:
    set_display(reader, face="child")
    assert reader.get("/creators/鲁迅").status_code == 303
    page = main_of(reader, "/resources/k1")
    assert "小种子" in page
    assert "同一作者：方小慧" in page


def test_withdrawn_resources_do_not_count(reader: FlaskClient, shelved: World) -> None:
    shelved.write(withdrawn=("a1", "w1", "w2"))
    assert links(main_of(reader, "/browse/creators"))["鲁迅3种"]
    assert titles(main_of(reader, "/creators/王维")) == ["呐喊（有声书）"]
    assert links(main_of(reader, "/browse"))["I文学5种"]
    assert "呐喊" not in titles(main_of(reader, "/subjects/短篇小说"))
    assert 'href="/resources/a1"' not in main_of(reader, "/resources/a3")


def test_lists_wait_while_search_is_made_and_shelves_go_on(reader: FlaskClient, shelved: World) -> None:
    (release,) = shelved.holdings.releases
    shelved.write(releases=(replace(release, search=Part("rebuilding", percent=40, seconds_left=90)),))
    for path in (
        "/browse/creators",
        "/browse/subjects",
        "/browse/times",
        "/browse/places",
        "/creators/鲁迅",
        "/subjects/唐诗",
    ):
        assert "检索正在准备" in main_of(reader, path, 503)
    assert links(main_of(reader, "/browse"))["I文学"]
    assert titles(main_of(reader, "/browse/list?clc=I2"))
    assert "清溪日报" in main_of(reader, "/browse/serials")
    assert reader.get("/resources/a1").status_code == 200


def test_what_is_shown_instead_says_why(reader: FlaskClient) -> None:
    assert "有“小说”的资源" in main_of(reader, "/search?q=鲁讯的小说&literal=1")
    assert "先看看新到的资源" in main_of(reader, "/search?q=滇剧锣鼓经全本&literal=1")


def test_classes_without_a_name_are_told_by_the_nearest_that_has_one(tmp_path: Path) -> None:
    names = [ClassName("clc", "I2", "中国文学")]
    with make_world(tmp_path, shelves(), names) as named:
        client = make_app(named).test_client()
        page = main_of(client, "/browse/list?clc=I")
        assert "文学类之下" in page
        assert "I2 中国文学" in page
        page = main_of(client, "/browse/list?clc=I22")
        assert "I22（中国文学类）" in page
        assert links(page)["I2中国文学"] == "/browse/list?clc=I2"
        assert "I222.742（中国文学类）" in main_of(client, "/resources/w1")
        assert "S11（农业科学类）" in main_of(client, "/resources/m001")


def test_nothing_found_offers_near_names_and_classes(reader: FlaskClient) -> None:
    found = links(main_of(reader, "/search?q=鲁讯的小说&literal=1"))
    assert found["主题：短篇小说"] == "/subjects/" + quote("短篇小说")
    assert found["文学"] == "/browse/list?clc=I"
    assert links(main_of(reader, "/search?q=王维维&literal=1"))["作者：王维"]
    set_display(reader, face="child")
    page = main_of(reader, "/search?q=童话大王的小说&literal=1")
    assert links(page)["主题：童话"]
    assert "短篇小说" not in page


def test_hits_lead_to_creators_and_serials_to_their_calendar(reader: FlaskClient) -> None:
    found = links(main_of(reader, "/search?q=域外小说集"))
    assert found["周作人著"] == "/creators/" + quote("周作人")
    found = links(main_of(reader, "/search?q=清溪日报"))
    assert reader.get(found["按年月选择"]).status_code == 200


def test_links_from_details_lead_to_creator_subject_and_class(reader: FlaskClient) -> None:
    found = links(main_of(reader, "/resources/w1"))
    assert found["（唐）王维撰"] == "/creators/" + quote("王维")
    assert found["唐诗"] == "/subjects/" + quote("唐诗")
    assert found["I222.742（文学类）"] == "/browse/list?clc=I222.742"
