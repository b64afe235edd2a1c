"""What a reader of hostile files sees: read off the real page, once it has come to rest."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import Error

from tests.browser.hostile_scene import BOMB, OPENED, PARSED, READERS, Visit, read_items
from tests.browser.reading_room import INK

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 8.0
"""Seconds for a page that has opened to show something, or to say why not."""
LOOK = (
    """() => {
  const words = (selector) => document.querySelector(selector)?.textContent.trim().replace(/\\s+/g, " ") ?? "";
  const found = (selector) => document.querySelector(selector) !== null;
  if (found(".void")) return { ready: true, done: true, says: words(".void .lead") || words(".void h1"), shows: "" };
  if (found(".rpage")) {
    const image = document.querySelector(".rpage img");
    const ready = !image || image.complete;
    return { ready, done: ready, says: words(".rpage .note p"), shows: image?.naturalWidth ? "a picture of it" : "" };
  }
  if (found(".rtext")) {
    const text = document.querySelector(".rtext");
    return { ready: true, done: true, says: words("main .note p"),
      shows: text.textContent.trim() || text.querySelector("img") ? "its words" : "" };
  }
  const says = words("#note:not([hidden]) #note-text");
  const player = document.getElementById("player");
  if (player) {
    const ready = player.readyState > 0;
    return { ready: true, done: false, says, shows: ready ? "the player, ready to play" : "" };
  }
  const contents = document.querySelector("foliate-view")?.renderer?.getContents?.() ?? [];
  const told = says.split("。")[0];
  const book = contents.some(({ doc }) => {
    const text = doc?.body?.textContent.trim() ?? "";
    return told && text.includes(told) ? false : text || doc?.querySelector("img, svg, image");
  });
  const inked = ["#view canvas", ".openseadragon-canvas canvas"].some((canvas) => ("""
    + INK
    + """)(canvas) > 1);
  const ready = document.documentElement.dataset.opened !== undefined;
  const { rendered, shown } = document.getElementById("stage")?.dataset ?? {};
  const done = Boolean(ready && (rendered || shown) && !contents.length);
  const drawn = inked ? "its page, drawn" : done ? "its page, blank" : "";
  return { ready, done, says: ready ? says : "", shows: book ? "its words" : drawn };
}"""
)
ACTIVE = """() => {
  const found = [...document.querySelectorAll("script, iframe, object, embed, form, base, meta[http-equiv=refresh i]")];
  const names = found.filter((node) => node.namespaceURI).map((node) => `<${node.localName}>`);
  for (const node of document.querySelectorAll("*")) {
    for (const { name, value } of node.attributes) {
      if (/^on/i.test(name) || /^\\s*javascript:/i.test(value)) names.push(`${name}=`);
    }
  }
  return names;
}"""
"""What could act in a page of a book; the readers leave nothing of it."""


@dataclass
class Opening:
    """What came of opening one file.

    Attributes:
        reader: what its reader shows, or says. plain: the same of the page that needs no scripts; empty when that is
            the same page. seconds: of the longest page, until it came to rest. harm: faults. stopped: whether the
            security policy had to stop anything.
    """

    reader: str = ""
    plain: str = ""
    seconds: float = 0.0
    harm: list[str] | None = None
    stopped: bool = False


def told(shows: str, says: str) -> str:
    """An outcome in a few words: what is seen, the first sentence of what is said."""
    sentence = re.split(r"(?<=。)", says)[0]
    said = f"says “{sentence}”" if says else ""
    return "; ".join(filter(None, (shows, said))) or "an empty page"


def rested(visit: Visit) -> str:
    """Wait until the open page shows something or says why not; a page that does neither in time is harm."""
    page, begun, opened = visit.page, time.monotonic(), 0.0
    while not page.is_closed():
        try:
            seen = page.evaluate(LOOK)
        except Error:
            seen = {"ready": False, "done": False, "says": "", "shows": ""}  # it is on its way to another address
        now = time.monotonic()
        opened = opened or (now if seen["ready"] else 0.0)
        if seen["ready"] and (seen["done"] or seen["says"] or seen["shows"] or now - opened > PATIENCE):
            return told(seen["shows"], seen["says"])
        if not seen["ready"] and now - begun > BOMB / 1000:
            break
        page.wait_for_timeout(100)
    visit.watch.harm.append(f"{page.url}: does not come to rest")
    return "hangs"


def look_inside(visit: Visit) -> None:
    """Hold against the visit what could act in the pages of the open book."""
    for frame in visit.page.frames[1:]:
        try:
            visit.watch.harm += [f"{visit.page.url}: holds {name}" for name in frame.evaluate(ACTIVE)]
        except Error:
            continue  # the frame is gone


def open_file(visit: Visit, picture: Path | None = None) -> Opening:
    """Open the page of a work of one file, its reader, and the page of it that needs no scripts.

    Args:
        visit: of that work. picture: where to leave what the reader shows.
    """
    identity, made = visit.resource.id, Opening()
    visit.open(f"/resources/{identity}")
    item = read_items(visit.resource, 1)[0]
    made.reader, made.seconds = _opened(visit, f"/read/{identity}?item={item.id}", OPENED)
    look_inside(visit)
    if picture and not visit.page.is_closed():
        visit.page.screenshot(path=str(picture))
    way = READERS.get(item.media_type, "pages" if item.media_type.startswith("image/") else "")
    if way and item.media_type != "image/svg+xml":
        made.plain, seconds = _opened(visit, f"/read/{identity}/{way}/1?item={item.id}", "")
        made.seconds = max(made.seconds, seconds)
    if made.seconds > BOMB / 1000:
        visit.watch.harm.append(f"takes {made.seconds:.0f} s")
    known = PARSED if item.media_type == "application/epub+zip" else set()
    made.harm, made.stopped = visit.faults(known), bool(visit.watch.blocked)
    return made


def _opened(visit: Visit, path: str, wait: str) -> tuple[str, float]:
    started = time.monotonic()
    visit.open(path, wait)
    outcome = rested(visit)
    if not visit.page.is_closed():
        visit.watch.look(visit.page, path)
    return outcome, time.monotonic() - started
