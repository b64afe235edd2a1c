// The EPUB reader: foliate-js under our own bars. The book is read by ranges and cleaned before it is shown.
import { EPUB } from "../vendor/epub.js";
import { bindBookFind } from "./epub-find.js";
import { bookStyles, textScale, withFonts } from "./epub-styles.js";
import { fillContents } from "./contents.js";
import { RangeSource } from "./ranges.js";
import { parseChapter, sanitizeFile } from "./sanitize.js";
import { sha1 } from "./sha1.js";
import {
  bindKeys, config, element, handleKey, isNight, memory, onTheme, opened, place, say, saySentence,
  sayFailure, word,
} from "./shell.js";
import { readDirectory, readEntry, withoutFolder } from "./zip.js";

const SIZES = [80, 90, 100, 112, 125, 140, 160, 180, 200, 230, 260];
const isWebKit = navigator.vendor === "Apple Computer, Inc.";
const slider = element("position");
let view = null;
let markContents = () => {};
let size = SIZES.includes(memory.get("epub.size")) ? memory.get("epub.size") : 100;

// WebKit alone needs `allow-scripts` for our own listeners inside a frame; everywhere else a book's frame runs none.
if (!isWebKit) {
  const setAttribute = Element.prototype.setAttribute;
  HTMLIFrameElement.prototype.setAttribute = function (name, value) {
    setAttribute.call(this, name, name === "sandbox" ? "allow-same-origin" : value);
  };
}

async function openBook() {
  const source = new RangeSource(config.url, config.size);
  await source.prefetch();
  const entries = withoutFolder(await readDirectory(source));
  const decoder = new TextDecoder();
  const load = async (name) => {
    const entry = entries.get(name) ?? entries.get(decodeName(name));
    return entry ? readEntry(source, entry) : null;
  };
  const loadText = async (name) => {
    const bytes = await load(name);
    return bytes && decodeText(bytes, decoder);
  };
  const loadBlob = async (name, type) => {
    const bytes = await load(name);
    return bytes && new Blob([bytes], { type });
  };
  const getSize = (name) => entries.get(name)?.size ?? 0;
  const book = await new EPUB({ loadText, loadBlob, getSize, sha1: async (text) => sha1(text) }).init();
  await settleSpreads(book, loadText);
  return prepare(book, loadText);
}

/** Fixed pages: those wider than high stand alone; a book in the old manner runs to the left unless it says not. */
async function settleSpreads(book, loadText) {
  if (book.rendition?.layout !== "pre-paginated") return;
  if (!book.dir && config.rtl) book.dir = "rtl";
  const first = book.sections.find((section) => section.linear !== "no");
  const text = first ? ((await loadText(first.id).catch(() => "")) ?? "") : "";
  const viewport = /<meta[^>]*name\s*=\s*["']viewport["'][^>]*>/i.exec(text)?.[0] ?? "";
  const [width, height] = ["width", "height"].map((name) => Number(new RegExp(`${name}\\s*=\\s*([\\d.]+)`, "i").exec(viewport)?.[1]));
  if (width > height) book.rendition.spread = "none";
}

function decodeName(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function decodeText(bytes, decoder) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  const head = decoder.decode(bytes.subarray(0, 200));
  const declared = /^<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']/i.exec(head)?.[1];
  try {
    return declared ? new TextDecoder(declared).decode(bytes) : decoder.decode(bytes);
  } catch {
    return decoder.decode(bytes);
  }
}

/** A chapter that is a drawing by itself becomes a page that holds it: text flows around pages only. */
function framePicture(file, isChapter) {
  if (!isChapter || file.type !== "image/svg+xml") return file;
  const data = `<html xmlns="http://www.w3.org/1999/xhtml"><head><title></title></head><body>${
    file.data.replace(/^\s*<\?xml[^>]*\?>/, "").replace(/<!DOCTYPE[^>]*>/i, "")}</body></html>`;
  return { data, type: "application/xhtml+xml" };
}

/** Clean every file on its way to the screen, and let a chapter that cannot be read say so in its place. */
function prepare(book, loadText) {
  const isFixed = book.rendition?.layout === "pre-paginated";
  const chapters = new Set(isFixed ? [] : book.sections.map((section) => section.id));
  book.transformTarget.addEventListener("data", ({ detail }) => {
    const { name, type } = detail;
    const both = Promise.resolve(detail.data).then((data) => framePicture(sanitizeFile(data, type, withFonts), chapters.has(name)));
    detail.data = both.then((clean) => clean.data);
    detail.type = both.then((clean) => clean.type);
    detail.data.catch(() => {});
    detail.type.catch(() => {});
  });
  for (const section of book.sections) {
    const { load } = section;
    section.load = async () => {
      try {
        const address = await load();
        if (address) return address;
        throw new Error("the chapter is missing");
      } catch (error) {
        return failedChapter(error);
      }
    };
    section.createDocument = async () => parseChapter((await loadText(section.id)) ?? "");
  }
  return book;
}

function failedChapter(error) {
  sayFailure(error, { chapter: true, next: () => view.renderer.nextSection?.() ?? view.next() });
  const doc = document.implementation.createHTMLDocument("");
  const text = doc.createElement("p");
  text.textContent = word("damaged.chapter.text");
  doc.body.append(text);
  return URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(doc)], { type: "text/html" }));
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
  renderer.setAttribute("margin", narrow ? "20px" : "36px");
  renderer.setAttribute("gap", narrow ? "8%" : "7%");
  renderer.setAttribute("max-inline-size", `${Math.round(620 * Math.max(1, (size * textScale()) / 100))}px`);
  renderer.setAttribute("max-block-size", "1080px");
  renderer.setAttribute("max-column-count", isDouble() ? "2" : "1");
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

async function turn(step) {
  say("");
  const { renderer } = view;
  if (step > 0 && renderer.atEnd) saySentence("last_page", () => location.assign(config.detail), {}, "ok");
  else if (step < 0 && renderer.atStart) saySentence("first_page", null, {}, "ok");
  else await (step > 0 ? view.next() : view.prev());
}

/** A vertical text runs from right to left whether its package says so or not. */
function noticeWriting(doc) {
  const mode = doc.defaultView.getComputedStyle(doc.body).writingMode;
  const vertical = mode === "vertical-rl";
  element("stage").toggleAttribute("data-vertical", vertical && !view.isFixedLayout);
  if (vertical && !view.book.dir) view.book.dir = "rtl";
  element("two").hidden = view.isFixedLayout || vertical;
  layOut();
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
  const { fraction, location: at, tocItem, cfi, section } = detail;
  const percent = Math.round((fraction ?? 0) * 100);
  const [page, total] = view.isFixedLayout
    ? [section.current + 1, section.total]
    : [Math.min((at?.current ?? 0) + 1, at?.total ?? 1), at?.total ?? 1];
  slider.value = String(Math.round((fraction ?? 0) * 1000));
  slider.setAttribute("aria-valuetext", word("page_of", { page, total }));
  element("progress").textContent = `${word("page_of", { page, total })} · ${percent} %`;
  element("chapter").textContent = tocItem?.label?.trim() ?? "";
  element("title-chapter").textContent = tocItem?.label?.trim() ? ` · ${tocItem.label.trim()}` : "";
  markContents(tocItem?.href);
  place.save({ cfi, page });
  element("stage").dataset.page = String(page);
  element("stage").dataset.pages = String(total);
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
  reshapeWhenFontsCome(doc);
  noticeWriting(doc);
  applyStyles();
  doc.addEventListener("keydown", handleKey);
  doc.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || event.target.closest?.("a[href]") || !doc.getSelection().isCollapsed) return;
    const frame = doc.defaultView.frameElement.getBoundingClientRect();
    const scale = frame.width / doc.defaultView.frameElement.clientWidth || 1;
    tap(frame.left + event.clientX * scale);
  });
}

function tap(x) {
  const stage = element("stage").getBoundingClientRect();
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
  bindKeys({
    ArrowLeft: left, ArrowRight: right, PageDown: () => turn(1), PageUp: () => turn(-1), " ": () => turn(1),
    "Shift+ ": () => turn(-1), ArrowDown: () => turn(1), ArrowUp: () => turn(-1), Home: first, End: last,
    "+": () => changeSize(1), "=": () => changeSize(1), "-": () => changeSize(-1),
  });
  // The margin around the text is no part of the book's frame.
  element("stage").addEventListener("click", (event) => {
    if (event.pointerType === "touch") tap(event.clientX);
  });
}

async function start() {
  view = document.createElement("foliate-view");
  const book = await openBook();
  element("view").append(view);
  view.addEventListener("relocate", onRelocate);
  view.addEventListener("load", onLoad);
  view.addEventListener("external-link", (event) => event.preventDefault());
  await view.open(book);
  element("stage").toggleAttribute("data-fixed", view.isFixedLayout);
  for (const name of ["sizes-button", "two"]) element(name).hidden = view.isFixedLayout;
  markContents = fillContents(contents(book.toc));
  bindTools();
  bindBookFind(view);
  showDirection();
  layOut();
  onTheme(applyStyles);
  addEventListener("resize", layOut);
  const before = place.load();
  await view.init({ lastLocation: before?.cfi ?? null, showTextStart: false });
  opened();
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
