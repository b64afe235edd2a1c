"""What patrons see first: the first page, shelves, new arrivals. Views parse, call, render."""

from __future__ import annotations

from itertools import islice
from typing import Any

from flask import Blueprint, render_template, url_for

from appliance.web.cards import cards_of
from appliance.web.context import library, say, words
from appliance.web.display import current_display
from appliance.web.kinds import KINDS, count_of
from appliance.web.shelves import home_shelf, shelf, type_counts

blueprint = Blueprint("patrons", __name__)
SHELF = 6
CLASSES_FIRST = "IKGJRBHQXPNOSTFDCEUVZA"
"""Classes in the order in which readers ask for them; the first page names those that hold something."""
CLASSES_SHOWN = 5


@blueprint.get("/")
def home() -> str:
    """首页: search, six kinds, new arrivals; each face has a first page of its own."""
    face = current_display().face
    tiles = kind_tiles()
    values = {
        "tiles": tiles,
        "shelf": cards_of(home_shelf(SHELF)),
        "empty": say("patron.shelf.empty"),
    }
    if face == "elder":
        return render_template("home_elder.html", big=[t for t in tiles if t["number"]][:4], **values)
    if face == "child":
        return render_template("home_child.html", others=any(library().counts().values()), **values)
    classes = [(letter, words().label(f"clc.{letter}")) for letter in _classes()]
    return render_template("home.html", classes=classes, **values)


def _classes() -> list[str]:
    filled = (letter for letter in CLASSES_FIRST if shelf((), letter, 1, 0))
    return list(islice(filled, CLASSES_SHOWN))


def kind_tiles() -> list[dict[str, Any]]:
    """The six kinds with how many there are of each; together they are all resources."""
    counts, spoken = type_counts(), words()
    return [
        {
            "kind": kind.name,
            "name": spoken.label(f"kind.{kind.name}"),
            "number": number,
            "count": spoken.label(f"count.{kind.name}", count=number) if number else spoken.label("count.none"),
            "icon": kind.icon,
            "colour": kind.colour,
            "url": url_for("patrons.listing", kind=kind.name),
        }
        for kind in KINDS
        for number in (count_of(kind, counts),)
    ]
