// The EPUB reader: foliate-js under our own bars. The book is read by ranges and cleaned before it is shown.
import { bindAloud } from "./epub-aloud.js";
import { bindBookmarks } from "./bookmarks.js";
import { openBook } from "./epub-book.js";
import { bindBookFind } from "./epub-find.js";
import { bindNotes } from "./epub-notes.js";
import { bindSwipe } from "./epub-swipe.js";
import { bookStyles, textScale } from "./epub-styles.js";
import { measureOnlyTheNear } from "./epub-visible.js";
import { fillContents } from "./contents.js";
import {
  bindKeys, config, element, handleKey, isNight, memory, onTheme, opened, place, say, sayFailure,
  sayLastPage, saySentence, word,
} from "./shell.js";

const SIZES = [80, 90, 100, 112, 125, 140, 160, 180, 200, 230, 260];
const isWebKit = navigator.vendor === "Apple Computer, Inc.";
const slider = element("position");
const LINE = 60;
let view = null;
let shown = { index: 0, start: 0, size: 1 };
let markContents = () => {};
let size = SIZES.includes(memory.get("epub.size")) ? memory.get("epub.size") : 100;

// WebKit alone needs `allow-scripts` for our own listeners inside a frame; everywhere else a book's frame runs none.
if (!isWebKit) {
  const setAttribute = Element.prototype.setAttribute;
  HTMLIFrameElement.prototype.setAttribute = function (name, value) {
    setAttribute.call(this, name, name === "sandbox" ? "allow-same-origin" : value);
  };
}

// --- Layout

function applyStyles() {
  const { renderer } = view;
  if (view.isFixedLayout) return;
  renderer.setStyles?.(bookStyles({ size, night: isNight(), vertical: element("stage").hasAttribute("data-vertical") }));
}

const isDouble = () =>
  element("two").getAttribute("aria-pressed") === "true" && !element("stage").hasAttribute("data-vertical");

function layOut() {
  const { renderer } = view;
  if (view.isFixedLayout) return;
  const narrow = innerWidth < 720;
  const wanted = {
    margin: narrow ? "20px" : "36px",
    gap: narrow ? "8%" : "7%",
    "max-inline-size": `${Math.round(620 * Math.max(1, (size * textScale()) / 100))}px`,
    "max-block-size": "1080px",
    "max-column-count": isDouble() ? "2" : "1",
  };
  // Each of them that is set lays out and measures the whole chapter, also when it is the same as before.
  for (const [name, value] of Object.entries(wanted)) {
    if (renderer.getAttribute(name) !== value) renderer.setAttribute(name, value);
  }
}

function changeSize(step) {
  size = SIZES[Math.max(0, Math.min(SIZES.length - 1, SIZES.indexOf(size) + step))];
  memory.set("epub.size", size);
  element("size-now").textContent = `${size} %`;
  layOut();
  applyStyles();
}

const isRtl = () => view.book.dir === "rtl";
const left = () => turn(isRtl() ? 1 : -1);
const right = () => turn(isRtl() ? -1 : 1);

/** A book that asks to be scrolled, chapter by chapter. */
const isScrolled = () => view.renderer.scrolled === true;
const hasMore = () => view.renderer.viewSize - view.renderer.end > 2;
const isAtEnd = () => view.renderer.atEnd && !(isScrolled() && hasMore());
const isAtStart = () => view.renderer.atStart && !(isScrolled() && view.renderer.start > 0);

/** Turn one page, or `distance` pixels of a scrolled book. */
async function turn(step, distance) {
  say("");
  const before = view.lastLocation;
  const isOver = step > 0 ? isAtEnd() : isAtStart();
  if (!isOver) await (step > 0 ? view.next(distance) : view.prev(distance));
  // Fixed pages do not say that they are at an end: nothing moved.
  if (view.isFixedLayout ? view.lastLocation !== before : !isOver) return;
  if (step > 0) sayLastPage();
  else saySentence("first_page", null, {}, "ok");
}

/** Vertical lines are scrolled across. */
const isAcross = () => isScrolled() && element("stage").hasAttribute("data-vertical");

/** Sideways, a scrolled book goes on to the next chapter; any other one to the next page. */
async function sideways(side) {
  const step = isRtl() ? -side : side;
  const { renderer } = view;
  if (isAcross()) {
    await turn(step, LINE);
    return;
  }
  const isThere = step > 0 ? renderer.nextSection && !view.renderer.atEnd : renderer.prevSection && shown.index > 0;
  if (!isScrolled() || !isThere) {
    await turn(step);
    return;
  }
  say("");
  await (step > 0 ? renderer.nextSection() : renderer.prevSection());
}

const line = (step) => turn(step, isScrolled() && !isAcross() ? LINE : undefined);

/** A vertical text runs from right to left whether its package says so or not. */
function noticeWriting(doc) {
  const mode = doc.defaultView.getComputedStyle(doc.body).writingMode;
  const vertical = mode.startsWith("vertical");
  element("stage").toggleAttribute("data-vertical", vertical && !view.isFixedLayout);
  if (mode === "vertical-rl" && !view.book.dir) view.book.dir = "rtl";
  element("two").hidden = view.isFixedLayout || vertical || isScrolled();
  // A scrolled chapter is measured after this, by its own direction; measured before, it keeps the old one's bounds.
  if (!isScrolled()) layOut();
  showDirection();
}

function showDirection() {
  slider.dir = isRtl() ? "rtl" : "ltr";
  const names = isRtl() ? ["next", "previous"] : ["previous", "next"];
  for (const [side, name] of [["left", names[0]], ["right", names[1]]]) {
    element(`turn-${side}-label`).textContent = word(name);
    element(`end-${side}-label`).textContent = word(name);
  }
}

// --- The place in the book

function onRelocate({ detail }) {
  const { location: at, tocItem, cfi, section } = detail;
  // A chapter without anything to see has no length: its place is no number.
  const fraction = isAtEnd() ? 1 : detail.fraction || 0;
  const percent = Math.round(fraction * 100);
  const [page, total] = view.isFixedLayout ? [section.current + 1, section.total] : pages(at);
  slider.value = String(Math.round(fraction * 1000));
  slider.setAttribute("aria-valuetext", word("page_of", { page, total }));
  element("progress").textContent = `${word("page_of", { page, total })} · ${percent} %`;
  element("chapter").textContent = tocItem?.label?.trim() ?? "";
  element("title-chapter").textContent = tocItem?.label?.trim() ? ` · ${tocItem.label.trim()}` : "";
  markContents(tocItem?.href);
  place.save({ cfi, page });
  const field = element("jump-page");
  field.max = String(total);
  if (document.activeElement !== field) field.value = String(page);
  element("stage").dataset.page = String(page);
  element("stage").dataset.pages = String(total);
}

/** [page, total]: pages of a flowing text are of equal length, whatever the screen; the last screen ends with the last one. */
function pages(at) {
  const total = at?.total || 1;
  if (isAtEnd()) return isAtStart() ? [1, 1] : [total, total];
  return [Math.min((at?.current || 0) + 1, total), total];
}

function jump(page) {
  const total = Number(element("stage").dataset.pages);
  if (!(page >= 1 && page <= total)) {
    saySentence("page_range", null, { total }, "ok");
    return;
  }
  say("");
  if (view.isFixedLayout) view.goTo(page - 1);
  else if (page === total) view.goToFraction(1);
  else view.goToFraction(Math.max(0, (page - 0.9) / total));
}

function bindMarks() {
  const here = () => {
    const { cfi, tocItem } = view.lastLocation;
    const label = tocItem?.label?.trim().slice(0, 80) ?? "";
    return { cfi, index: shown.index, at: shown.start, page: Number(element("stage").dataset.page), label };
  };
  return bindBookmarks({
    here,
    isHere: ({ index, at }) => index === shown.index && at > shown.start - 1e-6 && at < shown.start + shown.size - 1e-6,
    label: ({ page, label }) => [word("page_n", { page }), label].filter(Boolean).join(" · "),
    go: ({ cfi }) => view.goTo(cfi),
  });
}

const contents = (items) =>
  (items ?? []).map(({ label, href, subitems }) => ({
    label, key: href, children: contents(subitems), go: () => href && view.goTo(href),
  }));

/** Text that was shaped before our fonts' style sheets came is shaped again: Chromium leaves some of it as it was. */
function reshapeWhenFontsCome(doc) {
  let timer = 0;
  doc.head?.querySelector("style")?.addEventListener("load", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { style } = doc.documentElement;
      style.letterSpacing = style.letterSpacing === "0.001px" ? "0.002px" : "0.001px";
    }, 60);
  });
}

function onLoad({ detail: { doc } }) {
  measureOnlyTheNear(doc);
  reshapeWhenFontsCome(doc);
  noticeWriting(doc);
  applyStyles();
  doc.addEventListener("keydown", handleKey);
  if (isAcross()) doc.addEventListener("wheel", ({ deltaY }) => (view.renderer.containerPosition -= deltaY), { passive: true });
  else if (isScrolled() || view.isFixedLayout || element("stage").hasAttribute("data-vertical")) bindSwipe(doc, sideways);
  doc.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || event.target.closest?.("a[href]") || !doc.getSelection().isCollapsed) return;
    const frame = doc.defaultView.frameElement.getBoundingClientRect();
    const scale = frame.width / doc.defaultView.frameElement.clientWidth || 1;
    tap(frame.left + event.clientX * scale);
  });
}

function tap(x) {
  const stage = element("stage").getBoundingClientRect();
  if (isScrolled()) return;
  if (x < stage.left + stage.width * 0.3) left();
  else if (x > stage.right - stage.width * 0.3) right();
}

function bindTools() {
  for (const name of ["turn-left", "end-left"]) element(name).addEventListener("click", left);
  for (const name of ["turn-right", "end-right"]) element(name).addEventListener("click", right);
  element("smaller").addEventListener("click", () => changeSize(-1));
  element("larger").addEventListener("click", () => changeSize(1));
  element("size-now").textContent = `${size} %`;
  element("two").addEventListener("click", (event) => {
    const pressed = event.currentTarget.getAttribute("aria-pressed") === "true";
    event.currentTarget.setAttribute("aria-pressed", String(!pressed));
    layOut();
  });
  slider.addEventListener("change", () => view.goToFraction(Number(slider.value) / 1000));
  const first = () => view.goToFraction(0);
  const last = () => view.goToFraction(1);
  element("jump").addEventListener("submit", (event) => {
    event.preventDefault();
    jump(Math.trunc(Number(element("jump-page").value)));
    element("main").focus();
  });
  bindKeys({
    ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1), PageDown: () => turn(1), PageUp: () => turn(-1),
    " ": () => turn(1), "Shift+ ": () => turn(-1), ArrowDown: () => line(1), ArrowUp: () => line(-1), Home: first, End: last,
    "+": () => changeSize(1), "=": () => changeSize(1), "-": () => changeSize(-1),
  });
  // The margin around the text is no part of the book's frame.
  element("stage").addEventListener("click", (event) => {
    if (event.pointerType === "touch") tap(event.clientX);
  });
}

/** Pages whose colours are ours to choose. */
const isPlain = () =>
  isNight() || document.documentElement.dataset.theme === "contrast" || document.documentElement.dataset.face === "elder";

/** A chapter that is still coming has no root to lay out, and is laid out when it has come; Chromium 109 asks before. */
function layOutOnlyWhatHasCome(renderer) {
  const { render } = renderer;
  renderer.render = () => {
    if (renderer.getContents().every(({ doc }) => !doc || doc.documentElement)) render.call(renderer);
  };
}

/** Where the address asks to begin, as foliate goes to it: a chapter, or a place in it; null when it asks nothing. */
function askedPlace(book) {
  const section = book.sections[config.chapter - 1];
  if (!section) return null;
  // A second look at this address comes back to where the reader is by then.
  const url = new URL(location.href);
  for (const name of ["at", "find"]) url.searchParams.delete(name);
  history.replaceState(history.state, "", url);
  return config.fragment ? `${encodeURI(section.id)}#${config.fragment}` : config.chapter - 1;
}

async function start() {
  view = document.createElement("foliate-view");
  const book = await openBook({ goNext: () => view.renderer.nextSection?.() ?? view.next() });
  element("view").append(view);
  view.addEventListener("relocate", onRelocate);
  view.addEventListener("load", onLoad);
  view.addEventListener("external-link", (event) => event.preventDefault());
  await view.open(book);
  if (!view.isFixedLayout) layOutOnlyWhatHasCome(view.renderer);
  element("stage").toggleAttribute("data-fixed", view.isFixedLayout);
  for (const name of ["sizes-button", "two"]) element(name).hidden = view.isFixedLayout;
  if (!view.isFixedLayout && /^scrolled/.test(book.rendition?.flow ?? "")) view.renderer.setAttribute("flow", "scrolled");
  element("stage").toggleAttribute("data-scrolled", isScrolled());
  markContents = fillContents(contents(book.toc));
  bindTools();
  const land = bindBookFind(view);
  bindNotes(view);
  bindAloud(view, isPlain);
  let showMarks = () => {};
  view.renderer.addEventListener("relocate", ({ detail: { index, fraction, size: part } }) => {
    shown = { index, start: fraction || 0, size: part || (isScrolled() ? 0.02 : 1) };
    showMarks();
  });
  showDirection();
  layOut();
  onTheme(applyStyles);
  addEventListener("resize", layOut);
  const asked = askedPlace(book);
  const before = asked === null ? place.load() : null;
  if (asked === null) await view.init({ lastLocation: before?.cfi ?? null, showTextStart: false });
  else await view.goTo(asked);
  opened();
  showMarks = bindMarks();
  if (config.find) land(config.find, Math.max(0, config.chapter - 1));
  if (before?.page > 1) {
    say(word("resume.text", { page: before.page }), {
      kind: "ok", action: { label: word("from_start"), run: () => view.goToFraction(0) },
    });
  }
}

start().catch((error) => {
  console.error(error);
  sayFailure(error);
});
