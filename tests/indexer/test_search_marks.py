"""Pieces of descriptions around what was found: they begin and end between words, and mark what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis import is_one_word
from indexer.search_marks import SNIPPET, WINDOW, snippet_of
from indexer.search_query import parse

_ENGLISH = (
    "A comprehensive introduction to the philosophy of Moby-Dick and the internationalization of whaling industries "
    "around the nineteenth century, with supplementary bibliographies of 1234567890 titles. "
)


def piece(text: str, query: str) -> tuple[str, list[str]]:
    found, marks = snippet_of(text, parse(query).conditions)
    return found, [found[start:end] for start, end in marks]


@pytest.mark.parametrize(
    ("query", "begins", "ends"),
    [
        ("philosophy", "introduction", "whaling"),
        ("supplementary", "nineteenth", "titles."),
        ("comprehensive", "A ", "internationalization"),
        ("bibliographies", "with", "titles."),
    ],
)
def test_a_piece_holds_whole_words(query: str, begins: str, ends: str) -> None:
    found, marked = piece(_ENGLISH.strip(), query)
    assert marked == [query]
    assert found.startswith(begins)
    assert found.endswith(ends)


def test_a_piece_deep_in_a_text_holds_whole_words() -> None:
    found, marked = piece(_ENGLISH * 30 + "whale " + _ENGLISH, "whale")
    assert marked == ["whale"]
    assert found.startswith("1234567890 titles. whale A ")


def test_words_without_an_end_are_cut() -> None:
    found, marked = piece("x" * 3000 + " 鲸 " + "y" * 3000, "鲸")
    assert marked == ["鲸"]
    assert len(found) <= 2 * SNIPPET


@given(
    st.lists(st.sampled_from(["ab", "人民", "Ünï", "1937", "，", " ", "whaling", "\n", "é" * 12]), max_size=400),
    st.integers(0, 2 * WINDOW),
)
def test_no_piece_begins_or_ends_inside_a_word(words: list[str], place: int) -> None:
    text = " ".join(words)
    text = f"{text[:place]} 红楼 {text[place:]}"
    found, marked = piece(text, "红楼")
    assert "红楼" in marked
    assert set(marked) == {"红楼"}
    flat = text.replace("\n", " ")
    start = flat.index(found)
    assert not is_one_word(flat[max(0, start - 1) : start + 1])
    end = start + len(found)
    assert not is_one_word(flat[end - 1 : end + 1])
