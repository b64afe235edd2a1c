"""How a terminal shows its pages: face, theme, size, language.

The choice lives in one cookie of this terminal, four words from closed lists, without an identity. It is changed
by POST only and wiped by 结束使用. Anything unknown in the cookie falls back to the default.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from provisioning.words import CHINESE, LANGUAGES

COOKIE = "display"
LANGUAGE = "SHUXIANG_LANGUAGE"
"""Key of the configuration: the language of pages until a reader chooses."""
FACES = ("std", "child", "elder")
THEMES = ("paper", "night", "contrast", "auto")
SIZES = ("1", "2", "3", "4")
_GATE_FACE = {"std": "standard", "child": "child", "elder": "elder"}
_MAX_NEXT = 2000

blueprint = Blueprint("display", __name__)


@dataclass(frozen=True, slots=True)
class Display:
    """One terminal's choice; the words go into attributes of `<html>` as they stand."""

    face: str = "std"
    theme: str = "paper"
    size: str = "2"
    language: str = CHINESE

    @property
    def gate_face(self) -> str:
        """The face as the access gate knows it: standard, child or elder."""
        return _GATE_FACE[self.face]

    def to_cookie(self) -> str:
        """The cookie's value."""
        return ".".join((self.face, self.theme, self.size, self.language))


_CHOICES = {"face": FACES, "theme": THEMES, "size": SIZES, "language": LANGUAGES}


def parse_display(cookie: str, language: str = CHINESE) -> Display:
    """The display of a cookie's value, member by member; unknown words are the default, `language` among them."""
    words = cookie.split(".")[:4]
    chosen = {n: w for (n, allowed), w in zip(_CHOICES.items(), words, strict=False) if w in allowed}
    return Display(**{"language": language, **chosen})


def current_display() -> Display:
    """The display of this request, read once."""
    try:  # a page asks some hundred times
        display: Display = g.display
    except AttributeError:
        display = g.display = parse_display(request.cookies.get(COOKIE, "")[:64], current_app.config[LANGUAGE])
    return display


def set_cookie(response: BaseResponse, display: Display) -> None:
    """Keep the choice until the browser closes or 结束使用."""
    response.set_cookie(COOKIE, display.to_cookie(), httponly=True, samesite="Strict", path="/")


def safe_next(target: str) -> str:
    """`target` when it is a path of this site, else the home page. Never another host."""
    parts = urlsplit(target) if len(target) <= _MAX_NEXT and target.startswith("/") else None
    if parts is None or parts.scheme or parts.netloc or target.startswith("//") or "\\" in target:
        return url_for("patrons.home")
    if any(ord(c) < 0x20 for c in target):
        return url_for("patrons.home")
    return target


@blueprint.post("/display")
def change() -> BaseResponse:
    """Change one or more of face, theme, size, language; go back to the page they were changed on."""
    wanted = {name: request.form[name] for name in _CHOICES if name in request.form}
    if any(value not in _CHOICES[name] for name, value in wanted.items()):
        abort(400)
    display = replace(current_display(), **wanted)
    g.display = display
    response: Response | BaseResponse = redirect(safe_next(request.form.get("next", "")), code=303)
    set_cookie(response, display)
    return response
