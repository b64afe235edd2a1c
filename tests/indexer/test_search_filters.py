"""Filters and facets: beside a plain reading of the records, whatever is combined, in one part and in several."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.access import may_be_taken_home
from indexer.errors import QueryError
from indexer.hierarchy import MOST_LEVELS, Hierarchy, clc_levels, place_levels, tree_levels
from indexer.model import Access, Audience, ClassCode, Creator, PublicationDate, Resource
from indexer.schema import is_readable
from indexer.search import Searcher, SearchRequest, SearchResult
from indexer.search_facets import FACETS
from indexer.search_request import AGES, chosen
from indexer.text.main_dynasties import MAIN_DYNASTIES, main_dynasties
from tests.indexer.shelf import make_searcher, resource

CODES = ("I", "I222", "I222.7", "I242.4", "I24", "TP312", "TP3", "TB1", "K825.6=49", "D9(712)", "K", "")
TREE = ("sibu:集部", "sibu:经部", "children:C1")
PLACES = ("110000@2020", "110105@2020", "330102@2010", "330100", "34", "x")
ACCESS = (Access(), Access(), Access("premises"), Access(download=False), Access("none"), Access("someday"))
SPANS = ((None, None), (1368, 1644), (1988, 1995), (-551, -479), (1911, 1912), (1644, 1644), (2001, None))


def made(count: int, seed: int) -> list[Resource]:
    chance = random.Random(seed)

    def record(number: int) -> Resource:
        first, last = chance.choice(SPANS)
        classes = [ClassCode("clc", code) for code in chance.sample(CODES, chance.randint(0, 2)) if code]
        classes += [ClassCode(*code.split(":")) for code in chance.sample(TREE, chance.randint(0, 1))]
        young = chance.choice((None, 0, 3, 6, 8, 20))
        return resource(
            f"f{number:04d}",
            chance.choice(("人民", "红楼梦", "明月")),
            readable=chance.random() < 0.7,
            type=chance.choice(("book", "image", "video")),
            classes=tuple(classes),
            places=tuple(chance.sample(PLACES, chance.randint(0, 2))),
            language=tuple(chance.sample(("zh", "zh-Hans", "en"), chance.randint(0, 2))),
            date=PublicationDate(year_from=first, year_to=last, dynasty=chance.choice(("", "", "北宋", "遼"))),
            creators=(Creator("某人", dynasty=chance.choice(("", "唐", "不是朝代"))),),
            audience=Audience(chance.choice(("children", "general", "unknown")), young, chance.choice((None, 9, 12))),
            access=chance.choice(ACCESS),
        )

    return [record(number) for number in range(count)]


RECORDS = made(300, seed=5)


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Searcher]]:
    folder = tmp_path_factory.mktemp("filters")
    searchers = [
        make_searcher(folder / "one", RECORDS),
        make_searcher(folder / "many", RECORDS[:150], RECORDS[150:290], RECORDS[290:]),
    ]
    yield searchers
    for searcher in searchers:
        searcher.close()


def passes(record: Resource, request: SearchRequest) -> bool:
    """What the filters mean, read off the record."""
    codes = [c.code for c in record.classes if c.scheme == "clc"]
    tree = {f"{c.scheme}:{c.code}" for c in record.classes if c.scheme != "clc"}
    places = {level for place in record.places for level in place_levels(place)}
    first = record.date.year_from
    last = record.date.year_to if record.date.year_to is not None else first
    named = (record.date.dynasty, *(c.dynasty for c in record.creators))
    low, high = (int(age) for age in (request.age or "0-0").split("-"))
    youngest, oldest = record.audience.age_from, record.audience.age_to
    able, terms = is_readable(record), record.access
    bare = not record.readable_items or terms.scope == "none"
    dynasties = main_dynasties(tuple(filter(None, named)), first, last)
    tests = {
        "type": lambda v: record.type in v,
        "audience": lambda v: record.audience.group in v,
        "clc": lambda v: any(code.startswith(v) for code in codes),
        "tree": lambda v: bool(tree & set(v)),
        "place": lambda v: bool(places & set(v)),
        "language": lambda v: any(f"{tag}-".startswith(f"{wanted}-") for tag in record.language for wanted in v),
        "dynasty": lambda v: bool(set(v) & set(dynasties)),
        "age": lambda _: (youngest, oldest) != (None, None) and (youngest or 0) <= high and (oldest or 99) >= low,
        "available": lambda v: {"yes": able, "no": not able, "catalogue": bare}[v[0]],
        "download": lambda v: able and may_be_taken_home(terms) == (v[0] == "yes"),
    }
    if request.year_from is not None and (first is None or last < request.year_from):
        return False
    if request.year_to is not None and (first is None or first > request.year_to):
        return False
    return all(test(values) for name, test in tests.items() if (values := chosen(getattr(request, name))))


def some_filters(chance: random.Random) -> dict[str, object]:
    """Up to three filters, with one value or several."""
    offered = {
        "type": ("book", "image", "video"),
        "audience": ("children", "general", "unknown"),
        "clc": ("I", "I2", "I22", "I222", "T", "TP", "TP31", "K825.6", "D9"),
        "tree": TREE,
        "place": ("110000", "110105", "330000", "330100", "330102"),
        "language": ("zh", "zh-Hans", "en"),
        "dynasty": ("唐", "宋", "辽", "明", "当代", "先秦", "清"),
    }
    found: dict[str, object] = {}
    for name in chance.sample([*offered, "age", "available", "download", "year"], chance.randint(0, 3)):
        if name in offered:
            found[name] = tuple(chance.sample(offered[name], chance.randint(1, 2)))
        elif name == "year":
            found |= {"year_from": 1600, "year_to": 1990}
        else:
            found[name] = chance.choice({"age": AGES, "available": ("yes", "no", "catalogue")}.get(name, ("yes", "no")))
    return found


def test_search_filters_find_what_the_records_say(shelves: list[Searcher]) -> None:
    chance = random.Random(3)
    for _ in range(60):
        request = SearchRequest(size=100, **some_filters(chance))  # type: ignore[arg-type]
        wanted = {record.id for record in RECORDS if passes(record, request)}
        for searcher in shelves:
            result = searcher.search(request)
            assert (result.resources, result.total_exact) == (len(wanted), True), request
            assert {hit.resource.id for hit in result.hits} <= wanted
            bare = {r.id for r in RECORDS if r.id in wanted and (not r.readable_items or r.access.scope == "none")}
            assert result.entries == len(bare)


def instead(request: SearchRequest, name: str, value: str) -> SearchRequest:
    members = {field: getattr(request, field) for field in request.__slots__}
    if name == "year":
        first, _, last = value.partition("..")
        return SearchRequest(**{**members, "year_from": int(first), "year_to": int(last or first)})
    return SearchRequest(**{**members, name: value})


def test_search_facets_count_what_one_would_get(shelves: list[Searcher]) -> None:
    chance = random.Random(4)
    seen: set[str] = set()
    for _ in range(30):
        request = SearchRequest(q=chance.choice(("", "人民")), size=1, **some_filters(chance))  # type: ignore[arg-type]
        one, many = (searcher.search(request) for searcher in shelves)
        assert one.facets == many.facets
        for name in FACETS:
            for value, count in one.facets[name]:
                if name == "year" and (request.year_from, request.year_to) != (None, None):
                    continue  # cut to the years asked for: tested with them
                assert shelves[0].search(instead(request, name, value)).resources == count, (request, name, value)
                seen.add(name)
    assert seen == set(FACETS)


def facet(result: SearchResult, name: str) -> dict[str, int]:
    return dict(result.facets[name])


def test_search_facets_of_a_chosen_class_show_its_next_level(shelves: list[Searcher]) -> None:
    result = shelves[0].search(SearchRequest(clc="I2"))
    assert {"I", "T", "K", "D", "I2", "I22", "I24"} == set(facet(result, "clc"))
    assert set(facet(shelves[0].search(SearchRequest(clc=("I22", "TP"))), "clc")) >= {"I", "I2", "I22", "I222", "TP3"}
    assert set(facet(shelves[0].search(SearchRequest(place="110000")), "place")) == {"110000", "330000", "110105"}


@pytest.mark.parametrize(
    ("code", "levels"),
    [
        ("I242.4", ("I", "I2", "I24", "I242", "I242.4")),
        ("TP312", ("T", "TP", "TP3", "TP31", "TP312")),
        ("K825.6=49", ("K", "K8", "K82", "K825", "K825.6")),
        ("D9(712)", ("D", "D9")),
        ("", ()),
        ("-", ()),
    ],
)
def test_clc_levels(code: str, levels: tuple[str, ...]) -> None:
    assert clc_levels(code) == levels


@pytest.mark.parametrize(
    ("code", "levels"),
    [
        ("110000@2020", ("110000",)),
        ("110105@2020", ("110000", "110105")),
        ("330102@2010", ("330000", "330100", "330102")),
        ("419001", ("410000", "419001")),
        ("330100", ("330000", "330100")),
        ("11010", ()),
        ("１１０１０５", ()),
        ("", ()),
    ],
)
def test_place_levels(code: str, levels: tuple[str, ...]) -> None:
    assert place_levels(code) == levels


def test_hierarchy_of_an_imported_tree_follows_its_parents() -> None:
    parents = {
        "s:诗": "s:集",
        "s:律诗": "s:诗",
        "s:a": "s:b",
        "s:b": "s:a",
        **{f"d:{n}": f"d:{n + 1}" for n in range(99)},
    }
    tree = Hierarchy([(), ("s:律诗",), ("s:集", "s:诗"), ("s:a",), ("d:0",)], tree_levels(parents))
    tops, places = tree.highest()
    assert [tops[place] for place in places] == [(), ("s:集",), ("s:集",), ("s:b",), (f"d:{MOST_LEVELS - 1}",)]
    assert tree.passing(["s:集"]).tolist() == [False, True, True, False, False]
    assert tree.passing(["s:诗"]).tolist() == [False, True, True, False, False]
    assert tree.passing(["s:律诗", "s:a"]).tolist() == [False, True, False, True, False]
    assert tree.passing(["nobody"]).tolist() == [False] * 5
    assert tree.counts("s:诗", np.array([9, 2, 3, 1, 1])) == {"s:集": 5, "s:诗": 5, "s:律诗": 2}


@pytest.mark.parametrize(
    ("names", "first", "last", "found"),
    [
        ((), 1368, 1644, ("明",)),
        ((), 1600, 1700, ("明", "清")),
        ((), 1644, 1644, ("明", "清")),
        ((), 1911, 1912, ("清", "民国")),
        ((), 1100, 1100, ("宋",)),
        ((), 1900, 1999, ("清", "民国", "当代")),
        ((), None, None, ()),
        (("遼",), None, None, ("辽",)),
        (("北宋", "不是"), None, None, ("宋",)),
        (("唐",), 1981, 1981, ("唐", "当代")),
        (("明清",), None, None, ("明", "清")),
        (("南朝宋",), None, None, ("南北朝",)),
    ],
)
def test_main_dynasties_by_name_and_by_years(
    names: tuple[str, ...], first: int | None, last: int | None, found: tuple[str, ...]
) -> None:
    assert main_dynasties(names, first, last) == found
    assert set(found) <= set(MAIN_DYNASTIES)


@pytest.mark.parametrize(
    "members",
    [
        {"type": ("book", "novel")},
        {"clc": ("I",) * 3 + tuple(f"I{n}" for n in range(20))},
        {"dynasty": "大明"},
        {"audience": "children,general"},
        {"age": "7-6"},
        {"age": "children"},
        {"place": "1" * 65},
        {"available": "maybe"},
        {"download": "always"},
        {"sort": "issue"},
    ],
)
def test_search_refuses_what_is_not_offered_by_name(shelves: list[Searcher], members: dict[str, object]) -> None:
    with pytest.raises(QueryError) as caught:
        shelves[0].search(SearchRequest(**members))  # type: ignore[arg-type]
    assert caught.value.field == next(iter(members))


def test_search_readable_comes_first_then_other_drives_then_entries(tmp_path: Path) -> None:
    records = [
        resource("e1", "明月"),
        resource("e2", "明月", readable=False),
        resource("e3", "明月"),
        resource("e4", "明月", access=Access("someday")),
        resource("e5", "明月", readable=False, level="serial", type="journal"),
        resource("e6", "第1期", level="issue", parent="e5", type="journal"),
    ]
    searcher = make_searcher(tmp_path, records)

    def found(here: np.ndarray | None, **members: object) -> list[str]:
        request = SearchRequest(q="明月", **members)  # type: ignore[arg-type]
        return [hit.resource.id for hit in searcher.search(request, [here]).hits]

    assert found(None) == ["e1", "e3", "e5", "e2", "e4"]
    only = np.array([False, False, True, False, False, False])
    assert found(only) == ["e3", "e1", "e5", "e2", "e4"]
    assert found(only, available="yes") == ["e3"]
    assert found(only, available="no") == ["e1", "e5", "e2", "e4"]
    issue = np.array([False, False, False, False, False, True])
    assert found(issue, available="yes") == ["e5"]
    assert found(None, available="catalogue") == ["e2"]
    assert searcher.search(SearchRequest(q="明月"), [only]).entries == 1
    searcher.close()


def test_search_within_by_issue_follows_how_people_count(tmp_path: Path) -> None:
    names = ("第10期", "第9期", "第2期", "增刊", "第11-12期")
    issues = [
        resource(
            f"n{n}", "月刊", level="issue", parent="m", type="journal", designation=f"2019年{name}",
            date=PublicationDate(year_from=2019, year_to=2019),
        )
        for n, name in enumerate(names)
    ]  # fmt: skip
    days = [
        resource(
            f"o{n}", "日报", level="issue", parent="m", type="newspaper",
            date=PublicationDate(year_from=2020, year_to=2020, month=month, day=day),
        )
        for n, (month, day) in enumerate([(2, 1), (1, 31), (1, 3)])
    ]  # fmt: skip
    searcher = make_searcher(tmp_path, [resource("m", "刊", readable=False, level="serial"), *issues, *days])
    found = [
        hit.resource.id
        for page in range(1, 9)
        for hit in searcher.search(SearchRequest(within="m", sort="issue", size=1, page=page)).hits
    ]
    assert found == ["n2", "n1", "n0", "n4", "n3", "o2", "o1", "o0"]
    newest = searcher.search(SearchRequest(q="日报", within="m", sort="year_desc"))
    assert [hit.resource.id for hit in newest.hits] == ["o0", "o1", "o2"]
    searcher.close()
