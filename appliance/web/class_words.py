"""What readers call a class: its name where one is known, else its number and the nearest class above that has one."""

from __future__ import annotations

from appliance.web.context import library, words
from indexer.search_tallies import class_levels


def class_name(code: str) -> str:
    """The name of a class: of the 22 main ones our own, of others what a bundle brings; empty without one."""
    key = f"clc.{code}"
    return words().label(key) if words().has_label(key) else library().class_name("clc", code)


def named_above(code: str) -> str:
    """The name of the nearest class above that has one; empty for none."""
    above = (class_name(level) for level in reversed(class_levels(code)) if level != code)
    return next((name for name in above if name), "")


def class_text(code: str, *, short: bool = False) -> str:
    """A class in readers' words: 文学, I24 小说, I24（文学类）; `short` where the class above stands beside it: I24."""
    name = class_name(code)
    if name:
        return name if len(code) == 1 else f"{code} {name}"
    above = "" if short else named_above(code)
    return words().label("browse.class_of", code=code, name=above) if above else code


def tree_text(scheme: str, code: str) -> str:
    """A place in another classification by its name, else by the nearest one above that has one."""
    names, parents = library().class_name, library().class_parents()
    if name := names(scheme, code):
        return name
    above, seen = parents.get(f"{scheme}:{code}", ""), set[str]()
    while above and above not in seen:
        seen.add(above)
        if name := names(scheme, above.partition(":")[2]):
            return words().label("browse.class_of", code=code, name=name)
        above = parents.get(above, "")
    return code
