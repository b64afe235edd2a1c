"""The readers: one page a work, chosen by what its files are, and the same works page by page without scripts.

Every address here asks the gate first. Bytes come from `/items/<id>` (verified, with Range); derived views come from
`appliance.web.renditions`. What needs a wider policy than other pages sets it on its own answer alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, current_app, make_response, redirect, request, send_file, url_for

from appliance.errors import BusyError, ServingError
from appliance.web import readers_simple
from appliance.web.bytes import inert
from appliance.web.context import library, say, words
from appliance.web.display import current_display
from appliance.web.readers_forms import other_forms
from appliance.web.readers_found import asked_words, found_url
from appliance.web.readers_frames import pictures_in_pack
from appliance.web.readers_issues import issues, issues_url, neighbours
from appliance.web.readers_media import SPEEDS, captions, media_values, peaks
from appliance.web.readers_pictures import pictures
from appliance.web.readers_words import reader_words
from appliance.web.readers_work import (
    EPUB_POLICY,
    PDF_POLICY,
    POLICY,
    WORKER_POLICY,
    Work,
    answer,
    open_work,
    renditions,
    url_for_item,
    url_for_part,
)
from appliance.web.usable import PLAYED, flag_of
from indexer.errors import RenditionError
from indexer.model import is_resource_id
from indexer.renditions.tilepack import MEDIA_TYPES, media_type

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

blueprint = Blueprint("readers", __name__)
_LONGEST_FRAGMENT = 300
_YEAR = "private, max-age=31536000, immutable"


@blueprint.get("/read/<resource_id>")
def read(resource_id: str) -> Response:
    """The reader that fits; `?item=` names one of the work's files, else it is the first."""
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is not None and held.catalogue_only and issues_url(held):
        return redirect(issues_url(held))
    work = open_work(resource_id, request.args.get("item", ""))
    if work.item.role == "ocr" and "page" in request.args:
        # A place in the text of scanned pages is a place among the pages.
        work = open_work(resource_id)
    if work.closed and not (work.kind in PLAYED and "anyway" in request.args):
        return _closed(work)
    if work.kind == "epub":
        return answer("readers/epub.html", EPUB_POLICY, work, speeds=SPEEDS, **_book(work))
    if work.kind == "pdf":
        return answer("readers/pdf.html", PDF_POLICY, work, **_document(work))
    if work.kind == "picture":
        return pictures(work)
    if work.kind == "text":
        first = url_for("readers.text", resource_id=resource_id, n=1, item=work.item_argument)
        return redirect(found_url(work, *asked_words()) or first)
    if work.kind in {"audio", "video"}:
        return answer("readers/media.html", POLICY, work, **media_values(work))
    return answer("readers/other.html", POLICY, work, sentence=say("reader.no_reader"))


def _closed(work: Work) -> Response:
    """Why this file does not open, and what can be done instead: said before any of it is loaded."""
    again = url_for("readers.read", resource_id=work.resource.id, item=work.item.id, anyway=1)
    tried = again if flag_of(work.item) == "codec-unplayable" else ""
    return answer("readers/other.html", POLICY, work, sentence=say(work.closed), tried=tried)


def _asked_place() -> int:
    """The page or chapter that the address asks for, by `page=` or by the `at=` of a table of contents; 1 without."""
    asked = request.args.get("page", "") or request.args.get("at", "").partition("#")[0]
    return int(asked) if re.fullmatch("[1-9][0-9]{0,5}", asked) else 1


def _book(work: Work) -> dict[str, Any]:
    """What the page of a book needs; `at=` is a chapter's number, with the id of a place in it after `#`."""
    chapter = _asked_place() if "at" in request.args else 0
    fragment = request.args.get("at", "").partition("#")[2][:_LONGEST_FRAGMENT]
    find = asked_words()[0]
    return _scripted(work, rtl=work.right_to_left, chapter=chapter, fragment=fragment, find=find)


def _document(work: Work) -> dict[str, Any]:
    """What the page of a document needs."""
    page = _asked_place() if "page" in request.args or "at" in request.args else 0
    own = url_for("readers.read", resource_id=work.resource.id, item=work.item_argument)
    missing = "fonts-missing" in work.item.flags
    find = asked_words()[0]
    return _scripted(work, self=own, page=page, rtl=work.right_to_left, fonts_missing=missing, find=find)


def _scripted(work: Work, **more: Any) -> dict[str, Any]:
    """What a reader's page needs: where it is read without scripts, and what its scripts must know (as JSON)."""
    plain = "readers.chapter" if work.kind == "epub" else "readers.page"
    simple = url_for(plain, resource_id=work.resource.id, n=_asked_place(), item=work.item_argument)
    held = work.held_item()
    return {
        "simple": simple,
        "settings_json": {
            "item": held.item.id,
            "url": url_for_item(held.item),
            "size": held.item.size,
            "detail": url_for("patrons.detail", resource_id=work.resource.id),
            "nextPart": url_for_part(work, work.next_part),
            "similar": url_for("patrons.browse"),
            "search": url_for("patrons.search"),
            "simple": simple,
            "worker": url_for("readers.pdf_worker"),
            "language": words().language,
            "words": reader_words(words(), current_display().gate_face),
            **more,
        },
    }


@blueprint.get("/read/<resource_id>/tiles/<item_id>/<mark>/<path:name>")
def tile(resource_id: str, item_id: str, mark: str, name: str) -> Response:
    """One file of a tile pack: a descriptor or a tile. `mark` is of the pack's content: an answer holds for ever."""
    work = open_work(resource_id, item_id, role="tilepack")
    if mark != work.item.sha256[:16] or name.rpartition(".")[2] not in MEDIA_TYPES:
        abort(404)
    content = renditions().tile(work.held_item(), name)
    if content is None or not _is_whole(work, name):
        abort(404)
    response = inert(make_response(content))
    response.headers["Content-Type"] = media_type(name)
    response.headers["Cache-Control"] = _YEAR
    return response


def _is_whole(work: Work, name: str) -> bool:
    """Whether the pack holds as many pictures as the work has, when a descriptor is asked for: else they are others."""
    if not name.endswith(".dzi"):
        return True
    total, held = pictures_in_pack(work.resource), work.held_item()
    tiles = renditions().tiles(held)
    return tiles.entry(f"{total:04}.dzi") is not None and tiles.entry(f"{total + 1:04}.dzi") is None


@blueprint.get("/reader/pdf.worker.js")
def pdf_worker() -> Response:
    """The PDF worker's script, under the one policy that lets it compile WebAssembly."""
    path = Path(current_app.static_folder or "") / "vendor/pdf.worker.js"
    response = send_file(path, mimetype="text/javascript", conditional=True)
    response.headers["Content-Security-Policy"] = WORKER_POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.after_app_request
def keep_scripts_fresh(response: Response) -> Response:
    """Static files asked for without a mark of their content are asked about again after an update of the box.

    Modules that scripts import carry no mark; the slices of fonts never change under one name.
    """
    if request.endpoint == "static" and "v" not in request.args and not request.path.endswith(".woff2"):
        response.headers["Cache-Control"] = "private, no-cache"
    return response


for rule, view in (
    ("/read/<resource_id>/pages/<int:n>", readers_simple.page),
    ("/read/<resource_id>/pages/<item_id>/<int:n>", readers_simple.page_image),
    ("/read/<resource_id>/chapters/<int:n>", readers_simple.chapter),
    ("/read/<resource_id>/book/<item_id>/<path:name>", readers_simple.book_picture),
    ("/read/<resource_id>/sounds/<item_id>/<path:name>", readers_simple.book_sound),
    ("/read/<resource_id>/text/<int:n>", readers_simple.text),
    ("/read/<resource_id>/captions/<item_id>", captions),
    ("/read/<resource_id>/peaks/<item_id>", peaks),
    ("/read/<resource_id>/issues", issues),
):
    blueprint.add_url_rule(rule, view_func=view)
blueprint.app_template_global("other_forms")(other_forms)
blueprint.app_template_global("issue_neighbours")(neighbours)
blueprint.app_errorhandler(ServingError)(readers_simple.bytes_failed)
blueprint.app_errorhandler(BusyError)(readers_simple.busy)
blueprint.app_errorhandler(RenditionError)(readers_simple.rendition_failed)
