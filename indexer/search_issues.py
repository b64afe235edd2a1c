"""An issue of a serial that nobody holds: 《读者》2019年第3期. Issues of other serials are no answer to it.

Where no title has both the serial's name and the number, what merely holds the same words somewhere (another journal's
third issue, in which an article is for 读者) would stand there as if it were it.
"""

from __future__ import annotations

from dataclasses import replace

from indexer.analysis import fold, normal_text
from indexer.search_tree import All, Condition, Either, Family, Node, Query


def in_titles(query: Query, name: str) -> Query | None:
    """The query, asking for the serial's name in titles only: an issue's own, or that of what it belongs to.

    Args:
        query: as it was read.
        name: of the serial, as typed.

    Returns:
        None where the name is no part of the query by itself.
    """
    stretches = set(normal_text(fold(name)).split())
    found: set[str] = set()

    def titled(node: Node) -> Node:
        if isinstance(node, Condition) and node.field == "x" and node.text in stretches:
            found.add(node.text)
            return Family(replace(node, field="title"))
        if isinstance(node, Family):
            inner = titled(node.part)
            return inner if isinstance(inner, Family) else Family(inner)
        if isinstance(node, All):
            return All(tuple(map(titled, node.parts)))
        if isinstance(node, Either):
            return Either(tuple(map(titled, node.parts)))
        return node

    tree = titled(query.root)
    return replace(query, tree=tree, whole="") if stretches and found == stretches else None
