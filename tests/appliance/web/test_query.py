"""Search parameters: what is offered passes, everything else is refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.web.query import facet_value, parse_address, parse_year
from indexer.errors import QueryError


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("", (None, None)),
        ("1999", (1999, 1999)),
        ("1900-1949", (1900, 1949)),
        ("-551--479", (-551, -479)),
        ("0", (0, 0)),
    ],
)
def test_parse_year_takes_a_year_or_years(text: str, years: tuple[int | None, int | None]) -> None:
    assert parse_year(text) == years


@pytest.mark.parametrize("text", ["19x9", "1949-1900", "1900-", "12345", "１９９９", "1900-1949-1950", " 1999"])
def test_parse_year_refuses_anything_else(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_year(text)
    assert caught.value.field == "year"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "novel"), ("clc", "i2"), ("clc", "I 2"), ("language", "zh_CN"), ("language", "x" * 70),
        ("available", "maybe"), ("sort", "size"), ("page", "0"), ("page", "-1"), ("page", "x"), ("page", "٣"),
        ("page", "99999999"), ("year", "x"), ("q", "字" * 201),
    ],
)  # fmt: skip
def test_parse_address_refuses_by_name(name: str, value: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_address({name: value})
    assert caught.value.field == name


def test_parse_address_keeps_what_is_offered() -> None:
    given = {"q": " 红楼  梦 ", "type": "book", "clc": "I242", "year": "1900-1949", "language": "zh-Hans",
             "available": "yes", "sort": "year", "page": "2"}  # fmt: skip
    asked = parse_address(given).request("standard")
    assert (asked.q, asked.type, asked.clc, asked.year_from, asked.year_to) == ("红楼 梦", "book", "I242", 1900, 1949)
    assert (asked.language, asked.available, asked.sort, asked.page, asked.size) == ("zh-Hans", "yes", "year", 2, 20)
    asked.check()


def test_facet_value_of_years_is_a_parameter() -> None:
    assert parse_year(facet_value("year", "1930..1939")) == (1930, 1939)
    assert parse_year(facet_value("year", "-560..-551")) == (-560, -551)
    assert facet_value("type", "a..b") == "a..b"


@given(
    st.dictionaries(
        st.sampled_from(["q", "type", "clc", "year", "language", "available", "sort", "page"]), st.text(max_size=30)
    )
)
def test_parse_address_any_text_is_taken_or_refused(given: dict[str, str]) -> None:
    refused = ""
    try:
        parse_address(given).request("standard").check()
    except QueryError as error:
        refused = error.field
    assert refused in {*given, ""}
