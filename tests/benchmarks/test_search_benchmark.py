"""What the benchmark of searching beside other engines says of them."""

from __future__ import annotations

from pathlib import Path

import national
import search_records
from search import engine_fts5, engine_ours, engine_whoosh, measuring
from search.figures import compare, growth, kinds, spread, table
from search.preparing import prepare

from indexer.records import object_to_record

ENGINES = {"ours": engine_ours, "whoosh": engine_whoosh, "fts5": engine_fts5}


def test_spread_is_of_the_ordered_values():
    assert spread([5.0, 1.0, 3.0]) == (3.0, 5.0, 5.0)


def test_a_snippet_marks_what_was_asked_for():
    assert measuring.snippet("床前明月光", ["明月"]) == "床前<mark>明月</mark>光"
    assert measuring.snippet("床前" * 100, ["明月"]).startswith("床前")


def test_engines_answer_alike_on_the_same_records(tmp_path: Path):
    made = (object_to_record(data).resource for data in national.records(1500, seed=3))
    search_records.written(tmp_path, made)
    prepare(tmp_path, 1500)
    asked = measuring.queries(tmp_path)
    found = {}
    for name, engine in ENGINES.items():
        built = measuring.build(engine, tmp_path)
        found[name] = {"built": built, **measuring.ask(engine, tmp_path)}
    assert len({one["kind"] for one in asked}) >= 15
    totals = [[answer["total"] for answer in found[name]["answers"]] for name in ENGINES]
    assert totals[1] == totals[2]
    assert sum(map(bool, totals[1])) > 100
    told = "\n".join([*table(found, asked), *compare(found, asked), *kinds(found, asked)])
    assert "| fts5 |" in told
    assert next(iter(growth([(10, found), (20, found)]))).startswith("\nfrom 10 to 20 records (2.0 times)")


def test_other_answers_are_seen():
    answers = [{"families": ["a", "b"], "total": 2, "shown": 0}], [{"families": ["b", "c"], "total": 3, "shown": 0}]
    lines = list(compare({name: {"answers": one} for name, one in zip(("ours", "peer"), answers, strict=True)}, [{}]))
    assert "| peer | 50.0% | 0.0% | 0 | 1 | 0 |" in lines
