"""登记需求: a reader asks for what is not here, by one button beside a record or by a short form; nobody is named.

The forms work without scripts and carry the token that every form here carries. What was asked for is kept by
`appliance.store.wishes`; the session remembers only, until 结束使用, what this reader asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import abort, current_app, make_response, redirect, render_template, request, session, url_for

from appliance.errors import StoreError, WishLimitError
from appliance.store.wishes import MAX_NOTE, MAX_WORDS, RESOURCE, WORDS
from appliance.web.cards import cards_of
from appliance.web.context import gate, library, local_now, say, services
from appliance.web.display import safe_next
from appliance.web.patrons import blueprint
from appliance.web.shelves import newest
from indexer.analysis import title_key
from indexer.model import is_resource_id
from indexer.search_query import bare_words

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from appliance.library.model import Held
    from appliance.store.wishes import Asked, WishStore
    from indexer.access import Decision
    from provisioning.words import Sentence

_log = logging.getLogger(__name__)

_MINE, _TOLD = "wishes", "wish"
_REMEMBERED = 40
"""Records that the session remembers, so that their button says 已登记."""
_SHOWN = 6
_WISHED_FOR = frozenset({"rights.catalogue_only", "rights.ended", "reader.no_pages"})
"""Why a record cannot be read where asking for it makes sense."""
_PRIVATE = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15}|(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2})(?!\d)")
"""Numbers of identity cards and mobile phones. No ISBN, ISSN or year looks like them."""
_NARROW = str.maketrans("０１２３４５６７８９Ｘｘ＋－—–‐.．", "0123456789Xx+------")
"""How else people write these numbers; character by character, so that places stay the same."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The button beside a record. of: its id. title: of what. text: of the button. done: this reader has asked."""

    of: str
    title: str
    text: str
    done: bool


def registering() -> bool:
    """Whether wishes are registered on this box."""
    return services().wishes is not None


def offer_for(held: Held, decision: Decision, *, gathers: bool = False) -> Offer | None:
    """What asks for a record; None for one that can be read, or whose issues stand below it.

    Args:
        held: the record.
        decision: the gate's answer about it.
        gathers: whether issues or volumes stand below it.
    """
    if not registering() or gathers or not decision.listed:
        return None
    why = decision.reason if not decision.allowed else "rights.catalogue_only" if held.catalogue_only else ""
    record = held.resource
    return Offer(record.id, record.title, ask_text(), record.id in _mine()) if why in _WISHED_FOR else None


def ask_text() -> str:
    """登记需求, as this reader's face says it."""
    return say("rights.catalogue_only").button


def words_to_ask(query: str) -> str:
    """What a query that found nothing asks for, without its signs; empty when nothing is left, or nobody registers."""
    text = _clean(" ".join(bare_words(query)) or query, MAX_WORDS)
    return text if registering() and title_key(text) else ""


@blueprint.get("/wish")
def wish() -> str:
    """The short form: what is wanted, and what else helps to find it."""
    _store()
    return _form(_clean(request.args.get("q", ""), MAX_WORDS))


@blueprint.post("/wish")
def register() -> Response:
    """Register a wish, for a record (`of`) or in words (`q`, `note`); lead to the thanks."""
    resource_id = request.form.get("of", "")
    if resource_id:
        kind, (key, text), note = RESOURCE, _record(resource_id), ""
    else:
        text, note = _clean(request.form.get("q", ""), MAX_WORDS), _clean(request.form.get("note", ""), MAX_NOTE)
        kind, key = WORDS, title_key(text)
        if not key:
            return make_response(_form(text, note, missing=True), 422)
    onward = safe_next(request.form.get("next", ""))
    try:
        asked = _add(kind, key, text, note)
    except WishLimitError:
        session[_TOLD] = {"key": "wish.limit", "count": 0, "next": onward}
        return make_response(_told(session[_TOLD]), 429)
    except StoreError as error:
        _log.error("%s", error)
        abort(503)
    if kind == RESOURCE:
        session[_MINE] = [*(name for name in _mine() if name != key), key][-_REMEMBERED:]
    session[_TOLD] = {**_thanks(asked), "next": onward}
    answer: Response = redirect(url_for("patrons.wished"), 303)
    return answer


@blueprint.get("/wish/thanks")
def wished() -> Response:
    """What was registered last in this session; to the form when nothing was."""
    told = session.get(_TOLD)
    if not isinstance(told, dict):
        return redirect(url_for("patrons.wish"), 303)
    return make_response(_told(told))


def _store() -> WishStore:
    """The wishes; 404 where none are registered."""
    return services().wishes or abort(404)


def _mine() -> list[str]:
    mine = session.get(_MINE)
    return mine if isinstance(mine, list) else []


def _record(resource_id: str) -> tuple[str, str]:
    """Id and title of a record that may be asked for; 404 for any other."""
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is None or offer_for(held, gate(held.resource)) is None:
        abort(404)
    return held.resource.id, held.resource.title[:MAX_WORDS]


def _add(kind: str, key: str, text: str, note: str) -> Asked:
    day, at = local_now().date(), services().clock.now()
    return _store().add(kind, key, text, who=_who(day), day=day, at=f"{at:%Y-%m-%dT%H:%M:%SZ}", note=note)


def _who(day: dt.date) -> str:
    """The mark of this terminal for a day: of its address, by a key that never leaves the box."""
    key = current_app.secret_key
    secret = key if isinstance(key, bytes) else str(key).encode()
    return hmac.new(secret, f"wish {day} {request.remote_addr or ''}".encode(), hashlib.sha256).hexdigest()[:32]


def _clean(text: str, most: int) -> str:
    """One line of at most so many characters, without signs that do not show and numbers of persons."""
    shown = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text[: 4 * most]))
    for number in _PRIVATE.finditer(shown.translate(_NARROW)):
        shown = shown[: number.start()] + " " * len(number[0]) + shown[number.end() :]
    return " ".join(shown.split())[:most].rstrip()


def _thanks(asked: Asked) -> dict[str, str | int]:
    same = asked.others and not asked.again
    return {"key": "thanks.wish.same" if same else "thanks.wish", "count": asked.others}


def _form(text: str, note: str = "", *, missing: bool = False) -> str:
    return render_template(
        "wish.html",
        text=text,
        note=note,
        missing=missing,
        most=MAX_WORDS,
        most_note=MAX_NOTE,
        hint=say("form.private_hint"),
        button=ask_text(),
        next=url_for("patrons.search", q=text) if text else url_for("patrons.browse"),
    )


def _told(told: dict[str, str | int]) -> str:
    key, count = str(told.get("key", "")), told.get("count", 0)
    sentence: Sentence = say(key if key in {"wish.limit", "thanks.wish.same"} else "thanks.wish", count=count)
    return render_template(
        "wish_told.html",
        sentence=sentence,
        done=key != "wish.limit",
        onward=safe_next(str(told.get("next", ""))),
        similar=cards_of(newest(_SHOWN)),
    )
