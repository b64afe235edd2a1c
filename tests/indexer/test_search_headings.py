"""Headings and tallies: searches of the same thing are the oracle."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.creators import persons
from indexer.headings import Heading, folded_name, heading_of, heading_terms
from indexer.model import Audience, ClassCode, Creator, PublicationDate, Resource
from indexer.search import Searcher, SearchRequest
from indexer.text.initials import initial_of
from tests.indexer.shelf import generated, make_part, resource

PERIODS = ((-9999, 1899), (1900, 1909), (1910, 1949), (1950, 9999))


def families(seed: int) -> list[Resource]:
    """Serials and sets whose parts differ from them in class, year and subject here and there."""
    chance = random.Random(seed)
    made = []
    for n in range(6):
        for part in range(chance.randint(0, 5)):
            made.append(
                resource(
                    f"s{n}-{part}", f"刊{n} 第{part}期", type="journal", level="issue", parent=f"s{n}",
                    classes=(ClassCode("clc", chance.choice(["I222", "K29", "Q1"])),),
                    subjects=(chance.choice(["江南", "北京"]),),
                    date=PublicationDate(year_from=1900 + 20 * part, year_to=1900 + 20 * part),
                    audience=Audience(chance.choice(["children", "general"])),
                )
            )  # fmt: skip
        if n != 3:
            made.append(
                resource(
                    f"s{n}", f"刊{n}", type="journal", level="serial", readable=False,
                    classes=(ClassCode("clc", "I222"),), subjects=("江南",),
                    audience=Audience(chance.choice(["children", "general"])),
                )
            )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    folder = tmp_path_factory.mktemp("headings")
    first, second = [*generated(80, 1), *families(1)], [*generated(60, 2), *families(2)]
    renamed = [replace(r, id=f"z{r.id}", parent=f"z{r.parent}" if r.parent else "") for r in second]
    return Searcher([make_part(folder / "a", first, frozenset(range(5, 40))), make_part(folder / "b", renamed)])


@pytest.mark.parametrize("face", ["standard", "child"])
def test_tallies_are_what_searches_find(searcher: Searcher, face: str) -> None:
    child = face == "child"

    def total(**filters: object) -> int:
        return searcher.search(SearchRequest(face=face, **filters)).total  # type: ignore[arg-type]

    classes = searcher.tallies.classes(child=child)
    assert classes.exact
    codes = ("I", "I2", "I22", "I222", "K", "K2", "K29", "T", "TP", "TP3", "S", "S5", "Q", "Q1")
    assert classes.counts == {code: count for code in codes if (count := total(clc=code))}
    years = searcher.tallies.years(PERIODS, child=child)
    for first, last in PERIODS:
        assert years.counts.get(f"{first}-{last}", 0) == total(year_from=first, year_to=last), first


def test_tree_goes_down_by_what_is_there_and_passes_over_steps_that_part_nothing(searcher: Searcher) -> None:
    classes = searcher.tallies.classes(child=False)
    assert [code for code, _ in classes.below("")] == ["I", "K", "Q", "S", "T"]
    assert [code for code, _ in classes.below("I")] == ["I222"]
    assert classes.below("I222") == []


@pytest.mark.parametrize("child", [False, True])
@pytest.mark.parametrize("kind", ["creator", "subject"])
def test_names_count_what_lists_show(searcher: Searcher, kind: str, child: bool) -> None:
    face = "child" if child else "standard"
    listed = {}
    for letter in searcher.headings.letters(kind, child=child):
        page = searcher.headings.page(kind, letter, 1, 100, child=child)
        assert all(initial_of(h.name, name=kind == "creator") == letter for h in page.headings)
        counts = [h.count for h in page.headings]
        assert page.total >= len(counts)
        listed.update({h.name: h.count for h in page.headings})
    assert set(listed) >= ({"李白", "Smith"} if kind == "creator" else {"江南", "红楼梦"})
    for name, count in listed.items():
        found = searcher.search(SearchRequest(q=f'{kind}:"{name}"', face=face))
        if kind == "creator" or name not in {"红楼"}:  # which is in 红楼梦 too
            assert found.total == count, name
        named = searcher.headings.named(kind, name, child=child)
        assert named is not None
        assert named.count == count
    top = searcher.headings.page(kind, "", 1, 5, child=child)
    assert len(top.headings) > 0
    assert {h.name for h in top.headings} <= set(listed)
    assert searcher.headings.named(kind, "没有的", child=child) is None
    assert searcher.headings.named(kind, "《》", child=child) is None


def test_names_are_told_apart_by_dynasty_and_written_forms_are_one(tmp_path: Path) -> None:
    def by(n: int, name: str, dynasty: str = "", dates: str = "") -> Resource:
        return resource(f"r{n}", f"书{n}", creators=(Creator(name, "著", dynasty, dates),), subjects=(name,))

    records = [
        by(1, "王维", "唐"), by(2, "王維", "唐"), by(3, "王维", "", "1930-1999"), by(4, "王维"), by(5, "鲁迅"),
        by(6, "魯迅", "", "1881-1936"), by(7, "鲁迅", "", "1881—1936"),
    ]  # fmt: skip
    searcher = Searcher([make_part(tmp_path, records)])
    wang = searcher.headings.named("creator", "王維", child=False)
    assert wang is not None
    assert (wang.name, wang.others, wang.count) == ("王维", ("王維",), 4)
    assert [(p.person.dynasty, p.person.dates, p.count) for p in wang.persons] == [
        ("唐", "", 2), ("", "1930-1999", 1), ("", "", 1),
    ]  # fmt: skip
    lu = searcher.headings.named("creator", "鲁迅", child=False)
    assert lu is not None
    assert [(p.person.dates, p.count) for p in lu.persons] == [("1881-1936", 3)]
    page = searcher.headings.page("creator", "W", 1, 9, child=False)
    assert [(h.name, h.count) for h in page.headings] == [("王维", 4)]
    subject = searcher.headings.named("subject", "王维", child=False)
    assert subject is not None
    assert len(subject.persons) == 1


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        ([("清", ""), ("", "1715-1763")], [[0, 1]]),
        ([("清", ""), ("", "1715-1763"), ("", "1820-1880")], [[0], [1], [2]]),
        ([("明", ""), ("", "1715-1763"), ("", "")], [[0], [1], [2]]),
        ([("明", ""), ("", "")], [[0, 1]]),
        ([("", "")], [[0]]),
        ([("清", "1715-1763"), ("", "1715—1763"), ("清", "")], [[0, 1, 2]]),
        ([("元", "1300-1370"), ("明", "1300-1370")], [[0, 1]]),
    ],
)
def test_persons_of_one_name(headings: list[tuple[str, str]], expected: list[list[int]]) -> None:
    found = persons([Heading("x", "某", dynasty, dates) for dynasty, dates in headings])
    assert [list(person.headings) for person in found] == expected


def test_heading_terms_hold_nothing_that_parts_terms() -> None:
    record = resource(
        "a", "书", creators=(Creator("某\n人\x1f", "", "清\n", "1\x1f2"), Creator("长" * 200), Creator("？"))
    )
    (term,) = heading_terms(record)["creator"]
    assert heading_of(b"\x03" + term.encode()) == Heading("某人", "某 人", "清", "1 2")
    assert heading_terms(replace(record, audience=Audience("children")))["creator"][1][:3] == "@cM"


@given(st.text(max_size=90), st.text(max_size=90), st.text(max_size=30))
def test_any_name_becomes_a_heading_that_is_read_back_or_none(name: str, dynasty: str, dates: str) -> None:
    for term in heading_terms(resource("a", "书", creators=(Creator(name, "", dynasty, dates),)))["creator"]:
        assert "\n" not in term
        found = heading_of(b"\x03" + term.encode("utf-8", "replace"))
        assert found.key
        assert folded_name(b"\x03" + term.encode("utf-8", "replace"))[1:].decode() == found.key
        assert found.name.split() == name.encode("utf-8", "replace").decode().split() or not name.isprintable()


@given(st.binary(max_size=60))
def test_any_term_is_a_heading_or_refused(term: bytes) -> None:
    folded_name(term)
    with suppress(ValueError):
        assert heading_of(term).key is not None


@pytest.mark.parametrize(
    ("text", "name", "subject"),
    [
        ("曾国藩", "Z", "Z"),
        ("单田芳", "S", "D"),
        ("长江", "Z", "C"),
        ("《论语》", "L", "L"),
        ("3月", "#", "#"),
        ("Éluard", "E", "E"),
    ],
)
def test_initials(text: str, name: str, subject: str) -> None:
    assert (initial_of(text, name=True), initial_of(text)) == (name, subject)
