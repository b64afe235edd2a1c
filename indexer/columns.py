"""The columns of a catalogue: their names, what else they are called, and how long a cell may be."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

COLUMNS = (
    "id", "title", "creator", "contributor", "publisher", "date", "language", "type", "subject", "clc", "description",
    "rights", "licence", "source", "files",
    "identifiers", "title_alt", "title_sort", "title_pinyin", "statement", "dynasty", "place", "edition", "extent",
    "subtype", "level", "parent", "seq", "designation", "classes", "places", "period", "audience", "access", "contents",
    "replaced_by",
    "rare.edition_type", "rare.engraved", "rare.juan", "rare.juan_extant", "rare.holder", "rare.call_number",
)  # fmt: skip
ALIASES = {
    "identifier": "identifiers", "creators": "creator", "author": "creator", "contributors": "contributor",
    "subjects": "subject",
    "keywords": "subject", "languages": "language", "license": "licence", "file": "files", "class": "clc",
    "year": "date",
    "abstract": "description", "alternative": "title_alt",
    "编号": "id", "资源编号": "id", "题名": "title", "书名": "title", "标题": "title", "责任者": "creator",
    "作者": "creator",
    "著者": "creator", "其他责任者": "contributor", "出版者": "publisher", "出版社": "publisher", "出版地": "place",
    "日期": "date",
    "出版日期": "date", "出版年": "date", "语种": "language", "语言": "language", "类型": "type", "资源类型": "type",
    "主题": "subject",
    "主题词": "subject", "关键词": "subject", "分类号": "clc", "中图分类号": "clc", "中图法分类号": "clc",
    "简介": "description",
    "内容简介": "description", "摘要": "description", "描述": "description", "版权": "rights", "权限说明": "rights",
    "许可": "licence",
    "来源": "source", "文件": "files", "标识符": "identifiers", "朝代": "dynasty", "其他题名": "title_alt",
    "版本": "edition",
    "使用范围": "access", "读者对象": "audience", "卷期": "designation", "版本类型": "rare.edition_type",
    "版刻年代": "rare.engraved",
    "卷数": "rare.juan", "存卷": "rare.juan_extant", "收藏单位": "rare.holder", "索书号": "rare.call_number",
}  # fmt: skip
MAX_FILES = 50_000
KNOWN = frozenset(COLUMNS)
LIMITS = {"title": 2_000, "description": 200_000, "contents": 200_000, "files": 4_000_000, "subject": 50_000}
LIMIT = 20_000
MULTILINE = frozenset({"description", "contents", "files", "rights", "creator", "contributor"})
MAX_EXTRA = 200


def unknown_column(name: str) -> str:
    """The warning for a column that the model does not know; a source says it once."""
    return f"不认识的栏目“{name}”，内容已原样保留"


@lru_cache(maxsize=1024)
def column_name(header: str) -> str:
    """The column that a header means: BOM, spaces and case ignored, Chinese and other usual names accepted."""
    plain = re.sub(r"\s+", "_", unicodedata.normalize("NFKC", header).strip("\ufeff \t\r\n"))
    lower = plain.lower()
    return ALIASES.get(lower, lower if lower in KNOWN or lower.startswith(("access.", "rare.")) else plain)


def split_files(cell: str) -> tuple[str, ...]:
    """The file names of a cell, parted by `;` or line ends, without empty ones."""
    return tuple(name for part in re.split(r"[;\n]", cell) if (name := part.strip()))[:MAX_FILES]
