from __future__ import annotations

from indexer.model import Access, Creator, Identifier, RareBook, Resource
from indexer.schema import MAX_WEIGHT, SECTION_MARK, IndexTables, index_row, is_listed, is_readable, sort_key
from tests.indexer.shelf import resource


def test_index_row_title_and_creator_weigh_four() -> None:
    record = resource("a", "红楼", creators=(Creator("曹雪"),), subjects=("红",), description="红楼红")
    weights = index_row(record, 0, IndexTables()).terms["x"]
    assert weights["红楼"] == 5
    assert weights["红"] == 4 + 1 + 2
    assert weights["曹雪"] == 4
    assert weights["楼红"] == 1


def test_index_row_weight_is_capped_at_a_byte() -> None:
    row = index_row(resource("a", "人", description="人 " * 1000), 0, IndexTables())
    assert row.terms["x"]["人"] == MAX_WEIGHT


def test_index_row_tagged_fields_hold_units_pairs_and_the_whole() -> None:
    record = resource("a", "红楼 梦", title_alt=("石头记",), creators=(Creator("曹 雪芹"),))
    terms = index_row(record, 0, IndexTables()).terms
    assert {"红", "红楼", "梦", "=红楼梦", "=石头记", "石头"} <= set(terms["title"])
    assert set(terms["creator"]) == {"曹", "雪", "芹", "雪芹", "=曹雪芹", "@aC曹雪芹\x1f曹 雪芹\x1f\x1f"}
    assert set(terms["title"].values()) == {1}


def test_index_row_text_has_five_sections() -> None:
    record = resource(
        "a",
        "紅樓夢",
        title_alt=("石头记",),
        identifiers=(Identifier("isbn", "9787101003048"), Identifier("issn", "1000-8608")),
        rare=RareBook("刻本", "清乾隆", holder="国家图书馆", call_number="A 01"),
    )
    sections = index_row(record, 0, IndexTables()).text.split(SECTION_MARK)
    assert sections[0] == "红楼梦\n石头记"
    assert sections[3] == "9787101003048\n10008608\n1000 8608"
    assert sections[4] == "刻本\n清干隆\n国家图书馆\na 01"
    assert len(sections) == 5


def test_readable_catalogue_entries_are_not() -> None:
    assert is_readable(resource("a", "书"))
    assert not is_readable(resource("a", "书", readable=False))
    assert not is_readable(resource("a", "书", access=Access(scope="none")))
    assert not is_readable(resource("a", "书", access=Access(unknown=("seal",))))
    assert is_listed(resource("a", "书", access=Access(scope="none")))


def test_sort_key_is_the_reviewed_one_or_the_automatic_one() -> None:
    assert sort_key(resource("a", "《紅樓夢》")) == "hong2紅 lou2樓 meng4夢"
    assert sort_key(resource("a", "重庆", title_sort="chong2qing4")) == "chong2qing4"
    assert sort_key(Resource("a", "！", "book")) == ""


def test_tables_give_one_number_a_combination() -> None:
    tables = IndexTables()
    assert tables.number("language", ["zh", "en", "zh"]) == tables.number("language", ["zh", "en"]) == 1
    assert tables.number("language", []) == 0
    assert tables.to_json()["language"] == [[], ["zh", "en"]]
