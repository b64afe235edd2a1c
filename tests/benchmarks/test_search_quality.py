"""The judge of searching: its conditions, its questions by rule, its marks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import national
import pytest
import search_records
from search_quality import asking
from search_quality.by_rule import RULES
from search_quality.corpus import Record, read
from search_quality.marks import Answer, Line, Mark, figures
from search_quality.predicates import Conditions, condition
from search_quality.questions import ASKED, BY_RULE, Question
from search_quality.report import misses, report
from search_quality.sounds import Near, Readings

from indexer.records import object_to_record

POEM = Record(
    {
        "id": "p1",
        "title": "靜夜思",
        "type": "book",
        "subtype": "poem",
        "creators": [{"name": "李白"}],
        "subjects": ["唐诗"],
        "description": "牀前看月光，疑是地上霜。",
    }
)
ISSUE = Record(
    {
        "id": "s1-3",
        "title": "《读者》2019年第3期",
        "type": "journal",
        "level": "issue",
        "parent": "s1",
        "identifiers": [{"scheme": "issn", "value": "1000-0372"}],
        "date": {"year_from": 2019},
    }
)


@pytest.mark.parametrize(
    ("text", "poem", "issue"),
    [
        ("title:夜思|晨思 creator:李白", True, False),
        ("title:夜思 creator:杜甫", False, False),
        ("title=夜思", False, False),
        ("title=静夜思", True, False),
        ("is=poem all:上霜", True, False),
        ("about:唐诗 -text:地上", False, False),
        ("identifier=1000-0372 year=2019", False, True),
        ("year=2018 title:读者", False, False),
    ],
)
def test_conditions_hold_as_they_read(text: str, poem: bool, issue: bool):
    conditions = Conditions([(4, condition(text))])
    assert [bool(conditions.matches(record)) for record in (POEM, ISSUE)] == [poem, issue]


@pytest.mark.parametrize("text", ["", "-title:a", "year=2019", "nofield:a", "title:", "title:a||b", "title"])
def test_what_is_no_condition_is_refused(text: str):
    with pytest.raises(ValueError, match=r"no field|empty word|holds no words"):
        condition(text)


def test_titles_are_found_by_their_sound_and_with_a_character_wrong():
    assert list(Readings([(1, ["jing", "ye", "si"]), (2, ["jing", "ye", "shi"])]).matches(POEM)) == [1]
    assert list(Readings([(1, "jys")], by_initials=True).matches(POEM)) == [1]
    assert Near([(1, "静夜死"), (2, "静也死")], left_out=False).matches(POEM) == {1}
    assert Near([(1, "静思"), (2, "夜静")], left_out=True).matches(POEM) == {1}


def test_every_asked_query_is_judged_and_no_other():
    asked = [text for _, text in asking.asked_queries()]
    assert len(asked) == len(set(asked)) >= 150
    assert set(asked) == asking.judgements().keys()


def test_questions_are_the_same_every_time_and_their_right_records_are(tmp_path: Path):
    made = (object_to_record(data).resource for data in national.records(6000, seed=3))
    truth, _ = search_records.written(tmp_path, made)
    questions = asking.questions(truth, each=4)
    assert questions == asking.questions(truth, each=4)
    records = {record.id: record for record in read(truth)}
    by_rule = [one for one in questions if one.source == BY_RULE]
    assert {one.kind for one in by_rule} == RULES.keys()
    assert all(set(one.right) <= records.keys() for one in questions)
    assert all(one.works == 1 for one in by_rule if one.kind in {"title fragment", "identifier", "journal issue"})
    assert sum(one.source == ASKED for one in questions) == len(asking.asked_queries())
    issue = next(one for one in by_rule if one.kind == "journal issue")
    assert all(records[found].level == "issue" for found in issue.right)


def test_about_a_third_is_held_out():
    counts = Counter(Question(ASKED, kind, text).held_out for kind, text in asking.asked_queries())
    assert 0.25 < counts[True] / counts.total() < 0.42


def test_marks_count_works_and_not_records():
    question = Question(BY_RULE, "k", "q", {"a1": "a", "a2": "a", "b": "b"})
    lines = (Line(("x",), "x"), Line(("a2", "a1"), "a"), Line(("a1",), "a"))
    mark = Mark(question, Answer(lines, 3))
    assert (mark.places, mark.recall, mark.reciprocal) == ([2], 0.5, 0.5)
    nothing = Mark(Question(ASKED, "k", "r"), Answer((), 0))
    found = figures([mark, nothing])
    assert (found.count, found.answerable, found.recall, found.single, found.empty) == (2, 1, 0.5, None, 0.5)
    far = Mark(Question(BY_RULE, "k", "q", {"a": "a"}), Answer((*(Line(("x",), "x"),) * 10, Line(("a",), "a")), 11))
    assert far.recall == far.reciprocal == 0


def test_the_report_tells_misses_of_one_side_only():
    marks = [Mark(Question(BY_RULE, "k", text, {"a": "a"}, ("A",)), Answer((), 0)) for text in map(str, range(30))]
    told = list(misses(marks))
    held = list(misses(marks, held_out=True))
    assert len(told) + len(held) == 30
    assert 0 < len(held) < 20
    assert any("MISSED" in line for line in report(marks))
