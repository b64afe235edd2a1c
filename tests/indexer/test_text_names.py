"""Statements of responsibility."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import CREATOR_ROLES, Creator
from indexer.text.names import MAX_CREATORS, ROLE_WORDS, parse_creators, role_of


def one(text: str) -> Creator:
    (creator,) = parse_creators(text)
    return creator


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("（明）沈德符 撰", Creator("沈德符", "撰", "明")),
        ("[清]曹雪芹著", Creator("曹雪芹", "著", "清")),
        ("曾参(传)", Creator("曾参", "传")),
        ("杨博远（译）", Creator("杨博远", "译")),
        ("espeak-ng（合成朗读）", Creator("espeak-ng", "朗读")),
        ("CTeX 开发小组（译）", Creator("CTeX 开发小组", "译")),
        ("兀雨书屋（制作）", Creator("兀雨书屋", "制作")),
        ("Charles Madison Curry", Creator("Charles Madison Curry")),
        ("夏目 漱石", Creator("夏目 漱石")),
        ("夏目　漱石", Creator("夏目 漱石")),
        ("Melville, Herman", Creator("Melville, Herman")),
        ("Herman Melville (author)", Creator("Herman Melville", "著")),
        ("（清）王奕清 奉敕撰", Creator("王奕清", "撰", "清")),
        ("（唐）慧净 等奉勅撰", Creator("慧净", "撰", "唐")),
        ("（南朝宋）劉義慶 撰", Creator("劉義慶", "撰", "南朝宋")),
        ("（漢）馬隆述 讚", Creator("馬隆述 讚", "", "汉")),
        ("（前晉）王嘉", Creator("（前晉）王嘉")),
        ("（美）海明威著", Creator("海明威", "著", country="美")),
        ("（日本）釋空海 撰", Creator("釋空海", "撰", country="日本")),
        ("张三（1920-1999）", Creator("张三", dates="1920-1999")),
        ("孔子（前551—前479）", Creator("孔子", dates="前551—前479")),
        ("张三（北京大学）", Creator("张三（北京大学）")),
        ("李白（唐）", Creator("李白", dynasty="唐")),
        ("唐 慧菀述", Creator("慧菀", "述", "唐")),
        ("夏 衍", Creator("夏 衍")),
        ("朱光潜译", Creator("朱光潜", "译")),
        ("张永译", Creator("张永译")),
        ("张三等编", Creator("张三等", "编")),
        ("中华书局编辑部", Creator("中华书局编辑部")),
        ("人民教育出版社编", Creator("人民教育出版社", "编")),
        ("（宋）", Creator("（宋）")),
        ("（高士奇） 輯編", Creator("（高士奇）", "编")),
    ],
)
def test_parse_creators_one_statement_gives_its_parts(printed: str, expected: Creator) -> None:
    assert one(printed) == expected


@pytest.mark.parametrize(
    ("printed", "names"),
    [
        ("吳楚材;吳調侯", ["吳楚材", "吳調侯"]),
        ("鮑彪; 吳師道", ["鮑彪", "吳師道"]),
        ("罗贯中、施耐庵", ["罗贯中", "施耐庵"]),
        ("张三，李四", ["张三", "李四"]),
        ("A / B", ["A", "B"]),
        ("张三|李四\n王五", ["张三", "李四", "王五"]),
        ("人民出版社，北京分社编辑室", ["人民出版社，北京分社编辑室"]),
        (" ; ;", []),
        ("", []),
    ],
)
def test_parse_creators_separators_part_names(printed: str, names: list[str]) -> None:
    assert [c.name for c in parse_creators(printed)] == names


def test_parse_creators_heading_and_statement_of_one_person_are_one() -> None:
    assert parse_creators("王肅;（魏）王肅 註") == (Creator("王肅", "注", "魏"),)
    assert parse_creators("（漢）劉歆,（晉）葛洪;（漢）劉歆 編;（漢）葛洪 輯") == (
        Creator("劉歆", "编", "汉"),
        Creator("葛洪", "辑", "晋"),
    )


def test_parse_creators_one_person_with_two_roles_stays_two() -> None:
    assert [c.role for c in parse_creators("（宋）朱熹 撰;（宋）朱熹 編")] == ["撰", "编"]


def test_parse_creators_wide_space_between_two_statements_parts_them() -> None:
    assert parse_creators("均如著　金知見編") == (Creator("均如", "著"), Creator("金知見", "编"))


def test_parse_creators_default_role_fills_silence_only() -> None:
    assert [c.role for c in parse_creators("甲乙;丙丁（译）", "其他")] == ["其他", "译"]


def test_role_words_all_lead_into_the_closed_list() -> None:
    assert set(ROLE_WORDS.values()) <= set(CREATOR_ROLES)
    assert all(role_of(r) == r for r in CREATOR_ROLES if r != "其他")


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("註", "注"),
        ("奉敕編註", "注"),
        ("等奉勅撰", "撰"),
        ("合成语音朗读", "朗读"),
        ("Translator", "译"),
        ("讚", ""),
        ("", ""),
    ],
)
def test_role_of_printed_words(word: str, role: str) -> None:
    assert role_of(word) == role


@given(st.text(max_size=80))
def test_parse_creators_any_text_never_raises_nor_invents(text: str) -> None:
    creators = parse_creators(text)
    assert len(creators) <= MAX_CREATORS
    for creator in creators:
        assert creator.name.strip()
        assert creator.role in {"", *CREATOR_ROLES}


def test_parse_creators_very_long_is_bounded() -> None:
    assert len(parse_creators(";".join(f"甲{i}" for i in range(5000)))) == MAX_CREATORS
    assert len(one("很" * 10_000).name) <= 500
