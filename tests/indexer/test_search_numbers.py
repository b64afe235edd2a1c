"""Years of reigns, issues, volumes and identifiers are found however they are written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.model import Creator, Identifier, PublicationDate, RareBook
from indexer.search import Searcher, SearchRequest, SearchResult
from indexer.search_numbers import chinese_number, issue_in, meant_by, names_number
from indexer.text.numbers import parse_number
from tests.indexer.shelf import make_searcher, resource


def ask(searcher: Searcher, q: str) -> SearchResult:
    return searcher.search(SearchRequest(q=q))


def ids(result: SearchResult) -> list[str]:
    """All that matches; a line of several stands for the best of them."""
    found: set[str] = set()
    for hit in result.hits:
        within = hit.collapsed
        found |= {hit.resource.id} if within is None else {part.id for part in within.best}
    return sorted(found)


def dated(year: int, printed: str = "") -> PublicationDate:
    return PublicationDate(printed=printed, year_from=year, year_to=year, certainty="exact")


SHELF = [
    resource("b01", "地方志", date=dated(1897, "清光绪二十三年")),
    resource("b02", "县志", date=dated(1897, "1897")),
    resource("b03", "光緒廿三年奏折"),
    resource("b04", "府志", date=dated(1898, "清光绪二十四年")),
    resource(
        "b05", "光绪年间", date=PublicationDate(printed="清光绪间", year_from=1875, year_to=1908, certainty="about")
    ),
    resource("b06", "抗战", date=dated(1937, "民国26年")),
    resource("b07", "卢沟桥", date=dated(1937, "民国二十六年七月")),
    resource("b08", "字典", date=dated(1666, "清康熙五年")),
    resource("b09", "史记", date=dated(-220)),
    resource("j00", "读者", type="journal", level="serial", identifiers=(Identifier("issn", "1005-1805"),)),
    resource("j01", "读者", type="journal", level="issue", parent="j00", designation="2019年第3期", date=dated(2019)),
    resource("j02", "读者", type="journal", level="issue", parent="j00", designation="2019年第13期", date=dated(2019)),
    resource("j03", "2018年第三期", type="journal", level="issue", parent="j00", date=dated(2018)),
    resource("j04", "总第680期", type="journal", level="issue", parent="j00", date=dated(2019)),
    resource("j05", "2019年第十三期", type="journal", level="issue", parent="j00", date=dated(2019)),
    resource("n00", "Nature", type="journal", level="serial"),
    resource(
        "n01", "Nature", type="journal", level="issue", parent="n00", designation="Vol. 12, no. 3", date=dated(2001)
    ),
    resource("s00", "三国演义", level="set"),
    resource("s01", "三国演义", level="volume", parent="s00", designation="卷三"),
    resource("s02", "三国演义", level="volume", parent="s00", designation="第4卷"),
    resource("s03", "上册", level="volume", parent="s00"),
    resource("s04", "三国演义 三卷", creators=(Creator("罗贯中"),), description="存三卷，卷三十缺"),
    resource(
        "r01",
        "善本",
        identifiers=(Identifier("isbn", "9787101003048"), Identifier("cn", "CN11-1234/G2")),
        rare=RareBook(call_number="SB 善/123.4-5"),
        publisher="中华书局",
    ),
    resource("r02", "书号", identifiers=(Identifier("unified", "11017·1"), Identifier("issn", "1234-567X"))),
    resource("v01", "於戲𠀋", creators=(Creator("周树人", "著"),), description="羣眾說"),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    searcher = make_searcher(tmp_path_factory.mktemp("numbers"), SHELF)
    yield searcher
    searcher.close()


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("光绪二十三年", ["b01", "b02", "b03"]),
        ("光緒23年", ["b01", "b02", "b03"]),
        ("光绪二十三年 县志", ["b02"]),
        ("光绪二十三年奏折", ["b03"]),
        ("光绪廿三年奏折", ["b03"]),
        ("年:1897", ["b01", "b02", "b05"]),
        ("年:光绪", ["b01", "b02", "b04", "b05"]),
        ("年:1898-1940 -抗战", ["b04", "b05", "b07"]),
        ("民国二十六年", ["b06", "b07"]),
        ("民国26年 卢沟桥", ["b07"]),
        ("康熙五年", ["b08"]),
        ("公元前221年", ["b09"]),
        ("读者 2019年第3期", ["j01"]),
        ("《读者》2019年第3期", ["j01"]),
        ("读者2019年第三期", ["j01"]),
        ("读者 2019 3期", ["j01"]),
        ("读者 2018 第3期", ["j03"]),
        ("读者 2018年 no. 3", ["j03"]),
        ("读者 680期", ["j04"]),
        ("读者 2019年第680期", ["j04"]),
        ("读者 第13期", ["j02", "j05"]),
        ("读者 十三期", ["j02", "j05"]),
        ("Nature no. 3", ["n01"]),
        ("nature 第3期", ["n01"]),
        ("nature vol 12", ["n01"]),
        ("三国演义 第三卷", ["s01"]),
        ("三国演义 卷三", ["s01"]),
        ("三国演义 卷3", ["s01"]),
        ("三国演义卷四", ["s02"]),
        ("三国演义 上册", ["s03"]),
        ("三国演义 三卷", ["s01", "s04"]),
        ("978-7-101-00304-8", ["r01"]),
        ("978 7 101 00304 8", ["r01"]),
        ("7101003044", ["r01"]),
        ("ISBN 7-101-00304-4", ["r01"]),
        ("CN11-1234/G2", ["r01"]),
        ("CN 11-1234", ["r01"]),
        ("cn111234", ["r01"]),
        ("索书号:123.4-5", ["r01"]),
        ("出版:中华书局", ["r01"]),
        ("题名:中华书局", []),
        ("1234567x", ["r02"]),
        ("1234-567X", ["r02"]),
        ("issn 1234-567x", ["r02"]),
        ("11017·1", ["r02"]),
        ("11017.1", ["r02"]),
        ("于戏", ["v01"]),
        ("於戲𠀋", ["v01"]),
        ("群众说", ["v01"]),
    ],
)
def test_search_numbers_find_exactly(shelf: Searcher, q: str, found: list[str]) -> None:
    result = ask(shelf, q)
    assert (ids(result), result.total_exact) == (found, True)


def test_search_written_years_come_before_years_alone(shelf: Searcher) -> None:
    assert {hit.resource.id for hit in ask(shelf, "光绪二十三年").hits[:2]} == {"b01", "b03"}


@pytest.mark.parametrize("number", [*range(130), 680, 999, 1000, 1005, 1050, 1500, 9999])
def test_chinese_number_reads_back(number: int) -> None:
    assert parse_number(chinese_number(number)) == number


@pytest.mark.parametrize(
    "text", ["三国演义", "一千零一夜", "二十世纪", "第三集团军", "三期工程", "2019年3人", "八卷楼"]
)
def test_words_that_are_no_numbers_stay_words(text: str) -> None:
    assert meant_by(text) is None
    assert not issue_in(text)


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("随笔数百卷", False),
        ("查氏族人十四卷", False),
        ("红楼梦第二卷", True),
        ("读者第3期", True),
        ("民国二十六年", True),
    ],
)
def test_how_many_volumes_there_are_names_no_number(word, names):
    assert names_number(word) is names
