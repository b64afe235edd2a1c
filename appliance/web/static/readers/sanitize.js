// What a book may show: its text, pictures, sounds and styles. Scripts, forms, frames and every address outside of
// the book are taken out of what is displayed; the book's own bytes are never altered. The page's security policy
// stops all of this as well: two walls, either of them enough.

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
const EXTERNAL = /^[\s\0-\x1f]*(?:[a-z][a-z0-9+.-]*:|\/\/|\\\\|\/\\)/i;
const INSIDE = /^[\s\0-\x1f]*(?:blob:|data:(?:image\/(?:png|jpeg|gif|webp|avif|bmp)|font\/|audio\/|video\/)[^]*)/i;

/** Whether an address, as a book writes it, leads out of the book. */
export function isOutside(address) {
  const plain = address.replace(/[\t\n\r]/g, "");
  return EXTERNAL.test(plain) && !INSIDE.test(plain);
}

/** A style sheet without imports and addresses from outside. */
export function sanitizeStyle(text) {
  return text
    .replace(/@import\s+(?:url\(\s*)?(["']?)([^"')\s;]*)\1\s*\)?[^;]*;?/gi, (rule, _, address) =>
      isOutside(address) ? "" : rule)
    .replace(/url\(\s*(["']?)(.*?)\1\s*\)/gis, (rule, _, address) => (isOutside(address) ? "none" : rule))
    .replace(/(?:-moz-binding|behavior)\s*:[^;}]*/gi, "")
    .replace(/(image-set|src|image)\(\s*(["'])(.*?)\2/gis, (rule, name, quote, address) =>
      isOutside(address) ? `${name}(${quote}${quote}` : rule);
}

function sanitizeAttributes(node) {
  for (const { name, localName, value, namespaceURI } of [...node.attributes]) {
    const plain = localName.toLowerCase();
    const isAddress = ADDRESSES.has(plain) || (namespaceURI === XLINK && plain === "href");
    if (plain.startsWith("on") || FORBIDDEN.has(plain)) node.removeAttribute(name);
    else if (plain === "style") node.setAttribute(name, sanitizeStyle(value));
    else if (isAddress && isOutsideList(plain, value)) node.removeAttribute(name);
    else if (/url\s*\(/i.test(value)) node.setAttribute(name, sanitizeStyle(value));
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

const MARKUP = new Set(["application/xhtml+xml", "text/html", "image/svg+xml"]);
const PLAIN = /^(?:image\/(?!svg)|audio\/|video\/|font\/|application\/(?:vnd\.ms-opentype|font-|x-font-))/;

/** One file of a book as it may be displayed: {data, type}; `restyle` has the last word on style sheets, `settle` on pages. */
export function sanitizeFile(data, type, { restyle = (text) => text, settle = () => {} } = {}) {
  if (MARKUP.has(type) || /[/+]xml$/.test(type)) {
    const kind = MARKUP.has(type) ? type : "application/xhtml+xml";
    const doc = parseChapter(data, kind);
    for (const style of doc.querySelectorAll("style")) style.textContent = restyle(style.textContent);
    for (const node of doc.querySelectorAll("[style]")) node.setAttribute("style", restyle(node.getAttribute("style")));
    settle(doc);
    return { data: new XMLSerializer().serializeToString(doc), type: MARKUP.has(type) ? htmlOr(doc, kind) : kind };
  }
  if (type === "text/css") return { data: restyle(sanitizeStyle(data)), type };
  return { data, type: PLAIN.test(type) ? type : "application/octet-stream" };
}

const htmlOr = (doc, kind) => (doc.contentType === "text/html" ? "text/html" : kind);
