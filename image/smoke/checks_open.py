"""From the box to the first reader: first page, box file by stick, drive, page, search, verified bytes."""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from typing import TYPE_CHECKING

from image.smoke.errors import CheckError
from image.smoke.media import stick
from image.smoke.releases import RECORDING
from image.smoke.run import PASSWORD
from image.smoke.seen import keys_said, says

if TYPE_CHECKING:
    from pathlib import Path

    from image.smoke.box import VirtualBox
    from image.smoke.run import Run

DIRECTOR = "馆长"


def first_page(box: VirtualBox) -> str:
    """The first page comes by itself."""
    seconds = box.wait_page()
    return f"after {seconds:.0f} s"


def waits_for_box_file(box: VirtualBox) -> str:
    """A box that belongs to nobody asks for its stick, and shows readers a page all the same."""
    return said(box, "box.file.missing", "/staff/", 60)


def said(box: VirtualBox, key: str, path: str, limit: float = 180) -> str:
    """Wait until a page says the sentence of a key.

    Raises:
        CheckError: it never did; what it said instead.
    """
    words = ""

    def there() -> bool:
        nonlocal words
        words = box.client.get(path).words
        return says(words, key)

    try:
        seconds = box.wait(there, key, limit)
    except CheckError as error:
        raise CheckError(f"{path} never said {key}; it said {keys_said(words) or words[:200]}") from error
    return f"{key} after {seconds:.0f} s"


def told(box: VirtualBox, key: str, limit: float = 180) -> str:
    """Wait until the health document says the sentence of a key, first or beside others.

    Raises:
        CheckError: it never did.
    """

    def there() -> bool:
        health = box.health()
        return any(says(words, key) for words in (health["sentence"], *health["also"]))

    return f"{key} after {box.wait(there, key, limit):.0f} s"


def apply_box_file(run: Run, box: VirtualBox, path: Path | None = None) -> str:
    """A stick with the library's box file (the good one, or `path`) makes the box that library's."""
    name, path = run.boxes.library, path or run.boxes.good
    box.plug("stick", stick(run.scratch / f"{box.name}.stick.img", {path.name: path.read_bytes()}))
    try:
        seconds = box.wait(lambda: name in box.client.get("/").words, f"the name {name}", 300)
        said(box, "box.file.applied", "/staff/", 60)
    finally:
        box.unplug("stick")
    return f"{name} on the first page after {seconds:.0f} s"


def director_signs_in(run: Run, box: VirtualBox) -> str:
    """The password of the printed card opens the staff's pages, once, and must be replaced."""
    box.client.forget()
    run.password = box.client.sign_in(DIRECTOR, run.password or run.boxes.password, PASSWORD)
    page = box.client.get("/staff/drives")
    if page.status != 200 or "/sign-in" in page.url:
        raise CheckError(f"{page.url} {page.status}")
    return "in, with a password of the director's own"


def drive_is_readable(box: VirtualBox, name: str, image: object, *, plug: bool = True) -> str:
    """A drive is plugged in and readers can search it."""
    if plug:
        box.plug(name, image)  # type: ignore[arg-type]
    seconds = box.wait(lambda: bool(box.health()["resources"]) and box.health()["search"]["ready"], "the drive", 600)
    return f"{box.health()['resources']} resources, searched after {seconds:.0f} s"


def search_finds(box: VirtualBox, words: str) -> str:
    """The search finds what is on the drive."""
    answer = box.client.get("/api/search?" + urllib.parse.urlencode({"q": words}), 120)
    found = json.loads(answer.body)
    if answer.status != 200 or not found["hits"]:
        raise CheckError(f"{words}: {answer.status} {answer.body[:200]!r}")
    page = box.client.get("/search?" + urllib.parse.urlencode({"q": words}), 120)
    if found["hits"][0]["title"] not in page.words:
        raise CheckError(f"the page does not show {found['hits'][0]['title']}")
    return f"{words}: {found['total']} found in {found['took_ms']} ms, {found['hits'][0]['title']} first"


def item_of(box: VirtualBox, resource: str) -> dict[str, object]:
    """The first file of a resource, as the address for programs has it."""
    detail = json.loads(box.client.get(f"/api/resources/{resource}", 120).body)
    items = [item for item in detail["items"] if item.get("role", "primary") == "primary"] or detail["items"]
    return dict(items[0])


def verified_read(run: Run, box: VirtualBox) -> str:
    """Every byte that is sent is the byte that was signed; a part from the middle too."""
    item = item_of(box, RECORDING)
    wanted = run.releases.recording
    digest, count = hashlib.sha256(), 0
    for block in box.client.stream(str(item["url"]), 300):
        digest.update(block)
        count += len(block)
    if digest.hexdigest() != hashlib.sha256(wanted).hexdigest():
        raise CheckError(f"{count} bytes came, and they are others")
    part = box.client.get(str(item["url"]), 120, Range="bytes=5000000-5999999")
    if part.status != 206 or part.body != wanted[5_000_000:6_000_000]:
        raise CheckError(f"part: {part.status}, {len(part.body)} bytes")
    return f"{count} bytes, SHA-256 {digest.hexdigest()[:16]}…, and 1 MB from the middle"
