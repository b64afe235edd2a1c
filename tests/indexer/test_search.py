from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import IndexFormatError, QueryError
from indexer.model import Access, Audience, ClassCode, Creator, Identifier, PublicationDate
from indexer.schema import sort_key
from indexer.search import Hit, Part, Searcher, SearchRequest, SearchResult
from indexer.search_query import MAX_QUERY, MAX_TERMS, parse
from tests.indexer.shelf import generated, make_part, make_searcher, resource


def ids(result: SearchResult) -> list[str]:
    return [hit.resource.id for hit in result.hits]


def ask(searcher: Searcher, q: str = "", **members: object) -> SearchResult:
    return searcher.search(SearchRequest(q=q, **members))  # type: ignore[arg-type]


SHELF = [
    resource("a01", "红楼梦", creators=(Creator("曹雪芹", "著", "清"),), classes=(ClassCode("clc", "I242.4"),)),
    resource(
        "a02",
        "紅樓夢研究 第3期",
        type="journal",
        identifiers=(Identifier("issn", "1000-8608"),),
        date=PublicationDate(year_from=1954, year_to=1954),
    ),
    resource("a03", "人民人", language=("zh-Hans",), classes=(ClassCode("clc", "D6"),)),
    resource("a04", "民人与人民", language=("zh-Hant",), description="北京的start，名为ABC；紅樓夢中人"),
    resource("a05", "红楼梦", readable=False),
    resource(
        "a06",
        "儿童故事 1949-1999",
        audience=Audience("children", 6, 9),
        date=PublicationDate(year_from=1988, year_to=1995),
    ),
    resource(
        "a07", "艺术 art 2019年3月", identifiers=(Identifier("isbn", "9787101003048"),), subjects=("绘画", "红色")
    ),
    resource("a08", "保密", access=Access(scope="someday"), description="红楼梦"),
    resource("a09", "论𠀋𠀌字", creators=(Creator("Émile Zola"),), language=("fr",)),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    searcher = make_searcher(tmp_path_factory.mktemp("shelf"), SHELF)
    yield searcher
    searcher.close()


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("红楼梦", ["a01", "a02", "a04", "a05", "a08"]),
        ("紅樓", ["a01", "a02", "a04", "a05", "a08"]),
        ("《红楼梦》", ["a01", "a02", "a04", "a05", "a08"]),
        ("人民人", ["a03"]),
        ("人民", ["a03", "a04"]),
        ("人", ["a03", "a04"]),
        ("京", ["a04"]),
        ("曹雪芹", ["a01"]),
        ("曹雪芹 红楼", ["a01"]),
        ("作者:曹雪芹", ["a01"]),
        ("author：曹雪芹", ["a01"]),
        ("creator:红楼梦", []),
        ("题名:红楼梦", ["a01", "a02", "a05"]),
        ('title:"红楼梦研究"', ["a02"]),
        ("主题:红色", ["a07"]),
        ("isbn:978-7-101-00304-8", ["a07"]),
        ("978-7-101-00304-8", ["a07"]),
        ("9787101003048", ["a07"]),
        ("7-101-00304-4", ["a07"]),
        ("isbn:7101003044", ["a07"]),
        ("1000-8608", ["a02"]),
        ("issn:10008608", ["a02"]),
        ("1949-1999", ["a06"]),
        ("3期", ["a02"]),
        ("第3期", ["a02"]),
        ("3月", ["a07"]),
        ("2019年3月", ["a07"]),
        ("art", ["a04", "a07"]),
        ("ART", ["a04", "a07"]),
        ("star", ["a04"]),
        ("tar", ["a04"]),
        ("tarte", []),
        ("019年3", ["a07"]),
        ("mile Zo", ["a09"]),
        ("作者:mil", ["a09"]),
        ("题名:mil", []),
        ("术 ar", ["a07"]),
        ("字 qqq", []),
        ("start", ["a04"]),
        ("abc", ["a04"]),
        ("emile", ["a09"]),
        ("𠀋𠀌", ["a09"]),
        ("𠀌", ["a09"]),
        ('"艺术 art"', ["a07"]),
        ('"art 艺术"', []),
        ("art 艺术", ["a07"]),
        ("没有这个词", []),
        ("！？…", []),
        ("红楼梦 没有", []),
    ],
)
def test_search_finds_exactly(shelf: Searcher, q: str, found: list[str]) -> None:
    result = ask(shelf, q)
    assert sorted(ids(result)) == found
    assert (result.total, result.total_exact) == (len(found), True)


def test_search_whole_words_come_before_parts_of_words(shelf: Searcher) -> None:
    assert ids(ask(shelf, "art")) == ["a07", "a04"]


def test_search_readable_come_first_then_whole_titles(shelf: Searcher) -> None:
    found = ids(ask(shelf, "红楼梦"))
    assert found[0] == "a01"
    assert set(found[-2:]) == {"a05", "a08"}
    assert found[-2] == "a05"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"type": "journal"}, ["a02"]),
        ({"clc": "I"}, ["a01"]),
        ({"clc": "i242"}, ["a01"]),
        ({"clc": "I243"}, []),
        ({"language": "zh"}, ["a03", "a04"]),
        ({"language": "zh-Hant"}, ["a04"]),
        ({"language": "z"}, []),
        ({"year_from": 1950, "year_to": 1960}, ["a02"]),
        ({"year_from": 1990}, ["a06"]),
        ({"year_to": 1990}, ["a02", "a06"]),
        ({"year_from": 1996}, []),
        ({"face": "child"}, ["a06"]),
        ({"available": "no"}, ["a05", "a08"]),
        ({"available": "yes", "type": "journal"}, ["a02"]),
        ({"available": "no", "type": "journal"}, []),
    ],
)
def test_search_filters_alone_browse(shelf: Searcher, filters: dict[str, object], found: list[str]) -> None:
    result = ask(shelf, **filters)
    assert sorted(ids(result)) == found
    assert result.total == len(found)


def test_search_empty_query_shows_everything(shelf: Searcher) -> None:
    assert ask(shelf).total == ask(shelf, "  ").total == len(SHELF)


@pytest.mark.parametrize(
    "members",
    [
        {"type": "poem"},
        {"available": "maybe"},
        {"sort": "best"},
        {"face": "adult"},
        {"page": 0},
        {"page": 10_001},
        {"size": 0},
        {"size": 101},
        {"clc": "I" * 65},
        {"language": "z" * 65},
        {"year_from": 10_000},
        {"year_to": -(10**12)},
    ],
)
def test_search_bad_value_is_a_query_error_naming_it(shelf: Searcher, members: dict[str, object]) -> None:
    with pytest.raises(QueryError) as caught:
        ask(shelf, **members)
    assert caught.value.field == next(iter(members))


def test_search_facets_count_without_their_own_filter(shelf: Searcher) -> None:
    facets = ask(shelf, "红楼梦", type="journal").facets
    assert dict(facets["type"]) == {"book": 4, "journal": 1}
    assert facets["available"] == (("yes", 1),)
    assert facets["year"] == (("1954", 1),)
    assert dict(ask(shelf).facets["clc"]) == {"I": 1, "D": 1}
    assert dict(ask(shelf).facets["language"]) == {"zh": 2, "zh-Hans": 1, "zh-Hant": 1, "fr": 1}
    assert dict(ask(shelf).facets["dynasty"]) == {"清": 1, "当代": 2}


def test_search_year_facet_counts_overlaps_by_year_decade_or_century(tmp_path: Path) -> None:
    spans = [(1988, 1995), (1994, 1994), (1950, 1950), (-551, -479), (618, 907)]
    records = [
        resource(f"r{n}", "书", date=PublicationDate(year_from=first, year_to=last))
        for n, (first, last) in enumerate(spans)
    ]
    searcher = make_searcher(tmp_path, records)
    centuries = dict(ask(searcher).facets["year"])
    assert centuries["1900..1999"] == 3
    assert [centuries[f"{year}..{year + 99}"] for year in (600, 700, 800, 900, -500, -600)] == [1] * 6
    assert "0..99" not in centuries
    decades = ask(searcher, year_from=1900, year_to=1999).facets["year"]
    assert decades == (("1990..1999", 2), ("1980..1989", 1), ("1950..1959", 1))
    years = ask(searcher, year_from=1990, year_to=1999).facets["year"]
    assert years == (("1995", 1), ("1994", 2), ("1993", 1), ("1992", 1), ("1991", 1), ("1990", 1))
    for value, count in (*decades, *centuries.items(), *years):
        first, _, last = value.partition("..")
        asked = ask(searcher, year_from=int(first), year_to=int(last or first))
        assert (value, asked.total) == (value, count)


def test_search_sorts_by_year_with_unknown_last(shelf: Searcher) -> None:
    assert ids(ask(shelf, sort="year"))[:2] == ["a02", "a06"]
    assert ids(ask(shelf, sort="year_desc"))[:2] == ["a06", "a02"]
    assert ids(ask(shelf, sort="year"))[2] == "a01"


def test_search_sorts_by_title(shelf: Searcher) -> None:
    found = [sort_key(hit.resource) for hit in ask(shelf, sort="title").hits]
    assert found == sorted(found)


def test_search_pages_follow_each_other_without_gap(shelf: Searcher) -> None:
    for sort in ("relevance", "year", "year_desc", "title"):
        whole = ids(ask(shelf, sort=sort))
        paged = [one for page in range(1, 6) for one in ids(ask(shelf, sort=sort, size=2, page=page))]
        assert paged == whole
        assert ids(ask(shelf, sort=sort, page=9)) == []


def first_hit(searcher: Searcher, q: str) -> Hit:
    return ask(searcher, q).hits[0]


@pytest.mark.parametrize(
    ("q", "why"),
    [
        ("红楼梦", "title"),
        ("曹雪芹", "creator"),
        ("绘画", "subject"),
        ("9787101003048", "identifier"),
        ("北京", "text"),
    ],
)
def test_search_why_names_the_section(shelf: Searcher, q: str, why: str) -> None:
    assert first_hit(shelf, q).why == why


@pytest.mark.parametrize(
    ("q", "marked"),
    [
        ("紅樓", ["红楼"]),
        ("第3期", ["第3期"]),
        ("红楼梦 研究", ["紅樓夢研究"]),
        ("夢 期", ["夢", "期"]),
        ("作者:研究", []),
    ],
)
def test_search_marks_stand_in_the_original_title(shelf: Searcher, q: str, marked: list[str]) -> None:
    for hit in ask(shelf, q).hits:
        if hit.resource.id in {"a01", "a02"} and hit.why == "title" and marked[0] in hit.resource.title:
            assert [hit.resource.title[start:end] for start, end in hit.marks] == marked


def test_search_snippet_shows_the_place_in_the_description(shelf: Searcher) -> None:
    hit = first_hit(shelf, "红楼梦中人")
    assert hit.why == "text"
    assert [hit.snippet[start:end] for start, end in hit.snippet_marks] == ["紅樓夢中人"]
    assert hit.marks == ()


def test_search_empty_query_has_no_reason(shelf: Searcher) -> None:
    assert ask(shelf).hits[0].why == ""


def test_search_several_parts_score_and_count_as_one(tmp_path: Path) -> None:
    records = generated(400, seed=11)
    one = make_searcher(tmp_path / "one", records)
    many = make_searcher(tmp_path / "many", records[:250], records[250:390], records[390:])
    for q in ("人民", "红楼梦", "曹雪芹 abc", "", "3月", "人"):
        for sort in ("relevance", "year", "title"):
            left, right = ask(one, q, sort=sort, size=50), ask(many, q, sort=sort, size=50)
            assert (left.total, left.facets) == (right.total, right.facets)
            if sort == "title":
                assert [sort_key(h.resource) for h in left.hits] == [sort_key(h.resource) for h in right.hits]
    # Equal scores may stand in another order, so compare what decides the order.
    assert sorted(ids(ask(one, "水稻 种植"))) == sorted(ids(ask(many, "水稻 种植")))


def test_search_hidden_rows_are_neither_shown_nor_counted(tmp_path: Path) -> None:
    records = [resource(f"r{n}", "人民") for n in range(10)]
    part = make_part(tmp_path, records, hidden=frozenset({0, 3, 99}))
    searcher = Searcher([part])
    for q in ("人民", ""):
        result = ask(searcher, q)
        assert result.total == 8
        assert not {"r0", "r3"} & set(ids(result))
        assert result.facets["type"] == (("book", 8),)


def test_search_no_parts_finds_nothing() -> None:
    assert ask(Searcher([]), "人民").total == 0


def test_search_empty_index_finds_nothing(tmp_path: Path) -> None:
    searcher = make_searcher(tmp_path, [])
    assert ask(searcher).total == ask(searcher, "人民", sort="title").total == 0


def test_search_closed_searcher_finds_nothing(tmp_path: Path) -> None:
    searcher = make_searcher(tmp_path, [resource("a", "人民")])
    searcher.close()
    searcher.close()
    assert ask(searcher, "人民").total == 0


def test_search_missing_index_is_refused(tmp_path: Path) -> None:
    part = make_part(tmp_path, [resource("a", "人民")])
    with pytest.raises(IndexFormatError):
        Searcher([part, Part(tmp_path / "none", part.catalogue)])


@settings(max_examples=300, deadline=None)
@given(q=st.text(max_size=260))
def test_search_any_text_never_raises(shelf: Searcher, q: str) -> None:
    result = ask(shelf, q)
    assert result.total >= len(result.hits)
    for hit in result.hits:
        assert all(0 <= start < end <= len(hit.resource.title) for start, end in hit.marks)
        assert all(0 <= start < end <= len(hit.snippet) for start, end in hit.snippet_marks)


SYNTAX = st.text(st.sampled_from("人民红楼梦ab3月 \"“”:：-|()*title作者isbn\ud800\x00'%"), max_size=60)


@settings(max_examples=300, deadline=None)
@given(q=SYNTAX)
def test_search_any_syntax_never_raises(shelf: Searcher, q: str) -> None:
    ask(shelf, q)


@given(q=st.text(max_size=2000))
def test_parse_any_text_is_bounded(q: str) -> None:
    query = parse(q)
    assert sum(len(condition.terms) for condition in query.conditions) <= MAX_TERMS
    assert all(len(condition.text) <= 4 * MAX_QUERY + 64 for condition in query.conditions)


def test_parse_long_query_is_cut() -> None:
    assert parse("人" * 100 + " " * MAX_QUERY + "民") == parse("人" * 100)
