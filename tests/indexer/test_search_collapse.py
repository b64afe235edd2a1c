from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import QueryError
from indexer.model import Audience, PublicationDate, Resource
from indexer.search import Hit, Searcher, SearchRequest, SearchResult
from tests.indexer.shelf import make_searcher, resource

CHILDREN = Audience("children", 6, 12)


def issue(number: int, **members: object) -> Resource:
    date = PublicationDate(year_from=1950 + number, year_to=1950 + number)
    return resource(
        f"n{number:03d}", f"江北日报 第{number}号", type="newspaper", level="issue", parent="n", seq=number, date=date,
        designation=f"第{number}号", **members,
    )  # fmt: skip


SHELF = [
    resource("n", "江北日报", type="newspaper", level="serial", readable=False),
    *(issue(n, description="水稻丰收" if n % 3 == 0 else "") for n in range(1, 31)),
    resource("s", "通鉴", level="work", readable=False),
    *(resource(f"s{n}", f"通鉴 卷{n}", level="volume", parent="s", seq=n) for n in (1, 2)),
    resource("c", "水稻专题库", level="collection", readable=False),
    *(resource(f"c{n}", f"水稻种植图谱{n}", level="work", parent="c") for n in range(3)),
    resource("h", "儿童画报", type="journal", level="serial", audience=Audience("general"), readable=False),
    *(resource(f"h{n}", f"儿童画报 {n}", level="issue", parent="h", audience=CHILDREN) for n in (1, 2)),
    resource("alone", "水稻"),
    resource("orphan", "孤册一", level="volume", parent="nowhere"),
    resource("orphan2", "孤册二", level="volume", parent="nowhere"),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    searcher = make_searcher(tmp_path_factory.mktemp("families"), SHELF)
    yield searcher
    searcher.close()


def ask(searcher: Searcher, q: str = "", **members: object) -> SearchResult:
    return searcher.search(SearchRequest(q=q, **members))  # type: ignore[arg-type]


def shown(result: SearchResult) -> list[tuple[str, int]]:
    return [(hit.resource.id, hit.collapsed.count if hit.collapsed else 0) for hit in result.hits]


def test_issues_that_match_are_one_line_with_their_number_and_the_best_named(shelf):
    result = ask(shelf, "江北日报")
    assert shown(result) == [("n", 30)]
    assert (result.total, result.resources, result.total_exact) == (1, 31, True)
    [hit] = result.hits
    assert hit.collapsed is not None
    assert (hit.collapsed.total, hit.collapsed.level, len(hit.collapsed.best)) == (30, "issue", 3)
    assert hit.marks == ((0, 4),)
    assert hit.why == "title"


def test_issues_that_match_by_their_text_stand_under_a_parent_that_does_not(shelf):
    result = ask(shelf, "丰收")
    assert shown(result) == [("n", 10)]
    [hit] = result.hits
    assert hit.collapsed is not None
    assert hit.collapsed.total == 30
    assert hit.why == "text"
    assert "丰收" in hit.snippet
    assert {r.id for r in hit.collapsed.best} <= {f"n{n:03d}" for n in range(3, 31, 3)}


def test_one_issue_alone_is_its_own_line(shelf):
    assert shown(ask(shelf, "第7号")) == [("n007", 0)]


def test_parent_that_matches_alone_is_its_own_line(shelf):
    assert shown(ask(shelf, "题名:通鉴", year_from=None)) == [("s", 2)]
    assert ("c", 0) in shown(ask(shelf, "专题库"))


def test_works_of_a_collection_stay_lines_of_their_own(shelf):
    assert {i for i, _ in shown(ask(shelf, "水稻"))} == {"n", "c", "c0", "c1", "c2", "alone"}


def test_parts_of_a_parent_that_is_not_here_stay_lines_of_their_own(shelf):
    assert {i for i, _ in shown(ask(shelf, "孤册"))} == {"orphan", "orphan2"}


def test_within_lists_each_issue_and_counts_them(shelf):
    result = ask(shelf, "江北日报", within="n")
    assert (result.total, len(result.hits)) == (30, 20)
    assert all(hit.collapsed is None for hit in result.hits)
    assert ask(shelf, "丰收", within="n", sort="year").hits[0].resource.id == "n003"
    assert ask(shelf, "水稻", within="c").total == 3
    assert ask(shelf, "江北日报", within="nobody").total == 0


@pytest.mark.parametrize("within", ["a b", "../x", "x" * 65])
def test_within_that_is_no_id_is_refused(shelf, within):
    with pytest.raises(QueryError) as caught:
        ask(shelf, "江北", within=within)
    assert caught.value.field == "within"


def test_filters_count_only_what_passes(shelf):
    assert shown(ask(shelf, "江北日报", year_from=1951, year_to=1955)) == [("n", 5)]
    assert shown(ask(shelf, "江北日报", available="no")) == []  # the serial can be read through its issues


def test_parent_that_the_face_may_not_show_leaves_the_line_to_the_best_issue(shelf):
    [hit] = ask(shelf, "儿童画报", face="child").hits
    assert hit.resource.id in {"h1", "h2"}
    assert hit.collapsed is not None
    assert hit.collapsed.count == 2


@pytest.mark.parametrize("sort", ["year", "year_desc", "title", "relevance"])
def test_line_stands_where_its_best_issue_would(shelf, sort):
    result = ask(shelf, "", sort=sort, size=100)
    lines = [hit.resource.id for hit in result.hits]
    assert len(lines) == len(set(lines)) == result.total == 10
    if sort == "year":
        assert lines[0] == "n"


def test_pages_hold_each_line_once(shelf):
    pages = [hit.resource.id for page in (1, 2, 3, 4) for hit in ask(shelf, "", size=3, page=page).hits]
    assert len(pages) == len(set(pages)) == 10


def matched(searcher: Searcher, query: str) -> list[Hit]:
    result = ask(searcher, query, size=100)
    assert result.total == len(result.hits)
    return list(result.hits)


VOCABULARY = ("江", "江北", "日报", "水稻", "号", "丰收")
FAMILY = st.tuples(st.sampled_from(["", "p0", "p1", "p2", "r0"]), st.sampled_from(["issue", "volume", "work", "part"]))
ROWS = st.lists(st.tuples(FAMILY, st.sampled_from(VOCABULARY), st.sampled_from(VOCABULARY)), min_size=1, max_size=30)


@settings(max_examples=40)
@given(rows=ROWS, query=st.sampled_from(["江", "江北", "日报", "丰收"]))
def test_lines_are_those_of_a_plain_grouping(tmp_path_factory, rows, query):
    records = [resource(f"p{n}", f"江{n}", level="serial", readable=False) for n in range(3)]
    records += [
        resource(f"r{n}", f"{first}{second}", level=level, parent=parent if parent != f"r{n}" else "")
        for n, ((parent, level), first, second) in enumerate(rows)
    ]
    searcher = make_searcher(tmp_path_factory.mktemp("any"), records)
    try:
        hits = {r.id for r in records if query in r.title}
        by_id = {r.id: r for r in records}
        families: dict[str, set[str]] = {}
        for name in hits:
            record = by_id[name]
            inside = record.level in {"issue", "volume", "part"} and record.parent in by_id
            families.setdefault(record.parent if inside else name, set()).add(name)
        found = matched(searcher, query)
        expected = {}
        for head, members in families.items():
            children = members - {head}
            alone = not children or (len(children) == 1 and head not in members)
            expected[next(iter(members)) if alone else head] = 0 if alone else len(children)
        assert {h.resource.id: h.collapsed.count if h.collapsed else 0 for h in found} == expected
    finally:
        searcher.close()


def test_crafted_parent_outside_the_index_is_refused(tmp_path: Path):
    from indexer.errors import IndexFormatError
    from indexer.search import Part
    from tests.indexer.shelf import make_part

    part = make_part(tmp_path, SHELF)
    [column] = part.index.glob("*.parent.col")
    column.write_bytes(b"\xff" * column.stat().st_size)
    with pytest.raises(IndexFormatError, match="parent"):
        Searcher([Part(part.index, part.catalogue)])


def test_unverified_totals_still_collapse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import indexer.search as search_module

    records = [resource("p", "日报北江", level="serial", readable=False)]
    records += [resource(f"i{n:02d}", f"江北日报{n}", level="issue", parent="p") for n in range(20)]
    records += [resource(f"j{n:02d}", f"北日报江北{n}", level="issue", parent="p") for n in range(20)]
    searcher = make_searcher(tmp_path, records)
    monkeypatch.setattr(search_module, "VERIFY_LIMIT", 30)
    try:
        result = ask(searcher, "江北日报")
        assert not result.total_exact
        assert [hit.resource.id for hit in result.hits] == ["p"]
        assert result.hits[0].why == "title"
    finally:
        searcher.close()
