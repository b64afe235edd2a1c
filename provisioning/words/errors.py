"""The error of the words."""

from __future__ import annotations


class WordsError(Exception):
    """A key, a placeholder or a table of the words that is not as it should be. A mistake of the program."""

    code = "words"
