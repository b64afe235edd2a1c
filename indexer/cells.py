"""The cells of one row: cleaned, bounded, and put together into a record."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from indexer.access import is_understood
from indexer.columns import KNOWN, LIMIT, LIMITS, MAX_EXTRA, MULTILINE, unknown_column
from indexer.compact import parse_access, parse_audience, parse_classes, parse_contents, parse_level, parse_type
from indexer.errors import RecordError
from indexer.model import (
    Access,
    Audience,
    Creator,
    ExtraField,
    Identifier,
    PublicationDate,
    RareBook,
    Resource,
    is_resource_id,
)
from indexer.text.dates import dynasty_date, parse_date
from indexer.text.dynasties import find_dynasty
from indexer.text.identifiers import parse_identifier
from indexer.text.languages import parse_languages
from indexer.text.names import MAX_CREATORS, parse_creators
from indexer.text.numbers import parse_number
from indexer.text.titles import title_keys

# Controls but tab and line feed; marks that turn the direction of what follows (a title could pose as another); BOM.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
UNKNOWN_TERMS = "使用范围里有不认识的写法，这种资源暂不提供"
_MAX_DEPTH = 6
_SURROGATES = re.compile("[\ud800-\udfff]")
# Says what it is, or looks like ISBN or ISSN: then a failed check is worth a word. A number of the source's own is not.
_CLAIMS_SCHEME = re.compile(r"[a-z]{2,10}\s*[:：]|isbn|issn|doi|[\d\s-]{8,17}[\dx]?\Z", re.IGNORECASE)
# access.seats and the like, and columns that surely speak of access in words of their own: the gate must see them.
# `accession` is another thing.
_ACCESS_COLUMN = re.compile(r"(?:(?:dc|dcterms)[.:_])?access(?:[._-]|rights|level|scope|\Z)", re.IGNORECASE)
_BREAKS = re.compile("[\t\n\u2028\u2029]+")


class Cells:
    """The cleaned cells of one row, and the warnings about them."""

    def __init__(self) -> None:
        self._cells: dict[str, str] = {}
        self._access: list[str] = []
        self._extra: list[ExtraField] = []
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Add a warning once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def get(self, name: str) -> str:
        """The cell of a column, empty when there is none."""
        return self._cells.get(name, "")

    def take(self, name: str, value: str, *, known: bool | None = None) -> None:
        """Clean a cell and put it in its place; a second one for the same column is joined on."""
        value = self._clean(name, value)
        if not value:
            return
        if name in KNOWN if known is None else known:
            before = self._cells.get(name)
            self._cells[name] = f"{before};{value}" if before else value
        elif _ACCESS_COLUMN.match(name):
            self._access.append(f"{name.removeprefix('access.')}:{value}")
        elif len(self._extra) < MAX_EXTRA:
            self._extra.append(ExtraField(name=self._clean("", name)[:200], value=value))
            self.warn(unknown_column(name[:200]))

    def _clean(self, name: str, value: str) -> str:
        text = value
        # Names of files are looked up as they are; whoever resolves them decides what is safe.
        if name != "files" and not (text.isprintable() and unicodedata.is_normalized("NFC", text)):
            text = self._without_controls(name, text)
        text = text.strip()
        limit = LIMITS.get(name, LIMIT)
        if len(text) > limit:
            self.warn(f"“{name}”太长（{len(text):,} 字），只保留前 {limit:,} 字")
            text = text[:limit]
        return text

    def clean_json(self, value: Any, depth: int = 0) -> Any:
        """The same JSON value with its texts cleaned; deeper than records go it is refused."""
        if isinstance(value, str):
            return self._clean("description", value)
        if depth > _MAX_DEPTH:
            raise RecordError("嵌套太深")
        if isinstance(value, list):
            return [self.clean_json(v, depth + 1) for v in value]
        if isinstance(value, dict):
            return {str(k): self.clean_json(v, depth + 1) for k, v in value.items()}
        return value

    def _without_controls(self, name: str, text: str) -> str:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if _FORBIDDEN.search(text):
            self.warn(f"“{name}”里有控制字符，已去掉")
            text = _FORBIDDEN.sub("", text)
        if _SURROGATES.search(text):
            self.warn(f"“{name}”里有读不出的字符，已用 \ufffd 代替")
            text = _SURROGATES.sub("\ufffd", text)
        if name not in MULTILINE:
            text = _BREAKS.sub(" ", text)
        return unicodedata.normalize("NFC", text)

    def resource(self, files: Sequence[str]) -> Resource:
        """Put the record together.

        Raises:
            RecordError: no usable id, or no title.
        """
        identity, title = self.get("id"), self.get("title")
        if not is_resource_id(identity):
            raise RecordError(_bad_id(identity), field="id")
        if not title:
            raise RecordError("没有题名", field="title")
        sort, spoken = title_keys(title)
        kind, subtype = self._type(files)
        creators, statement = self._creators()
        date, creators = self._date(creators)
        return Resource(
            id=identity,
            title=title,
            type=kind,
            subtype=self.get("subtype") or subtype,
            level=self._level(),
            parent=self._related("parent"),
            seq=self._seq(),
            designation=self.get("designation"),
            identifiers=self._identifiers(),
            title_alt=_split(self.get("title_alt")),
            title_sort=self.get("title_sort") or sort,
            title_pinyin=self.get("title_pinyin") or spoken,
            statement=self.get("statement") or statement,
            creators=creators,
            publisher=self.get("publisher"),
            place=self.get("place"),
            edition=self.get("edition"),
            extent=self.get("extent"),
            date=date,
            subjects=_split(self.get("subject")),
            classes=parse_classes(self.get("clc"), "clc") + parse_classes(self.get("classes"), "other"),
            places=_split(self.get("places"), ",，、 "),
            period=self.get("period"),
            language=self._language(),
            audience=self._audience(),
            rare=self._rare(),
            access=self._terms(),
            rights=self.get("rights"),
            licence=self.get("licence"),
            source=self.get("source"),
            description=self.get("description"),
            contents=parse_contents(self.get("contents")),
            replaced_by=self._related("replaced_by"),
            extra=tuple(self._extra),
        )

    def _type(self, files: Sequence[str]) -> tuple[str, str]:
        word = self.get("type")
        kind, subtype, known = parse_type(word, files)
        if not known:
            self.warn(f"类型“{word[:60]}”不在规定之内，按文件归入 {kind}" if word else f"没有写类型，按文件归入 {kind}")
        return kind, subtype

    def _level(self) -> str:
        word = self.get("level")
        level = parse_level(word) if word else "work"
        if not level:
            self.warn(f"层级“{word[:60]}”不在规定之内，按“种”处理")
        return level or "work"

    def _related(self, name: str) -> str:
        identity = self.get(name)
        if identity and not is_resource_id(identity):
            self.warn(f"“{name}”不是资源编号：{identity[:60]}，已略去")
            return ""
        return identity

    def _seq(self) -> int | None:
        text = self.get("seq")
        if not text:
            return None
        number = parse_number(text)
        if number is None or number >= 1 << 53:
            self.warn(f"序号“{text[:60]}”不是数字，已略去")
            return None
        return number

    def _creators(self) -> tuple[tuple[Creator, ...], str]:
        """The creators, and the statement as printed when it says more than their names."""
        printed, others = self.get("creator"), self.get("contributor")
        creators = parse_creators(printed)
        if others:
            creators += tuple(c for c in parse_creators(others, "其他") if c not in creators)
        plain = all(c == Creator(name=c.name) for c in creators) and ";".join(c.name for c in creators) == printed
        statement = "；".join(" ".join(text.split()) for text in (printed, others) if text)
        return creators[:MAX_CREATORS], "" if plain else statement

    def _date(self, creators: tuple[Creator, ...]) -> tuple[PublicationDate, tuple[Creator, ...]]:
        """The date; a column for the dynasty fills the years and the first creator, where both are silent."""
        dynasty = self.get("dynasty")
        date = parse_date(self.get("date"))
        if not dynasty:
            return date, creators
        period = find_dynasty(dynasty)
        if period is None:
            self.warn(f"朝代“{dynasty[:20]}”不认识，已照录")
        if date.year_from is None:
            date = replace(dynasty_date(dynasty), printed=date.printed)
        elif not date.dynasty:
            date = replace(date, dynasty=period.name if period else dynasty[:20])
        if period and creators and not any(c.dynasty or c.country for c in creators):
            creators = (replace(creators[0], dynasty=period.name), *creators[1:])
        return date, creators

    def _identifiers(self) -> tuple[Identifier, ...]:
        out: list[Identifier] = []
        for text in _split(self.get("identifiers")):
            found = parse_identifier(text)
            if found is None:
                if _CLAIMS_SCHEME.match(text):
                    self.warn(f"标识符“{text[:60]}”不认识或校验不符，已照录")
                found = Identifier("local", text[:LIMIT])
            if found not in out:
                out.append(found)
        return tuple(out)

    def _language(self) -> tuple[str, ...]:
        tags, unknown = parse_languages(self.get("language"))
        if unknown:
            self.warn(f"语种“{'、'.join(unknown)[:60]}”不认识，已照录")
        return tags

    def _audience(self) -> Audience:
        text = self.get("audience")
        audience = parse_audience(text) if text else Audience()
        if audience is None:
            self.warn(f"读者对象“{text[:60]}”不认识，按“未知”处理，少儿版不显示")
        return audience or Audience()

    def _rare(self) -> RareBook | None:
        values = {f.name: self.get(f"rare.{f.name}") for f in fields(RareBook)}
        return RareBook(**values) if any(values.values()) else None

    def _terms(self) -> Access:
        access = parse_access("\n".join([self.get("access"), *self._access]) if self._access else self.get("access"))
        if not is_understood(access):
            self.warn(UNKNOWN_TERMS)
        return access


def _split(text: str, more: str = "") -> tuple[str, ...]:
    """The parts of a cell, without repetition, at most 1,000."""
    if not text:
        return ()
    parts = (p.strip() for p in re.split(f"[;；|\n{more}]", text))
    return tuple(dict.fromkeys(p for p in parts if p))[:1000]


def _bad_id(text: str) -> str:
    if not text:
        return "没有编号"
    return f"编号“{text[:80]}”不能用：只能有字母、数字、点、下划线和短横，最长 64 个"
