"""The report: figures by kind, tuned and held out apart, whether the aims are met, and every miss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from search_quality.marks import AIM_EMPTY, AIM_RECALL, Figures, Mark, figures
from search_quality.questions import ASKED, BY_RULE

_SHOWN = 3
_LONGEST = 40


def report(marks: Sequence[Mark]) -> Iterator[str]:
    """The tables, as Markdown."""
    for source in (BY_RULE, ASKED):
        yield f"### {source.capitalize()}\n"
        yield (
            "| kind | questions | with an answer | recall@10 | found@10 | MRR@10 | empty "
            "| held out | recall@10 | found@10 | MRR@10 | empty |"
        )
        yield f"|---|{'---:|' * 11}"
        mine = [mark for mark in marks if mark.question.source == source]
        for kind in dict.fromkeys(mark.question.kind for mark in mine):
            yield _row(kind, [mark for mark in mine if mark.question.kind == kind])
        yield _row("all", mine) + "\n"
    yield from verdicts(marks)


def verdicts(marks: Sequence[Mark]) -> Iterator[str]:
    """The aims, for what may be tuned on and for what is held out."""
    for name, held_out in (("tuned", False), ("held out", True)):
        some = [mark for mark in marks if mark.question.held_out == held_out]
        if not some:
            continue
        all_of_them = figures(some)
        for source in (BY_RULE, ASKED):
            mine = [mark for mark in some if mark.question.source == source]
            recall = figures(mine).single if mine else None
            if recall is not None:
                aimed = "met" if recall >= AIM_RECALL else "MISSED"
                yield f"- {name}, {source}: recall@10 {recall:.3f} where one answer is right; aim {AIM_RECALL}: {aimed}"
        aimed = "met" if all_of_them.empty <= AIM_EMPTY else "MISSED"
        yield f"- {name}: {all_of_them.empty:.1%} of {len(some)} answers are empty; aim {AIM_EMPTY:.0%}: {aimed}"


def misses(marks: Sequence[Mark], *, held_out: bool = False) -> Iterator[str]:
    """Every question of which nothing right is among the first ten, or nothing came: what is right, what came.

    Args:
        marks: all of them.
        held_out: whether to list those that are held out; who tunes does not look at them.
    """
    for mark in marks:
        question = mark.question
        if question.held_out != held_out or (mark.places if question.right else mark.answer.lines):
            continue
        right = " / ".join(map(_cut, question.titles[:_SHOWN])) or "nothing in the corpus"
        came = " / ".join(_cut(line.title) for line in mark.answer.lines[:_SHOWN]) or "nothing"
        yield f"- {question.kind}: `{question.text}` wants {right} ({question.works}); {mark.answer.total} came: {came}"


def _row(kind: str, marks: Sequence[Mark]) -> str:
    cells = [kind]
    for held_out in (False, True):
        some = [mark for mark in marks if mark.question.held_out == held_out]
        cells += _cells(figures(some), held_out=held_out) if some else ["–"] * (5 if held_out else 6)
    return f"| {' | '.join(cells)} |"


def _cells(found: Figures, *, held_out: bool) -> list[str]:
    shares = [f"{one:.3f}" if one is not None else "–" for one in (found.recall, found.found, found.reciprocal)]
    counts = [str(found.count)] if held_out else [str(found.count), str(found.answerable)]
    return [*counts, *shares, f"{found.empty:.1%}"]


def _cut(title: str) -> str:
    return title if len(title) <= _LONGEST else f"{title[:_LONGEST]}…"
