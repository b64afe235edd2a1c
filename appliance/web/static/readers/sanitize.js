// What a book may show: its text, pictures, sounds and styles. Scripts, forms, frames and every address outside of
// the book are taken out of what is displayed; the book's own bytes are never altered. The page's security policy
// stops all of this as well, and so does one of the book's own pages: three walls, any of them enough.
import { isOutside, sanitizeStyle } from "./sanitize-style.js";

const XLINK = "http://www.w3.org/1999/xlink";
const REMOVED = new Set([
  "script", "iframe", "frame", "frameset", "object", "embed", "applet", "portal", "base", "input", "button",
  "select", "textarea", "option", "datalist", "keygen", "template", "dialog", "fencedframe", "handler", "listener",
]);
const UNWRAPPED = new Set(["form", "noscript"]);
const ANIMATIONS = new Set(["animate", "set", "animatetransform", "animatemotion"]);
const ADDRESSES = new Set([
  "src", "srcset", "href", "poster", "data", "background", "action", "formaction", "ping", "cite", "longdesc",
  "manifest", "codebase", "classid", "lowsrc", "dynsrc", "imagesrcset",
]);
const FORBIDDEN = new Set(["srcdoc", "action", "formaction", "ping", "http-equiv", "target", "manifest", "codebase",
  "autofocus", "contenteditable", "accesskey", "tabindex", "is", "nonce", "integrity", "crossorigin"]);
// Attributes of drawings are CSS too.
const STYLED = /(?:url|src|image|image-set)\s*\(|\\[0-9a-z]/i;
const CLOSED_BY_OTHERS = new Set(["area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link",
  "meta", "option", "p", "param", "source", "td", "th", "tr", "track", "wbr"]);
const MAX_ELEMENTS = 300_000;
const MAX_DEPTH = 1000;
const MAX_SUM = 1_500_000;

/** Whether a chapter has more elements, or deeper ones, than a browser can lay out while somebody waits. */
export function isTooMuch(text) {
  let [count, depth, sum] = [0, 0, 0];
  for (const [tag, closing, name] of text.matchAll(/<(\/?)([a-z][a-z0-9:]*)[^<>]*>/gi)) {
    if (!closing) {
      count += 1;
      sum += depth; // a paragraph in a hundred open elements is laid out a hundred times
    }
    if (count > MAX_ELEMENTS || depth > MAX_DEPTH || sum > MAX_SUM) return true;
    if (tag.endsWith("/>") || CLOSED_BY_OTHERS.has(name.toLowerCase())) continue;
    depth = Math.max(0, depth + (closing ? -1 : 1));
  }
  return false;
}

/** A drawing may use its own parts again and again, and these use others: whether all of it is too much to draw. */
function swells(doc) {
  const sizes = new Map();
  const sizeOf = (node) => {
    const known = sizes.get(node);
    if (known !== undefined) return known;
    sizes.set(node, Infinity); // a part that uses itself
    let size = 1;
    for (const child of node.children) size += sizeOf(child);
    if (node.localName === "use") {
      const target = (node.getAttribute("href") ?? node.getAttributeNS(XLINK, "href") ?? "").trim();
      const part = target.startsWith("#") && doc.getElementById(target.slice(1));
      if (part) size += sizeOf(part);
    }
    sizes.set(node, size);
    return size;
  };
  return sizeOf(doc.documentElement) > MAX_ELEMENTS;
}

function sanitizeAttributes(node) {
  for (const { name, localName, value, namespaceURI } of [...node.attributes]) {
    const plain = localName.toLowerCase();
    const isAddress = ADDRESSES.has(plain) || (namespaceURI === XLINK && plain === "href");
    if (plain.startsWith("on") || FORBIDDEN.has(plain)) node.removeAttribute(name);
    else if (plain === "style") node.setAttribute(name, sanitizeStyle(value));
    else if (isAddress && isOutsideList(plain, value)) node.removeAttribute(name);
    else if (STYLED.test(value)) node.setAttribute(name, sanitizeStyle(value));
  }
}

const isOutsideList = (name, value) =>
  name === "srcset" || name === "imagesrcset"
    ? value.split(",").some((candidate) => isOutside(candidate.trim()))
    : isOutside(value);

function isRemoved(node, name) {
  if (REMOVED.has(name)) return true;
  if (name === "meta") return node.hasAttribute("http-equiv");
  if (name === "link") return !/(^|\s)stylesheet(\s|$)/i.test(node.getAttribute("rel") ?? "");
  return ANIMATIONS.has(name) && /href|^on/i.test(node.getAttribute("attributeName") ?? "");
}

/** Take everything out of a parsed document that a book may not show. Changes `doc`. */
export function sanitizeDocument(doc) {
  for (const node of [...doc.childNodes]) {
    if (node.nodeType === Node.PROCESSING_INSTRUCTION_NODE && !isStyleInstruction(node)) node.remove();
  }
  for (const node of [...doc.querySelectorAll("*")]) {
    if (!node.isConnected) continue;
    const name = node.localName.toLowerCase();
    if (isRemoved(node, name)) {
      if (node !== doc.documentElement) node.remove();
      continue;
    }
    sanitizeAttributes(node);
    if (name === "style") node.textContent = sanitizeStyle(node.textContent);
    if (UNWRAPPED.has(name) && node.parentNode) node.replaceWith(...node.childNodes);
  }
  const uses = [...doc.getElementsByTagNameNS("*", "use")];
  if (uses.length && swells(doc)) for (const use of uses) use.remove();
  return doc;
}

const isStyleInstruction = (node) =>
  node.target === "xml-stylesheet" && /href\s*=\s*["']blob:/i.test(node.data) && !/xsl/i.test(node.data);

/** Parse a chapter as XHTML, or as HTML where it is not well-formed, and take out what it may not show. */
export function parseChapter(text, type = "application/xhtml+xml") {
  let doc = new DOMParser().parseFromString(text, type);
  if (type !== "text/html" && (doc.querySelector("parsererror") || !doc.documentElement?.namespaceURI)) {
    doc = new DOMParser().parseFromString(text, "text/html");
  }
  return sanitizeDocument(doc);
}

const fonts = location.hostname.includes(":") ? "'self'" : `${location.origin}/static/vendor/fonts/`;
/** Of a book's own pages, narrower than the reader's: nothing but the book, and our fonts. */
const POLICY = `default-src 'none'; img-src blob: data:; media-src blob: data:; font-src blob: data: ${fonts}; ` +
  `style-src 'unsafe-inline' blob: ${fonts}; base-uri 'none'; form-action 'none'`;

function restrict(doc) {
  if (doc.documentElement?.localName !== "html") return;
  const space = doc.documentElement.namespaceURI;
  const rule = doc.createElementNS(space, "meta");
  rule.setAttribute("http-equiv", "Content-Security-Policy");
  rule.setAttribute("content", POLICY);
  const head = doc.head ?? doc.documentElement.insertBefore(doc.createElementNS(space, "head"), doc.documentElement.firstChild);
  head.prepend(rule);
}

const MARKUP = new Set(["application/xhtml+xml", "text/html", "image/svg+xml"]);
const PLAIN = /^(?:image\/(?!svg)|audio\/|video\/|font\/|application\/(?:vnd\.ms-opentype|font-|x-font-))/;

/** One file of a book as it may be displayed: {data, type}; `restyle` has the last word on style sheets, `settle` on pages. */
export function sanitizeFile(data, type, { restyle = (text) => text, settle = () => {} } = {}) {
  if (MARKUP.has(type) || /[/+]xml$/.test(type)) {
    const kind = MARKUP.has(type) ? type : "application/xhtml+xml";
    const doc = parseChapter(data, kind);
    restrict(doc);
    for (const style of doc.querySelectorAll("style")) style.textContent = restyle(style.textContent);
    for (const node of doc.querySelectorAll("[style]")) node.setAttribute("style", restyle(node.getAttribute("style")));
    settle(doc);
    return { data: new XMLSerializer().serializeToString(doc), type: MARKUP.has(type) ? htmlOr(doc, kind) : kind };
  }
  if (type === "text/css") return { data: restyle(sanitizeStyle(data)), type };
  return { data, type: PLAIN.test(type) ? type : "application/octet-stream" };
}

const htmlOr = (doc, kind) => (doc.contentType === "text/html" ? "text/html" : kind);
