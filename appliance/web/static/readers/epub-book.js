// The book that is open: read by ranges, mended where its package is wanting, cleaned before it is shown.
import { EPUB } from "../vendor/epub.js";
import { restyle } from "./epub-styles.js";
import { isShown, settlePackage, settleText } from "./epub-package.js";
import { isShowable } from "./image-header.js";
import { RangeSource } from "./ranges.js";
import { isTooMuch, parseChapter, sanitizeFile } from "./sanitize.js";
import { sha1 } from "./sha1.js";
import { config, sayFailure, saySentence, word } from "./shell.js";
import { readDirectory, readEntry, withoutFolder } from "./zip.js";

const CONTAINER = "META-INF/container.xml";
const XHTML = "application/xhtml+xml";

/** Open the page's book as foliate-js takes it; `onDamage` is called when a chapter cannot be read. */
export async function openBook({ goNext }) {
  const source = new RangeSource(config.url, config.size);
  await source.prefetch();
  const entries = withoutFolder(await readDirectory(source));
  const decoder = new TextDecoder();
  const packages = new Set();
  const load = async (name) => {
    const entry = entries.get(name) ?? entries.get(decodeName(name));
    return entry ? readEntry(source, entry) : null;
  };
  const loadText = async (name) => {
    const bytes = await load(name);
    if (!bytes) return null;
    const text = bounded(decodeText(bytes, decoder));
    if (name === CONTAINER) for (const path of packagePaths(text)) packages.add(path);
    return packages.has(name) ? settlePackage(text) : text;
  };
  const loadBlob = async (name, type) => {
    const bytes = await load(name);
    if (bytes && /^image\/(?!svg)/.test(type) && !isShowable(bytes)) return null;
    return bytes && new Blob([bytes], { type });
  };
  const getSize = (name) => entries.get(name)?.size ?? 0;
  const book = await new EPUB({ loadText, loadBlob, getSize, sha1: async (text) => sha1(text) }).init();
  await settleSpreads(book, loadText);
  settleAddresses(book);
  return prepare(book, loadText, goNext);
}

/** A text that a browser can lay out while somebody waits. */
function bounded(text) {
  if (isTooMuch(text)) throw new Error("too much for one page");
  return text;
}

const packagePaths = (text) =>
  [...new DOMParser().parseFromString(text, "application/xml").getElementsByTagNameNS("*", "rootfile")]
    .map((file) => file.getAttribute("full-path"));

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

/** Places by the order of reading: a chapter that stands in it twice is two places, a missing one is none. */
function settleAddresses(book) {
  const { resolveCFI, resolveHref } = book;
  const bases = book.sections.map(({ cfi }) => cfi.slice(0, -1));
  book.resolveCFI = (cfi) => {
    const index = bases.indexOf(cfi.split(/[!)]/)[0]);
    const found = resolveCFI.call(book, cfi);
    return index < 0 ? found : { ...found, index };
  };
  book.resolveHref = (href) => {
    const found = resolveHref.call(book, href);
    const index = book.sections.findIndex(({ id }) => id === decodeURI(href.split("#")[0]));
    return found && index >= 0 ? { ...found, index } : null;
  };
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
  return { data, type: XHTML };
}

/** Clean every file on its way to the screen, and let a chapter that cannot be read say so in its place. */
function prepare(book, loadText, goNext) {
  const isFixed = book.rendition?.layout === "pre-paginated";
  const chapters = new Set(book.sections.map((section) => section.id));
  const types = new Map(book.resources.manifest.map(({ href, mediaType }) => [href, mediaType]));
  const told = new Set();
  book.transformTarget.addEventListener("data", ({ detail }) => {
    const { name, type } = detail;
    const isChapter = chapters.has(name);
    // foliate-js reads as HTML what is no XML; the reader is told once, for something may be missing.
    if (isChapter && type === "text/html" && types.get(name) === XHTML && !told.has(name)) {
      told.add(name);
      saySentence("ill_formed", null, {}, "todo");
    }
    const settle = isChapter && !isFixed ? settleText : () => {};
    const both = Promise.resolve(detail.data)
      .then(async (data) => (data instanceof Blob && /[/+]xml$/.test(type) ? bounded(await data.text()) : data))
      .then((data) => framePicture(sanitizeFile(data, type, { restyle, settle }), isChapter && !isFixed));
    detail.data = both.then((clean) => clean.data);
    detail.type = both.then((clean) => clean.type);
    detail.data.catch(() => {});
    detail.type.catch(() => {});
  });
  for (const section of book.sections) {
    const { load } = section;
    section.load = async () => {
      try {
        const type = types.get(section.id);
        const address = isShown(type) || /[/+]xml$/.test(type) ? await load() : null;
        if (address) return address;
        throw new Error("the chapter is missing");
      } catch (error) {
        return failedChapter(error, goNext);
      }
    };
    section.createDocument = async () => parseChapter((await loadText(section.id)) ?? "");
  }
  return book;
}

/** A page with the sentence about damage, so that the chapters around it stay readable. */
function failedChapter(error, goNext) {
  sayFailure(error, { chapter: true, next: goNext });
  const doc = document.implementation.createHTMLDocument("");
  const text = doc.createElement("p");
  text.textContent = word("damaged.chapter.text");
  doc.body.append(text);
  return URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(doc)], { type: "text/html" }));
}
