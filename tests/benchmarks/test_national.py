"""The catalogue that benchmarks of millions of records are made of."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import national
import pytest
import search_records
import zstandard

from indexer.model import load_line
from indexer.records import object_to_record
from packager.sources.folder import open_source

BENCHMARKS = Path(national.__file__).parent
COUNT = 12_000


@pytest.fixture(scope="module")
def made() -> list[dict]:
    return list(national.records(COUNT, seed=3))


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three poems, one of a dynasty that is none."""
    rows = [
        {"id": f"p{n}", "title": f"詩 {n}", "creator": "陸游", "dynasty": dynasty, "date": "", "subject": "宋诗;",
         "clc": "I222", "type": "poem", "language": "zh", "description": "夜闌臥聽風吹雨，鐵馬冰河入夢來。"}
        for n, dynasty in enumerate(("宋", "日本", "宋"))
    ]  # fmt: skip
    (tmp_path / "records").mkdir()
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    (tmp_path / "records" / "records.jsonl.zst").write_bytes(zstandard.compress(text))
    monkeypatch.setenv("SHUXIANG_COLLECTION", str(tmp_path))
    return tmp_path


def digest(made: list[dict]) -> str:
    return hashlib.sha256("".join(map(str, made)).encode()).hexdigest()


def test_same_seed_gives_the_same_records_in_another_process(made: list[dict]):
    program = (
        f"import hashlib, national; made = list(national.records({COUNT}, seed=3));"
        "print(hashlib.sha256(''.join(map(str, made)).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": f"{BENCHMARKS}:{BENCHMARKS.parent}"}
    other = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(made)
    assert list(itertools.islice(national.records(COUNT, seed=4), 50)) != made[:50]


def test_a_source_folder_takes_every_record_without_a_word(made: list[dict], tmp_path: Path):
    national.write(tmp_path / "catalogue.jsonl", iter(made))
    source = open_source(tmp_path)
    assert sum(1 for _ in source) == COUNT
    assert source.problems == []


def test_parents_come_before_their_children(made: list[dict]):
    seen: set[str] = set()
    children = Counter()
    for record in made:
        if parent := record.get("parent"):
            assert parent in seen
            children[record.get("level", "work")] += 1
        seen.add(record["id"])
    assert children["issue"] > 2000
    assert children["volume"] > 100
    assert children["work"] > 0


def test_shares_are_those_of_a_library(made: list[dict]):
    resources = [object_to_record(record).resource for record in made]
    shares = {name: number / COUNT for name, number in Counter(r.type for r in resources).items()}
    assert 0.64 < shares["book"] < 0.74
    assert 0.13 < shares["journal"] < 0.17
    assert 0.08 < shares["newspaper"] < 0.12
    assert {"image", "audio", "course", "government", "video", "exhibition"} <= shares.keys()
    poems = sum(r.subtype == "poem" for r in resources) / COUNT
    assert 0.3 < poems < 0.35
    printed = [r for r in resources if any(i.scheme == "isbn" for i in r.identifiers)]
    assert len({r.classes[0].code[0] for r in printed}) == 22
    assert {"zh-Hans", "zh-Hant", "lzh", "en", "bo", "ug", "mn"} <= {r.language[0] for r in resources}
    assert any(ord(character) > 0xFFFF for r in resources for creator in r.creators for character in creator.name)
    years = [r.date.year_from for r in printed if r.date.year_from]
    assert min(years) >= 1987
    assert max(years) == 2025


def test_titles_are_many_and_summaries_of_a_paragraph(made: list[dict]):
    titles = [record["title"] for record in made if record.get("level") != "issue"]
    assert len(set(titles)) > 0.9 * len(titles)
    assert all(30 <= len(record["description"]) <= 160 for record in made)
    assert not [title for title in titles if "{" in title]


def test_numbers_of_books_and_serials_hold_their_check_digits(made: list[dict]):
    identifiers = [i for record in made for i in record.get("identifiers", "").split(";") if i]
    books = [i.removeprefix("isbn:") for i in identifiers if i.startswith("isbn:")]
    assert len(books) > 1000
    for number in books:
        assert len(number) == 13
        assert sum(int(digit) * (1, 3)[n % 2] for n, digit in enumerate(number)) % 10 == 0
    whole = [
        r["identifiers"]
        for r in made
        if r["type"] == "book" and "isbn:" in r.get("identifiers", "") and r.get("level") != "volume"
    ]
    assert len(set(whole)) == len(whole)
    for number in {i.removeprefix("issn:") for i in identifiers if i.startswith("issn:")}:
        digits = [10 if digit == "X" else int(digit) for digit in number.replace("-", "")]
        assert sum(digit * (8 - n) for n, digit in enumerate(digits)) % 11 == 0


def test_a_collection_is_in_it_once(collection: Path):
    made = list(national.records(400, collection=collection))
    poems = [record["id"] for record in made if record.get("subtype") == "poem"]
    assert poems[:3] == ["p0", "p1", "p2"]
    assert len(set(poems)) == len(poems) > 50
    assert all(not object_to_record(record).warnings for record in made)


@pytest.mark.usefixtures("collection")
def test_searching_takes_real_records_as_far_as_they_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(search_records, "RUN", 40)
    assert [resource.id for resource in search_records.records(3)] == ["p0", "p1", "p2"]
    catalogue, items = search_records.write_truth(tmp_path / "truth", 250)
    ids = [load_line(line).id for line in catalogue.read_bytes().splitlines()]
    assert len(ids) == 250
    assert ids == sorted(ids, key=str.encode)
    assert {"p0", "p1", "p2"} < set(ids)
    assert items.stat().st_size == 0
