"""Tests of packager.reasons: every reason that a parser can give is told in Chinese."""

from __future__ import annotations

import ast
import errno
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import indexer.renditions
from indexer.errors import RenditionError, RenditionLimitError
from packager.reasons import failure_of, reason_of
from tests.packager.wording import foreign_words

if TYPE_CHECKING:
    from collections.abc import Iterator

GENERAL = {reason_of(RenditionError("?")), reason_of(RenditionLimitError("?"))}
RAISED = {"RenditionError", "RenditionLimitError", "LockedError"}
AT_BUILDS = {
    *("document", "epub_archive", "epub_package", "image", "libvips", "media"),
    *("pdf", "sandbox", "tiles", "words", "words_book"),
}
NOT_AT_BUILDS = ("width ", "no form ", "no colours", "it is another process")
"""Beginnings of what is said only when a page asks for something that cannot be."""


def written_out(node: ast.expr) -> str:
    """The text of a literal, with a number in every place that is filled."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "7" for v in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def said() -> Iterator[tuple[str, str]]:
    """(module, reason) of every error that the parsers raise."""
    for path in sorted(Path(indexer.renditions.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED
            if named and node.args and (text := written_out(node.args[0])):
                yield path.stem, text


def test_everything_that_parsers_say_is_told_in_chinese() -> None:
    reasons = list(said())
    assert len(reasons) > 40
    for _, text in reasons:
        assert foreign_words(reason_of(RenditionError(text))) == []


def test_what_is_said_at_builds_is_told_in_words_of_its_own() -> None:
    general = [
        (module, text)
        for module, text in said()
        if module in AT_BUILDS and reason_of(RenditionError(text)) in GENERAL and not text.startswith(NOT_AT_BUILDS)
    ]
    assert general == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("a picture of 2147483647 x 1 pixels", "图片标明的尺寸（2147483647×1 像素）超出了能处理的范围"),
        ("took longer than 0.5 s", "读了 0.5 秒还没有读完，已停下"),
        ("the child process died or broke off: the other end is gone", "读到一半程序停了，文件可能已损坏或太复杂"),
        ("a file of the book is not well-formed: Entity 'a9'\nnot defined", "书里有文件不合 XML 的格式"),
    ],
)
def test_reason_keeps_its_numbers_and_no_word_of_the_file(said: str, told: str) -> None:
    assert reason_of(RenditionError(said)) == told


@pytest.mark.parametrize("text", ["", "PWNED <script>", "a picture of many x 2 pixels", "no page 1\nPWNED"])
def test_reason_that_a_hostile_file_makes_up_is_not_repeated(text: str) -> None:
    assert reason_of(RenditionError(text)) == "文件已损坏，或不合格式"
    assert reason_of(RenditionLimitError(text)) == "文件太大或太复杂，没有处理完"


def test_failure_of_the_system_is_told_in_chinese() -> None:
    for number in (*errno.errorcode, 0):
        assert foreign_words(failure_of(OSError(number, "Input/output error"))) == []
    assert failure_of(OSError("no number")) == "系统打不开这个文件"


def test_foreign_words_are_those_that_name_nothing() -> None:
    assert foreign_words("名字是 .jpg，内容却是 application/xhtml+xml；EPUB 没有第 3 页") == []
    assert foreign_words("浏览器放不出这种编码（video/mp4、hvc1）；请改交 MP4（H.264 和 AAC）") == []
    assert foreign_words("没有取出文字：no chapter of the book can be read") == ["no chapter of the book can be read"]
