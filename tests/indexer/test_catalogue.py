from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.catalogue import CHUNK, Catalogue, build_catalogue, read_records
from indexer.errors import IndexFormatError
from indexer.model import Access, Audience, ClassCode, Resource, dump_line
from tests.indexer.shelf import generated, item, resource, write_truth

SMALL, BIG, BIGGER = item("b1"), item("b2", size=CHUNK + 1), item("b3", size=3 * CHUNK)
RECORDS = [
    resource("a1", "人民日报", readable=False, type="newspaper", level="serial", first_release=1),
    Resource("b1", "第二期", "newspaper", level="issue", parent="a1", seq=2, items=(SMALL,), first_release=2),
    Resource("b2", "第一期", "newspaper", level="issue", parent="a1", seq=1, items=(BIG,), first_release=3),
    Resource("b3", "山水", "image", classes=(ClassCode("clc", "J22"),), items=(BIGGER,), first_release=3),
    resource("c1", "阿Q正传", type="book", classes=(ClassCode("clc", "i210"),), title_sort="a q zheng zhuan"),
    resource("c2", "故事", type="book", classes=(ClassCode("clc", "I24"),), audience=Audience("children")),
]


def build(folder: Path, records: list[Resource] = RECORDS) -> Path:
    build_catalogue(*write_truth(folder, records), folder / "catalogue.db")
    return folder / "catalogue.db"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("catalogue"))


@pytest.fixture
def catalogue(path: Path) -> Catalogue:
    return Catalogue(path)


def ids(resources: list[Resource]) -> list[str]:
    return [one.id for one in resources]


def test_catalogue_rows_are_the_lines_in_order(catalogue: Catalogue) -> None:
    assert catalogue.count == len(RECORDS)
    assert catalogue.rows([0, 1, 2, 3, 4, 5]) == RECORDS
    assert ids(catalogue.rows([5, 0, 5])) == ["c2", "a1", "c2"]
    assert catalogue.rows([]) == []
    assert [catalogue.row_of(record.id) for record in RECORDS] == list(range(6))
    assert [resource for _, resource in catalogue.all_lines()] == RECORDS


def test_catalogue_get_unknown_is_none(catalogue: Catalogue) -> None:
    assert catalogue.get("b1") == RECORDS[1]
    for unknown in ("nothing", "", "'", "\ud800", "\x00", "A1"):
        assert catalogue.get(unknown) is None
        assert catalogue.row_of(unknown) is None
        assert catalogue.item(unknown) is None


def test_catalogue_lists_parts_under_a_parent_that_is_listed_else_alone(tmp_path: Path) -> None:
    def part(identity: str, parent: str, level: str = "volume", release: int = 1) -> Resource:
        return resource(identity, identity, parent=parent, level=level, first_release=release)

    records = [
        resource("a", "全集", readable=False),
        part("a1", "a", release=3),
        part("a2", "a", release=2),
        resource("b", "专题库", level="collection", readable=False),
        part("b1", "b", level="work"),
        part("c1", "nowhere"),
        part("d1", "d1"),
        resource("e", "目录", access=Access("none")),
        part("e1", "e"),
    ]
    catalogue = Catalogue(build(tmp_path, records))
    assert set(ids(catalogue.browse())) == {"a", "b", "b1", "c1", "d1", "e"}
    assert ids(catalogue.newest(9)) == ["a1", "e1", "d1", "c1", "b1"]
    assert catalogue.counts_by_type() == {"book": 6}
    assert catalogue.counts_of_rows(range(9)) == {"book": 6}
    assert catalogue.counts_of_rows([1, 2]) == catalogue.counts_of_rows([]) == {}


def test_catalogue_children_follow_seq_then_designation_as_people_count(tmp_path: Path) -> None:
    shown = ("卷十", "卷二", "上册", "2019年增刊", "2019年第10期", "2019年第9期")
    parts = [Resource(f"p{n}", "刊", "journal", parent="j", designation=word) for n, word in enumerate(shown)]
    numbered = [Resource("q2", "刊", "journal", parent="j", seq=1, designation="卷二十")]
    numbered.append(Resource("q1", "刊", "journal", parent="j", seq=2, designation="卷一"))
    records = sorted([*parts, *numbered], key=lambda one: one.id)
    found = [one.designation for one in Catalogue(build(tmp_path, records)).children("j")]
    assert found == ["卷二十", "卷一", "2019年第9期", "2019年第10期", "2019年增刊", "上册", "卷二", "卷十"]


def test_catalogue_row_that_is_not_there_is_refused(catalogue: Catalogue) -> None:
    for row in (6, -1):
        with pytest.raises(IndexFormatError):
            catalogue.rows([row])


def test_catalogue_item_knows_its_first_chunk(catalogue: Catalogue) -> None:
    found = {one.id: catalogue.item(one.id) for one in (SMALL, BIG, BIGGER)}
    assert [(f.resource_id, f.item) for f in found.values() if f] == [("b1", SMALL), ("b2", BIG), ("b3", BIGGER)]
    first = {one.id: f.first_chunk for one, f in zip((SMALL, BIG, BIGGER), found.values(), strict=True) if f}
    ordered = sorted((BIG, BIGGER), key=lambda one: one.path)
    assert first[SMALL.id] == -1
    assert first[ordered[0].id] == 0
    assert first[ordered[1].id] == -(-ordered[0].size // CHUNK)


def test_catalogue_counts_and_shelves(catalogue: Catalogue) -> None:
    assert catalogue.counts_by_type() == {"book": 2, "newspaper": 1, "image": 1}
    assert list(catalogue.counts_by_type()) == ["book", "newspaper", "image"]
    assert ids(catalogue.newest(2)) == ["b3", "b2"]
    assert ids(catalogue.newest(2, type="newspaper")) == ["b2"]
    assert ids(catalogue.browse(type="newspaper")) == ["a1"]
    assert ids(catalogue.browse(type="book")) == ["c1", "c2"]
    assert ids(catalogue.browse(clc="i2")) == ["c1", "c2"]
    assert ids(catalogue.browse(clc="I24")) == ["c2"]
    assert ids(catalogue.browse(type="image", clc="J")) == ["b3"]
    assert ids(catalogue.browse(limit=1, offset=1)) == [ids(catalogue.browse(limit=9))[1]]
    assert ids(catalogue.children("a1")) == ["b2", "b1"]
    assert catalogue.parts_count("a1") == (2, "issue")
    assert catalogue.parts_count("b1") == (0, "")
    every = dict(catalogue.all_lines())
    assert catalogue.parents_of_rows(sorted(every)) == {record.parent for record in every.values()} - {""}
    assert catalogue.parents_of_rows([]) == frozenset()
    assert catalogue.children("none") == []
    assert ids(catalogue.browse(type="book", clc="I")) == ["c1", "c2"]
    assert list(catalogue.ids()) == [(row, record.id) for row, record in enumerate(RECORDS)]


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "shelf_title"),
        ({"type": "book"}, "shelf_type"),
        ({"clc": "I"}, "shelf_main_class"),
        ({"clc": "I2"}, "shelf_class"),
    ],
)
def test_catalogue_shelves_are_read_through_an_index(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str], index: str
) -> None:
    plans: list[str] = []
    query = Catalogue._query

    def explain(self: Catalogue, sql: str, values: object = ()) -> list[object]:
        plans.extend(str(row[3]) for row in query(self, "EXPLAIN QUERY PLAN " + sql, values))  # type: ignore[arg-type]
        return []

    monkeypatch.setattr(Catalogue, "_query", explain)
    catalogue.browse(**asked)  # type: ignore[arg-type]
    assert index in plans[0]
    assert ("USE TEMP B-TREE" in " ".join(plans)) == (index == "shelf_class")


def test_build_catalogue_same_truth_gives_the_same_bytes(tmp_path: Path, path: Path) -> None:
    assert build(tmp_path).read_bytes() == path.read_bytes()


def test_build_catalogue_tables_are_strict_and_named(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()
    assert {name: strict for name, strict in tables if not name.startswith("sqlite_")} == {
        "item": 1,
        "resource": 1,
        "shelf": 1,
    }


def test_build_catalogue_tells_progress_and_counts(tmp_path: Path) -> None:
    seen: list[int] = []
    records = generated(1200)
    stats = build_catalogue(
        *write_truth(tmp_path, records), tmp_path / "c.db", progress=lambda done, _total: seen.append(done)
    )
    assert seen == [1000, 1200]
    assert (stats.records, stats.items) == (1200, sum(len(r.items) for r in records))
    assert stats.size == (tmp_path / "c.db").stat().st_size


@pytest.mark.parametrize(
    ("lines", "items"),
    [
        (b"{}\n", ""),
        (b"no json\n", ""),
        (dump_line(RECORDS[5]) + dump_line(RECORDS[4]), None),
        (dump_line(RECORDS[4]) * 2, None),
        (b'"' + b"x" * (1 << 22) + b'"\n', ""),
        (dump_line(RECORDS[2]), ""),
        (b"", "nonsense\n"),
        (b"", "aa bb cc\n"),
        (b"", "0 " + "9" * 5000 + " path\n"),
    ],
)
def test_build_catalogue_from_broken_truth_is_refused_and_leaves_nothing(
    tmp_path: Path, lines: bytes, items: str | None
) -> None:
    listed = write_truth(tmp_path, RECORDS)[1]
    if items is not None:
        listed.write_text(items)
    (tmp_path / "broken.jsonl").write_bytes(lines)
    with pytest.raises(IndexFormatError):
        build_catalogue(tmp_path / "broken.jsonl", listed, tmp_path / "c.db")
    assert not (tmp_path / "c.db").exists()


def test_build_catalogue_never_overwrites(path: Path, tmp_path: Path) -> None:
    truth = write_truth(tmp_path, RECORDS)
    (tmp_path / "c.db").write_text("mine")
    with pytest.raises(IndexFormatError):
        build_catalogue(*truth, tmp_path / "c.db")
    assert (tmp_path / "c.db").read_text() == "mine"


def test_read_records_streams_the_truth(tmp_path: Path) -> None:
    assert list(read_records(write_truth(tmp_path, RECORDS)[0])) == RECORDS


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TRIGGER t AFTER INSERT ON item BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE other (a)",
        "DROP INDEX resource_parent",
        "DROP TABLE item",
        "DROP TABLE resource; CREATE VIEW resource AS SELECT 0 AS row, 'x' AS id, load_extension('x') AS line",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 0",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "CREATE INDEX extra ON item (first_chunk)",
    ],
)
def test_catalogue_with_anything_else_inside_is_refused(path: Path, tmp_path: Path, sql: str) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    with closing(sqlite3.connect(copy)) as connection:
        connection.executescript(sql)
    with pytest.raises(IndexFormatError, match="format"):
        Catalogue(copy)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"\0" * 4096, b"text" * 5000])
def test_catalogue_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.db").write_bytes(content)
    with pytest.raises(IndexFormatError):
        Catalogue(tmp_path / "c.db")
    with pytest.raises(IndexFormatError, match="missing"):
        Catalogue(tmp_path / "none.db")


@pytest.mark.parametrize("line", ["{}", "x", '{"id":"b1","title":"t","type":"book","evil":1}', "[" * 50_000])
def test_catalogue_with_a_broken_record_gives_the_typed_error(path: Path, tmp_path: Path, line: str) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE resource SET line = ? WHERE row = 1", (line,))
    catalogue = Catalogue(copy)
    for ask in (lambda: catalogue.get("b1"), lambda: catalogue.rows([1]), lambda: catalogue.item(SMALL.id)):
        with pytest.raises(IndexFormatError):
            ask()
    assert catalogue.get("b2") == RECORDS[2]


def test_catalogue_item_of_another_resource_gives_the_typed_error(path: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE item SET row = 0 WHERE id = ?", (SMALL.id,))
        connection.execute("UPDATE item SET first_chunk = -1 WHERE id = ?", (BIG.id,))
    for one in (SMALL, BIG):
        with pytest.raises(IndexFormatError):
            Catalogue(copy).item(one.id)


def test_catalogue_with_a_row_far_away_is_refused(path: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE resource SET row = 9223372036854775000 WHERE row = 5")
    with pytest.raises(IndexFormatError, match="follow"):
        Catalogue(copy)


@pytest.mark.parametrize("member", [{"size": -5}, {"size": 1 << 50}, {"sha256": "zz"}, {"sha256": "A" * 64}])
def test_catalogue_item_that_cannot_be_gives_the_typed_error(
    path: Path, tmp_path: Path, member: dict[str, object]
) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    wrong = replace(SMALL, **member)  # type: ignore[arg-type]
    line = dump_line(replace(RECORDS[1], items=(wrong,))).decode()
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE resource SET line = ? WHERE row = 1", (line,))
        connection.execute("UPDATE item SET first_chunk = ? WHERE id = ?", (0 if wrong.size > CHUNK else -1, SMALL.id))
    with pytest.raises(IndexFormatError, match="that can be"):
        Catalogue(copy).item(SMALL.id)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 1 << 20), noise=st.binary(min_size=1, max_size=16))
def test_catalogue_with_bytes_changed_answers_or_gives_the_typed_error(
    path: Path, tmp_path: Path, place: int, noise: bytes
) -> None:
    content = bytearray(path.read_bytes())
    start = place % len(content)
    content[start : start + len(noise)] = noise
    copy = tmp_path / "changed.db"
    copy.write_bytes(content)
    try:
        catalogue = Catalogue(copy)
    except IndexFormatError:
        return
    asked = (
        catalogue.counts_by_type,
        lambda: catalogue.rows([0, 3]),
        lambda: catalogue.item(BIG.id),
        lambda: catalogue.browse(clc="I"),
        lambda: catalogue.newest(9),
        lambda: catalogue.children("a1"),
    )
    for ask in asked:
        try:
            ask()
        except IndexFormatError:
            continue
    catalogue.close()


def test_catalogue_cannot_be_written_through(catalogue: Catalogue) -> None:
    with pytest.raises(IndexFormatError):
        catalogue._query("DELETE FROM item")


def test_catalogue_many_threads_read_at_once_and_close_closes_all(path: Path) -> None:
    catalogue = Catalogue(path)
    seen: list[list[Resource]] = []
    start = threading.Barrier(8)

    def read() -> None:
        start.wait()
        seen.extend(catalogue.rows([number % 6, 0]) for number in range(30))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 240
    assert all(rows[1] == RECORDS[0] for rows in seen)
    catalogue.close()
    with pytest.raises(IndexFormatError):
        catalogue.get("a1")


def test_catalogue_path_with_odd_signs_opens(path: Path, tmp_path: Path) -> None:
    odd = tmp_path / "目录 100%?#&x"
    odd.mkdir()
    shutil.copy(path, odd / "c.db")
    assert Catalogue(odd / "c.db").count == len(RECORDS)


def test_catalogue_empty_has_no_rows(tmp_path: Path) -> None:
    catalogue = Catalogue(build(tmp_path, []))
    assert catalogue.count == 0
    assert catalogue.newest(5) == catalogue.browse() == []
