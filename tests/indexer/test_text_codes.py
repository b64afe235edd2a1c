"""Languages, identifiers, classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import Identifier
from indexer.text.classes import MAIN_CLASSES, main_class, normalise_clc
from indexer.text.identifiers import parse_identifier
from indexer.text.languages import language_tag, parse_languages


@pytest.mark.parametrize(
    ("word", "tag"),
    [("zh", "zh"), ("zh-CN", "zh-Hans"), ("zh_CN", "zh-Hans"),
     ("zh-TW", "zh-Hant"), ("chi", "zh"), ("zho", "zh"), ("zh-Hans", "zh-Hans"),
     ("zh-hant", "zh-Hant"), ("cht", "zh-Hant"), ("ja-jp", "ja-JP"), ("jpn", "ja"), ("汉语", "zh"), ("繁体", "zh-Hant"),
     ("简体中文", "zh-Hans"), ("lzh", "lzh"), ("文言", "lzh"), ("bo", "bo"), ("ug", "ug"), ("mn", "mn"),
     ("zh_Hant_TW", "zh-Hant-TW"),
     ("en-US", "en-US"), ("ENG", "en"), ("藏文", "bo"), ("uig", "ug"), ("ar", "ar"), ("de", "de"), ("klingon", None),
     ("xx", None),
     ("", None), ("zh-", None)],
)  # fmt: skip
def test_language_tag_words_become_bcp47(word: str, tag: str | None) -> None:
    assert language_tag(word) == tag


def test_parse_languages_several_and_unknown_are_kept_in_order() -> None:
    assert parse_languages("zh_CN;英语、zh-CN / Klingon") == (("zh-Hans", "en", "klingon"), ("Klingon",))
    assert parse_languages("") == ((), ())


@given(st.text(max_size=40))
def test_parse_languages_any_text_never_raises_and_is_stable(text: str) -> None:
    tags, _ = parse_languages(text)
    assert len(set(tags)) == len(tags)
    for tag in tags:
        assert language_tag(tag) in {tag, None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("isbn:7-02-000220-9", None),
        ("isbn:7-02-000220-X", Identifier("isbn", "9787020002207")),
        ("ISBN 978-7-02-000220-7", Identifier("isbn", "9787020002207")),
        ("９７８７０２０００２２０７", Identifier("isbn", "9787020002207")),
        ("978-7-02-000220-8", None),
        ("issn:1002-9754", None),
        ("ISSN: 0317-8471", Identifier("issn", "0317-8471")),
        ("0317-8471", Identifier("issn", "0317-8471")),
        ("2434-561x", Identifier("issn", "2434-561X")),
        ("国内统一刊号:CN 11-1234/G2", Identifier("cn", "CN11-1234/G2")),
        ("cn:11-1234", Identifier("cn", "CN11-1234")),
        ("统一书号:11017.1", Identifier("unified", "11017·1")),
        ("cdoi:108.CDOI/ABC", Identifier("cdoi", "108.cdoi/abc")),
        ("https://doi.org/10.1000/XYZ", Identifier("doi", "10.1000/xyz")),
        ("doi:10.1000/182", Identifier("doi", "10.1000/182")),
        ("uri:https://example.org/a?b", Identifier("uri", "https://example.org/a?b")),
        ("https://example.org", Identifier("uri", "https://example.org")),
        ("urn:nbn:de:1", Identifier("uri", "urn:nbn:de:1")),
        ("local:KR4j0088", Identifier("local", "KR4j0088")),
        ("javascript:alert(1)", None),
        ("uri:javascript:alert(1)", None),
        ("KR4j0088", None),
        ("", None),
    ],
)
def test_parse_identifier_checks_and_normalises(text: str, expected: Identifier | None) -> None:
    assert parse_identifier(text) == expected


@given(st.integers(0, 10**9 - 1))
def test_parse_identifier_isbn10_and_13_agree(number: int) -> None:
    body = f"{number:09d}"
    check = -sum((10 - i) * int(c) for i, c in enumerate(body)) % 11
    ten = parse_identifier("isbn:" + body + ("X" if check == 10 else str(check)))
    assert ten is not None
    assert parse_identifier(ten.value) == ten
    wrong = str((int(ten.value[-1]) + 1) % 10)
    assert parse_identifier("isbn:" + ten.value[:-1] + wrong) is None


@given(st.text(max_size=60))
def test_parse_identifier_any_text_is_stable(text: str) -> None:
    found = parse_identifier(text)
    if found is not None and found.scheme != "local":
        assert parse_identifier(f"{found.scheme}:{found.value}") == found


def test_main_classes_are_the_22() -> None:
    assert "".join(c.code for c in MAIN_CLASSES) == "ABCDEFGHIJKNOPQRSTUVXZ"
    assert all(c.zh and c.en for c in MAIN_CLASSES)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("I242.4", "文学"),
        (" tp312", "工业技术"),
        ("Ｋ231.04", "历史、地理"),
        ("*R730", "医药、卫生"),
        ("{Z838}", "综合性图书"),
    ],
)
def test_main_class_tolerates_how_numbers_are_written(code: str, name: str) -> None:
    found = main_class(code)
    assert found is not None
    assert found.zh == name


@pytest.mark.parametrize("code", ["", "L1", "M", "W2", "Y", "有声书", "123"])
def test_main_class_of_none_is_none(code: str) -> None:
    assert main_class(code) is None


@pytest.mark.parametrize(
    ("code", "normal"),
    [("i 242.4", "I242.4"), ("TP391.41", "TP391.41"), ("D922.182.1-44", "D922.182.1-44"), ("有声书", ""), ("L2", "")],
)
def test_normalise_clc_gives_one_form(code: str, normal: str) -> None:
    assert normalise_clc(code) == normal
