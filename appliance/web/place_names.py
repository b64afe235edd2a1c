"""What readers call a place of GB/T 2260."""

from __future__ import annotations

from appliance.store.home_place import read_home_place
from appliance.web.context import settings, words
from indexer.hierarchy import place_levels
from indexer.text.places import place_name


def is_place(code: str) -> bool:
    """Whether it is a code: six digits."""
    return len(code) == 6 and code.isascii() and code.isdigit()


def place_text(code: str) -> str:
    """A place by itself: 四川, 成都市, 双流区; empty when it has no name."""
    key = f"place.{code}"
    return words().label(key) if words().has_label(key) else place_name(code)


def place_in_full(code: str) -> str:
    """A place with the province it lies in, for where nothing else says it: 北京 朝阳区; the number without a name."""
    own, above = place_text(code), place_levels(code)[:1]
    province = place_text(above[0]) if above and above[0] != code else ""
    return f"{province} {own}".strip() if own else code


def home_place() -> str:
    """The library's own place: what staff chose, else the setting; empty for none."""
    chosen = read_home_place(settings().home_place_file)
    return settings().home_place if chosen is None else chosen
