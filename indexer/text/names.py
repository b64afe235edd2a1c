"""Statements of responsibility: who did what, in which dynasty.

    （明）沈德符 撰          沈德符, 明, 撰
    [清]曹雪芹著             曹雪芹, 清, 著
    杨博远（译）             杨博远, 译
    （漢）劉歆,（晉）葛洪    two creators
    （美）海明威著           海明威, country 美, 著

A role is taken off only where it is known for one: after a space, in brackets at the end, or at the end of a name
long enough to stand without it. A word that is not known stays in the name. The record keeps the statement as it
was printed whenever something was taken off, so nothing is lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from indexer.model import Creator
from indexer.text.dynasties import find_dynasty

MAX_CREATORS = 200
_LONGEST_NAME = 500

# Printed word → role of the closed list; traditional forms are made simple before the look-up.
ROLE_WORDS = {
    "著": "著", "着": "著", "著者": "著", "作者": "著", "撰": "撰", "撰写": "撰", "撰文": "撰", "撰著": "撰",
    "编撰": "撰", "御制": "撰",
    "制": "其他", "作": "著", "文": "著", "编": "编", "编辑": "编", "编者": "编", "辑录": "辑", "主编": "主编",
    "总主编": "主编",
    "总纂": "纂", "编著": "编著", "编写": "编著", "译": "译", "译者": "译", "翻译": "译", "编译": "译", "漢译": "译",
    "汉译": "译", "绎译": "译",
    "注": "注", "注释": "注", "集注": "注", "笺注": "笺", "校注": "注", "译注": "注", "集解": "注", "解": "注",
    "解诂": "注", "次注": "注",
    "补注": "注", "增注": "注", "注解": "注", "释": "注", "疏": "疏", "义疏": "疏", "正义": "疏", "索隐": "疏",
    "笺": "笺", "传": "传",
    "校": "校", "校订": "校", "校正": "校", "校勘": "校", "编校": "校", "校补": "校", "校次": "校", "点校": "点校",
    "标点": "点校", "整理": "整理",
    "辑": "辑", "编次": "编", "编纂": "编", "纂辑": "辑", "辑校": "辑", "修": "修", "编修": "修", "重修": "修",
    "增修": "修", "纂修": "修", "主修": "修",
    "承修": "修", "监修": "监修", "纂": "纂", "纂集": "纂", "续纂": "纂", "述": "述", "重述": "述", "口述": "口述",
    "录": "录", "记": "录",
    "记录": "录", "蒐录": "录", "续": "续", "续编": "续", "补": "补", "增补": "补", "补遗": "补", "补编": "补",
    "评": "评", "批": "评",
    "评点": "评", "批点": "评", "评注": "评", "音义": "音义", "音释": "音义", "反切": "音义", "考证": "考证",
    "辨说": "考证", "选": "选",
    "编选": "选", "选编": "选", "选注": "选", "审": "审", "审订": "审", "审校": "审", "总辨": "其他", "序": "序",
    "作序": "序", "跋": "序",
    "注跋": "注", "改编": "改编", "缩写": "改编", "绘": "绘", "绘画": "绘", "绘图": "绘", "插图": "绘", "图": "绘",
    "画": "绘", "插画": "绘",
    "书": "书", "书写": "书", "书法": "书", "题": "书", "摄": "摄", "摄影": "摄", "拍摄": "摄", "讲": "讲",
    "主讲": "讲", "讲授": "讲", "讲解": "讲",
    "演讲": "讲", "讲述": "讲", "授课": "讲", "主讲人": "讲", "朗读": "朗读", "朗诵": "朗读", "播讲": "朗读",
    "演播": "朗读", "诵读": "朗读",
    "播音": "朗读", "录音": "朗读", "配音": "朗读", "解说": "解说", "主持": "解说", "主演": "演", "演": "演",
    "表演": "演", "演员": "演",
    "演唱": "演唱", "唱": "演唱", "演奏": "演奏", "指挥": "演奏", "作曲": "作曲", "曲": "作曲", "编曲": "作曲",
    "作词": "作词", "词": "作词",
    "编剧": "编剧", "导演": "导演", "总导演": "导演", "设计": "设计", "制作": "制作", "监制": "制作", "制片": "制作",
    "录制": "制作",
    "出品": "出品", "收藏": "收藏", "藏": "收藏", "藏书": "收藏",
    "删定": "编", "刊定": "编", "增定": "编", "增订": "编", "重订": "编", "订": "编", "原本": "著", "刊": "其他",
    "定": "其他",
    "御定": "其他", "钦定": "其他", "校定": "校", "撰校勘记": "校", "辨正": "考证", "考补": "考证", "考异": "考证",
    "补正": "补",
    "补葺": "补", "口译": "译", "笔受": "译", "笔录": "录", "指解": "注", "训诂": "注", "诂训": "注", "笺解": "笺",
    "author": "著", "editor": "编", "translator": "译", "illustrator": "绘", "photographer": "摄", "narrator": "朗读",
    "reader": "朗读", "director": "导演", "composer": "作曲", "ed.": "编", "eds.": "编", "trans.": "译", "ill.": "绘",
}  # fmt: skip
# What may stand before a role and changes nothing for a search: by order of the throne, anew, together, synthetic.
_BEFORE = re.compile(
    r"(?:奉敕|共同|合作|合成|分别|主要|执行|联合|语音|真人|中文|英文|全文|[等敕御钦原重初合总增续新同参英日法俄中今])+"
)
_ROLE_SIMPLIFY = str.maketrans(
    "編譯註輯繪講攝錄補續箋傳釋評監導製書畫選點勅勑義證參訂訓詁學詞誦讀說寫圖藏題記觀纂覽總辧辨隱",
    "编译注辑绘讲摄录补续笺传释评监导制书画选点敕敕义证参订训诂学词诵读说写图藏题记观纂览总办辨隐",
)
# Roles that may hang on a name without a space. The second set is found in given names too: the rest must be longer.
_ATTACHED = (
    "主编", "编著", "编译", "翻译", "编写", "编撰", "点校", "校注", "译注", "绘图", "绘画", "摄影", "主讲", "朗读",
    "朗诵", "播讲", "导演", "作曲", "整理", "口述", "选编", "编选", "改编", "编修", "编", "著", "撰", "辑", "纂", "注",
    "疏", "述",
)  # fmt: skip
_ATTACHED_DOUBTFUL = ("译", "绘", "摄", "校", "讲")
_COUNTRY_WORDS = (
    "美 英 法 德 俄 苏 日 意 加 澳 印 韩 朝 西 葡 荷 比 奥 瑞士 瑞典 瑞 挪 挪威 丹 丹麦 芬 波 捷 匈 罗 希 希腊 土 埃 "
    "以 巴 巴西 阿根廷 智利 "
    "哥伦比亚 墨 墨西哥 古巴 加拿大 澳大利亚 新西兰 新加坡 马来西亚 泰 泰国 越 越南 菲律宾 印度 印尼 日本 美国 英国 "
    "法国 德国 俄国 俄罗斯 "
    "苏联 意大利 西班牙 葡萄牙 荷兰 比利时 奥地利 爱尔兰 爱 波兰 捷克 匈牙利 罗马尼亚 保加利亚 南斯拉夫 韩国 朝鲜 "
    "蒙古国 伊朗 以色列 "
    "古希腊 古罗马 南非 尼日利亚 埃及 乌克兰 白俄罗斯 哈萨克斯坦"
)
_COUNTRIES = frozenset(_COUNTRY_WORDS.split())

_BRACKET = re.compile(r"\s*[（(\[［〔【]\s*([^（）()\[\]［］〔〕【】]{0,12}?)\s*[)）\]］〕】]\s*")
_TAIL_BRACKET = re.compile(r"\s*[（(\[［〔【]\s*([^（）()\[\]［］〔〕【】]{1,60})\s*[)）\]］〕】]\s*\Z")
_DATES = re.compile(r"(?:生卒[：:]?\s*)?(?:约|ca?\.\s*|前|公元前|b\.\s*|d\.\s*|fl\.\s*|[?？-])*\d{1,4}年?[?？]?\s*"
                    r"(?:[-—–~～―至]{1,2}\s*(?:约|前|公元前|-)*(?:\d{1,4}年?)?[?？]?)?\Z")  # fmt: skip
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇·・]+\Z")
_SPLIT = re.compile(r"\s*[;；|｜\n]\s*")
_SPLIT_MINOR = re.compile(
    r"\s*、\s*|\s+/\s+|\s*／\s*|\s*[,，]\s*(?=[（(\[［〔【][^（）()\[\]［］〔〕【】]{0,6}[)）\]］〕】])"
)


def parse_creators(text: str, default_role: str = "") -> tuple[Creator, ...]:
    """The creators of a statement, in its order; the same name twice is one creator when the parts fit together.

    Args:
        text: one or several names parted by `;`, `、`, ` / `, a line end, or a comma before a bracketed dynasty.
        default_role: role of those whose statement names none.
    """
    return (_parse if len(text) <= _LONGEST_NAME else _parse.__wrapped__)(text, default_role)


@lru_cache(maxsize=16384)
def _parse(text: str, default_role: str) -> tuple[Creator, ...]:
    found: list[Creator] = []
    for piece in _pieces(unicodedata.normalize("NFC", text)):
        creator = parse_creator(piece)
        if creator is None:
            continue
        if default_role and not creator.role:
            creator = replace(creator, role=default_role)
        _merge(found, creator)
    return tuple(found[:MAX_CREATORS])


def parse_creator(text: str) -> Creator | None:
    """One creator, None when no name is left."""
    text = " ".join(text.replace("\u3000", " ").split())[:_LONGEST_NAME]
    name, dynasty, country = _leading_bracket(text)
    name, role, dates, late_dynasty = _trailing_brackets(name)
    dynasty = dynasty or late_dynasty
    if not dynasty:
        name, dynasty = _leading_word(name)
    if not role:
        name, role = _trailing_role(name, bracketed=bool(dynasty or country))
    name = name.strip(" ,，:：")
    if not name:
        return Creator(name=text) if text.strip(" ()（）[]") else None
    return Creator(name=name, role=role, dynasty=dynasty, dates=dates, country=country)


def role_of(word: str) -> str:
    """The role of a printed word (奉敕撰, 合成朗读, 译, 註), empty when it is none."""
    word = word.strip().lower().translate(_ROLE_SIMPLIFY)
    if word in ROLE_WORDS:
        return ROLE_WORDS[word]
    before = _BEFORE.match(word)
    while before:
        if (rest := word[before.end() :]) in ROLE_WORDS:
            return ROLE_WORDS[rest]
        before = _BEFORE.match(word, 0, before.end() - 1)
    # 辑编, 编注, 奉敕编注: every character is a role or changes nothing, the last one counts.
    if 2 <= len(word) <= 5 and all(c in ROLE_WORDS or _BEFORE.match(c) for c in word.replace("奉敕", "敕")):
        return ROLE_WORDS.get(word[-1], "")
    return ""


def _pieces(text: str) -> Iterable[str]:
    for part in _SPLIT.split(text):
        minor = [p for p in _SPLIT_MINOR.split(part) if p and p.strip()]
        if len(minor) == 1:
            minor = _split_wide_spaces(part) or _split_commas(part)
        yield from minor


def _split_wide_spaces(text: str) -> list[str]:
    """`均如著　金知見編` are two: every piece ends with a role. `夏目　漱石` is one."""
    names = [n for n in text.split("\u3000") if n]
    if len(names) > 1 and all(_trailing_role(n, bracketed=False)[1] for n in names):
        return names
    return []


def _split_commas(text: str) -> list[str]:
    """`张三，李四` are two; `Melville, Herman` and `人民出版社，北京` are left whole."""
    names = [n.strip() for n in re.split(r"[,，]", text)]
    if len(names) > 1 and all(2 <= len(n) <= 4 and _HAN.match(n) for n in names):
        return names
    return [text]


def _leading_bracket(text: str) -> tuple[str, str, str]:
    """Name, dynasty and country. A bracket that is neither stays with the name."""
    match = _BRACKET.match(text)
    if not match or match.end() == len(text):
        return text, "", ""
    word, rest = match[1], text[match.end() :]
    if not word:
        return rest, "", ""
    if word in _COUNTRIES:
        return rest, "", word
    period = find_dynasty(word)
    return (rest, period.name, "") if period else (text, "", "")


def _leading_word(name: str) -> tuple[str, str]:
    """`慧菀述` of `唐 慧菀述`: with a role behind, a dynasty and a space before a name are no surname (夏 衍)."""
    head, space, rest = name.partition(" ")
    if not space or not _trailing_role(rest, bracketed=False)[1]:
        return name, ""
    period = find_dynasty(head)
    return (rest, period.name) if period else (name, "")


def _trailing_brackets(name: str) -> tuple[str, str, str, str]:
    """Name, role, dates of life and dynasty, as far as they stand in brackets at the end."""
    role = dates = ""
    dynasty = ""
    for _ in range(3):
        match = _TAIL_BRACKET.search(name)
        if not match or match.start() == 0:
            break
        if not role and (found := role_of(match[1])):
            role = found
        elif not dates and _DATES.match(match[1]):
            dates = match[1]
        elif not dynasty and (period := find_dynasty(match[1])):
            dynasty = period.name
        else:
            break
        name = name[: match.start()]
    return name, role, dates, dynasty


def _trailing_role(name: str, *, bracketed: bool) -> tuple[str, str]:
    """Name and role of `曹雪芹 著`, `曹雪芹著`, `朱熹等撰`."""
    head, space, last = name.rpartition(" ")
    if space and (role := role_of(last)) and not last.isascii():
        return head, role
    shortest = 1 if bracketed else 2
    for words, rest_length in ((_ATTACHED, shortest), (_ATTACHED_DOUBTFUL, shortest if bracketed else 3)):
        simple = name.translate(_ROLE_SIMPLIFY)
        for word in words:
            rest = name[: -len(word)]
            if simple.endswith(word) and len(rest) >= rest_length and _HAN.match(rest):
                return _without_order(rest), ROLE_WORDS[word]
    return name, ""


def _without_order(name: str) -> str:
    """`张玉书奉敕` → 张玉书; `朱熹等` stays 朱熹等 (there were others)."""
    simple = name.translate(_ROLE_SIMPLIFY)
    for word in ("奉敕", "敕", "合"):
        if simple.endswith(word) and len(name) - len(word) >= 2:
            return name[: -len(word)]
    return name


def _merge(found: list[Creator], creator: Creator) -> None:
    """Add `creator`; a bare heading and the statement of the same person are one (王肅;（魏）王肅 註)."""
    for i, known in enumerate(found):
        if known.name == creator.name and (not known.role or not creator.role or known.role == creator.role):
            found[i] = Creator(
                name=known.name,
                role=known.role or creator.role,
                dynasty=known.dynasty or creator.dynasty,
                dates=known.dates or creator.dates,
                country=known.country or creator.country,
            )
            return
    found.append(creator)
