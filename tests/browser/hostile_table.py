"""The table of hostile files, as a page of the documents."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from textwrap import fill
from typing import TYPE_CHECKING

from provisioning.words import Words
from tests.browser.hostile_scene import MOST_MEMORY, Peak

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.browser.hostile_openings import Opening
    from tests.hostile_files import HostileFile
    from tests.packager.hostile_builds import Build

SAID = tuple(
    f"reader.{key}"
    for key in ("damaged.whole", "damaged.page", "damaged.chapter", "ill_formed", "no_reader", "no_sound_format")
)
TAKEN = """\
What {files} files do that try to harm, made by the tests or of the collection: to the packager, and to a box and its
readers that are given them past the packager. Taken {date} with Chromium {version}, 1366×768, against
`appliance serve` in its own processes, on a machine with two processors that did other things as well.

Of {files} files {refused} were refused by the packager, and {harmed} did harm in the reader. The slowest page came to
rest after {seconds} s. The largest process of the box held {own} MiB; the largest of the children that parse, which
have limits of their own, {confined} MiB. The build of all files took {cpu} s of the processors, at most {memory} MiB,
and {temporary} MiB of temporary files.

`tests/browser/test_hostile_table.py` writes this page and fails with the first harm; it also opens the bytes of every
file by themselves. Files that harm by their names alone are in `tests/packager/test_hostile_generated.py`, the bombs
beside readers who wait in `tests/spine/test_bombs.py`. To take it again (some minutes):
"""
COMMAND = """\
    SHUXIANG_COLLECTION=path SHUXIANG_HOSTILE_TABLE=docs/hostile-files.md \\
      .venv/bin/python -m pytest -m slow tests/browser/test_hostile_table.py"""
MEANING = """\
**What the packager says** is what `packager build` does with the file under its own name: packed under a type (found in
its bytes, never taken from its name), with the flag it sets and the reason it gives to staff, or refused.

**What the reader shows** is what the browser holds when the same bytes come on a drive whose signatures are right and
which no packager looked at: every file claims to be what its name says. The drive is plugged in, its records are opened
by a patron at a terminal: the page about the work, its reader, and the page that needs no JavaScript (chapters cleaned
by the box, pages drawn by it). It shows the words of the file, or draws its first page (which may be blank, as that of
a bomb is), or says in one sentence why not. A sentence in Chinese is what the patron reads; below is what it means.
Files that are no part of their own (captions, tile packs, texts of pages) stand beside a good recording or picture,
which opens.

**Harm** is any of this: a script of the file ran or left something behind (a mark, a title, a cookie,
storage, a worker); an element that could act stood in a page of a book; a request left the box or went to an address
that no reader asks for (a host beside the box counts visits); a dialog, a popup, a download;
an error in a reader's own script; the policy had to stop what it is not known to stop; a page that did not come to rest
within 60 s; a page that broke; a process of the box larger than {most} MiB. “none” means that none of it was seen; (p):
the browser's policy stopped handlers, base addresses or media while a book was parsed for cleaning. The seconds are
those of the file's slowest page, until it showed something or said why not.
"""


@dataclass
class Row:
    """One file: where it comes from, its record on the drive and its number in the build; what was seen."""

    file: HostileFile
    identity: str
    opening: Opening | None = None


@dataclass
class Table:
    """What was seen, by part of the table."""

    parts: dict[str, list[Row]]
    build: Build | None = None
    version: str = ""
    peak: Peak = field(default_factory=Peak)

    @property
    def rows(self) -> list[Row]:
        """All of them, in the order in which they were built."""
        return [row for rows in self.parts.values() for row in rows]

    @property
    def whole(self) -> bool:
        """Whether every file was built and opened."""
        return self.build is not None and all(row.opening is not None for row in self.rows)

    def packed(self, number: int) -> str:
        """What the packager said about a file, by its number."""
        assert self.build is not None
        identity = f"h{number:03}"
        items = [item for item in self.build.records[identity].items if not item.tool]
        reasons = dict.fromkeys(str(told["reason"]) for told in self.build.problems.get(identity, []))
        flags = f", flag `{', '.join(items[0].flags)}`" if items and items[0].flags else ""
        verdict = f"packed as {items[0].media_type}{flags}" if items else "refused"
        return f"{verdict}: {' '.join(reasons)}" if reasons else verdict

    def markdown(self) -> str:
        """The page."""
        assert self.build is not None
        taken = TAKEN.format(
            files=len(self.rows),
            date=time.strftime("%Y-%m-%d"),
            version=self.version,
            refused=sum(self.packed(number).startswith("refused") for number in range(len(self.rows))),
            harmed=sum(bool(row.opening and row.opening.harm) for row in self.rows),
            seconds=round(max(row.opening.seconds for row in self.rows if row.opening)),
            own=self.peak.own >> 20,
            confined=self.peak.confined >> 20,
            cpu=round(self.build.seconds),
            memory=self.build.memory >> 20,
            temporary=-(-self.build.temporary >> 20),
        )
        paragraphs = [*taken.split("\n\n"), COMMAND, *MEANING.format(most=MOST_MEMORY >> 20).split("\n\n")]
        lines = ["# Hostile files"]
        for paragraph in paragraphs:
            lines += ["", paragraph if paragraph.startswith(" ") else fill(paragraph, 120, break_on_hyphens=False)]
        lines += ["", *self._sentences()]
        number = 0
        for title, rows in self.parts.items():
            lines += ["", f"## {title}", "", *_HEAD]
            for row in rows:
                lines.append(self._line(row, number))
                number += 1
        return "\n".join(lines) + "\n"

    def _line(self, row: Row, number: int) -> str:
        made = row.opening
        assert made is not None
        harm = "<br>".join(made.harm or ()) or ("none (p)" if made.stopped else "none")
        plain = made.plain or "the same page"
        cells = (row.file.name, row.file.tries, self.packed(number), made.reader, plain,
                 f"{harm}, {made.seconds:.1f} s")  # fmt: skip
        return "| " + " | ".join(map(_cell, cells)) + " |"

    def _sentences(self) -> Sequence[str]:
        """The sentences that were read, with their English."""
        seen = " ".join(f"{row.opening.reader} {row.opening.plain}" for row in self.rows if row.opening)
        chinese, english = Words.load("zh-Hans"), Words.load("en")
        found = []
        for key in SAID:
            text = chinese.template(key).text
            if re.search(re.sub(r"\\\{\w+\\\}", ".+?", re.escape(text)), seen):
                found.append(re.sub(r"\{\w+\}", "n", f"- “{text}” {english.template(key).text}"))
        return found


_HEAD = (
    "| file | what it tries | what the packager says | what the reader shows | without JavaScript | harm, and within |",
    "|---|---|---|---|---|---|",
)


def _cell(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text).replace("|", "\\|")
