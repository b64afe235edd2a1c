"""The table of words of like meaning: its form, what it says of words, and how a stretch is cut by it."""

from __future__ import annotations

import time
import tomllib
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis import MAX_WORD, fold, is_one_word, normal_text
from indexer.search_query import MAX_QUERY
from indexer.thesaurus.segments import LONGEST, Segment, segments, without_particles
from indexer.thesaurus.table import KINDS, Entry, folded, made_of, table

WORDS = made_of(
    [
        {
            "same": ["花卉 养花", "儿童 小孩", "无线网络 wifi", "小学 小学堂", "生物 动植物", "小学生 学童"],
            "leads": ["孙悟空 > 西游记 大闹天宫", "课外书 > 少儿+读物"],
            "asks": ["吃什么 > 饮食 食疗", "怎么办 如何"],
            "before": ["种 > crops > 栽培 种植"],
            "nouns": {"crops": "西瓜 土豆"},
        }
    ]
)
DOCUMENTS = {
    found.name: tomllib.loads(found.read_text(encoding="utf-8"))
    for found in (files("indexer.thesaurus") / "words").iterdir()
    if found.name.endswith(".toml")
}
LINES = [
    (name, kind, line)
    for name, document in sorted(DOCUMENTS.items())
    for kind in KINDS
    for line in document.get(kind, ())
]


def asked(kind: str, line: str) -> list[str]:
    """The words of a line that readers may ask for."""
    return [] if kind == "before" else line.split(">")[0].split()


def cut(text: str) -> list[str]:
    return [piece.text for piece in segments(text, WORDS)]


def test_lines_say_what_words_are_asked_for_as():
    assert WORDS.entries["花卉"] == Entry(("养花",))
    assert WORDS.entries["养花"] == Entry(("花卉",))
    assert WORDS.entries["孙悟空"] == Entry(("西游记", "大闹天宫"))
    assert "西游记" not in WORDS.entries
    assert WORDS.entries["课外书"] == Entry(("少儿 读物",))
    assert WORDS.entries["吃什么"] == Entry(("饮食", "食疗"), asks=True)
    assert WORDS.entries["怎么办"] == Entry((), asks=True)
    assert WORDS.entries["小学堂"] == Entry(("小学",))
    assert WORDS.entries["小学"] == Entry(()), "what holds 小学堂 holds 小学"
    assert WORDS.longest == 4


@pytest.mark.parametrize(
    "document", [{"same": ["花卉"]}, {"leads": ["孙悟空"]}, {"leads": ["甲 > "]}, {"before": ["种 > 栽培"]}]
)
def test_line_of_another_form_is_refused(document):
    with pytest.raises(ValueError, match=r"two words|sides"):
        made_of([document])


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("养花", ["养花"]),
        ("小孩养花", ["小孩", "养花"]),
        ("糖尿病吃什么", ["糖尿病", "吃什么"]),
        ("小学生物", ["小学", "生物"]),
        ("小学生物课", ["小学", "生物", "课"]),
        ("种西瓜怎么办", ["种", "西瓜", "怎么办"]),
        ("种花", ["种花"]),
        ("家里wifi怎么办", ["家里", "wifi", "怎么办"]),
        ("mywifi怎么办", ["mywifi", "怎么办"]),
        ("", []),
    ],
)
def test_stretch_is_cut_with_as_much_as_can_be_in_words(text, pieces):
    assert cut(text) == pieces


def test_verbs_are_words_before_their_nouns_only():
    assert segments("种西瓜", WORDS) == [Segment("种", Entry(("栽培", "种植"))), Segment("西瓜", Entry())]
    assert [piece.entry for piece in segments("品种西", WORDS)] == [None]


@pytest.mark.parametrize(("text", "rest"), [("的", ""), ("我可以", ""), ("的水果", "水果"), ("能量", "能量")])
def test_particles_between_words_ask_for_nothing(text, rest):
    assert without_particles(text) == rest


PIECES = st.sampled_from([*WORDS.entries, *"种西瓜土豆的学3a ", "wifi"])


@given(st.one_of(st.text(max_size=120), st.lists(PIECES, max_size=30).map("".join)))
def test_pieces_are_the_stretch_and_never_cut_a_word(text):
    stretch = normal_text(fold(text)).replace(" ", "")
    pieces = segments(stretch, WORDS)
    assert "".join(piece.text for piece in pieces) == stretch
    assert all(piece.text for piece in pieces)
    for one, other in pairwise(pieces):
        assert one.entry is not None or other.entry is not None, "what is between words is one piece"
        assert not is_one_word(one.text[-1] + other.text[0])
    if len(stretch) > LONGEST:
        assert len(pieces) == 1


def test_cutting_is_bounded():
    started = time.thread_time()
    for text in ("小学生" * 400, "种" * 200, "吃什么" * 60):
        segments(text[:MAX_QUERY], table())
    assert time.thread_time() - started < 0.5


def test_every_kind_is_known_and_every_file_says_what_it_holds():
    assert {kind for document in DOCUMENTS.values() for kind in document} <= {*KINDS, "nouns"}
    assert len(LINES) == len(set(LINES))


def test_no_word_stands_in_two_groups_or_twice_in_one():
    for kind in ("same", "leads", "asks"):
        seen: dict[str, str] = {}
        for name, one, line in LINES:
            for word in map(folded, asked(kind, line) if one == kind else []):
                assert word not in seen, f"{word}: {name}: {line} / {seen[word]}"
                seen[word] = line


def test_words_that_ask_are_no_words_of_a_group():
    groups = {folded(word) for _, kind, line in LINES if kind in {"same", "leads"} for word in asked(kind, line)}
    only_ask = {folded(word) for _, kind, line in LINES if kind == "asks" for word in asked(kind, line)}
    assert groups & only_ask == set()


def test_words_are_whole_stretches_of_two_characters_and_more():
    for name, kind, line in LINES:
        for word in asked(kind, line):
            normal = folded(word)
            assert " " not in normal, (name, word)
            assert 2 <= len(normal) <= MAX_WORD, (name, word)
        for side in line.split(">")[1 + (kind == "before") :]:
            assert all(len(folded(word)) >= 2 for word in side.split()), (name, line)
            assert len(side.split()) == len(set(map(folded, side.split()))), (name, line)


def test_every_line_adds_something():
    for name, kind, line in LINES:
        if kind in {"same", "leads"}:
            assert any(table().entries[folded(word)].also for word in asked(kind, line)), (name, line)


def test_words_lead_one_step_only():
    for word, entry in table().entries.items():
        assert word not in entry.also
        assert len(entry.also) == len(set(entry.also))


def test_nouns_stand_in_lists_that_verbs_use():
    used = {line.split(">")[1].strip() for _, kind, line in LINES if kind == "before"}
    lists = {name for document in DOCUMENTS.values() for name in document.get("nouns", {})}
    assert used == lists
    for document in DOCUMENTS.values():
        for words in document.get("nouns", {}).values():
            assert len(words.split()) == len(set(words.split()))
