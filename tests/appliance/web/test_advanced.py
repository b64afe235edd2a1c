"""The advanced form: an ordinary address from its fields, and its fields from an address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.web.advanced_query import FIELDS, fields_of, query_of
from appliance.web.query import parse_year
from tests.appliance.web.holding import make_app, make_world
from tests.appliance.web.searching import books

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    with make_world(tmp_path_factory.mktemp("searching"), books()) as world:
        yield make_app(world).test_client()


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({}, ""),
        ({"words": " 春江  花月 "}, "春江 花月"),
        ({"title": "红楼梦", "creator": "曹雪芹"}, "title:红楼梦 creator:曹雪芹"),
        ({"title": "红楼 研究"}, "title:红楼 title:研究"),
        ({"title": "“红楼 研究” 一"}, 'title:"红楼 研究" title:一'),
        ({"title": "NOT", "subject": "作者:x"}, 'title:"NOT" subject:"作者:x"'),
        ({"identifier": "978-7-101-00304-8"}, "identifier:978-7-101-00304-8"),
        ({"title": '"', "creator": "-x"}, 'creator:"-x"'),
        ({"text": "春江", "title": "a|b"}, 'title:"a|b" text:春江'),
        ({"words": "李白 OR 杜甫", "title": "诗"}, "(李白 OR 杜甫) title:诗"),
    ],
)
def test_query_of_puts_every_word_into_its_field(fields: dict[str, str], query: str) -> None:
    assert query_of(fields) == query


def test_fields_of_alternatives_stand_without_their_brackets() -> None:
    assert fields_of("(李白 OR 杜甫) title:诗") == {"words": "李白 OR 杜甫", "title": "诗"}


def test_fields_of_fill_the_form_again() -> None:
    query = '清风 title:明月 title:"江上 清风" creator:苏轼 isbn:123'
    assert fields_of(query) == {"words": "清风 isbn:123", "title": "明月 “江上 清风”", "creator": "苏轼"}


@given(st.dictionaries(st.sampled_from(FIELDS), st.text('红楼梦 "“”:：ab-()NOT', max_size=20)))
def test_a_form_that_is_opened_again_asks_the_same(fields: dict[str, str]) -> None:
    query = query_of(fields)
    again = fields_of(query)
    assert again.pop("words") == ""
    assert sorted(query_of(again).split(" ")) == sorted(query.split(" "))


@pytest.mark.parametrize(("text", "years"), [("1900..", (1900, None)), ("..-5", (None, -5))])
def test_years_may_be_open_at_one_end(text: str, years: tuple[int | None, int | None]) -> None:
    assert parse_year(text) == years


def sent(client: FlaskClient, **fields: object) -> str:
    answer = client.get("/search/advanced", query_string={**fields, "go": "1"})
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_a_form_that_is_sent_leads_to_an_ordinary_address(client: FlaskClient) -> None:
    fields = {"title": "明月", "creator": "苏轼", "type": ["book", "audio"], "clc": "I2", "year_from": "1990",
              "year_to": "1930", "audience": "general", "language": "zh-Hans", "available": "yes", "dynasty": "宋",
              "words": "", "download": ""}  # fmt: skip
    url = sent(client, **fields)
    assert urlsplit(url).path == "/search"
    assert parse_qs(urlsplit(url).query) == {
        "q": ["title:明月 creator:苏轼"], "type": ["book", "audio"], "clc": ["I2"], "year": ["1930-1990"],
        "audience": ["general"], "language": ["zh-Hans"], "available": ["yes"], "dynasty": ["宋"],
    }  # fmt: skip
    page = client.get(url).get_data(as_text=True)
    assert int(re.findall(r"检索结果 (\d+) 条", page)[0]) > 0
    assert "1930—1990年" in page.replace(" ", "")


def test_one_end_of_the_years_is_enough(client: FlaskClient) -> None:
    page = client.get(sent(client, year_from="1990")).get_data(as_text=True)
    assert "检索结果 5 条" in page
    assert "1990年起" in page.replace(" ", "")
    assert "到1924年止" in client.get(sent(client, year_to="1924")).get_data(as_text=True).replace(" ", "")


def test_the_form_is_filled_with_the_search_it_was_opened_from(client: FlaskClient) -> None:
    page = client.get("/search?q=title:明月 江&type=book&clc=I242&year=1920-1990&place=330000").get_data(as_text=True)
    [address] = re.findall(r'class="find-more"><a href="([^"]+)"', page)
    form = client.get(address.replace("&amp;", "&")).get_data(as_text=True)
    values = dict(re.findall(r'name="(\w+)" value="([^"]*)" (?:maxlength|inputmode)', form))
    assert values == {"words": "江", "title": "明月", "creator": "", "subject": "", "identifier": "", "text": "",
                      "year_from": "1920", "year_to": "1990"}  # fmt: skip
    assert re.findall(r'value="(\w+)" checked', form) == ["book"]
    assert re.findall(r'value="(\w+)" selected', form) == ["I242"]
    assert '<input type="hidden" name="place" value="330000">' in form


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "请至少写一项"),
        ({"title": "“”"}, "请至少写一项"),
        ({"year_from": "去年", "title": "明月"}, "年份请写数字"),
        ({"title": "字" * 150, "creator": "名" * 100}, "写得太长了"),
        ({"type": "novel", "title": "明月"}, "有一项没有看懂"),
    ],
)
def test_a_form_that_cannot_be_answered_comes_back_with_a_sentence(
    client: FlaskClient, fields: dict[str, str], said: str
) -> None:
    answer = client.get("/search/advanced", query_string={**fields, "go": "1"})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, said in page) == (200, True)
    assert all(value in page for value in fields.values() if value not in {"novel", "“”"})


def test_an_address_that_is_none_opens_an_empty_form(client: FlaskClient) -> None:
    page = client.get("/search/advanced?dynasty=<b>&type=novel").get_data(as_text=True)
    assert "<b>" not in page
    assert "checked" not in page
