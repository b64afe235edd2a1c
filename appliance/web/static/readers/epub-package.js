// The package document of a book, mended before foliate-js reads it: what it leaves out, and what this reader decides.

const SHOWN = /^(?:application\/xhtml\+xml|text\/html|image\/(?:svg\+xml|png|jpeg|gif|webp|avif))$/i;
const RIGHT_TO_LEFT = /^(?:ar|fa|he|iw|ps|sd|ug|ur|yi|dv|ckb)(?:-|$)|^(?:kk-(?:arab|cn)|ky-arab|ku-arab|pa-arab|uz-arab)\b/i;
const STRONG_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/g;
const STRONG_LEFT = /[A-Za-z\u00c0-\u024f\u0370-\u052f\u0900-\u1fff\u2e80-\ud7ff\uf900-\ufaff]/g;
const LATIN = /[A-Za-z\u00c0-\u024f]/g;
const MAX_CHAIN = 20;
const MAX_LOOKED_AT = 4000;

/** Whether this reader shows a file of that type as a chapter. */
export const isShown = (type) => SHOWN.test(type ?? "");

/**
 * The package document with the chapters that this reader can show: of a type that it does not know, and of a page that
 * lives by its scripts, the fallback that the book names; and with the direction in which its language turns pages.
 */
export function settlePackage(text) {
  const doc = new DOMParser().parseFromString(text, "application/xml");
  const spine = first(doc, "spine");
  if (doc.querySelector("parsererror") || !spine) return text;
  const items = new Map(all(doc, "item").map((item) => [item.getAttribute("id"), item]));
  for (const reference of all(spine, "itemref")) {
    const item = items.get(reference.getAttribute("idref"));
    const shown = item && fallback(item, items);
    if (shown && shown !== item) reference.setAttribute("idref", shown.getAttribute("id"));
  }
  const direction = spine.getAttribute("page-progression-direction");
  if (direction !== "rtl" && direction !== "ltr") {
    spine.removeAttribute("page-progression-direction");
    const language = first(doc, "language")?.textContent.trim() ?? "";
    if (RIGHT_TO_LEFT.test(language)) spine.setAttribute("page-progression-direction", "rtl");
  }
  return new XMLSerializer().serializeToString(doc);
}

function fallback(item, items) {
  const isScripted = (candidate) => /(^|\s)scripted(\s|$)/.test(candidate.getAttribute("properties") ?? "");
  let found = item;
  for (let step = 0; step < MAX_CHAIN; step += 1) {
    if (isShown(found.getAttribute("media-type")) && !isScripted(found)) return found;
    const next = items.get(found.getAttribute("fallback"));
    if (!next) break;
    found = next;
  }
  return isShown(found.getAttribute("media-type")) ? found : item;
}

const all = (parent, name) => [...parent.getElementsByTagNameNS("*", name)];
const first = (parent, name) => parent.getElementsByTagNameNS("*", name)[0];

/**
 * Language and direction of a chapter that names none: unknown, and as its own letters run. Without this foliate-js gives
 * it those of the package, which the standard forbids. `data-script` says whether its letters are Latin.
 */
export function settleText(doc) {
  const { documentElement: root, body } = doc;
  if (root.localName !== "html") return;
  if (!root.getAttribute("lang") && !root.getAttribute("xml:lang")) root.setAttribute("lang", "und");
  const text = (body?.textContent ?? "").slice(0, MAX_LOOKED_AT);
  const count = (letters) => text.match(letters)?.length ?? 0;
  const [latin, left, right] = [count(LATIN), count(STRONG_LEFT), count(STRONG_RIGHT)];
  if (latin > (left + right) / 2) root.setAttribute("data-script", "latin");
  if (!root.getAttribute("dir") && !body?.getAttribute("dir")) root.setAttribute("dir", right > left ? "rtl" : "ltr");
}
