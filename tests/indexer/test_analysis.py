from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import analysis
from indexer.analysis import (
    fold,
    fold_with_offsets,
    is_exact,
    is_one_word,
    joined,
    normal_text,
    query_terms,
    terms,
    title_key,
)

CHINESE = st.text(st.sampled_from("人民日报红楼梦乾隆著着藉口0123456789abcXYZ 《》·，𠀋々〇かガ한글"), max_size=30)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("紅樓夢", "红楼梦"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("Café Naïve", "cafe naive"),
        ("看着", "看著"),
        ("乾隆", "干隆"),
        ("ｶﾞ", "ガ"),
        ("か\u3099", "が"),
        ("說", "说"),
        ("㍿", "株式会社"),
        ("ﬁ", "fi"),
        ("葛\U000e0100城", "葛城"),
        ("soft\u00adhyphen", "softhyphen"),
        ("𠀋", "𠀋"),
        ("བོད་སྐད", "བོད་སྐད"),
        ("İstanbul", "istanbul"),
    ],
)
def test_fold_forms_of_one_word_give_one_form(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("traditional", ["鍾鐘", "餘", "於", "裡裏", "徵", "後", "髮發", "麼", "眾衆", "羣群"])
def test_fold_traditional_and_variants_meet_simplified(traditional: str) -> None:
    assert not set(fold(traditional)) & set(traditional) - {"群"}


PAIRS = (
    "着著 於于 爲为 説说 祕秘 峯峰 羣群 裡裏 綫線 牀床 牆墙 冊册 冰氷 凉涼 台臺 檯台 妳你 它牠 岳嶽 峽峡 "
    "徧遍 愽博 懽欢 旾春 栢柏 榖谷 槑梅 欝郁 氷冰 湧涌 焔焰 燄焰 煖暖 犇奔 猨猿 琹琴 甎砖 畊耕 痲麻 盌碗 "
    "砲炮 祘算 筭算 粧妆 糉粽 繙翻 罇樽 羇羁 耡锄 脗吻 艪橹 菓果 葢盖 蔴麻 蘂蕊 虵蛇 衇脉 覩睹 覇霸 詠咏 "
    "諡谥 謌歌 讌宴 豔艳 躭耽 輭软 辤辞 遯遁 邨村 鄕乡 醻酬 鉏锄 銕铁 鎗枪 鑛矿 閙闹 隄堤 隣邻 靁雷 韈袜 "
    "頫俯 飜翻 餽馈 駞驼 騐验 鬭斗 鴈雁 鵞鹅 鷰燕 麤粗 鼇鳌 鼈鳖 龝秋 龢和 衞卫 囯国 圀国 国國 気气 図图 "
    "広广 沢泽 経经 続续 検检 権权 駅驿 読读 売卖 変变 観观 竜龙 亀龟 円圆 総总 転转 鉄铁 県县 実实 楽乐 "
    "髪发 "
)


@pytest.mark.parametrize("pair", PAIRS.split())
def test_fold_well_known_variants_are_one_character(pair: str) -> None:
    assert fold(pair[0]) == fold(pair[1])


@pytest.mark.parametrize("pair", "邱丘 阪坂 芸艺 予豫 欠缺 沈沉 缶罐 粘黏 翦剪 藁稿 狠很 蕃番 楞棱 雠仇".split())  # noqa: SIM905
def test_fold_words_of_their_own_stay_apart(pair: str) -> None:
    assert fold(pair[0]) != fold(pair[1])


@given(st.text(max_size=40))
def test_fold_twice_is_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(CHINESE, CHINESE)
def test_fold_fragment_of_title_folds_to_fragment(left: str, right: str) -> None:
    assert fold(left) + fold(right) == fold(left + right)


@given(st.text(max_size=40))
def test_fold_with_offsets_any_text_points_into_it(text: str) -> None:
    folded, offsets = fold_with_offsets(text)
    assert len(offsets) == len(folded) + 1
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(text)


@given(CHINESE)
def test_fold_with_offsets_library_text_equals_fold(text: str) -> None:
    assert fold_with_offsets(text)[0] == fold(text)


def test_terms_chinese_give_characters_and_bigrams() -> None:
    assert sorted(terms("红楼梦")) == sorted(["红", "楼", "梦", "红楼", "楼梦"])


def test_terms_digit_and_character_stay_together() -> None:
    assert {"3月", "3", "月", "第3", "3期"} <= set(terms(normal_text("3月第3期")))


def test_terms_letters_and_digits_are_found_apart_too() -> None:
    assert {"gb18030", "gb", "18030"} <= set(terms("gb18030"))


def test_terms_line_feed_parts_two_texts() -> None:
    assert "民日" not in terms(joined(["人民", "日报"]))
    assert "a日" not in terms(joined(["a", "日报"]))


@pytest.mark.parametrize(
    ("run", "wanted"),
    [
        ("人", ["人"]),
        ("人民", ["人民"]),
        ("人民人", ["人民", "民人"]),
        ("3月", ["3月"]),
        ("第3期", ["第3", "3期"]),
        ("abc", ["abc"]),
        ("𠀋𠀌", ["𠀋𠀌"]),
        ("2019年3月", ["2019年", "年3", "3月"]),
    ],
)
def test_query_terms_take_the_fewest_that_say_most(run: str, wanted: list[str]) -> None:
    assert query_terms(run) == wanted


@given(CHINESE)
def test_query_terms_of_a_text_are_all_among_its_terms(text: str) -> None:
    normal = normal_text(fold(text))
    held = set(terms(normal))
    assert all(set(query_terms(run)) <= held for run in normal.split())


@given(st.text(max_size=60))
def test_analysis_any_text_never_raises(text: str) -> None:
    normal = normal_text(fold(text))
    for run in normal.split():
        assert query_terms(run)
        is_exact(run)
    terms(normal)
    title_key(text)


def test_is_exact_one_bigram_or_word_only() -> None:
    assert is_exact("人民")
    assert is_exact("abc")
    assert not is_exact("人民人")
    assert not is_exact("a" * 65)


def test_title_key_signs_and_spaces_do_not_count() -> None:
    assert title_key("《紅樓夢》·上 册") == title_key("红楼梦上册") == "红楼梦上册"


@pytest.mark.parametrize(("pair", "one"), [("ab", True), ("12", True), ("b1", False), ("1年", False), ("a ", False)])
def test_is_one_word_parts_at_numbers_and_scripts(pair: str, one: bool) -> None:
    assert is_one_word(pair) is one


def test_terms_neighbours_are_found_as_a_pair() -> None:
    assert {"gb3", "3月", "第a", "a1"} <= set(terms("第a1gb3月"))


def test_fold_with_offsets_melted_characters_point_at_their_first() -> None:
    assert fold_with_offsets("aｶﾞ㍿e\u0301") == ("aガ株式会社e", [0, 1, 3, 3, 3, 3, 4, 6])
    assert fold_with_offsets("\u1112\u1161\u11ab국") == ("한국", [0, 3, 4])


def test_fold_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "MAX_TABLE", 0)
    before = len(analysis._TABLE)
    assert fold("𫝀") == "𫝀"
    assert len(analysis._TABLE) == before


def test_folding_table_is_made_with_little_memory() -> None:
    tracemalloc.start()
    table = analysis._simplified.__wrapped__()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table == analysis._simplified()
    assert peak < 4_000_000
