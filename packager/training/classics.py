"""The texts that the training collection carries besides the manuals: two old primers and a check list."""

from __future__ import annotations

from html import escape

from packager.training.epub import Page

THOUSAND_CHARACTERS = (
    (
        "天文地理",
        "天地玄黃，宇宙洪荒。日月盈昃，辰宿列張。寒來暑往，秋收冬藏。閏餘成歲，律呂調陽。雲騰致雨，露結為霜。"
        "金生麗水，玉出崑岡。劍號巨闕，珠稱夜光。果珍李柰，菜重芥薑。海鹹河淡，鱗潛羽翔。",
    ),
    (
        "上古之治",
        "龍師火帝，鳥官人皇。始制文字，乃服衣裳。推位讓國，有虞陶唐。弔民伐罪，周發殷湯。坐朝問道，垂拱平章。"
        "愛育黎首，臣伏戎羌。遐邇壹體，率賓歸王。鳴鳳在樹，白駒食場。化被草木，賴及萬方。",
    ),
    (
        "修身",
        "蓋此身髮，四大五常。恭惟鞠養，豈敢毀傷。女慕貞絜，男效才良。知過必改，得能莫忘。罔談彼短，靡恃己長。"
        "信使可覆，器欲難量。墨悲絲染，詩讚羔羊。景行維賢，克念作聖。德建名立，形端表正。空谷傳聲，虛堂習聽。"
        "禍因惡積，福緣善慶。尺璧非寶，寸陰是競。資父事君，曰嚴與敬。孝當竭力，忠則盡命。臨深履薄，夙興溫凊。"
        "似蘭斯馨，如松之盛。川流不息，淵澄取映。容止若思，言辭安定。篤初誠美，慎終宜令。榮業所基，籍甚無竟。"
        "學優登仕，攝職從政。存以甘棠，去而益詠。",
    ),
)

THREE_CHARACTERS = (
    (
        "人之初",
        "人之初，性本善。性相近，习相远。苟不教，性乃迁。教之道，贵以专。",
        "小朋友生下来都很善良。后来学的东西不同，人就慢慢不一样了。学习要专心，一件一件来。",
    ),
    (
        "孟母搬家",
        "昔孟母，择邻处。子不学，断机杼。窦燕山，有义方。教五子，名俱扬。",
        "孟子小时候，妈妈为了让他好好学，搬了好几次家。孟子不想上学，妈妈就剪断织机上的布，告诉他不能半路停下。",
    ),
    (
        "玉不琢",
        "玉不琢，不成器。人不学，不知义。为人子，方少时。亲师友，习礼仪。",
        "玉石要细细地磨，才能变成好看的东西。人也要学，才懂道理。",
    ),
    (
        "孔融让梨",
        "香九龄，能温席。孝于亲，所当执。融四岁，能让梨。弟于长，宜先知。",
        "黄香九岁，天冷时先把爸爸的被子睡暖。孔融四岁，把大的梨让给哥哥。",
    ),
    (
        "数一数，看一看",
        "一而十，十而百。百而千，千而万。三才者，天地人。三光者，日月星。曰春夏，曰秋冬。此四时，运不穷。",
        "从一数到十，再数到一百、一千、一万。抬头看，天上有太阳、月亮和星星。一年有春、夏、秋、冬。",
    ),
)

CHECK_LIST = """\
# 开馆闭馆检查单

每天一页，开馆和闭馆各看一遍，打勾。做不到的一项写明原因，交给下一班。

## 开馆

| 看什么 | 应当是 | 打勾 |
|---|---|---|
| 状态灯 | 正常 | |
| 本馆网址 | 终端上打得开 | |
| 检索 | 查一个词，有结果 | |
| 一本书 | 翻得开 | |
| 手机 | 扫码连得上 | |
| 硬盘 | 平放，没有挪动 | |

## 闭馆

| 看什么 | 应当是 | 打勾 |
|---|---|---|
| 终端 | 都已结束使用 | |
| 状态灯 | 正常；处理中就不断电 | |
| 风口 | 没有遮挡 | |
| 主机电源 | 一直开着 | |

## 交给下一班

- 屏幕上的那一句话：
- 哪一块硬盘，编号：
- 几点开始，做到哪一步：
- 经手人：
"""


def characters() -> frozenset[str]:
    """Every character of the two primers."""
    return frozenset("".join(title + text for title, text in THOUSAND_CHARACTERS)) | frozenset(
        "目錄封面" + "".join(title + text + words for title, text, words in THREE_CHARACTERS)
    )


def verse_pages() -> tuple[Page, ...]:
    """千字文, its first third, a section a page."""
    return tuple(
        Page(title, f'<h1>{title}</h1>\n<div class="verse">\n{_verses(text)}\n</div>')
        for title, text in THOUSAND_CHARACTERS
    )


def child_pages() -> tuple[Page, ...]:
    """三字经 with a few words for children, a story a page."""
    return tuple(
        Page(
            title,
            f'<h1>{title}</h1>\n<div class="verse">\n{_verses(text)}\n</div>\n<p class="gloss">{escape(words)}</p>',
        )
        for title, text, words in THREE_CHARACTERS
    )


def _verses(text: str) -> str:
    return "\n".join(f"<p>{escape(line)}。</p>" for line in text.split("。") if line)
