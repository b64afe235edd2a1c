"""Overlays of any small editions answer as whole builds do: whatever comes, goes, is renamed or stands elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.build import build_index
from indexer.catalogue import Catalogue
from indexer.codec_index import IndexFiles
from indexer.model import LEVELS, Access, Audience, ClassCode, Creator, PublicationDate, Resource
from indexer.overlay_catalogue import open_catalogue
from indexer.overlay_index import open_index
from indexer.search import Part, Searcher, SearchRequest
from tests.indexer.shelf import item, make_part, resource
from tests.indexer.test_overlay_catalogue import assert_equal
from tests.indexer.test_overlay_index import assert_same_files, overlay

_IDS = ("a", "a.1", "b", "c", "d-e", "f", "g", "z")
_WORDS = (
    "红楼", "人民日报", "山水", "乐", "重庆", "abc", "Ab-c", "1990年", "第3期", "𠀋", "é", "龜", " ", "·", "长" * 90,
)  # fmt: skip
_NAMES = ("李白", "鲁迅", "Smith, J.", "曹雪芹")


@st.composite
def records(draw: st.DrawFn, name: str) -> Resource:
    """A record of that id; parents may be missing, be itself, or go in a circle."""
    year = draw(st.none() | st.integers(1900, 2026))
    date = PublicationDate() if year is None else PublicationDate(str(year), year, year + draw(st.integers(0, 9)))
    made = resource(
        name,
        "".join(draw(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3))).strip() or "无题",
        readable=False,
        type=draw(st.sampled_from(("book", "journal", "image"))),
        level=draw(st.sampled_from(("work", *LEVELS))),
        parent=draw(st.sampled_from(("", *_IDS, "nobody"))),
        seq=draw(st.none() | st.integers(0, 3)),
        creators=tuple(Creator(n) for n in draw(st.lists(st.sampled_from(_NAMES), max_size=2, unique=True))),
        subjects=tuple(draw(st.lists(st.sampled_from(_WORDS[:5]), max_size=2, unique=True))),
        classes=tuple(ClassCode("clc", c) for c in draw(st.lists(st.sampled_from(("I2", "K29")), max_size=1))),
        date=date,
        audience=Audience(draw(st.sampled_from(("children", "general", "unknown")))),
        title_pinyin=draw(st.sampled_from(("", "", "chong qing", "zhong qing"))),
        description="".join(draw(st.lists(st.sampled_from(_WORDS[:8]), max_size=3))),
        first_release=draw(st.none() | st.integers(1, 3)),
        access=Access(scope=draw(st.sampled_from(("open", "open", "premises", "none")))),
    )
    sizes = draw(st.lists(st.sampled_from((10, (1 << 20) + 1, 5 << 20)), max_size=2))
    return replace(made, items=tuple(item(name, size=size, name=f"{n}.pdf") for n, size in enumerate(sizes)))


@st.composite
def editions(draw: st.DrawFn) -> list[Resource]:
    """Some records by id; none too."""
    names = draw(st.sets(st.sampled_from(_IDS)))
    return [draw(records(name)) for name in sorted(names, key=str.encode)]


@st.composite
def lines(draw: st.DrawFn) -> list[list[Resource]]:
    """Two or three editions: most records of one are in the next as they were, unless it is another altogether."""
    made = [draw(editions())]
    for _ in range(draw(st.integers(1, 2))):
        stay = draw(st.sampled_from(("all", "some", "none")))
        kept = {r.id: r for r in made[-1] if stay == "all" or (stay == "some" and draw(st.booleans()))}
        made.append(sorted(({r.id: r for r in draw(editions())} | kept).values(), key=lambda r: r.id.encode()))
    return made


@st.composite
def queries(draw: st.DrawFn) -> SearchRequest:
    """A query of words of the records, signs and operators, with or without filters."""
    pieces = (*_WORDS[:10], *_NAMES[:2], " ", " OR ", " -", '"', "(", ")", "*", "title:", "year:1950..1999", "hong lou")
    typed = "".join(draw(st.lists(st.sampled_from(pieces), max_size=4)))
    filters: dict[str, object] = draw(
        st.sampled_from(
            ({}, {}, {"type": "journal"}, {"clc": "I"}, {"year_from": 1950, "year_to": 1990}, {"audience": "children"},
             {"available": "yes"}, {"within": "b"}, {"face": "child"}, {"download": "no"})
        )
    )  # fmt: skip
    sort = draw(st.sampled_from(("relevance", "title", "year", *(("issue",) if "within" in filters else ()))))
    return SearchRequest(typed, sort=sort, size=draw(st.integers(1, 20)), mend="search", **filters)  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines(), st.lists(queries(), min_size=6, max_size=6))
def test_overlay_of_any_edition_is_a_whole_build(made: list[list[Resource]], asked: Sequence[SearchRequest]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_part(folder / "0" / "whole", made[0]).catalogue.close()
        older: Path | Part = Part(folder / "0" / "whole" / "search", Catalogue(folder / "0" / "whole" / "catalogue.db"))
        for number, records_ in enumerate(made[1:], 1):
            here = folder / str(number)
            over = overlay(here / "over", older, records_)
            whole = make_part(here / "whole", records_)
            build_index(records_, here / "built")
            assert_same_files(open_index(over / "search"), IndexFiles(here / "built"))
            laid = Part(over / "search", open_catalogue(over / "catalogue"))
            assert_equal(laid.catalogue, whole.catalogue, made[0])
            searchers = Searcher([laid]), Searcher([whole])
            for request in asked:
                mine, theirs = (replace(s.search(request), took_ms=0) for s in searchers)
                assert mine == theirs, request
                if request.q:
                    assert searchers[0].suggest(request.q) == searchers[1].suggest(request.q), request
            for one in records_:
                related = [s.related(one, child=False, limit=8) for s in searchers]
                assert related[0] == related[1], one
            older = over
