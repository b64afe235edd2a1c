"""Answers with an item's bytes: conditions, one range, and headers under which a hostile file can do nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import IO, cast
from urllib.parse import quote

from flask import Request, Response
from werkzeug.http import quote_etag, unquote_etag
from werkzeug.wsgi import wrap_file

from appliance.serving.channel import LINK, Link
from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.pools import DrivePools, Urgency
from appliance.serving.ranges import ByteRange, requested_range
from appliance.serving.throttle import TokenBucket
from appliance.serving.verified import VerifiedFile
from indexer.checks import KNOWN_TYPES
from indexer.image_header import header_pixels
from packager.format.layout import CHUNK

GRACE = 0.025
"""Seconds that a thread waits for a first chunk before the request is parked: most chunks are here by then."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ITEM_POLICY = "sandbox; " + _POLICY
"""Of every item: opened by itself it runs nothing, loads nothing, reaches nothing and has no origin."""

MEDIA_POLICY = _POLICY + "; media-src 'self'"
"""Of sound and film: a browser's own player loads the address a second time, which it may not from a sandbox."""

_INERT_HEADERS = {
    "Content-Security-Policy": ITEM_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
SHOWN_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Pictures that every browser unpacks by itself."""
_UNPACKED = SHOWN_PICTURES | {"image/avif"}
"""Pictures that some browser unpacks when a page names them."""
_PLAYED = frozenset(name for name in KNOWN_TYPES if name.startswith(("audio/", "video/")))
_INLINE = SHOWN_PICTURES | _PLAYED | {"application/pdf", "application/epub+zip", "text/plain", "text/vtt"}
"""What is shown when it is opened by itself; everything else is saved."""

_ACTIVE = frozenset({
    "text/html", "application/xhtml+xml", "image/svg+xml", "application/xml", "application/alto+xml",
})  # fmt: skip
"""Types that a browser would take for a page."""
_INERT = KNOWN_TYPES - _ACTIVE
"""Types that keep their name. A script or a style sheet that keeps its own could be named by a page and run."""
UNKNOWN = "application/octet-stream"

MAX_SHOWN_PIXELS = 80_000_000
"""Of a picture that is sent to be shown: 320 MB in a browser. Larger ones are shown in tiles, or made smaller here."""
_PLAYLIST = re.compile(rb"[\s\xef\xbb\xbf]*#EXTM3U")

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}(?:;[ ]?charset=[A-Za-z0-9._-]{1,40})?\Z")
_MAX_NAME = 100
_MAX_ENDING = 10
_MIN_VERSION = 16


def send_item(
    item: ServedItem,
    request: Request,
    media_type: str,
    filename: str,
    download: bool = False,
    *,
    store: ChunkStore,
    pools: DrivePools,
    bucket: TokenBucket | None = None,
    on_sent: Callable[[], None] | None = None,
    max_pixels: int = MAX_SHOWN_PIXELS,
) -> Response:
    """The answer to a GET or HEAD for an item. Call it after the gate has agreed, as the last thing in the view.

    The first chunk that is needed is verified before the headers go out, so damage there gives a clean error page;
    later damage ends the connection short of its Content-Length. An unverified byte never leaves.

    When that chunk is not here at once, the view is left (`appliance.serving.channel.Parked`) and runs again from its
    start: count and record only after this returned.

    Args:
        item: what to send.
        request: what was asked: Range, If-Range, If-None-Match and If-Match count; `v=<16 or more first digits of the
            digest>` in the query makes the answer immutable for the browser's own cache.
        media_type: of the item, with a charset for text. What a browser could run is sent as an attachment of no type.
        filename: suggested to the browser; any text.
        download: whether to save instead of show.
        store: where verified chunks are.
        pools: who reads them.
        bucket: this browser's share of bytes; None sends as fast as it takes them.
        on_sent: called after the view, again and again, while the body goes out; must be quick.
        max_pixels: of a picture that is to be shown; a larger one is answered 415.

    Raises:
        DamagedChunkError: the first chunk needed is not what was signed.
        DriveError: its drive is gone or does not answer.
    """
    media_type = _safe_type(media_type)
    headers = _headers(item, request, media_type, filename, download=download)
    refusal = _unmet_condition(request, item)
    if refusal is not None:
        return Response(status=refusal, headers=headers)
    asked = _asked_range(request, item)
    if asked is not None:
        headers["Content-Range"] = asked.content_range(item.size)
        if not asked.satisfiable:
            return Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    wanted = asked or ByteRange(0, item.size)
    status = HTTPStatus.OK if asked is None else HTTPStatus.PARTIAL_CONTENT
    headers["Content-Length"] = str(wanted.stop - wanted.start)
    if request.method == "HEAD" or not item.size:
        return Response(status=status, headers=headers)
    first = need_chunk(item, wanted.start // CHUNK, request, store, pools)
    if not download and not wanted.start and not may_be_shown(media_type, first, max_pixels):
        return inert(Response("415\n", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, mimetype="text/plain"))
    body = _body(item, wanted, request, store, pools, bucket, on_sent)
    return Response(body, status=status, headers=headers, direct_passthrough=True)


def may_be_shown(media_type: str, head: bytes, max_pixels: int = MAX_SHOWN_PIXELS) -> bool:
    """Whether a browser may unpack what begins so: no picture that fills its memory, no list of other addresses.

    A playlist that calls itself a film would have the browser ask for whatever it names.
    """
    if media_type in _UNPACKED:
        pixels = header_pixels(head)
        return pixels is not None and pixels <= max_pixels
    return not (media_type in _PLAYED and _PLAYLIST.match(head[:64]))


def need_chunk(item: ServedItem, index: int, request: Request, store: ChunkStore, pools: DrivePools) -> bytes:
    """A verified chunk in memory before the view goes on; no thread waits for a slow disk.

    Raises:
        Parked: it takes longer; let it pass, the view runs again when the chunk is here.
        ServingError: the chunk is damaged or its drive does not answer.
    """
    link: Link | None = request.environ.get(LINK)
    settled = link.settled(store.name(item, index)) if link is not None else None
    job = settled or store.fetch(item, index, pools, Urgency.FIRST)
    if link is not None and not job.wait(GRACE):
        link.park(job)
    return pools.wait(job)


def _body(
    item: ServedItem,
    wanted: ByteRange,
    request: Request,
    store: ChunkStore,
    pools: DrivePools,
    bucket: TokenBucket | None,
    on_sent: Callable[[], None] | None,
) -> Iterable[bytes]:
    link: Link | None = request.environ.get(LINK)
    file = VerifiedFile(
        item,
        store,
        pools,
        start=wanted.start,
        stop=wanted.stop,
        wake=link.wake if link is not None else None,
        alarm=link.alarm if link is not None else None,
        bucket=bucket,
        on_sent=on_sent,
    )
    return wrap_file(request.environ, cast(IO[bytes], file), CHUNK)


def _unmet_condition(request: Request, item: ServedItem) -> HTTPStatus | None:
    """304 or 412 when a condition of the request says so, in the order of RFC 9110, section 13.2.2."""
    if request.headers.get("If-Match") and not request.if_match.contains(item.key):
        return HTTPStatus.PRECONDITION_FAILED
    if request.headers.get("If-None-Match") and request.if_none_match.contains_weak(item.key):
        return HTTPStatus.NOT_MODIFIED
    return None


def _asked_range(request: Request, item: ServedItem) -> ByteRange | None:
    """The one range that is to be taken at its word: of a GET, and of this very item when If-Range names one."""
    if request.method != "GET":
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and unquote_etag(condition.strip()) != (item.key, False):
        return None
    return requested_range(request.headers.get("Range", ""), item.size)


def _safe_type(media_type: str) -> str:
    """The type under which an item is sent: its own only when no browser runs what is called so."""
    return media_type if _MEDIA_TYPE.match(media_type) and media_type.partition(";")[0] in _INERT else UNKNOWN


def _headers(item: ServedItem, request: Request, media_type: str, filename: str, *, download: bool) -> dict[str, str]:
    shown = not download and media_type.partition(";")[0] in _INLINE
    played = shown and media_type in _PLAYED
    version = request.args.get("v", "")
    fixed = len(version) >= _MIN_VERSION and item.key.startswith(version)
    return {
        "Accept-Ranges": "bytes",
        "ETag": quote_etag(item.key),
        "Content-Type": media_type,
        "Content-Disposition": content_disposition(filename, inline=shown),
        "Cache-Control": "private, max-age=31536000, immutable" if fixed else "private, no-cache",
        **_INERT_HEADERS,
        **({"Content-Security-Policy": MEDIA_POLICY} if played else {}),
    }


def inert(response: Response) -> Response:
    """The same answer, which can do nothing when it is opened by itself: for whatever was made out of an item."""
    response.headers.update(_INERT_HEADERS)
    return response


def content_disposition(filename: str, *, inline: bool) -> str:
    """The header's value (RFC 6266): the name in UTF-8, and an ASCII one for old browsers.

    Control characters, marks that turn the writing direction, and path separators are replaced, so that a name can
    neither break the header nor show another ending than it has.
    """
    name = "".join("_" if unicodedata.category(c)[0] == "C" or c in '/\\:*?"<>|' else c for c in filename)
    stem, dot, ending = name.strip(" .").rpartition(".")
    if len(ending) > _MAX_ENDING or not stem:
        stem, dot, ending = stem + dot + ending, "", ""
    name = (stem[:_MAX_NAME].strip(" .") or "file") + dot + ending
    ascii_name = "".join(c if " " <= c <= "~" and c not in '%"\\' else "_" for c in name)
    kind = "inline" if inline else "attachment"
    value = f'{kind}; filename="{ascii_name}"'
    return value if ascii_name == name else f"{value}; filename*=UTF-8''{quote(name, safe='')}"
