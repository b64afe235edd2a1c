"""Markdown as a short list of blocks, the one source of both the EPUB and the PDF of a manual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from packager.training.errors import TrainingError


@dataclass(frozen=True)
class Run:
    """A piece of text in one style."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading; `level` 1 is the manual's title, 2 a chapter, 3 a section."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of runs."""

    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Listing:
    """A list; one tuple of runs an entry."""

    ordered: bool
    entries: tuple[tuple[Run, ...], ...]


@dataclass(frozen=True)
class Grid:
    """A table; the first row is its head."""

    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Listing | Grid


@dataclass(frozen=True)
class Chapter:
    """A chapter: its title and its blocks, without the title itself."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def sections(self) -> tuple[str, ...]:
        """The titles of its sections, in order."""
        return tuple(b.text for b in self.blocks if isinstance(b, Heading))


@dataclass(frozen=True)
class Manual:
    """A manual: title and chapters; what stands before the first chapter is a chapter called 前言."""

    title: str
    chapters: tuple[Chapter, ...]

    @property
    def characters(self) -> frozenset[str]:
        """Every character that the manual shows."""
        found = set(self.title)
        for chapter in self.chapters:
            found.update(chapter.title)
            for block in chapter.blocks:
                found.update(_text_of(block))
        return frozenset(found)

    @property
    def heading_characters(self) -> frozenset[str]:
        """Every character of the title, the chapters' titles and the sections' titles."""
        return frozenset(self.title + "".join(c.title + "".join(c.sections) for c in self.chapters))

    @property
    def strong_characters(self) -> frozenset[str]:
        """Every character that is set in the strong face."""
        return frozenset("".join(_strong(b) for c in self.chapters for b in c.blocks))


def _strong(block: Block) -> str:
    """What a block shows in the strong face: bold runs, the head of a table."""
    if isinstance(block, Paragraph):
        return "".join(r.text for r in block.runs if r.bold)
    if isinstance(block, Listing):
        return "".join(r.text for entry in block.entries for r in entry if r.bold)
    return "".join(block.rows[0]) if isinstance(block, Grid) else ""


def parse_manual(markdown: str) -> Manual:
    """The manual that `markdown` holds.

    Headings, paragraphs, one level of lists, tables and bold are understood.

    Raises:
        TrainingError: there is no title, or something else is in it.
    """
    blocks = list(_blocks(MarkdownIt("commonmark").enable("table").parse(markdown)))
    if not blocks or not isinstance(blocks[0], Heading) or blocks[0].level != 1:
        raise TrainingError("a manual begins with its title")
    chapters: list[Chapter] = []
    title, body = "前言", list[Block]()
    for block in blocks[1:]:
        if isinstance(block, Heading) and block.level == 2:
            if body:
                chapters.append(Chapter(title, tuple(body)))
            title, body = block.text, []
        else:
            body.append(block)
    chapters.append(Chapter(title, tuple(body)))
    return Manual(blocks[0].text, tuple(chapters))


def _text_of(block: Block) -> str:
    if isinstance(block, Heading):
        return block.text
    if isinstance(block, Paragraph):
        return "".join(r.text for r in block.runs)
    if isinstance(block, Listing):
        return "".join(r.text for entry in block.entries for r in entry)
    return "".join(cell for row in block.rows for cell in row)


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    at = 0
    while at < len(tokens):
        token = tokens[at]
        end = _end_of(tokens, at)
        inside = tokens[at + 1 : end]
        if token.type == "heading_open":
            yield Heading(int(token.tag[1:]), "".join(r.text for r in _runs(inside[0])))
        elif token.type == "paragraph_open":
            yield Paragraph(_runs(inside[0]))
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            entries = tuple(_runs(t) for t in inside if t.type == "inline")
            yield Listing(token.type.startswith("ordered"), entries)
        elif token.type == "table_open":
            yield Grid(tuple(_rows(inside)))
        else:
            raise TrainingError(f"a manual may not hold {token.type}")
        at = end + 1


def _end_of(tokens: list[Token], start: int) -> int:
    depth = 0
    for at in range(start, len(tokens)):
        depth += tokens[at].nesting
        if depth == 0:
            return at
    raise TrainingError("the text ends in the middle of a block")


def _rows(tokens: list[Token]) -> Iterator[tuple[str, ...]]:
    row: list[str] = []
    for token in tokens:
        if token.type == "inline":
            row.append("".join(r.text for r in _runs(token)))
        elif token.type == "tr_close":
            yield tuple(row)
            row = []


def _runs(inline: Token) -> tuple[Run, ...]:
    runs: list[Run] = []
    bold = False
    for child in inline.children or []:
        if child.type in {"strong_open", "strong_close"}:
            bold = child.type == "strong_open"
        elif child.type == "softbreak":
            continue  # a line break between Chinese characters is no space
        elif child.type == "text":
            if child.content:
                runs.append(Run(child.content, bold))
        else:
            raise TrainingError(f"a manual may not hold {child.type}")
    return tuple(runs)
