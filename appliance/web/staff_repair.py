"""修复清单: what the box lacks, for programs and for people, to download or to save on a stick."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import Response, redirect, request, url_for

from appliance.web.bytes import content_disposition
from appliance.web.context import library, services, settings, words
from appliance.web.staff import blueprint
from appliance.web.staff_session import signed_in
from indexer.errors import IndexerError
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.layout import CHUNK
from packager.format.repair_list import LIST_NAME, MAX_PLACES, Lacking, dump_list, lacking
from provisioning.words import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.store.faults import Fault

TEXT_NAME = "修复清单.txt"
_WRITING = threading.Lock()
"""One at a time: a button that is pressed twice must not write the same file twice at once."""


@blueprint.get("/repair-list.jsonl")
@signed_in
def repair_list() -> Response:
    """The list for programs."""
    places, _ = _lacking()
    return _file(dump_list(places), "application/jsonl", LIST_NAME)


@blueprint.get("/repair-list.txt")
@signed_in
def repair_list_text() -> Response:
    """The list for people."""
    places, titles = _lacking()
    return _file(_text(places, titles), "text/plain; charset=utf-8", TEXT_NAME)


@blueprint.post("/repair-list")
@signed_in
def save_repair_list() -> Response:
    """Have the worker save both on a stick."""
    stick = library().holdings.drive(request.form.get("drive", ""))
    if stick is not None and stick.state == "refused":
        places, titles = _lacking()
        folder, files = settings().repair_list_folder, RealFiles()
        with _WRITING:
            files.make_dir(folder)
            files.write_atomic(folder / LIST_NAME, dump_list(places))
            files.write_atomic(folder / TEXT_NAME, _text(places, titles))
        services().command({"do": "repair-export", "drive": stick.key})
    return redirect(url_for("staff.health"), 303)  # type: ignore[return-value]


def _file(content: bytes, media_type: str, name: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = content_disposition(name, inline=False)
    response.headers["Cache-Control"] = "no-store"
    return response


def _lacking() -> tuple[list[Lacking], dict[str, tuple[str, str]]]:
    """Places for which nobody here had the bytes, and of each item (by digest) its title and file name."""
    known = services().upkeep().attempts
    places: list[Lacking] = []
    titles: dict[str, tuple[str, str]] = {}
    for fault in _tried(services().faults.standing(MAX_PLACES), known):
        held = library().item(fault.item_id)
        if held is None or held.item.sha256 != fault.sha256:
            continue
        name = held.item.path.rpartition("/")[2]
        titles[fault.sha256] = (f"{held.resource.title} {held.item.label}".strip(), name)
        wanted = range(-(-held.item.size // CHUNK)) if fault.chunk < 0 else (fault.chunk,)
        for index in wanted:
            try:
                places.append(lacking(fault.sha256, held.item.size, index, held.digest(index)))
            except (IndexerError, FormatError, IndexError, OSError):
                continue
            if len(places) >= MAX_PLACES:
                return sorted(set(places), key=lambda p: (p.sha256, p.chunk)), titles
    return sorted(set(places), key=lambda p: (p.sha256, p.chunk)), titles


def _tried(faults: Sequence[Fault], known: frozenset[tuple[str, int]]) -> Iterator[Fault]:
    return (fault for fault in faults if (fault.sha256, fault.chunk) in known)


def _text(places: Sequence[Lacking], titles: dict[str, tuple[str, str]]) -> bytes:
    """The list in words, with the line ends that every computer shows."""
    spoken, made = words(), settings()
    chunks: dict[str, list[int]] = {}
    for place in places:
        chunks.setdefault(place.sha256, []).append(place.chunk + 1)
    lines = [f"{spoken.label('staff.repair_list_head')}  {made.library_name}", ""]
    for sha256, numbers_ in sorted(chunks.items(), key=lambda pair: titles[pair[0]]):
        title, name = titles[sha256]
        said = numbers.pages(numbers_, spoken.language)
        lines.append(spoken.label("staff.repair_list_line", title=title, pages=said, name=name))
    size = sum(place.length for place in places)
    lines += ["", spoken.label("staff.repair_list_foot", count=len(places), size=size)]
    return "\r\n".join(lines).encode("utf-8-sig")
