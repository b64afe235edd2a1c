"""A work as the readers see it: the resource after the gate, the file that is open, its siblings; and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import abort, make_response, render_template, url_for

from appliance.web.context import enter, library, services
from appliance.web.covers import is_old
from appliance.web.errors import Refused
from appliance.web.usable import PLAYED, closed_sentence, default_item, kind_of_item
from indexer.model import OPENED_ROLES, is_resource_id

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from appliance.library.model import Held, HeldItem
    from appliance.web.renditions import RenditionService
    from indexer.access import Decision
    from indexer.model import Item, Resource

_BASE = (
    "default-src 'none'; script-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'; object-src 'none'; "
)
POLICY = _BASE + "style-src 'self'; font-src 'self'; connect-src 'self'; media-src 'self'"
PICTURE_POLICY = POLICY.replace(
    "style-src 'self'", "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
)
"""The hash is that of an empty style element, which keeps OpenSeadragon from adding one with content."""
EPUB_POLICY = _BASE + (
    "style-src 'self' 'unsafe-inline' blob:; font-src 'self' blob: data:; connect-src 'self' blob:; "
    "media-src blob: data:; frame-src blob:"
)
"""Books bring styles of their own, in frames that hold blobs; scripts stay ours alone."""
PDF_POLICY = _BASE + "style-src 'self'; font-src 'self' data: blob:; connect-src 'self' blob:; worker-src 'self'"
WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""Of the PDF worker alone: it decodes JPEG 2000 and JBIG2 in WebAssembly, seven times as fast."""

SERIALS = frozenset({"journal", "newspaper"})
"""Types whose resources appear in issues."""

_BESIDE_ROLES = ("transcript", "ocr")
_RIGHT_TO_LEFT = ("ar", "fa", "ug", "kk-Arab", "kk-CN", "ky-Arab", "he", "ur")
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Work:
    """What a reader has open.

    Attributes:
        held: the resource and whether its drives are here.
        item: the open file. kind: which reader opens it.
        is_default: whether the reader would open this file without being told.
        decision: the gate's answer; it is allowed.
    """

    held: Held
    item: Item
    kind: str
    is_default: bool
    decision: Decision

    @property
    def resource(self) -> Resource:
        """The record."""
        return self.held.resource

    @property
    def item_argument(self) -> str | None:
        """`item=` of addresses within this work; None when the plain address means the same."""
        return None if self.is_default else self.item.id

    @property
    def siblings(self) -> tuple[Item, ...]:
        """The files of the same role and kind, in order: volumes, episodes, pictures; the open one among them."""
        if self.kind == "picture":
            return tuple(i for i in self.resource.readable_items if kind_of_item(i) == "picture") or (self.item,)
        return tuple(i for i in self.resource.items if i.role == self.item.role and kind_of_item(i) == self.kind)

    @property
    def next_part(self) -> Item | None:
        """The volume after the open one, None when it is the last."""
        after = self.siblings[self.siblings.index(self.item) + 1 :] if self.item in self.siblings else ()
        return after[0] if after else None

    @property
    def closed(self) -> str:
        """Key of the sentence that says why it cannot be opened here; empty when it can be tried.

        Of pictures and recordings that follow one another those that are closed say so in their turn.
        """
        if self.item.usable:
            return ""
        if self.kind == "picture":
            around: tuple[Item, ...] = self.siblings
        elif self.kind in PLAYED:
            around = tuple(i for i in self.resource.items if i.role in OPENED_ROLES and kind_of_item(i) == self.kind)
        else:
            around = ()
        return "" if any(item.usable for item in around) else closed_sentence(self.item)

    @property
    def language(self) -> str:
        """Tag for `lang` on the work's own words, empty for the page's."""
        return next((tag for tag in self.resource.language if tag not in {"zh-Hans", "zxx", "und"}), "")

    @property
    def right_to_left(self) -> bool:
        """Whether its pages follow from right to left: thread-bound books, and books in Arabic letters."""
        if any(tag.startswith(_RIGHT_TO_LEFT) for tag in self.resource.language):
            return True
        return self.resource.type == "book" and is_old(self.resource)

    def held_item(self, item: Item | None = None) -> HeldItem:
        """The open file (or another one of the work) with the drives that carry it.

        Raises:
            Refused: no drive that carries it is plugged in.
        """
        found = library().item((item or self.item).id)
        if found is None or not found.places:
            raise Refused("rights.not_plugged", self.resource)
        return found


def open_work(resource_id: str, item_id: str = "", *, role: str = "") -> Work:
    """The work of that id, with one of its files open; 404 when there is none.

    Args:
        resource_id: the catalogue's id.
        item_id: the file; empty: the one that a reader opens first.
        role: the only role that the file may have, else one that readers open.

    Raises:
        Refused: the gate refuses, or there is nothing to read.
    """
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is None or len(item_id) > _LONGEST_ID:
        abort(404)
    resource = held.resource
    decision = enter(resource)
    if not decision.allowed:
        raise Refused(nothing_there(resource, decision.reason), resource)
    default = default_item(resource)
    if default is None:
        raise Refused(nothing_there(resource, "rights.catalogue_only"), resource)
    roles = (role,) if role else (*OPENED_ROLES, *_BESIDE_ROLES)
    item = default if not item_id else next((i for i in resource.items if i.id == item_id and i.role in roles), None)
    if item is None:
        abort(404)
    return Work(held, item, kind_of_item(item), item.id == default.id, decision)


def nothing_there(resource: Resource, reason: str) -> str:
    """The sentence of a refusal; an issue of which only texts or descriptions were packed has one of its own."""
    bare = reason == "rights.catalogue_only" and resource.type in SERIALS
    return "reader.no_pages" if bare and (resource.items or resource.level == "issue") else reason


def renditions() -> RenditionService:
    """The service that makes page images, chapters and tiles; 503 while the box has none."""
    service = services().renditions
    if service is None:
        abort(503)
    return service


def url_for_item(item: Item) -> str:
    """Address of a file's bytes, with a mark of its content so that the browser may keep it."""
    return url_for("items.item", item_id=item.id, v=item.sha256[:16])


def url_for_part(work: Work, item: Item | None) -> str:
    """Where another file of the work is read, empty for none."""
    return url_for("readers.read", resource_id=work.resource.id, item=item.id) if item is not None else ""


def answer(template: str, policy: str, work: Work, **values: Any) -> Response:
    """A reader's page under its own policy."""
    return answer_plain(template, policy, work=work, resource=work.resource, item=work.item, **values)


def answer_plain(template: str, policy: str, **values: Any) -> Response:
    """A page of the readers that has no file open."""
    response = make_response(render_template(template, **values))
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
