"""The table of what opens where, as a page of the documents."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.spine.openings import EXCEPTIONS, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.spine.terminals import Terminal
    from tests.spine.works import Form

_READERS = {
    "epub": "book (EPUB)",
    "pdf": "document (PDF)",
    "picture": "pictures",
    "text": "text",
    "audio": "sound",
    "video": "film",
    "issues": "periodical",
    "none": "—",
    "other": "—",
    "closed": "—",
}
MEANING = """\
✓ means: a sentence of the work, taken from its text beforehand, was found with the reader's own find (without
JavaScript: on the page of its chapter) and lay in the visible area; pages and pictures were not blank; a recording's
time went on, its captions were loaded, a film's picture was not blank; the last page of the first part, and the last
part, were reached; no script failed, no dialog came, nothing was asked of another host. A letter names an exception:
""".splitlines()


@dataclass
class Table:
    """What was seen, by form and terminal."""

    terminals: Sequence[Terminal]
    forms: list[Form] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    seen: dict[tuple[str, str], Outcome | str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every form was opened at every terminal."""
        return all((form.name, t.name) in self.seen for form in self.forms for t in self.terminals)

    @property
    def faults(self) -> list[str]:
        """What did not open, one line each."""
        return [
            f"{name} at {terminal}: {said}" for (name, terminal), said in self.seen.items() if isinstance(said, str)
        ]

    def markdown(self) -> str:
        """The page."""
        outcomes = [said for said in self.seen.values() if isinstance(said, Outcome)]
        used = [key for key in EXCEPTIONS if any(key in outcome.exceptions for outcome in outcomes)]
        marks = {key: chr(ord("a") + n) for n, key in enumerate(used)}
        resources = len({form.resource for form in self.forms})
        lines = [
            "# What opens where",
            "",
            f"Taken {time.strftime('%Y-%m-%d')} by `tests/spine/test_reader_table.py`: {resources} resources in",
            f"{len(self.forms)} forms, built, signed, plugged in and opened by a patron's reader, in four ways:",
            "",
            *(f"- **{t.title}**: Chromium {self.versions.get(t.name, '?')}" for t in self.terminals),
            "",
            *MEANING,
            "",
            *(f"- ({marks[key]}) {EXCEPTIONS[key]}" for key in used),
            "",
            "| resource | title | reader | " + " | ".join(t.title for t in self.terminals) + " |",
            "|---|---|---|" + "---|" * len(self.terminals),
        ]
        lines += [self._line(form, marks) for form in self.forms]
        return "\n".join(lines) + "\n"

    def _line(self, form: Form, marks: dict[str, str]) -> str:
        cells = []
        for terminal in self.terminals:
            said = self.seen.get((form.name, terminal.name), "")
            if isinstance(said, str):
                cells.append("✗" if said else "")
            else:
                nothing = {"nothing", "unreadable", "closed", "codec"} & set(said.exceptions)
                letters = "".join(f"({marks[key]})" for key in said.exceptions)
                cells.append(" ".join(filter(None, ("" if nothing else "✓", letters))))
        title = form.title.replace("|", "\\|")
        return f"| {form.resource} | {title} | {_READERS[form.kind]} | " + " | ".join(cells) + " |"
