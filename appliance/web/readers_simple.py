"""The same works page by page: what old browsers, browsers without scripts and books without fonts need."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import abort, make_response, redirect, render_template, request, send_file, url_for
from markupsafe import Markup
from werkzeug.exceptions import ServiceUnavailable

from appliance.errors import BusyError, DamagedChunkError, ServingError
from appliance.web.bytes import inert, may_be_shown
from appliance.web.context import say, words
from appliance.web.display import current_display
from appliance.web.errors import http_error
from appliance.web.readers_found import asked_words, marked_in
from appliance.web.readers_frames import RENDERED_WIDTH, Frames, is_shown_by_browsers
from appliance.web.readers_neighbours import neighbours_of
from appliance.web.readers_pictures import credit
from appliance.web.readers_text import is_blank, shown, text_pages
from appliance.web.readers_words import reader_key, reader_words
from appliance.web.readers_work import POLICY, Work, answer, open_work, renditions, url_for_part
from indexer.errors import RenditionError
from indexer.image_header import HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from werkzeug.wrappers import Response

    from indexer.renditions import Chapter
    from provisioning.words import Sentence

_log = logging.getLogger(__name__)
_YEAR = "private, max-age=31536000, immutable"
WIDEST = 3000
_PAGE_WIDTH = 1400
_LONG, _LONG_WAIT = 256 << 10, 10.0
"""Letters of a chapter that is long, and seconds until its reader is asked to come again."""
_long_pages = threading.BoundedSemaphore(2)
_LOOKED_AT = 16 << 20
"""Bytes of a picture that are read before its page is answered."""


def _number(n: int) -> int:
    """The page that the form asks for, else that of the address."""
    asked = request.args.get("page", type=int)
    return n if asked is None else asked


def _address(endpoint: str, work: Work) -> Callable[[int], str]:
    return lambda k: url_for(endpoint, resource_id=work.resource.id, n=k, item=work.item_argument)


def _chosen(n: int, total: int, work: Work, address: Callable[[int], str]) -> Response | None:
    """An answer when page `n` does not exist or was typed into the form, else None."""
    asked = _number(n)
    if not 1 <= asked <= total:
        found = answer(
            "readers/message.html", POLICY, work, sentence=say("reader.page_range", total=total), way=address(1)
        )
        found.status_code = 404
        return found
    return redirect(address(asked), code=303) if "page" in request.args else None


def page(resource_id: str, n: int) -> Response:
    """One page as a picture, with the way to the next: needs no script and no fonts."""
    work = open_work(resource_id, request.args.get("item", ""))
    if work.kind not in {"pdf", "picture"} or work.closed:
        return redirect(url_for("readers.read", resource_id=resource_id, item=work.item_argument))
    frames = Frames(work) if work.kind == "picture" else None
    total = len(frames) if frames else work.item.pages or renditions().page_count(work.held_item())
    sizes = _sizes(frames.simple_url if frames else _address("readers.page", work))
    large = "large" in request.args
    address = sizes[large]
    elsewhere = _chosen(n, total, work, address)
    if elsewhere is not None:
        return elsewhere
    at_an_end = frames is not None and n in {1, total}
    image = _image(work, frames, n)
    return answer(
        "readers/pages.html",
        POLICY,
        work,
        n=n,
        total=total,
        image=image,
        damaged=None if image else damage_sentence("reader.damaged.page", pages=str(n)),
        label=frames.label(n) if frames else words().label("reader.page_n", page=n),
        address=address,
        credit=(frames[n].item.credit or credit(work)) if frames and not frames.paged else "",
        item_argument=frames.item_argument if frames else work.item_argument,
        neighbours=neighbours_of(work) if at_an_end else None,
        old_browser="old" in request.args,
        large=large,
        other_size=sizes[not large](n),
    )


def _sizes(address: Callable[[int], str]) -> tuple[Callable[[int], str], Callable[[int], str]]:
    """Addresses of the pages whole, and as large as the window is wide."""

    def of_large(n: int) -> str:
        whole = address(n)
        return f"{whole}{'&' if '?' in whole else '?'}large=1"

    return address, of_large


def _image(work: Work, frames: Frames | None, n: int) -> str:
    """Address of a page as a picture, empty when it cannot be shown.

    It is made or read here, so that the picture itself comes from memory afterwards.

    Raises:
        DriveError: its drive does not answer.
    """
    try:
        if frames is None:
            renditions().page_image(work.held_item(), n, _PAGE_WIDTH)
            return image_address(work, n)
        frame = frames[n]
        if is_shown_by_browsers(frame.item):
            head = renditions().source(work.held_item(frame.item)).read_at(0, min(frame.item.size, _LOOKED_AT))
            if may_be_shown(frame.item.media_type, head):
                return frames.url(n)
        renditions().page_image(work.held_item(frame.item), frame.page, RENDERED_WIDTH)
    except (RenditionError, DamagedChunkError) as error:
        _log.warning("page %d of %s: %s", n, work.item.id, error)
        return ""
    return frames.rendered_url(n)


def image_address(work: Work, n: int, width: int = _PAGE_WIDTH) -> str:
    """Address of page `n` of the open file as a picture."""
    return url_for(
        "readers.page_image",
        resource_id=work.resource.id,
        item_id=work.item.id,
        n=n,
        w=width,
        v=work.item.sha256[:16],
    )


def page_image(resource_id: str, item_id: str, n: int) -> Response:
    """The picture of page `n` of a document, or of an image file that browsers cannot show; `?w=` its width."""
    work = open_work(resource_id, item_id)
    if work.kind not in {"pdf", "picture"} or n < 1:
        abort(404)
    if n > 1 and n > (work.item.pages or renditions().page_count(work.held_item())):
        abort(404)
    width = min(max(request.args.get("w", default=_PAGE_WIDTH, type=int), 80), WIDEST)
    image = renditions().page_image(work.held_item(), n, width)
    response = inert(send_file(image.view.for_sending(), mimetype=image.media_type, conditional=True, etag=image.tag))
    response.headers["Cache-Control"] = _YEAR if "v" in request.args else "private, no-cache"
    return response


def chapter(resource_id: str, n: int) -> Response:
    """One chapter of a book, cleaned, with its contents and pictures."""
    work = open_work(resource_id, request.args.get("item", ""))
    if work.kind != "epub" or work.closed:
        return redirect(url_for("readers.read", resource_id=resource_id, item=work.item_argument))
    held, address = work.held_item(), _address("readers.chapter", work)
    book = renditions().book(held)
    total = len(book.titles)
    elsewhere = _chosen(n, total, work, address)
    if elsewhere is not None:
        return elsewhere

    def picture_url(name: str) -> str:
        return url_for("readers.book_picture", resource_id=resource_id, item_id=work.item.id, name=name)

    def sound_url(name: str) -> str:
        return url_for("readers.book_sound", resource_id=resource_id, item_id=work.item.id, name=name)

    def chapter_url(number: int, fragment: str) -> str:
        return f"{address(number)}#{fragment}" if fragment else address(number)

    found, damaged = None, None
    try:
        found = renditions().chapter(held, n)
    except (RenditionError, DamagedChunkError) as error:
        _log.warning("chapter %d of %s: %s", n, work.item.id, error)
        damaged = damage_sentence("reader.damaged.chapter")
    with _room_for(found):
        content = found.addressed(picture_url, chapter_url).html if found else ""
        return answer(
            "readers/chapter.html",
            POLICY,
            work,
            n=n,
            total=total,
            book=book,
            chapter=found,
            content=Markup(content),  # noqa: S704 - sanitised against a closed list
            next_part=url_for_part(work, work.next_part),
            sounds=[sound_url(name) for name in found.sounds] if found else [],
            damaged=damaged,
            blank=say("reader.blank") if found and not found.sounds and is_blank(content) else None,
            address=address,
            chapter_url=chapter_url,
        )


@contextmanager
def _room_for(chapter: Chapter | None) -> Iterator[None]:
    """Few pages of long chapters are put together at a time: each is in memory several times over until it is sent.

    Raises:
        BusyError: too many others are.
    """
    if chapter is None or len(chapter.html) <= _LONG:
        yield
        return
    if not _long_pages.acquire(timeout=_LONG_WAIT):
        raise BusyError("too many long chapters are asked for")
    try:
        yield
    finally:
        _long_pages.release()


def book_picture(resource_id: str, item_id: str, name: str) -> Response:
    """A picture out of a book; nothing else leaves it this way."""
    work = open_work(resource_id, item_id)
    if work.kind != "epub":
        abort(404)
    try:
        picture = renditions().book_picture(work.held_item(), name)
    except RenditionError:
        abort(404)
    if not may_be_shown(picture.media_type, picture.view.read(0, HEAD_BYTES)):
        abort(404)
    response = inert(
        send_file(picture.view.for_sending(), mimetype=picture.media_type, conditional=True, etag=picture.tag)
    )
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def book_sound(resource_id: str, item_id: str, name: str) -> Response:
    """A sound out of a book, which the browser's own player plays."""
    work = open_work(resource_id, item_id)
    if work.kind != "epub":
        abort(404)
    try:
        sound = renditions().book_sound(work.held_item(), name)
    except RenditionError:
        abort(404)
    response = inert(send_file(sound.view.for_sending(), mimetype=sound.media_type, conditional=True, etag=sound.tag))
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def damage_sentence(key: str, **values: str) -> Sentence:
    """The sentence about a damaged part, as this reader's face says it."""
    spoken = words()
    return spoken.sentence(reader_key(spoken, key, current_display().gate_face), **values)


def text(resource_id: str, n: int) -> Response:
    """One page of a text file, as text; of a web page, what is left of it after cleaning."""
    work = open_work(resource_id, request.args.get("item", ""))
    if work.kind != "text" or work.closed:
        return redirect(url_for("readers.read", resource_id=resource_id, item=work.item_argument))
    found, address = text_pages(work), _address("readers.text", work)
    elsewhere = _chosen(n, found.count, work, address)
    if elsewhere is not None:
        return elsewhere
    content = marked_in(shown(found, n, work), *asked_words())
    return answer(
        "readers/text.html",
        POLICY,
        work,
        n=n,
        total=found.count,
        content=content,
        blank=say("reader.blank") if is_blank(content) else None,
        contents=found.contents if len(found.contents) > 1 else (),
        address=address,
        settings_json={
            "item": work.item.id,
            "page": n,
            "total": found.count,
            "address": address(0).replace("/text/0", "/text/{page}"),
            "words": reader_words(words(), current_display().gate_face),
        },
    )


def bytes_failed(error: ServingError) -> Response:
    """Bytes that are not what was signed, or a drive that does not answer; the header tells scripts which."""
    damaged = isinstance(error, DamagedChunkError)
    return failed("reader.damaged.whole" if damaged else "reader.drive_gone", 500 if damaged else 503)


_BUSY_SECONDS = 3
"""After so long a program asks again."""


def busy(_error: BusyError) -> Response:
    """Too many ask for pages that must be made first."""
    response = http_error(ServiceUnavailable())
    response.headers["Retry-After"] = str(_BUSY_SECONDS)
    return response


def rendition_failed(_error: RenditionError) -> Response:
    """A page or chapter that could not be made: the bytes are the signed ones, so the fault is the file's, not ours."""
    return failed("reader.damaged.whole", 422)


def failed(key: str, status: int) -> Response:
    """The page of a sentence that ends a reader, with its way on; pictures and bytes get it as their answer too."""
    again = status == 503
    way = request.full_path.rstrip("?") if again else url_for("patrons.browse")
    body = render_template("readers/message.html", sentence=damage_sentence(key), way=way, work=None)
    response = make_response(body, status)
    response.headers["X-Reason"] = key
    return response
