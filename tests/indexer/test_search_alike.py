"""Words of like meaning: what a query is asked as too, and where what they find stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.model import Audience, PublicationDate, Resource
from indexer.search import Searcher, SearchRequest
from indexer.search_alike import MOST_ALSO, Alike, alike
from indexer.search_query import MAX_QUERY, parse
from indexer.thesaurus.table import made_of
from tests.indexer.shelf import make_searcher, resource

WORDS = made_of(
    [
        {
            "same": ["花卉 养花 园艺", "儿童 小孩 小儿", "血压高 高血压"],
            "leads": ["孙悟空 > 西游记", "课外书 > 少儿+读物", "多义 > 一一 二二 三三 四四 五五 六六 七七 八八"],
            "asks": ["吃什么 吃什么好 > 饮食 食疗", "怎么办 大全"],
            "before": ["种 > crops > 栽培 种植"],
            "nouns": {"crops": "西瓜"},
        }
    ]
)
HELD = {"水果": 50, "果汁": 9, "自制": 20}


def asked(text: str) -> list[str]:
    return [one.text for one in alike(text, WORDS, lambda pair: HELD.get(pair, 0))]


@pytest.mark.parametrize(
    ("typed", "as_too"),
    [
        ("养花", ["(养花 或 花卉 或 园艺)"]),
        ("養花", ["(养花 或 花卉 或 园艺)"]),
        ("孙悟空", ["(孙悟空 或 西游记)"]),
        ("西游记孙悟空", []),
        ("西游记孙悟空怎么办", ["西游记 孙悟空"]),
        ("西游记", []),
        ("种西瓜", ["(栽培 或 种植) 西瓜"]),
        ("糖尿病吃什么", ["糖尿病 (吃什么 或 饮食 或 食疗)", "糖尿病"]),
        (
            "小孩天天养花",
            ["(小孩 或 儿童 或 小儿) 天天 (养花 或 花卉 或 园艺)", "(小孩 或 儿童 或 小儿) (养花 或 花卉 或 园艺)"],
        ),
        ("养花书", ["(养花 或 花卉 或 园艺) 书"]),
        (
            "小孩养花书",
            ["(小孩 或 儿童 或 小儿) (养花 或 花卉 或 园艺) 书", "(小孩 或 儿童 或 小儿) (养花 或 花卉 或 园艺)"],
        ),
        ("小孩养花大全", ["(小孩 或 儿童 或 小儿) (养花 或 花卉 或 园艺)"]),
        ("养花的自制水果汁", ["(养花 或 花卉 或 园艺) 自制 水果汁"]),
        ("怎么办", []),
        ("孩子的课外书", ["孩子 (课外书 或 (少儿 读物))"]),
        ("养花 2019年第3期", ["(养花 或 花卉 或 园艺) 2019年第3期"]),
        ("大全", []),
        ("红楼梦", []),
        ("", []),
        ("  ", []),
        ("“养花”", []),
        ('"养花', []),
        ("题名:养花", []),
        ("养花 或 种草", []),
        ("养花 -盆景", []),
        ("养花 OR 盆景", []),
        ("978-7-101-12345-6", []),
    ],
)
def test_query_is_asked_in_words_of_like_meaning(typed: str, as_too: list[str]) -> None:
    assert asked(typed) == as_too


def test_words_of_one_piece_are_few() -> None:
    [one] = alike("多义", WORDS, lambda _: 0)
    assert len(one.words) == MOST_ALSO


PIECES = st.sampled_from(
    [*WORDS.entries, "种西瓜", "的", "人民", "python", "2019年第3期", "(", " ", "x" * 70],
)


@example("花卉儿童血压高0A㬐0期0Ł㬐0期多义")
@given(st.one_of(st.text(max_size=250), st.lists(PIECES, max_size=40).map("".join)))
def test_work_is_bounded_and_nothing_is_cut(text: str) -> None:
    found = list(alike(text, WORDS, lambda _: 3))
    assert len(found) <= 3
    for one in found:
        assert isinstance(one, Alike)
        assert len(one.text) <= MAX_QUERY
        assert one.query == parse(one.text)
        assert not one.query.cut
        assert one.query.asks
        assert one.typed


TITLES = {
    "a": "养花入门", "b": "家庭花卉", "c": "园艺杂志", "d": "花卉与养花", "e": "糖尿病饮食", "f": "糖尿病患者",
    "g": "西游记", "h": "红楼梦", "i": "西瓜栽培",
}  # fmt: skip


def shelf() -> list[Resource]:
    """What holds the words is only an entry of the catalogue; what is alike can be read."""
    dates = {"a": 1999, "b": 1950, "c": 2020, "d": 1980}
    return [
        resource(
            f"r{key}",
            title,
            readable=key not in {"a", "d"},
            date=PublicationDate(year_from=dates.get(key, 2000), year_to=dates.get(key, 2000)),
        )
        for key, title in TITLES.items()
    ]


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.search_instead.table", lambda: WORDS)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    records = shelf()
    return make_searcher(tmp_path_factory.mktemp("alike"), records[:3], records[3:])


def titles(searcher: Searcher, q: str, **more: object) -> list[str]:
    found = searcher.search(SearchRequest(q=q, mend="search", **more))  # type: ignore[arg-type]
    return [hit.resource.title for hit in found.hits]


@pytest.mark.parametrize("sort", ["relevance", "title", "year", "year_desc"])
def test_what_is_alike_stands_behind_what_holds_the_words(searcher: Searcher, sort: str) -> None:
    found = searcher.search(SearchRequest(q="养花", mend="search", sort=sort))
    assert (found.total, found.total_exact, found.alike) == (4, True, 2)
    order = [hit.resource.title for hit in found.hits]
    assert set(order[:2]) == {"养花入门", "花卉与养花"}
    assert set(order[2:]) == {"家庭花卉", "园艺杂志"}
    assert [hit.alike for hit in found.hits[:2]] == [None, None]
    assert {hit.resource.title: hit.alike for hit in found.hits[2:]} == {"家庭花卉": ("花卉",), "园艺杂志": ("园艺",)}
    if sort == "year":
        assert order == ["花卉与养花", "养花入门", "家庭花卉", "园艺杂志"]
    assert [title for page in (1, 2, 3, 4) for title in titles(searcher, "养花", sort=sort, size=1, page=page)] == order


def test_marks_are_of_the_words_that_found_it(searcher: Searcher) -> None:
    [hit] = [hit for hit in searcher.search(SearchRequest(q="养花", mend="search")).hits if hit.resource.id == "rb"]
    assert hit.marks == ((2, 4),)
    assert hit.why == "title"


def test_whole_query_in_other_words_comes_before_fewer_words(searcher: Searcher) -> None:
    assert titles(searcher, "糖尿病吃什么") == ["糖尿病饮食"]
    assert set(titles(searcher, "糖尿病怎么办")) == {"糖尿病患者", "糖尿病饮食"}
    assert titles(searcher, "孙悟空") == ["西游记"]
    assert titles(searcher, "种西瓜") == ["西瓜栽培"]


@pytest.mark.parametrize("mend", ["", "offer"])
def test_nothing_is_added_unless_it_is_wanted(searcher: Searcher, mend: str) -> None:
    found = searcher.search(SearchRequest(q="养花", mend=mend))
    assert (found.total, found.alike, found.alike_words) == (2, 0, ())
    assert searcher.search(SearchRequest(q="孙悟空", mend=mend)).total == 0


@pytest.mark.parametrize("typed", ["“养花”", "题名:养花", "养花 -盆景", "养花 或 盆景"])
def test_signs_are_taken_at_their_word(searcher: Searcher, typed: str) -> None:
    found = searcher.search(SearchRequest(q=typed, mend="search"))
    assert (found.total, found.alike) == (2, 0)


def test_less_than_was_typed_is_asked_only_where_nothing_holds_it(tmp_path: Path) -> None:
    searcher = make_searcher(tmp_path, [resource("r", "糖尿病吃什么"), resource("s", "糖尿病")])
    assert titles(searcher, "糖尿病吃什么") == ["糖尿病吃什么"]
    assert set(titles(searcher, "糖尿病吃什么好")) == {"糖尿病吃什么", "糖尿病"}
    assert searcher.search(SearchRequest(q="糖尿病怎么办", mend="search")).alike_words == ("糖尿病",)


def test_filters_and_facets_count_both(searcher: Searcher) -> None:
    found = searcher.search(SearchRequest(q="养花", mend="search", available="yes"))
    assert (found.total, found.alike) == (2, 2)
    assert dict(searcher.search(SearchRequest(q="养花", mend="search")).facets["available"])["yes"] == 2


def test_enough_that_holds_the_words_is_enough(tmp_path: Path) -> None:
    records = [resource(f"r{n:02d}", f"养花之{n}") for n in range(20)] + [resource("s", "花卉")]
    searcher = make_searcher(tmp_path, records)
    assert searcher.search(SearchRequest(q="养花", mend="search")).alike == 0
    assert searcher.search(SearchRequest(q="养花之3", mend="search")).total == 1


def test_children_are_shown_only_theirs(tmp_path: Path) -> None:
    records = [resource("r", "花卉"), resource("s", "园艺", audience=Audience("children"))]
    found = make_searcher(tmp_path, records).search(SearchRequest(q="养花", mend="search", face="child"))
    assert [hit.resource.id for hit in found.hits] == ["s"]


def test_more_than_can_be_compared_is_about_and_every_line_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.search.VERIFY_LIMIT", 30)
    records = [resource(f"r{n:03d}", "西游记" if n % 2 else "游记西游") for n in range(90)] + [resource("s", "孙悟空")]
    found = make_searcher(tmp_path, records).search(SearchRequest(q="孙悟空", mend="search"))
    assert (found.total_exact, found.total - found.alike) == (False, 1)
    assert [hit.resource.title for hit in found.hits[:3]] == ["孙悟空", "西游记", "西游记"]
    assert {hit.resource.title for hit in found.hits} == {"孙悟空", "西游记"}


def test_dear_words_are_not_searched(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.search_instead.ALIKE_POSTINGS", 1)
    found = searcher.search(SearchRequest(q="养花", mend="search"))
    assert (found.total, found.alike, found.too_broad) == (2, 0, False)
