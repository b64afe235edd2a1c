"""What a search answered to questions, and the marks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from search_quality.questions import Question

TEN = 10
AIM_RECALL, AIM_EMPTY = 0.95, 0.02


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer: the ids of the records that it shows, and what it reads."""

    ids: tuple[str, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the first lines, and how many there are."""

    lines: tuple[Line, ...]
    total: int


Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Mark:
    """A question with its answer."""

    question: Question
    answer: Answer

    @property
    def places(self) -> list[int]:
        """Where in the first ten each right work stands first, from 1."""
        met: dict[str, int] = {}
        for place, line in enumerate(self.answer.lines[:TEN], 1):
            for shown in line.ids:
                if shown in self.question.right:
                    met.setdefault(self.question.right[shown], place)
        return sorted(met.values())

    @property
    def recall(self) -> float:
        """Of the right works, or of ten where there are more, how many are among the first ten."""
        return len(self.places) / min(TEN, self.question.works)

    @property
    def reciprocal(self) -> float:
        """One by the place of the first right one; 0 when it is not among the first ten."""
        return 1 / self.places[0] if self.places else 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """The marks of some questions together.

    `recall`, `reciprocal` and `found` are of those that have an answer in the corpus, `single` is the recall of those
    that have just one; None where there is no such question. `empty` is the share of all that came back with nothing.
    """

    count: int
    answerable: int
    recall: float | None
    single: float | None
    found: float | None
    reciprocal: float | None
    empty: float


def figures(marks: Sequence[Mark]) -> Figures:
    """The figures of some marks, of which there is one at least."""
    real = [mark for mark in marks if mark.question.right]
    single = [mark for mark in real if mark.question.works == 1]
    return Figures(
        len(marks),
        len(real),
        _mean(mark.recall for mark in real),
        _mean(mark.recall for mark in single),
        _mean(bool(mark.places) for mark in real),
        _mean(mark.reciprocal for mark in real),
        sum(not mark.answer.lines for mark in marks) / len(marks),
    )


def _mean(values: Iterable[float]) -> float | None:
    held = list(values)
    return sum(held) / len(held) if held else None


def marked(questions: Sequence[Question], ask: Ask) -> list[Mark]:
    """Ask everything once."""
    return [Mark(question, ask(question.text)) for question in questions]
