"""Makes the questions of a corpus: drafts by rule from records drawn by chance, the asked ones, and what is right.

Two passes over the truth. The first draws records for each rule; the second finds what is right for every draft and
every judged question, whatever the size of the corpus.
"""

from __future__ import annotations

import heapq
import itertools
import random
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from search_quality.by_rule import FEW, MANY, PARTS, RULES, Chance, Draft
from search_quality.corpus import Record, read
from search_quality.predicates import Condition, Conditions, Matcher, condition
from search_quality.questions import ASKED, BY_RULE, Question
from search_quality.sounds import Near, Readings

HERE = Path(__file__).parent
EACH = 40
"""Questions of each rule."""
_DRAWN = 8
"""Times as many records are drawn, since many a draft has no answer of its own."""
_LEARNED = 4000
_SHOWN = 3
Tried = tuple[str, int, Draft]
"""Kind, number of the record, and the draft."""


def questions(truth: Path, *, seed: int = 1, each: int = EACH) -> list[Question]:
    """All questions of a corpus.

    Args:
        truth: its `catalogue.jsonl`.
        seed: of the chance that draws records; the same corpus and seed give the same questions.
        each: at most so many of each rule.
    """
    drafts = _drafts(truth, seed, each)
    asked = asked_queries()
    conditions = [(n, draft.right) for n, (_, _, draft) in enumerate(drafts) if draft.right]
    conditions += [
        (len(drafts) + n, one) for n, (_, text) in enumerate(asked) for one in judgements().get(text, ())
    ]  # fmt: skip
    heard = {
        by_initials: [
            (n, draft.heard)
            for n, (kind, _, draft) in enumerate(drafts)
            if draft.heard and (kind == "pinyin initials") == by_initials
        ]
        for by_initials in (False, True)
    }
    near = {
        left_out: [
            (n, draft.near)
            for n, (kind, _, draft) in enumerate(drafts)
            if draft.near and (kind == "one character left out") == left_out
        ]
        for left_out in (False, True)
    }
    matchers: list[Matcher] = [
        Conditions(conditions),
        *(Readings(wanted, by_initials=by_initials) for by_initials, wanted in heard.items()),
        *(Near(typed, left_out=left_out) for left_out, typed in near.items()),
    ]
    right, titles = _found(truth, matchers)
    made = _kept(drafts, right, titles, each)
    for n, (kind, text) in enumerate(asked, len(drafts)):
        made.append(Question(ASKED, kind, text, right.get(n, {}), tuple(titles.get(n, ()))))
    return made


def asked_queries() -> list[tuple[str, str]]:
    """`(matter, query)` as they stand in `asked.txt`."""
    matter, found = "", []
    for line in (HERE / "asked.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            matter = line.strip("[]")
        elif line and not line.startswith("#"):
            found.append((matter, line))
    return found


def judgements() -> dict[str, list[Condition]]:
    """Query → the conditions one of which a right record meets."""
    table = tomllib.loads((HERE / "judged.toml").read_text(encoding="utf-8"))
    return {text: [condition(one) for one in held] for text, held in table.items()}


def _drafts(truth: Path, seed: int, each: int) -> list[Tried]:
    """The drafts of all rules, those of one record together."""
    chances = {kind: random.Random(f"{seed} {kind}") for kind in RULES}
    drawn: dict[str, list[tuple[float, int, Record]]] = {kind: [] for kind in RULES}
    learn, chance = random.Random(f"{seed} learn"), Chance(random.Random(f"{seed} text"))
    learned: list[tuple[float, str]] = []
    for number, record in enumerate(read(truth)):
        value = -learn.random()
        if len(learned) < _LEARNED or value > learned[0][0]:
            _keep(learned, (value, record.title), _LEARNED)
        for kind, kind_chance in chances.items():
            value = -kind_chance.random()
            held = drawn[kind]
            fits = bool(record.parent) == (kind in PARTS)
            if fits and (len(held) < each * _DRAWN or value > held[0][0]) and _has_draft(kind, record):
                _keep(held, (value, number, record), each * _DRAWN)
    for _, title in sorted(learned):
        chance.learn(title)
    chance.done()
    return [
        (kind, number, draft)
        for kind, held in drawn.items()
        for _, number, record in sorted(held, key=lambda one: (-one[0], one[1]))
        for draft in RULES[kind](record, chance)
    ]


def _keep(heap: list, one: tuple, most: int) -> None:
    (heapq.heappush if len(heap) < most else heapq.heappushpop)(heap, one)


_ANY = Chance(random.Random(0), ["一"], {})


def _has_draft(kind: str, record: Record) -> bool:
    """Whether the rule has something to ask about a record; homophones are known only later."""
    if kind == "same sound":
        return 4 <= len(record.title) <= 10
    return next(RULES[kind](record, _ANY), None) is not None


def _found(truth: Path, matchers: Sequence[Matcher]) -> tuple[dict[int, dict[str, str]], dict[int, list[str]]]:
    """Number of a question → its right records with the work of each, and some of their titles."""
    right: dict[int, dict[str, str]] = defaultdict(dict)
    titles: dict[int, list[str]] = defaultdict(list)
    works: dict[str, str] = {}
    for record in read(truth):
        numbers = set(itertools.chain.from_iterable(matcher.matches(record) for matcher in matchers))
        if not numbers:
            continue
        works[record.id] = work = works.get(record.parent, record.parent) or record.work
        for number in numbers:
            right[number][record.id] = work
            if len(titles[number]) < _SHOWN:
                titles[number].append(record.raw["title"])
    return right, titles


def _kept(
    drafts: list[Tried], right: dict[int, dict[str, str]], titles: dict[int, list[str]], each: int
) -> list[Question]:
    """Of each rule the first `each` drafts that have an answer of their own, one of a record."""
    made: dict[str, list[Question]] = {kind: [] for kind in RULES}
    used: set[tuple[str, int]] = set()
    typed: set[str] = set()
    for n, (kind, record, draft) in enumerate(drafts):
        if len(made[kind]) >= each or (kind, record) in used or draft.text in typed:
            continue
        question = Question(BY_RULE, kind, draft.text, right.get(n, {}), tuple(titles.get(n, ())))
        if question.works == 1 or (not draft.one and 0 < question.works <= (FEW if kind not in MANY else 1 << 30)):
            made[kind].append(question)
            used.add((kind, record))
            typed.add(draft.text)
    return [one for kind in RULES for one in made[kind]]
