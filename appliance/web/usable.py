"""Which file of a work is opened, by what its kind is and by what the packager found wrong with it (`Item.flags`).

A locked, damaged or unplayable file is passed over where the same part has another form. What plays differs between
browsers: the flags say what most of them can be relied on for, the player itself asks the browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.model import OPENED_ROLES, UNUSABLE_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.model import Item, Resource

PLAYED = frozenset({"audio", "video"})
_BROWSER_TYPES = {
    "application/epub+zip": "epub",
    "application/pdf": "pdf",
    "text/plain": "text",
    "text/html": "text",
    "text/markdown": "text",
    "application/xhtml+xml": "text",
}
_SENTENCES = {
    "encrypted": "reader.closed.locked",
    "damaged": "reader.closed.damaged",
    "codec-unplayable": "reader.closed.codec",
}


def kind_of_item(item: Item) -> str:
    """Which reader opens an item: epub, pdf, picture, audio, video, text or other."""
    known = _BROWSER_TYPES.get(item.media_type)
    if known:
        return known
    main = item.media_type.partition("/")[0]
    if main == "image" and item.media_type != "image/svg+xml":
        return "picture"
    return main if main in PLAYED else "other"


def opens(item: Item) -> bool:
    """Whether an item has a reader here and nothing is known that keeps it from opening."""
    return item.usable and kind_of_item(item) != "other"


def _forms(resource: Resource) -> dict[str, list[Item]]:
    """Each part by its id with its other forms; an alternate that names no part belongs to the only one.

    Thousands of parts are looked through once.
    """
    found = {item.id: [item] for item in resource.items if item.role == "part"}
    alone = next(iter(found)) if len(found) == 1 else ""
    for item in resource.items:
        if item.role == "alternate" and (forms := found.get(item.of or alone)) is not None:
            forms.append(item)
    return found


def ids_with_usable_form(resource: Resource) -> frozenset[str]:
    """Ids of the parts that have some form that can be used here, and of all their forms."""
    families = _forms(resource).values()
    return frozenset(form.id for forms in families if any(form.usable for form in forms) for form in forms)


def can_be_opened(resource: Resource, *, download: bool) -> bool:
    """Whether a resource with files is of any use here: one opens, or one may at least be taken home."""
    return any(opens(i) or (download and i.usable) for i in resource.items if i.role in OPENED_ROLES)


def default_item(resource: Resource) -> Item | None:
    """The file that a reader opens first: of the first part that can be used, the first form that can.

    When nothing can be used: the first file that has a reader, else the first one. None of a catalogue entry.
    """
    candidates = list(_candidates(resource))
    found = next((item for item in candidates if opens(item)), None)
    found = found or next((item for item in candidates if kind_of_item(item) != "other"), None)
    return found or (candidates[0] if candidates else None)


def _candidates(resource: Resource) -> Iterator[Item]:
    """Files in the order in which they are tried: each part with its forms, pages, forms of nothing."""
    for forms in _forms(resource).values():
        yield from forms
    yield from (item for item in resource.items if item.role == "page")
    yield from (item for item in resource.items if item.role == "alternate")


def closed_parts(resource: Resource) -> list[Item]:
    """Parts and pages of which no form can be used, for one of the reasons of `UNUSABLE_FLAGS`."""
    forms = _forms(resource)
    return [item for item in resource.readable_items if not any(form.usable for form in forms.get(item.id, [item]))]


def flag_of(item: Item) -> str:
    """The flag that keeps an item closed, empty when none does."""
    return next((flag for flag in item.flags if flag in UNUSABLE_FLAGS), "")


def closed_sentence(item: Item) -> str:
    """The key of the sentence that says why an item does not open; empty when nothing is known against it."""
    return _SENTENCES.get(flag_of(item), "")
