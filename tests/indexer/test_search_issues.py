"""An issue that nobody holds is not answered with others' issues; works of a title come before their author's."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.model import Creator, PublicationDate, Resource
from indexer.search import Searcher, SearchRequest, SearchResult
from indexer.search_inside import Inside
from indexer.search_issues import in_titles
from indexer.search_numbers import serial_in
from indexer.search_query import parse
from tests.indexer.shelf import make_searcher, resource

_NOTE = "本期要目：写给普通读者的通信。"


def _serial(name: str, number: int, *issues: str) -> list[Resource]:
    parent = resource(f"s{number}", name, type="journal", level="serial", readable=False)
    return [
        parent,
        *(
            resource(
                f"s{number}.{at:02d}", f"《{name}》{issue}", type="journal", level="issue", parent=parent.id,
                date=PublicationDate(year_from=int(issue[:4]), year_to=int(issue[:4])),
            )
            for at, issue in enumerate(issues)
        ),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    other = resource(
        "o1", "《江城文学》2019年第3期", type="journal", level="issue", description=_NOTE,
        date=PublicationDate(year_from=2019, year_to=2019),
    )  # fmt: skip
    paper = resource("o2", "人民与日报", description="1976年1月9日")
    records = [
        *_serial("读者", 1, "2018年第3期", "2019年第4期"),
        *_serial("知音", 2, "2001年第1期"),
        other,
        paper,
        resource("p1", "桃花源记", creators=(Creator("陶渊明"),)),
        *(resource(f"p2{n}", f"饮酒 其{n}", creators=(Creator("陶渊明"),)) for n in range(8)),
        resource("p3", "桃花源诗", creators=(Creator("王安石"),)),
    ]
    return make_searcher(tmp_path_factory.mktemp("issues"), records)


def _asked(searcher: Searcher, query: str, mend: str = "search") -> SearchResult:
    return searcher.search(SearchRequest(q=query, mend=mend))


@pytest.mark.parametrize(
    "query", ["《读者》2019年第3期", "读者2019年第3期", "读者 2019 第3期", "《读者》 2019年3期", "讀者二〇一九年第三期"]
)
def test_other_issues_of_the_serial_stand_for_one_that_nobody_holds(searcher: Searcher, query: str) -> None:
    assert _asked(searcher, query, "offer").total == 1, "what holds the words somewhere is found as it is typed"
    result = _asked(searcher, query)
    assert (result.corrected, result.suggestion.replace("讀", "读")) == (True, "读者")
    assert result.hits[0].resource.title == "读者"
    assert result.hits[0].collapsed is not None
    assert result.hits[0].collapsed.count == 2


@pytest.mark.parametrize("query", ["《青春》2019年第3期", "《人民日报》1976年1月9日", "《普通读者》2019年第3期"])
def test_nothing_stands_for_an_issue_of_a_serial_that_nobody_holds(searcher: Searcher, query: str) -> None:
    result = _asked(searcher, query)
    assert (result.total, result.suggestion, result.corrected) == (0, "", False)


@pytest.mark.parametrize("query", ["《读者》2018年第3期", "读者 2019年4期", "《江城文学》2019年第3期"])
def test_an_issue_that_is_held_is_found(searcher: Searcher, query: str) -> None:
    result = _asked(searcher, query)
    assert (result.total, result.corrected) == (1, False)


def test_texts_that_hold_the_issue_stand_where_no_title_does(searcher: Searcher) -> None:
    import numpy as np

    row = next(n for n in range(20) if searcher.records([(0, n)])[0].id == "p3")
    inside = Inside(np.array([row], "u4"), np.array([2.0], "f4"), np.array([0], "u4"))
    result = searcher.search(SearchRequest(q="《读者》2019年第3期", mend="search"), (), [inside])
    assert [hit.resource.id for hit in result.hits] == ["p3"]
    assert (result.suggestion, result.corrected) == ("读者", False)


@pytest.mark.parametrize(
    ("query", "serial"),
    [
        ("《读者》2019年第3期", "读者"), ("读者 第3期", "读者"), ("新青年第一卷第三期", "新青年"),
        ("Nature no.3", "Nature"),
        ("《人民日报》1976年1月9日", "人民日报"), ("《新闻周刊》总第12期", "新闻周刊"),
        ("人民日报1976年1月9日", ""), ("七七事变 1937年7月7日", ""), ("《史记》卷八", ""), ("红楼梦第三回", ""),
        ("第3期", ""),
        ("2019年第3期", ""), ("光绪二十三年第3期", ""), ("抗战时期", ""), ("三年级语文上册", ""), ("", ""),
        ("《》第3期", ""),
        ("《读者" * 40 + "第3期", ""),
    ],
)  # fmt: skip
def test_a_question_for_an_issue_names_its_serial(query: str, serial: str) -> None:
    assert serial_in(query) == serial


def test_a_name_that_is_no_part_of_the_query_by_itself_is_not_looked_for_in_titles() -> None:
    assert in_titles(parse("青年读者2019年第3期"), "读者") is None
    assert in_titles(parse("读者2019年第3期"), "读者") is not None


def test_works_of_the_title_come_before_others_of_the_author_that_it_leads_to(searcher: Searcher) -> None:
    titles = [hit.resource.title for hit in _asked(searcher, "桃花源记").hits]
    assert titles[0] == "桃花源记"
    assert titles[1] == "桃花源诗"
    assert len(titles) == 10


def test_nothing_is_lost_beside(tmp_path: Path) -> None:
    searcher = make_searcher(tmp_path, [resource("a", "第3期读本"), resource("b", "读本 三年级")])
    assert _asked(searcher, "读本 三年级").total == 1
