"""The 22 main classes of the Chinese Library Classification (中国图书馆分类法)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MainClass:
    """A main class: its letter and its names."""

    code: str
    zh: str
    en: str


MAIN_CLASSES = (
    MainClass(
        "A",
        "马克思主义、列宁主义、毛泽东思想、邓小平理论",
        "Marxism, Leninism, Mao Zedong Thought, Deng Xiaoping Theory",
    ),
    MainClass("B", "哲学、宗教", "Philosophy and religion"),
    MainClass("C", "社会科学总论", "Social sciences in general"),
    MainClass("D", "政治、法律", "Politics and law"),
    MainClass("E", "军事", "Military science"),
    MainClass("F", "经济", "Economics"),
    MainClass("G", "文化、科学、教育、体育", "Culture, science, education and sports"),
    MainClass("H", "语言、文字", "Languages and linguistics"),
    MainClass("I", "文学", "Literature"),
    MainClass("J", "艺术", "Art"),
    MainClass("K", "历史、地理", "History and geography"),
    MainClass("N", "自然科学总论", "Natural sciences in general"),
    MainClass("O", "数理科学和化学", "Mathematics, physics and chemistry"),
    MainClass("P", "天文学、地球科学", "Astronomy and earth sciences"),
    MainClass("Q", "生物科学", "Biological sciences"),
    MainClass("R", "医药、卫生", "Medicine and health"),
    MainClass("S", "农业科学", "Agricultural sciences"),
    MainClass("T", "工业技术", "Industrial technology"),
    MainClass("U", "交通运输", "Transportation"),
    MainClass("V", "航空、航天", "Aviation and aerospace"),
    MainClass("X", "环境科学、安全科学", "Environmental and safety science"),
    MainClass("Z", "综合性图书", "General works"),
)
_BY_LETTER = {c.code: c for c in MAIN_CLASSES}
_CODE = re.compile(r"[A-KN-VXZ][A-Z]?[0-9./\-+:=()<>\"'A-Z]{0,40}\Z")


def main_class(code: str) -> MainClass | None:
    """The main class of a class number, None when it has none: ` i242.4` → 文学, `TP312` → 工业技术."""
    code = unicodedata.normalize("NFKC", code).strip().lstrip("{[(*+ ").upper()
    return _BY_LETTER.get(code[:1])


def normalise_clc(code: str) -> str:
    """A class number in its usual form (half width, upper case, no spaces, no 推荐号 marks); empty when it is none."""
    code = re.sub(r"\s+", "", unicodedata.normalize("NFKC", code)).upper().strip("{}[],;")
    return code if _CODE.match(code) else ""
