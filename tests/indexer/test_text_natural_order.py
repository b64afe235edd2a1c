"""Names in the order in which people count: a table of sets as libraries have them, and any number in any form."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text.natural_order import counts_in_roman, natural_key

SETS = """
卷一 卷二 卷十 卷十一 卷二十
第2讲b 第10讲a
第二讲 第三讲 第十讲
上册 中册 下册
卷上 卷中 卷下
千字文·上 千字文·下
水浒（上） 水浒（中） 水浒（下）
水浒上.txt 水浒中.txt 水浒下.txt
0001 0002 10 0100
ba1 ba2 ba10
封面 扉页 目录 序 1 2 10 附录 跋 封底
一、绪言 二、方法 十、结论
a/2 a/10 b/1
１ ２ １０
2019年第1期 2019年第2期 2019年第2期增刊 2019年第3-4期合刊 2019年第10期 2019年增刊
2019年第9期 2019年第10期 2020年第1期
二〇一九年第九期 二〇一九年第十期 二〇二〇年第一期
2019年第3期 2019年第4、5期合刊 2019年第6期 2019年第S1期
总第9期 总第10期 总第11、12期合刊 总第123期
第一册 第二册上 第二册下 第十册
第一册 第二册 第十册 第廿册 第廿三册 第卅册 第一百零二册
第壹册 第贰册 第叁册 第拾册
卷之一 卷之二 卷之十 卷末
卷首 卷一 卷二 卷末
御批通鑑·卷首 御批通鑑·卷一 御批通鑑·卷十 御批通鑑·卷末
卷首上 卷首下 卷一上 卷一下
1936年1月2日 1936年1月10日 1936年10月1日
甲 乙 丙 丁 戊 己 庚 辛 壬 癸
甲集 乙集 丙集 丁集
集甲 集乙 集丙
叢書·甲編第一册 叢書·甲編第二册 叢書·乙編第一册
甲/1.pdf 乙/1.pdf 丙/1.pdf
元 亨 利 貞
周易（元） 周易（亨） 周易（利） 周易（贞）
元集 亨集 利集 貞集
天册 地册 人册
仁 義 禮 智 信
禮 樂 射 御 書 數
子集上 子集中 子集下 丑集上 寅集上 亥集下
初集 二集 三集 十集
初編 續編 補編
正集 续集
前集 后集 续集 别集 外集
初刻拍案惊奇 二刻拍案惊奇
元年 二年 十年
光绪元年 光绪三年 光绪二十三年
民国九年 民国二十六年
一月号 二月号 十月号 十二月号
1月号 2月号 12月号
2019年一月号 2019年十二月号
正月 二月 冬月 腊月
2019年春 2019年夏 2019年秋 2019年冬 2020年春
春季号 夏季号 秋季号 冬季号
春之卷 夏之卷 秋之卷 冬之卷
1月上旬 1月中旬 1月下旬 2月上旬
3期上半月 3期下半月
第九回 第十回 第一百回 第一百二十回
Ⅰ Ⅱ Ⅳ Ⅸ Ⅹ
Vol.I Vol.II Vol.IV Vol.V Vol.IX Vol.X
Part_I Part_II Part_III
i.jpg ii.jpg iii.jpg iv.jpg v.jpg ix.jpg xl.jpg
A B C D I V X
plate_a plate_b plate_c plate_i plate_v plate_x
第1版_要闻 第2版_本地 第10版_副刊
一 二 三 十
Vol.2_No.9 Vol.2_No.10 Vol.10_No.1
S1E2 S1E10 S2E1
民国26年1月9日 民国26年1月10日 民国26年10月1日
""".strip().split("\n")


def in_order(names: list[str]) -> list[str]:
    """As lists of the product sort them."""
    roman = counts_in_roman(names)
    return sorted(names, key=lambda name: natural_key(name, roman=roman))


@pytest.mark.parametrize("line", SETS)
def test_natural_key_orders_as_people_count(line: str) -> None:
    ordered = line.split(" ")
    for seed in range(5):
        assert in_order(random.Random(seed).sample(ordered, len(ordered))) == ordered


@pytest.mark.parametrize("word", ["三國志", "百花齊放", "元曲選", "甲午風雲", "天工開物", "上海", "春秋左傳", "書目"])
def test_natural_key_words_that_only_look_like_numbers_stay_words(word: str) -> None:
    assert natural_key(word) == ((0, 0, ""), (1, 0, word))


DIGITS = "〇一二三四五六七八九"


def chinese(n: int) -> str:
    """23 as 二十三, 120 as 一百二十, 305 as 三百零五."""
    if n >= 100:
        rest = n % 100
        zero = "零" if 0 < rest < 10 else ""
        tens = "一" if 10 <= rest < 20 else ""
        return DIGITS[n // 100] + "百" + zero + (tens + chinese(rest) if rest else "")
    if n >= 10:
        return ("" if n < 20 else DIGITS[n // 10]) + "十" + (DIGITS[n % 10] if n % 10 else "")
    return DIGITS[n]


FORMS = (
    "卷{}", "第{}册", "第{}期", "卷之{}", "{}集", "（{}）", "2019年第{}期", "{}月号", "史記·卷{}上", "第{}回 大鬧天宮",
)  # fmt: skip


@given(st.sampled_from(FORMS), st.lists(st.integers(1, 999), unique=True, max_size=12), st.booleans(), st.randoms())
def test_natural_key_any_number_in_any_form_counts_by_value(
    form: str, numbers: list[int], worded: bool, chance: random.Random
) -> None:
    ordered = [form.format(chinese(n) if worded else n) for n in sorted(numbers)]
    assert in_order(chance.sample(ordered, len(ordered))) == ordered


@given(st.lists(st.text(max_size=20), max_size=8))
def test_natural_key_any_names_compare(names: list[str]) -> None:
    assert len(in_order(names)) == len(names)


@given(st.lists(st.text(alphabet="卷第上中下甲元初春正月年集册期一二十廿首末ivx 1/.（）增刊", max_size=12), max_size=8))
def test_natural_key_words_of_sets_in_any_order_compare(names: list[str]) -> None:
    assert sorted(in_order(names)) == sorted(names)
