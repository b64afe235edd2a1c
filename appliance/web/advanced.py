"""高级检索: a form whose answer is an ordinary address of a search. Works without scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from appliance.web.advanced_query import FIELDS, fields_of, query_of
from appliance.web.context import say, words
from appliance.web.facets import value_text
from appliance.web.patrons import blueprint
from appliance.web.query import FILTERS, MAX_QUERY, SearchAddress, parse_address, parse_year
from indexer.errors import QueryError
from indexer.model import TYPES
from indexer.text.classes import MAIN_CLASSES
from indexer.text.main_dynasties import MAIN_DYNASTIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TEXTS = ("words", *FIELDS)
_LANGUAGES = ("zh-Hans", "zh-Hant", "lzh", "bo", "ug", "mn", "en")
_AUDIENCES = ("children", "general", "scholar")
_CHOICES = {"type": TYPES, "language": _LANGUAGES, "audience": _AUDIENCES}
_CLASSES = tuple(main.code for main in MAIN_CLASSES)
_MOST = MAX_QUERY


@dataclass(frozen=True, slots=True)
class Choice:
    """One value to pick: its words, and whether it is picked."""

    value: str
    text: str
    on: bool


@blueprint.get("/search/advanced")
def advanced() -> str | Response:
    """The form, filled with the search that it was opened from; sent (`go`), it leads to the results."""
    if "go" not in request.args:
        return _form(_opened_from(request.args))
    fields: MultiDict[str, str] = MultiDict((k, v.strip()) for k, v in request.args.items(multi=True) if v.strip())
    try:
        address = _address(fields)
    except QueryError as error:
        return _form(fields, error.field)
    if not address.q and not address.filters:
        return _form(fields, "blank")
    return redirect(address.url(), 303)


def _address(fields: MultiDict[str, str]) -> SearchAddress:
    """The search that the fields ask for.

    Raises:
        QueryError: a value is not offered, a year is none (`year`), or too much was written (`q`).
    """
    given: MultiDict[str, str] = MultiDict((k, v) for k, v in fields.items(multi=True) if k in FILTERS)
    given["q"] = query_of({name: fields.get(name, "") for name in _TEXTS})
    if year := _years(fields.get("year_from", ""), fields.get("year_to", "")):
        given["year"] = year
    return parse_address(given)


def _years(first: str, last: str) -> str:
    """`1900-1949`, or `1900..` and `..1949` when one is left open; the years may be written in either order."""
    if not first or not last:
        return f"{first}..{last}" if first or last else ""
    low, high = sorted((parse_year(first)[0] or 0, parse_year(last)[0] or 0))
    return f"{low}-{high}"


def _opened_from(args: MultiDict[str, str]) -> MultiDict[str, str]:
    """The form's fields of a search's address; nothing of an address that is none."""
    try:
        address = parse_address(args)
    except QueryError:
        return MultiDict()
    fields: MultiDict[str, str] = MultiDict(fields_of(address.q))
    first, last = parse_year(str(address.filters.get("year", "")))
    fields.update({"year_from": "" if first is None else str(first), "year_to": "" if last is None else str(last)})
    for name in FILTERS:
        fields.setlist(name, list(address.chosen(name)))
    return fields


def _form(fields: MultiDict[str, str], wrong: str = "") -> str:
    spoken = words()
    problem = say(f"patron.advanced.{wrong if wrong in {'blank', 'year', 'q'} else 'value'}") if wrong else None
    kept = [(name, value) for name in ("tree", "place", "age", "download", "within") for value in fields.getlist(name)]
    values: dict[str, Any] = {
        "texts": [(name, spoken.label(f"advanced.{name}"), fields.get(name, "")) for name in _TEXTS],
        "fields": fields,
        "choices": [(n, spoken.label(f"facet.{n}"), _picks(n, offered, fields)) for n, offered in _CHOICES.items()],
        "classes": _picks("clc", _with_given(_CLASSES, fields.getlist("clc")[:1]), fields),
        "dynasties": _picks("dynasty", MAIN_DYNASTIES, fields),
        "kept": [pair for pair in kept if pair[0] != "download"],
        "most": _MOST,
        "problem": problem,
        "wrong": wrong,
    }
    return render_template("advanced.html", **values)


def _picks(name: str, offered: Iterable[str], fields: Mapping[str, str]) -> list[Choice]:
    chosen = fields.getlist(name) if isinstance(fields, MultiDict) else []
    return [Choice(value, value_text(name, value), value in chosen) for value in offered]


def _with_given(offered: tuple[str, ...], given: list[str]) -> tuple[str, ...]:
    """The classes to choose from, and the narrower one that is chosen already."""
    return (*given, *offered) if given and given[0] not in offered else offered
