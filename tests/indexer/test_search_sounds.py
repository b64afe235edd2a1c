"""Searching in pinyin: what sounds so is found, and words of Latin letters keep their place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.model import Audience, Creator
from indexer.search import Searcher, SearchRequest, SearchResult
from indexer.search_sounds import spoken
from tests.indexer.shelf import make_searcher, resource

SHELF = [
    resource("a1", "红楼梦", creators=(Creator("曹雪芹"),)),
    resource("a2", "红楼梦研究"),
    resource("a3", "狂人日记", creators=(Creator("鲁迅"),), subjects=("小说",)),
    resource("a4", "呐喊", creators=(Creator("鲁迅"),), type="audio"),
    resource("a5", "鲁迅的故事", audience=Audience("children")),
    resource("a6", "Hlm and other names"),
    resource("a7", "The Python Book", language=("en",)),
    resource("a8", "禾黎明"),
    resource("a9", "他和她"),
    *(resource(f"b{n:02}", f"The Tale {n}", language=("en",)) for n in range(30)),
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    made = make_searcher(tmp_path_factory.mktemp("sounds"), SHELF[:4], SHELF[4:])
    yield made
    made.close()


def ask(searcher: Searcher, q: str, **members: object) -> SearchResult:
    return searcher.search(SearchRequest(q=q, **members))  # type: ignore[arg-type]


def titles(result: SearchResult) -> list[str]:
    return [hit.resource.title for hit in result.hits]


@pytest.mark.parametrize("typed", ["hongloumeng", "hong lou meng", "HongLouMeng", "hóng lóu mèng", "hong'lou'meng"])
def test_titles_are_found_by_their_sound_whole_ones_first(searcher: Searcher, typed: str) -> None:
    result = ask(searcher, typed)
    assert titles(result) == ["红楼梦", "红楼梦研究"]
    assert {hit.why for hit in result.hits} == {"pinyin"}
    assert result.total_exact
    assert (result.total, result.resources) == (2, 2)


def test_names_are_found_by_their_sound_with_all_that_bears_them(searcher: Searcher) -> None:
    assert set(titles(ask(searcher, "luxun"))) == {"狂人日记", "呐喊", "鲁迅的故事"}


def test_filters_and_counts_hold_for_what_was_found_by_sound(searcher: Searcher) -> None:
    result = ask(searcher, "lu xun", type="audio")
    assert titles(result) == ["呐喊"]
    assert dict(result.facets["type"]) == {"book": 2, "audio": 1}


def test_children_find_what_is_theirs(searcher: Searcher) -> None:
    assert titles(ask(searcher, "luxun", face="child")) == ["鲁迅的故事"]
    assert titles(ask(searcher, "hongloumeng", face="child")) == []


def test_words_come_before_first_letters(searcher: Searcher) -> None:
    result = ask(searcher, "hlm")
    assert titles(result)[0] == "Hlm and other names"
    assert set(titles(result)[1:]) == {"红楼梦", "禾黎明"}
    assert [hit.why for hit in result.hits] == ["title", "pinyin", "pinyin"]


@pytest.mark.parametrize("typed", ["the", "python", "the tale", "title:the"])
def test_words_that_many_records_hold_are_words_alone(searcher: Searcher, typed: str) -> None:
    assert {hit.why for hit in ask(searcher, typed).hits} == {"title"}


def test_two_letters_are_no_search_for_first_letters(searcher: Searcher) -> None:
    assert titles(ask(searcher, "lx")) == []


@pytest.mark.parametrize(
    ("typed", "letters"),
    [
        ("hong lou", "honglou"),
        ("lǜ ye", "lvye"),
        ("红lou", ""),
        ("title:hong", ""),
        ('"hong"', ""),
        ("h2", ""),
        ("", ""),
    ],
)
def test_only_letters_may_be_pinyin(typed: str, letters: str) -> None:
    assert spoken(typed) == letters
