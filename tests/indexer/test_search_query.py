"""What a query means: signs, fields, degrading, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.search_query import MAX_ADDED, MAX_QUERY, MAX_TERMS, bare_words, parse
from indexer.search_tree import All, Classes, Condition, Family, Node, Without, Years, texts


def shown(node: Node) -> str:
    """A tree in one line."""
    if isinstance(node, Condition):
        return ("" if node.field == "x" else node.field + ":") + node.text + ("*" if node.head else "")
    if isinstance(node, Years):
        return f"years:{node.first}..{node.last}{'' if node.inside else '+'}"
    if isinstance(node, Classes):
        return f"class:{node.prefix}"
    if isinstance(node, Family):
        return f"family({shown(node.part)})"
    if isinstance(node, Without):
        return f"-{shown(node.part)}"
    return "(" + (" & " if isinstance(node, All) else " | ").join(map(shown, node.parts)) + ")"


def meant(text: str) -> str:
    query = parse(text)
    return "nothing" if query.nothing else shown(query.root)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("红楼梦 曹雪芹", "(红楼梦 & 曹雪芹)"),
        ("红楼梦 AND 曹雪芹", "(红楼梦 & 曹雪芹)"),
        ("红楼梦 与 曹雪芹", "(红楼梦 & 曹雪芹)"),
        ("红楼梦 OR 三国演义", "(红楼梦 | 三国演义)"),
        ("红楼梦|三国演义", "(红楼梦 | 三国演义)"),
        ("红楼梦 或 三国演义", "(红楼梦 | 三国演义)"),
        ("红楼梦 NOT 电影", "(红楼梦 & -电影)"),
        ("红楼梦 -电影", "(红楼梦 & -电影)"),
        ("红楼梦 －电影", "(红楼梦 & -电影)"),
        ("红楼梦 非 电影", "(红楼梦 & -电影)"),
        ("红楼梦 -(电影 OR 电视)", "(红楼梦 & -(电影 | 电视))"),
        ("NOT 电影", "-电影"),
        ("a b OR c d", "((a & b) | (c & d))"),
        ("a AND (b OR c)", "(a & (b | c))"),
        ("a（b OR c）", "(a & (b | c))"),
        ("((a AND b) OR (NOT c))", "((a & b) | -c)"),
        ("NOT NOT a", "(a)"),
        # An operator that stands where it can mean nothing.
        ("与", "(与)"),
        ("非", "(非)"),
        ("非 洲", "(非 & 洲)"),
        ("与 狼 共舞", "(与 & 狼 & 共舞)"),
        ("罪与罚", "(罪与罚)"),
        ("a OR 与 b", "(a | (与 & b))"),
        ("pride and prejudice", "(pride & and & prejudice)"),
        ("a OR", "(a)"),
        ("AND a", "(a)"),
        ("a AND OR b", "(a | b)"),
        ("a OR OR b", "(a | b)"),
        ("OR", "(or)"),
        ("AND OR NOT", "(and & or & not)"),
        ("-50", "(50)"),
        ("-a -b", "(a & b)"),
        ("a - b", "(a & b)"),
        ("1949-1999", "(1949 1999)"),
        ("((((a", "(a)"),
        ("a)))) b", "(a & b)"),
        ("(" * 50 + "a" + ")" * 50, "(a)"),
        ("()", "nothing"),
        ('"红楼 梦', "(红楼 梦)"),
        ("「红楼 梦」", "(红楼 梦)"),
        ("！？", "nothing"),
        ("( ！ )", "nothing"),
        # Fields.
        ("作者:(鲁迅 OR 茅盾) 小说", "((creator:鲁迅 | creator:茅盾) & 小说)"),
        ("题名：红楼梦 -作者:曹雪芹", "(title:红楼梦 & -creator:曹雪芹)"),
        ("正文:北京", "(text:北京)"),
        ("正文 \u2003:\r\v 北京", "(text:北京)"),
        ("TITLE:红楼 ſubject:红楼 İsbn:红楼", "(title:红楼 & 红楼)"),
        ("出版:中华书局", "(text:中华书局)"),
        ("title:", "(title)"),
        ("title: OR a", "(a)"),
        ("分类:I242.4", "class:I242.4"),
        ("clc:tp3 算法", "(class:TP3 & 算法)"),
        ("分类:文学", "(文学)"),
        ("年:1937", "years:1937..1937+"),
        ("年:1930-1949 抗战", "(years:1930..1949+ & 抗战)"),
        ("year:-550", "years:-550..-550+"),
        ("年:民国二十六年", "years:1937..1937+"),
        ("年:康熙", "years:1662..1722+"),
        ("年:哪年", "(哪年)"),
        # The end of a Latin word.
        ("comp*", "comp*"),
        ("作者:shak* play", "(creator:shak* & play)"),
        ("c*", "(c)"),
        ("红*", "(红)"),
        ("*", "nothing"),
        # Numbers that are one thing.
        ("978 7 101 00304 8", "(9787101003048)"),
        ("ISBN 978-7-101-00304-8", "(identifier:9787101003048)"),
        ("isbn-10：7 101 00304 4", "(identifier:9787101003048)"),
        ("ISSN 1000-8608", "(identifier:10008608)"),
        ("CN 11-1234", "(cn11 1234)"),
        ("7–101–00304–4", "(9787101003048)"),
        ("1000-8608", "(1000 8608)"),
        ("CN11-1234/G2", "(cn11 1234 g2)"),
        ("I242.4/123", "(i242 4 123)"),
        ("138 0000 0000", "(138 & 0000)"),
    ],
)
def test_parse_means(text: str, tree: str) -> None:
    assert meant(text) in {tree, tree.removeprefix("(").removesuffix(")")}


def test_parse_whole_titles_of_each_way() -> None:
    assert parse("红楼梦 曹雪芹").titles() == {"红楼梦曹雪芹"}
    assert parse("红楼梦 OR 三国演义").titles() >= {"红楼梦", "三国演义"}
    assert parse("作者:曹雪芹 题名:红楼梦").titles() == {"红楼梦"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("红楼梦 曹雪芹", []),
        ('"红楼 梦"', []),
        ("爱 与 死", ["爱", "死"]),
        ("(红楼梦 OR 三国) AND 题名:研究 -电影", ["红楼梦", "三国", "研究"]),
        ("-电影", ["电影"]),
        ("作者:鲁迅", ["鲁迅"]),
    ],
)
def test_bare_words_of_a_query_with_signs(text: str, words: list[str]) -> None:
    assert bare_words(text) == words


SIGNS = st.sampled_from(
    (*'|()（"“*:：- ', "AND", "OR", "NOT", "与", "或", "非", "题名:", "年:", "clc:", "no. 3", "\ud800")
)
THINGS = st.sampled_from(("第3期", "民国二十六年", "卷三", "红楼梦", "abc", "2019", "公元前221年", "978 7 101 00304 8"))
MIXED = st.lists(SIGNS | THINGS, max_size=60)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), MIXED.map(" ".join), MIXED.map("".join)))
def test_parse_never_raises_and_is_bounded(text: str) -> None:
    query = parse(text)
    every = set(texts(query.root, excluded=True))
    assert sum(len(condition.terms) for condition in every) <= 2 * MAX_TERMS + MAX_ADDED
    assert all(condition.text and (condition.terms or condition.head) for condition in every)
    assert set(query.conditions) <= every
    assert query == parse(text)
    assert not query.asks or not query.nothing


@given(st.lists(st.sampled_from("()"), min_size=1, max_size=MAX_QUERY).map("".join))
def test_parse_any_brackets(text: str) -> None:
    assert meant("红" + text + "楼") in {"红", "(红 & 楼)"}
