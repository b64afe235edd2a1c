"""筛选: the filters beside a result in readers' words, with what each would leave, and a chip for each that is on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from appliance.web.class_words import class_text, tree_text
from appliance.web.context import gate, library, words
from appliance.web.display import current_display
from appliance.web.place_names import place_in_full, place_text
from appliance.web.query import facet_value, parse_year
from indexer.hierarchy import Levels, clc_levels, place_levels, tree_levels

if TYPE_CHECKING:
    from appliance.library.model import Found
    from appliance.web.query import SearchAddress

_SHOWN = 6
"""Values of a group that are seen at once; the others are a click away."""
_OPEN = ("type", "use", "audience", "language", "clc")
"""Groups that stand open before anything is chosen in them."""
_TREES = ("clc", "tree", "place")
"""Groups in which a single value may still have others below it."""
_USE = (("available", "yes"), ("download", "yes"), ("download", "no"), ("available", "catalogue"))
"""怎么读: values of two filters that readers know as one question."""
_NOT_SAID = {"audience": ("unknown",), "language": ("und", "zxx")}
"""Values that say only that something is not known; shown while they are on."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a filter: choosing it, or taking it away when it is `on`.

    Attributes:
        text: in readers' words. count: what one would get. url: of that. on: whether it is chosen.
        depth: how far it stands below the highest values, from 0.
    """

    text: str
    count: str
    url: str
    on: bool
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A filter with its values.

    Attributes:
        name: for the page. title: in readers' words. options: seen at once. more: the others.
        open: whether it stands open.
    """

    name: str
    title: str
    options: tuple[Option, ...]
    more: tuple[Option, ...] = ()
    open: bool = True


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on: its words, and the address without it."""

    text: str
    url: str


def groups(address: SearchAddress, found: Found) -> tuple[Group, ...]:
    """The filters that can make the result smaller, with the searcher's counts; what is chosen is always among them."""
    made = (
        _group("type", _listed(address, found, "type")),
        _group("use", _use(address, found)),
        _group("audience", _readers(address, found)),
        _group("language", _languages(address, found)),
        _group("clc", _tree(address, found, "clc", clc_levels)),
        *_trees(address, found),
        _group("dynasty", _listed(address, found, "dynasty")),
        _group("year", _years(address, found)),
        _group("place", _tree(address, found, "place", place_levels)),
    )
    return tuple(group for group in made if group is not None)


def chips(address: SearchAddress) -> list[Chip]:
    """What is chosen, each with the address that takes it away."""
    return [
        Chip(value_text(name, value), address.without_value(name, value))
        for name in address.filters
        for value in address.chosen(name)
    ]


def _group(name: str, *lists: list[Option]) -> Group | None:
    """The options of a filter, the first and the chosen ones seen at once; None when there is no choice."""
    options = [option for options in lists for option in options]
    if not options or (len(options) == 1 and not options[0].on and name not in _TREES):
        return None
    chosen = any(option.on for option in options)
    seen = [option for place, option in enumerate(options) if place < _SHOWN or option.on or option.depth]
    more = [option for option in options if option not in seen]
    if len(more) == 1:
        seen, more = options, []
    opened = name in _OPEN or chosen
    return Group(name, words().label(f"facet.{name}"), tuple(seen), tuple(more), opened)


def _counted(address: SearchAddress, found: Found, name: str) -> dict[str, int]:
    """A facet's values with their counts; those that are chosen and match nothing with 0."""
    counted = {facet_value(name, value): count for value, count in found.facets.get(name, ())}
    return counted | {value: 0 for value in address.chosen(name) if value not in counted}


def _listed(address: SearchAddress, found: Found, name: str) -> list[Option]:
    chosen, unsaid = address.chosen(name), _NOT_SAID.get(name, ())
    counted = _counted(address, found, name)
    said = (pair for pair in counted.items() if pair[0] in chosen or pair[0] not in unsaid)
    return [_option(address, name, value, count) for value, count in said]


def _readers(address: SearchAddress, found: Found) -> list[Option]:
    """适合谁, and below children their ages."""
    options: list[Option] = []
    for option in _listed(address, found, "audience"):
        options.append(option)
        if option.text == words().label("audience.children"):
            options += [replace(age, depth=1) for age in _listed(address, found, "age")]
    return options


def _languages(address: SearchAddress, found: Found) -> list[Option]:
    """Languages, and below each its scripts and regions; without a tag that only repeats what stands below it."""
    chosen = address.chosen("language")
    counted = _counted(address, found, "language")
    kept = {
        tag: count
        for tag, count in counted.items()
        if tag in chosen
        or not (
            tag in _NOT_SAID["language"]
            or any(other.startswith(tag + "-") and n == count for other, n in counted.items())
        )
    }
    ordered: list[Option] = []
    for tag in (tag for tag in kept if tag.partition("-")[0] not in kept or "-" not in tag):
        ordered.append(_option(address, "language", tag, kept[tag]))
        below = [other for other in kept if other.startswith(tag + "-")]
        ordered += [replace(_option(address, "language", other, kept[other]), depth=1) for other in below]
    return ordered


def _years(address: SearchAddress, found: Found) -> list[Option]:
    counted = _counted(address, found, "year")
    ordered = sorted(counted.items(), key=lambda pair: parse_year(pair[0])[0] or 0, reverse=True)
    return [_option(address, "year", value, count) for value, count in ordered]


def _use(address: SearchAddress, found: Found) -> list[Option]:
    counts = {name: dict(found.facets.get(name, ())) for name, _ in _USE}
    every = [*_USE, *(("available", value) for value in address.chosen("available") if value == "no")]
    return [
        _option(address, name, value, counts[name].get(value, 0))
        for name, value in every
        if counts[name].get(value) or value in address.chosen(name)
    ]


def _tree(address: SearchAddress, found: Found, name: str, levels: Levels, scheme: str = "") -> list[Option]:
    """The highest values, and below those that hold a chosen one the way to it and what stands one level below."""
    counted = {value: count for value, count in _counted(address, found, name).items() if value.startswith(scheme)}
    below: dict[str, list[str]] = {}
    for value in counted:
        path = levels(value) or (value,)
        below.setdefault(path[0], []).append(value)
    ordered: list[str] = []
    for value in counted:
        if value in below and (levels(value) or (value,))[0] == value:
            ordered += [value, *sorted(one for one in below[value] if one != value)]
    ordered += [value for value in counted if value not in ordered]
    return [_branch(address, name, value, counted[value], levels) for value in ordered]


def _trees(address: SearchAddress, found: Found) -> list[Group | None]:
    """A group for each imported classification, called as its bundle calls it."""
    parents = library().class_parents()
    values = [*(value for value, _ in found.facets.get("tree", ())), *address.chosen("tree")]
    made = []
    for scheme in dict.fromkeys(value.partition(":")[0] for value in values):
        group = _group("tree", _tree(address, found, "tree", tree_levels(parents), scheme + ":"))
        title = library().class_name(scheme, "") or _label("tree", scheme)
        made.append(group and replace(group, title=words().label("facet.tree") if title == scheme else title))
    return made


def _branch(address: SearchAddress, name: str, value: str, count: int, levels: Levels) -> Option:
    """An option of a tree: choosing it lets go what stands above and below it."""
    chosen = address.chosen(name)
    path = levels(value)
    others = [one for one in chosen if one not in path and value not in levels(one)]
    url = address.without_value(name, value) if value in chosen else address.url(**{name: (*others, value)})
    depth = max(0, len(path) - 1)
    return Option(value_text(name, value, short=depth > 0), words().number(count), url, value in chosen, min(depth, 4))


def _option(address: SearchAddress, name: str, value: str, count: int) -> Option:
    on = value in address.chosen(name)
    change = address.without_value if on else address.with_value
    return Option(value_text(name, value), words().number(count), change(name, value), on)


def value_text(name: str, value: str, *, short: bool = False) -> str:
    """A filter's value in readers' words; `short` below the value that it belongs to."""
    if name == "place":
        return (place_text(value) or value) if short else place_in_full(value)
    own: dict[str, Callable[[str], str]] = {"within": _title, "year": _year_text, "language": _language_text}
    if name in own:
        return own[name](value)
    if name == "clc":
        return class_text(value, short=short)
    if name == "tree":
        scheme, _, code = value.partition(":")
        return library().class_name(scheme, code) or (code if short else tree_text(scheme, code))
    if name == "age":
        first, _, last = value.partition("-")
        return words().label("search.ages" if last else "search.age", first=first, last=last)
    return _label(name, value)


def _label(name: str, value: str) -> str:
    """A value in readers' words, in children's own where there are such."""
    key = f"{name}.{value}"
    if current_display().face == "child" and words().has_label(f"{key}_child"):
        key = f"{key}_child"
    return words().label(key) if words().has_label(key) else value


def _title(value: str) -> str:
    held = library().resource(value)
    return held.resource.title if held is not None and gate(held.resource).listed else value


def _year_text(value: str) -> str:
    first, last = parse_year(value)
    if first is None or last is None:
        one_end = ("search.years_from", first) if last is None else ("search.years_to", last)
        return words().label(one_end[0], year=words().year(one_end[1] or 0))
    return words().year(first) if first == last else words().label("search.years", first=first, last=last)


def _language_text(value: str) -> str:
    named = value if words().has_label(f"language.{value}") else value.partition("-")[0]
    return _label("language", named) if words().has_label(f"language.{named}") else value
