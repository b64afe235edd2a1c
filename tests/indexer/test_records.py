"""Rows and objects to records."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.access import ReaderContext, decide, is_understood
from indexer.columns import ALIASES, COLUMNS, column_name, unknown_column
from indexer.compact import TYPE_WORDS, parse_audience
from indexer.errors import RecordError
from indexer.model import (
    TYPES,
    Access,
    Audience,
    ClassCode,
    ContentsEntry,
    Creator,
    ExtraField,
    Identifier,
    Item,
    PublicationDate,
    RareBook,
    Resource,
    dump_line,
    load_line,
)
from indexer.records import SourceRecord, object_to_record, row_to_record

ITEM = Item("a" * 20, "part", 0, "data/aa/a.pdf", "application/pdf", 1, "0" * 64)


def row(**cells: str) -> SourceRecord:
    return row_to_record({"id": "A1", "title": "论语", "type": "book", **cells}, 5)


def resource(**cells: str) -> Resource:
    return row(**cells).resource


def test_row_to_record_full_row_fills_the_model() -> None:
    record = row_to_record(
        {
            "id": "B-1", "title": "《红楼梦》", "creator": "[清]曹雪芹著;高鹗 续",
            "contributor": "程伟元（整理）;无名", "publisher": "人民文学出版社",
            "date": "1982年3月", "language": "zh_CN", "type": "图书", "subject": "章回小说; 四大名著;章回小说",
            "clc": "I242.4;K23",
            "description": "第一行\r\n第二行", "rights": "公有领域", "licence": "CC0", "source": "馆藏",
            "files": "a.epub ; ;b.pdf",
            "identifiers": "isbn:7-02-000220-X;KR4j0088", "parent": "B", "seq": "十二", "level": "册",
            "designation": "上册",
            "audience": "children:6-12", "access": "seats:2;until:2027-12-31", "places": "110000@2020、120000",
            "title_alt": "石头记",
            "edition": "第2版", "place": "北京", "extent": "4册", "period": "清", "subtype": "小说",
            "rare.edition_type": "刻本", "索书号": "善1",
            "classes": "四部:子部;x1", "contents": "第一回|第二回", "replaced_by": "B-2", "颜色": "红",
        },
        9,
    )  # fmt: skip
    expected = Resource(
        id="B-1", title="《红楼梦》", type="book", subtype="小说", level="volume", parent="B", seq=12,
        designation="上册",
        identifiers=(Identifier("isbn", "9787020002207"), Identifier("local", "KR4j0088")), title_alt=("石头记",),
        title_sort="hong2红 lou2楼 meng4梦", title_pinyin="hong lou meng",
        statement="[清]曹雪芹著;高鹗 续；程伟元（整理）;无名",
        creators=(
            Creator("曹雪芹", "著", "清"), Creator("高鹗", "续"), Creator("程伟元", "整理"), Creator("无名", "其他"),
        ),
        publisher="人民文学出版社", place="北京", edition="第2版", extent="4册",
        date=PublicationDate("1982年3月", 1982, 1982, 3, None, "exact"), subjects=("章回小说", "四大名著"),
        classes=(
            ClassCode("clc", "I242.4"), ClassCode("clc", "K23"), ClassCode("sibu", "子部"), ClassCode("other", "x1"),
        ),
        places=("110000@2020", "120000"), period="清", language=("zh-Hans",), audience=Audience("children", 6, 12),
        rare=RareBook(edition_type="刻本", call_number="善1"),
        access=Access("seats", 2, "", "2027-12-31", download=False),
        rights="公有领域", licence="CC0", source="馆藏", description="第一行\n第二行",
        contents=(ContentsEntry("第一回"), ContentsEntry("第二回")), replaced_by="B-2",
        extra=(ExtraField("颜色", "红"),),
    )  # fmt: skip
    assert record.resource == expected
    assert record.files == ("a.epub", "b.pdf")
    assert record.warnings == (unknown_column("颜色"),)
    assert record.line == 9


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"id": ""}, "id"), ({"id": "  "}, "id"), ({"id": "a/b"}, "id"), ({"id": "论语"}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"id": ".."}, "id"), ({"id": "a\x01b", "title": ""}, "title"), ({"title": ""}, "title"),
        ({"title": " \t "}, "title"),
        ({"title": "\0"}, "title"),
    ],
)  # fmt: skip
def test_row_to_record_without_id_or_title_is_refused(cells: dict[str, str], field: str) -> None:
    with pytest.raises(RecordError) as caught:
        row(**cells)
    assert (caught.value.line, caught.value.field) == (5, field)


def test_row_to_record_controls_and_direction_marks_are_removed_and_said() -> None:
    record = row(title="论\0语\u202e倒", description="a\tb\nc\x07", publisher="甲\n乙")
    assert record.resource.title == "论语倒"
    assert record.resource.description == "a\tb\nc"
    assert record.resource.publisher == "甲 乙"
    assert len(record.warnings) == 2


def test_row_to_record_decomposed_text_is_composed() -> None:
    assert resource(title="Re\u0301gime").title == "Régime"


def test_row_to_record_lone_surrogate_is_replaced() -> None:
    record = row(description="a\ud800b")
    assert record.resource.description == "a\ufffdb"
    dump_line(record.resource)


def test_row_to_record_long_cells_are_bounded_and_said() -> None:
    record = row(title="很" * 5000, description="很" * 300_000, files=";".join(f"{i}.jpg" for i in range(60_000)))
    assert (len(record.resource.title), len(record.resource.description)) == (2000, 200_000)
    assert len(record.files) == 50_000
    assert len(record.warnings) == 2


@pytest.mark.parametrize(
    ("word", "files", "expected", "known"),
    [
        ("book", "", ("book", ""), True), ("Books", "", ("book", ""), True), ("ebook", "", ("book", ""), True),
        ("e-book", "", ("book", ""), True),
        ("poem", "", ("book", "poem"), True), ("期刊", "", ("journal", ""), True),
        ("magazine", "", ("journal", "magazine"), True),
        ("报纸", "", ("newspaper", ""), True), ("图片", "", ("image", ""), True),
        ("photo", "", ("image", "photo"), True),
        ("mp3", "", ("audio", ""), True), ("有声书", "", ("audio", "audiobook"), True),
        ("movie", "", ("video", "film"), True),
        ("公开课", "", ("course", "公开课"), True), ("lecture", "", ("course", "lecture"), True),
        ("hologram", "a.jpg;b.PNG", ("image", "hologram"), False), ("hologram", "a.mp3", ("audio", "hologram"), False),
        ("hologram", "a.mp4;a.vtt", ("video", "hologram"), False),
        ("hologram", "1.mp4;2.mp4;3.mp4", ("course", "hologram"), False),
        ("hologram", "a.epub;cover.jpg", ("book", "hologram"), False), ("", "", ("book", ""), False),
        ("?", "a.xyz", ("book", "?"), False),
    ],
)  # fmt: skip
def test_row_to_record_types_are_mapped_or_follow_the_files(
    word: str, files: str, expected: tuple[str, str], known: bool
) -> None:
    record = row(type=word, files=files)
    assert (record.resource.type, record.resource.subtype) == expected
    assert (not record.warnings) is known


def test_type_words_lead_into_the_closed_list() -> None:
    assert {t for t, _ in TYPE_WORDS.values()} == set(TYPES)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", Access()), ("open", Access()), ("公开", Access()), ("premises", Access("premises", download=False)),
        ("仅限馆内阅览", Access("premises", download=False)), ("seats:2", Access("seats", 2, download=False)),
        ("seats:2;until:2027-12-31;download:no", Access("seats", 2, "", "2027-12-31", download=False)),
        ("open;from:2026年1月2日;download:yes", Access("open", None, "2026-01-02")),
        ("until:2027-01-01;download:是", Access("open", None, "", "2027-01-01")),
        ("accessible-only", Access("accessible-only", download=False)), ("仅目录", Access("none", download=False)),
    ],
)  # fmt: skip
def test_row_to_record_access_forms(cell: str, expected: Access) -> None:
    assert resource(access=cell).access == expected


@pytest.mark.parametrize(
    "cells",
    [
        {"access": "vip"}, {"access": "premise"}, {"access": "open;premises"}, {"access": "seats:many"},
        {"access": "seats:0"}, {"access": "seats"},
        {"access": "until:2027"}, {"access": "until:2027-03"}, {"access": "from:民国26年"}, {"access": "until:明年"},
        {"access": "download:maybe"}, {"access": "region:44"},
        {"access": "open;;x=1"},
        {"access": "x" * 30_000}, {"access.region": "44"}, {"access_level": "staff"},
        {"accessRights": "http://purl.org/coar/x"},
        {"Access Scope": "staff"}, {"access": "premises", "access.scope": "open"}, {"dcterms.accessRights": "closed"},
    ],
)  # fmt: skip
def test_row_to_record_access_not_understood_is_refused_by_the_gate(cells: dict[str, str]) -> None:
    record = row(**cells)
    assert not is_understood(record.resource.access)
    decision = decide(record.resource.with_items((ITEM,)), ReaderContext(zone="premises"), day=None)
    assert (decision.allowed, decision.reason) == (False, "rights.unknown")
    assert record.warnings
    again = load_line(dump_line(record.resource))
    assert not is_understood(again.access)


@pytest.mark.parametrize(
    "access",
    [
        {"scope": "vip"}, {"scope": "open", "region": 44}, {"scope": ["open"]}, {"scope": None}, {"scope": ""},
        {"seats": True}, {"seats": -1},
        {"seats": 1.5}, {"until": 20270101}, {"until": "2027"}, {"download": "yes"}, {"unknown": ["x"]}, ["open"], 5,
        True, [], {"": ""},
    ],
)  # fmt: skip
def test_object_to_record_access_not_understood_is_refused_by_the_gate(access: object) -> None:
    record = object_to_record({"id": "A1", "title": "t", "type": "book", "access": access})
    decision = decide(record.resource.with_items((ITEM,)), ReaderContext(zone="premises"), day=None)
    assert (decision.allowed, decision.reason) == (False, "rights.unknown")
    assert record.warnings


@given(st.text(max_size=30).filter(lambda t: t.strip(" ;；\n\t\r\v\f\x1c\x1d\x1e\x1f\x85")))
def test_row_to_record_any_access_text_opens_only_by_known_words(cell: str) -> None:
    access = resource(access=cell).access
    if is_understood(access) and access.scope == "open":
        assert any(word in cell.lower() for word in ("open", "公开", "开放", "public", "download", "下载")) or any(
            c.isdigit() for c in cell
        ) or not "".join(c for c in cell if c.isprintable()).strip(" ;；")  # fmt: skip


def test_row_to_record_plain_accession_number_is_no_access_term() -> None:
    assert resource(accession="5").access == Access()


def test_row_to_record_dynasty_column_fills_what_is_silent() -> None:
    one = resource(creator="太宗皇帝", dynasty="唐")
    assert one.date == PublicationDate(year_from=618, year_to=907, certainty="inferred", dynasty="唐")
    assert one.creators == (Creator("太宗皇帝", dynasty="唐"),)
    assert one.statement == ""
    two = resource(creator="（漢）王逸 撰", dynasty="漢", date="明万历十年")
    assert two.date.year_from == 1582
    assert two.creators[0].dynasty == "汉"
    assert resource(date="1999", dynasty="清").date.dynasty == "清"
    assert resource(dynasty="梦朝").date.dynasty == "梦朝"


def test_row_to_record_audience_unknown_word_is_not_for_children() -> None:
    assert resource(audience="少儿 6-12岁").audience == Audience("children", 6, 12)
    assert resource(audience="外星人").audience == Audience()
    assert parse_audience("children:12-6") == Audience("children", 6, 12)


def test_column_name_takes_usual_headers() -> None:
    assert column_name("\ufeffID ") == "id"
    assert column_name("题名") == "title"
    assert column_name("License") == "licence"
    assert column_name("Odd Column") == "Odd_Column"
    assert set(ALIASES.values()) <= set(COLUMNS)


def test_object_to_record_takes_compact_keys_lists_and_canonical_members() -> None:
    record = object_to_record(
        {
            "id": 7, "title": "t", "type": "book", "creator": ["甲乙（译）", "丙丁"], "subject": ["a", "b"],
            "language": ["zh_CN"], "date": 1999,
            "files": ["a;b.pdf", "", 5], "identifiers": [{"scheme": "isbn", "value": "9787020002207"}],
            "subjects": ["x;y"],
            "odd": {"deep": [1]}, "none": None, "audience": {"group": "teens"}, "first_release": 3,
            "creators": [{"name": "戊己", "role": "author"}], "items": [],
        }
    )  # fmt: skip
    assert record.resource.id == "7"
    assert record.resource.creators == (Creator("戊己", "著"),)
    assert record.resource.subjects == ("x;y",)
    assert record.resource.language == ("zh-Hans",)
    assert record.resource.date.year_from == 1999
    assert record.resource.audience.group == "unknown"
    assert record.resource.first_release == 3
    assert record.resource.extra == (ExtraField("odd", '{"deep": [1]}'),)
    assert record.files == ("a;b.pdf",)
    assert len(record.warnings) == 2


@pytest.mark.parametrize(
    "data",
    [[], "x", None, 5, {}, {"id": "A1"}, {"id": "A1", "title": "t", "creators": [{}]},
     {"id": "A1", "title": "t", "date": []},
     {"id": "A1", "title": "t", "rare": {"x": 1}},
     {"id": "A1", "title": "t", "contents": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}}],
)  # fmt: skip
def test_object_to_record_impossible_shapes_are_refused(data: object) -> None:
    with pytest.raises(RecordError) as caught:
        object_to_record(data, 3)
    assert caught.value.line == 3


cells = st.dictionaries(
    st.one_of(st.sampled_from(COLUMNS), st.sampled_from(sorted(ALIASES)), st.text(max_size=8)),
    st.text(max_size=40),
    max_size=12,
)


@given(cells)
def test_row_to_record_any_cells_give_a_stable_record(row: dict[str, str]) -> None:
    # Another header may mean the same column, so that the id is no id any more.
    row = {k: v for k, v in row.items() if column_name(k) not in {"id", "title"}}
    record = row_to_record({**row, "id": "A1", "title": "t"})
    line = dump_line(record.resource)
    assert load_line(line) == record.resource
    again = object_to_record(json.loads(line))
    assert again.resource.access.scope == record.resource.access.scope
    assert again.resource.creators == record.resource.creators
    assert again.resource.date == record.resource.date


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=6), c, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(COLUMNS), st.sampled_from(["creators", "items", "extra"])), values, max_size=8
    )
)
def test_object_to_record_any_object_gives_a_record_or_record_error(data: dict[str, object]) -> None:
    try:
        record = object_to_record({**data, "id": "A1", "title": "t"})
    except RecordError:
        return
    assert load_line(dump_line(record.resource)) == record.resource


def test_every_column_and_type_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert [c for c in COLUMNS if not re.search(rf"\b{re.escape(c)}\b", text)] == []
    assert [t for t in TYPES if t not in text] == []
