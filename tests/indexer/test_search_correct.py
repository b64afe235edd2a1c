"""What a query that finds nothing may have meant: the nearest text that this reader can find, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.model import Audience, Creator
from indexer.search import Searcher, SearchRequest, SearchResult
from indexer.search_correct import BUDGET, Corrections, words_of
from indexer.text.near_sounds import BESIDE, distance, near_spellings, near_syllables
from tests.indexer.shelf import make_part, make_searcher, resource

CHILDREN = Audience("children")
SHELF = [
    resource("a1", "红楼梦", creators=(Creator("曹雪芹"),)),
    resource("a2", "红楼梦研究", creators=(Creator("俞平伯"),)),
    resource("a3", "呐喊", creators=(Creator("鲁迅"),), subjects=("现代小说",)),
    resource("a4", "The Shakespeare Handbook", language=("en",)),
    resource("a5", "西游记"),
    resource("a6", "科学技术史"),
    resource("b1", "小红帽", audience=CHILDREN),
    resource("c1", "废艺斋集稿"),
    resource("d1", "安娜·卡列尼娜"),
    resource("d2", "民国六十年记事"),
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    made = make_searcher(tmp_path_factory.mktemp("correct"), SHELF[:4], SHELF[4:])
    yield made
    made.close()


def ask(searcher: Searcher, q: str, mend: str = "search", **members: object) -> SearchResult:
    return searcher.search(SearchRequest(q=q, mend=mend, **members))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("红楼孟", "红楼梦"),
        ("鲁讯", "鲁迅"),
        ("虹楼梦", "红楼梦"),
        ("红漏梦", "红楼梦"),
        ("废义斋", "废艺斋"),
        ("西游纪", "西游记"),
        ("西游计", "西游记"),
        ("曹学芹", "曹雪芹"),
        ("西记游", "西游记"),
        ("科学计术", "科学技术"),
        ("红楼楼梦", "红楼梦"),
        ("hongluomeng", "红楼梦"),
        ("hongloumemg", "红楼梦"),
        ("shakespaere", "shakespeare"),
        ("hanbdook", "handbook"),
        ("红楼孟 俞平伯", "红楼梦 俞平伯"),
        ("安娜卡列尼娜", "安娜 卡列尼娜"),
    ],
)
def test_the_nearest_is_searched_where_the_query_finds_nothing(searcher: Searcher, typed: str, meant: str) -> None:
    result = ask(searcher, typed)
    assert (result.suggestion, result.corrected) == (meant, True)
    assert result.total == ask(searcher, meant, "").total > 0


@pytest.mark.parametrize(
    "typed", ["天体物理", "xqzwvk", "人", "？？", "", "a", "title:红楼孟", '"红楼孟"', "1234567", "民国十六年"]
)
def test_nothing_is_made_up(searcher: Searcher, typed: str) -> None:
    result = ask(searcher, typed)
    assert (result.suggestion, result.corrected) == ("", False)


def test_it_is_only_said_when_asked_so_and_not_at_all_by_itself(searcher: Searcher) -> None:
    offered = ask(searcher, "红楼孟", "offer")
    assert (offered.total, offered.suggestion, offered.corrected) == (0, "红楼梦", False)
    assert ask(searcher, "红楼孟", "").suggestion == ""


def test_what_stands_so_in_a_record_is_meant_so_however_rare(searcher: Searcher) -> None:
    result = ask(searcher, "废艺斋集稿")
    assert (result.total, result.suggestion) == (1, "")


def test_a_filter_that_leaves_nothing_is_no_misspelling(searcher: Searcher) -> None:
    result = ask(searcher, "红楼梦", type="audio")
    assert (result.total, result.suggestion) == (0, "")


def test_children_are_offered_only_what_they_can_find(searcher: Searcher) -> None:
    assert ask(searcher, "红楼孟", face="child").suggestion == ""
    assert ask(searcher, "小红冒", face="child").suggestion == "小红帽"


def test_what_is_withdrawn_is_not_offered(tmp_path: Path) -> None:
    searcher = Searcher([make_part(tmp_path, [resource("a", "红楼梦")], hidden=frozenset({0}))])
    assert ask(searcher, "红楼孟").suggestion == ""
    searcher.close()


def test_few_are_offered_something_that_finds_many_more(tmp_path: Path) -> None:
    shelf = [resource(f"a{n}", f"明月集 {n}") for n in range(12)] + [resource("b", "随笔：名月集评")]
    searcher = make_searcher(tmp_path, shelf)
    result = ask(searcher, "名月集")
    assert (result.total, result.suggestion, result.corrected) == (1, "明月集", False)
    searcher.close()


def test_work_ends_with_its_budget(searcher: Searcher) -> None:
    search = Corrections(searcher._parts, child=False, seconds=0)
    assert search.spent
    assert set(search.of("红楼孟")) <= {"楼红孟", "红孟楼", "红楼", "红孟", "楼孟"}
    assert BUDGET <= 0.02


@settings(max_examples=60, deadline=None)
@given(typed=st.text(st.sampled_from("红楼梦鲁迅西游记 abehlmno\"'“：:1"), max_size=24), child=st.booleans())
def test_whatever_is_offered_is_found(searcher: Searcher, typed: str, child: bool) -> None:
    face = "child" if child else "standard"
    result = ask(searcher, typed, "offer", face=face)
    if result.suggestion:
        assert ask(searcher, result.suggestion, "", face=face).total > result.total


@pytest.mark.parametrize(
    ("typed", "words"), [("红 楼", ["红", "楼"]), ("a b c d e", []), ('"红楼"', []), ("题名:红", [])]
)
def test_only_plain_words_are_corrected(typed: str, words: list[str]) -> None:
    assert words_of(typed) == words


# Sounds and spellings


@pytest.mark.parametrize(
    ("syllable", "near"), [("zi", "zhi"), ("zhi", "zi"), ("xing", "xin"), ("nan", "lan"), ("lv", "lu"), ("hui", "fui")]
)
def test_syllables_that_people_mix_up(syllable: str, near: str) -> None:
    assert near in near_syllables(syllable)


def test_keys_beside_each_other() -> None:
    assert set("sg") < set(BESIDE["f"]) | set("s")
    assert all(letter in BESIDE[other] for letter in BESIDE for other in BESIDE[letter])


@pytest.mark.parametrize("slip", ["pyhton", "pyton", "pythin", "pytthon"])
def test_slips_are_found_from_the_word(slip: str) -> None:
    assert "python" in set(near_spellings(slip, range(len(slip) + 1)))


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 3))
def test_distance_is_that_of_its_definition(one: str, other: str, most: int) -> None:
    @cache
    def plain(a: int, b: int) -> int:
        if min(a, b) == 0:
            return max(a, b)
        ways = [plain(a - 1, b) + 1, plain(a, b - 1) + 1, plain(a - 1, b - 1) + (one[a - 1] != other[b - 1])]
        if a > 1 and b > 1 and one[a - 1] == other[b - 2] and one[a - 2] == other[b - 1]:
            ways.append(plain(a - 2, b - 2) + 1)
        return min(ways)

    assert distance(one, other, most) == min(plain(len(one), len(other)), most + 1)


def test_words_that_no_record_holds_together_are_asked_apart_or_one_by_one(searcher: Searcher) -> None:
    apart = ask(searcher, "研究红楼")
    assert (apart.corrected, apart.suggestion) == (True, "研究 红楼")
    assert [hit.resource.id for hit in apart.hits] == ["a2"]
    fewer = ask(searcher, "红楼梦 俞平伯 注音版")
    assert (fewer.corrected, fewer.suggestion) == (True, "红楼梦 俞平伯")
    either = ask(searcher, "鲁迅 西游记")
    assert (either.corrected, either.suggestion, either.total) == (True, "鲁迅 或 西游记", 2)
    assert ask(searcher, "鲁迅 西游记", mend="").total == 0
    assert not ask(searcher, "查无此书万万").hits
