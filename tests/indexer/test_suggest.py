"""Suggestions while somebody types: what is found, for whom, in which order, and that nothing else is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.analysis import fold, normal_text, title_key
from indexer.build import build_index, build_index_of
from indexer.build_suggest import MOST_SYLLABLES
from indexer.codec_index import IndexFiles
from indexer.model import Audience, Creator, Resource
from indexer.search import Searcher
from indexer.suggest_entries import KINDS, texts_of
from indexer.suggest_lookup import Lookup
from indexer.text.syllables import sounds_of, table
from tests.indexer.shelf import generated, make_part, make_searcher, resource, write_truth

CHILDREN = Audience("children")
SHELF = [
    resource("a1", "红楼梦", creators=(Creator("曹雪芹"),), subjects=("章回小说", "古典文学")),
    resource("a2", "红楼梦研究", creators=(Creator("俞平伯"),), title_pinyin="hóng lóu mèng yán jiū"),
    resource("a3", "脂砚斋重评石头记", creators=(Creator("曹雪芹"),)),
    resource("a4", "红旗谱", readable=False),
    resource("a5", "鲁迅全集", creators=(Creator("鲁迅"),)),
    resource("a6", "重庆史话", subjects=("重庆",)),
    resource("a7", "长生殿", title_pinyin="chang sheng dian"),
    resource("a8", "The Old Man and the Sea", creators=(Creator("Hemingway, Ernest"),), language=("en",)),
    resource("b1", "红帆船", audience=CHILDREN, creators=(Creator("格林"),)),
    resource("b2", "小红帽", audience=CHILDREN),
    resource("p1", "人民日报", level="serial", type="newspaper", readable=False),
    resource("p1-1", "人民日报 1950年第1期", level="issue", parent="p1", type="newspaper"),
    resource("z1", "绿野仙踪"),
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    made = make_searcher(tmp_path_factory.mktemp("suggest"), SHELF)
    yield made
    made.close()


def texts(searcher: Searcher, typed: str, face: str = "standard") -> list[str]:
    return [found.text for found in searcher.suggest(typed, face=face)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("红楼", "红楼梦"),
        ("紅樓夢", "红楼梦"),
        ("hongloumeng", "红楼梦"),
        ("hong lou meng", "红楼梦"),
        ("HongLou", "红楼梦"),
        ("hong'lou'm", "红楼梦"),
        ("honglm", "红楼梦"),
        ("hlm", "红楼梦"),
        ("红lou", "红楼梦"),
        ("红楼m", "红楼梦"),
        ("luxun", "鲁迅"),
        ("lx", "鲁迅"),
        ("chongqing", "重庆"),
        ("changsheng", "长生殿"),
        ("lvye", "绿野仙踪"),
        ("lüye", "绿野仙踪"),
        ("the old", "The Old Man and the Sea"),
        ("heming", "Hemingway, Ernest"),
        ("石头记", "脂砚斋重评石头记"),
        ("人民", "人民日报"),
    ],
)
def test_what_is_typed_leads_to_what_is_meant(searcher: Searcher, typed: str, first: str) -> None:
    assert texts(searcher, typed)[0] == first


def test_kinds_are_told(searcher: Searcher) -> None:
    found = {(s.kind, s.text) for typed in ("曹", "zhanghui", "hlm") for s in searcher.suggest(typed)}
    assert {("creator", "曹雪芹"), ("subject", "章回小说"), ("title", "红楼梦")} <= found


def test_whole_titles_come_before_longer_ones_and_what_can_be_read_before_the_rest(searcher: Searcher) -> None:
    found = texts(searcher, "红")
    assert found.index("红楼梦") < found.index("红楼梦研究") < found.index("红旗谱")


def test_issues_bring_no_titles(searcher: Searcher) -> None:
    assert texts(searcher, "renminribao") == ["人民日报"]


def test_children_are_shown_nothing_else(searcher: Searcher) -> None:
    assert texts(searcher, "红", "child") == ["红帆船", "小红帽"]
    assert texts(searcher, "hong", "child") == ["红帆船"]
    assert texts(searcher, "luxun", "child") == texts(searcher, "鲁迅", "child") == []
    assert texts(searcher, "格", "child") == ["格林"]


@pytest.mark.parametrize("typed", ["", " ", "？", "\x00", "红" * 500, "a" * 500, "\ud800", "红楼a梦", "1", "'\"%_*"])
def test_anything_may_be_typed(searcher: Searcher, typed: str) -> None:
    assert len(searcher.suggest(typed)) <= 8


def test_what_is_withdrawn_is_not_suggested_but_the_others_of_its_author_are(tmp_path: Path) -> None:
    shelf = [
        resource("a", "红楼梦", creators=(Creator("曹雪芹"),), subjects=("小说",)),
        resource("b", "废艺斋集稿", creators=(Creator("曹雪芹"),)),
    ]
    part = make_part(tmp_path, shelf, hidden=frozenset({0}))
    searcher = Searcher([part])
    assert [texts(searcher, typed) for typed in ("红", "hlm", "小说", "楼梦", "cao", "曹")] == [
        [], [], [], [], ["曹雪芹"], ["曹雪芹"],
    ]  # fmt: skip
    searcher.close()


def test_what_only_one_of_several_indexes_may_show_is_suggested_once(tmp_path: Path) -> None:
    first = make_part(tmp_path / "1", [resource("a", "红楼梦")], hidden=frozenset({0}))
    second = make_part(tmp_path / "2", [resource("b", "紅樓夢"), resource("c", "红岩")])
    searcher = Searcher([first, second])
    assert texts(searcher, "红") == ["红岩", "紅樓夢"]
    assert texts(searcher, "hong") == ["红岩", "紅樓夢"]
    searcher.close()


def test_index_is_the_same_however_its_records_were_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = [*SHELF, *generated(150)]
    truth, _ = write_truth(tmp_path, shelf)
    ordered = sorted(shelf, key=lambda r: r.id.encode())
    build_index(ordered, tmp_path / "one")
    build_index_of(truth, tmp_path / "two", workers=2)
    monkeypatch.setattr("indexer.build_runs.MAX_ROWS", 7)
    monkeypatch.setattr("indexer.build_suggest.SORTED", 11)
    build_index(ordered, tmp_path / "many")
    one, two, many = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("one", "two", "many"))
    assert one == two == many


# The oracle: look-ups say what a scan of all records says.


def scan(shelf: Sequence[Resource], *, child: bool) -> dict[tuple[int, str], list[Resource]]:
    found: dict[tuple[int, str], list[Resource]] = {}
    for record in shelf:
        if not child or record.audience.group == "children":
            for key in texts_of(record):
                found.setdefault((ord(key[0]) - 1, key[1:]), []).append(record)
    return found


def sounds(key: str, records: Sequence[Resource], kind: int) -> Iterator[str]:
    """What an entry sounds as; its text and reading are those of its best record, here taken from all."""
    for record in records:
        text, spoken = texts_of(record)[chr(1 + kind) + key]
        for sound in sounds_of(normal_text(fold(text)), spoken, table()):
            yield "".join(sound[:MOST_SYLLABLES])


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Resource], IndexFiles]]:
    shelf = [*SHELF, *generated(300)]
    folder = tmp_path_factory.mktemp("many")
    build_index(sorted(shelf, key=lambda r: r.id.encode()), folder / "search")
    files = IndexFiles(folder / "search")
    yield shelf, files
    files.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30), child=st.booleans())
def test_look_up_finds_what_a_scan_finds(many: tuple[list[Resource], IndexFiles], seed: int, child: bool) -> None:
    shelf, files = many
    chance = random.Random(seed)
    known = scan(shelf, child=child)
    kind, key = chance.choice(sorted(known))
    typed = key[: chance.randint(1, len(key))]
    if chance.random() < 0.5:
        sound = next(sounds(key, known[kind, key], kind), key)
        typed = sound[: chance.randint(1, len(sound))]
    looked = Lookup(0, files, child=child, most=10_000).found(typed)
    found = {(c.entry.kind, c.entry.key) for c in looked}
    wanted = {pair for pair in known if pair[1].startswith(typed)}
    by_sound = {
        pair for pair, records in known.items() if any(s.startswith(typed) for s in sounds(pair[1], records, pair[0]))
    }
    assert wanted <= found
    if typed.isascii():
        assert by_sound <= found
    else:
        assert found == wanted
    for candidate in looked:
        records = known[candidate.entry.kind, candidate.entry.key]
        assert child or candidate.entry.records == len(records)
        assert title_key(candidate.entry.text) == candidate.entry.key


def test_every_entry_is_the_best_of_its_records(many: tuple[list[Resource], IndexFiles]) -> None:
    shelf, files = many
    rows = {r.id: n for n, r in enumerate(sorted(shelf, key=lambda r: r.id.encode()))}
    known = scan(shelf, child=False)
    assert files.entries.keys.count == len(known)
    for place in range(files.entries.keys.count):
        entry = files.entries.record(place)
        records = known[entry.kind, entry.key]
        ranked = sorted((not r.items, rows[r.id]) for r in records if r.level != "serial")
        assert records[0].level == "serial" or entry.row == ranked[0][1]
        young = sorted((not r.items, rows[r.id]) for r in records if r.audience.group == "children")
        assert entry.child_row == (young[0][1] if young else None)
        assert KINDS[entry.kind] in {"title", "creator", "subject"}
