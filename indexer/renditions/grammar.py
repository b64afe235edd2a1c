"""A check of markup that a child cleaned: the text is of a closed form, or it is refused.

Cleaning builds a tree, and what a hostile file makes of that tree is not bounded by its size: 400 kB of HTML can become
gigabytes. So it happens in a confined child. Its result is not believed: here every `<` must begin a tag of the list
with attributes of the list, which is one pass in bounded memory. What passes can name no script, frame, style, form or
address, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from indexer.errors import RenditionError

ANY = r"[^\"<>]*+"
"""An attribute's value without further rules; it cannot end the attribute or the tag."""


_PIECE = 1 << 14
_PIECES = 2000


class Grammar:
    """What a piece of markup may consist of."""

    def __init__(self, tags: Mapping[str, Mapping[str, str]], common: Mapping[str, str]) -> None:
        """Take the closed list.

        Args:
            tags: element name to its own attributes, each with the pattern of its value.
            common: attributes of every element, likewise.
        """
        plain = "|".join(sorted(name for name, own in tags.items() if not own))
        kinds = [rf"(?:{plain})\b{_attributes(common)}"] if plain else []
        kinds += [rf"{name}\b{_attributes({**common, **own})}" for name, own in sorted(tags.items()) if own]
        names = "|".join(sorted(tags, key=lambda name: (-len(name), name)))
        piece = rf"(?:[^<]{{1,{_PIECE}}}+|<(?:{'|'.join(kinds)})>|</(?:{names})>)"
        # A match holds all other threads up, a second for eight megabytes of tags: so it goes on in pieces.
        self._pieces = re.compile(piece + rf"{{0,{_PIECES}}}+")

    def check(self, text: str) -> str:
        """The text itself.

        Raises:
            RenditionError: it holds anything else.
        """
        at = 0
        while at < len(text):
            found = self._pieces.match(text, at)
            if found is None or found.end() == at:
                raise RenditionError("the child gave markup that was not cleaned")
            at = found.end()
        return text


def _attributes(allowed: Mapping[str, str]) -> str:
    return "(?: (?:" + "|".join(f'{name}="{value}"' for name, value in sorted(allowed.items())) + "))*+"
