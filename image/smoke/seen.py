"""Whether a page says a sentence: the reviewed words by key, whatever stands in their places."""

from __future__ import annotations

import re
from functools import cache

from provisioning.words import Words
from provisioning.words.filling import PLACEHOLDER

_BLANKS = re.compile(r"\s+")


@cache
def pattern(key: str) -> re.Pattern[str]:
    """A pattern for the sentence of `key`, blanks left out."""
    text = _BLANKS.sub("", Words.load("zh-Hans").template(key).text)
    parts, at = [], 0
    for found in PLACEHOLDER.finditer(text):
        parts.append(re.escape(text[at : found.start()]))
        at = found.end()
    parts.append(re.escape(text[at:]))
    return re.compile(".{1,60}?".join(parts))


def says(words: str, key: str) -> bool:
    """Whether the sentence of `key` stands in the words of a page."""
    return pattern(key).search(_BLANKS.sub("", words)) is not None


def keys_said(words: str, prefixes: tuple[str, ...] = ("box.", "intake.", "home.")) -> list[str]:
    """The keys of these families whose sentences stand there: what a report shows when another was expected."""
    every = (key for key in Words.load("zh-Hans").keys() if key.startswith(prefixes))  # noqa: SIM118
    return [key for key in every if says(words, key)]
