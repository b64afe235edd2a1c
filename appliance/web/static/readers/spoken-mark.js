// The words that are being spoken, marked in a book's page: as the book wishes where that can be read, else as we do.
import { spokenStyles } from "./epub-styles.js";

const MARK = "data-spoken";
const MIN_CONTRAST = 3;
const LOOKS = ["color", "background-color", "text-decoration-line", "outline-style", "border-bottom-style", "font-weight"];
const sheets = new Map();
let lit = null;

/** Put our rules for spoken words into a page of a book; they follow the theme until the page goes. */
export function dressPage(doc) {
  const style = doc.createElement("style");
  style.textContent = spokenStyles();
  (doc.head ?? doc.documentElement).append(style);
  for (const old of sheets.keys()) if (!old.defaultView) sheets.delete(old);
  sheets.set(doc, style);
}

/** The theme changed: the rules with it, and the mark that stands. */
export function dressAgain(isPlain) {
  for (const style of sheets.values()) style.textContent = spokenStyles();
  if (lit) light(lit.node, lit.wishes, isPlain);
}

/**
 * Mark `node` and nothing else. `wishes` are the classes that the book names, {active, playing}; `isPlain` says that the
 * page's colours are ours to choose, as at night.
 */
export function light(node, wishes, isPlain) {
  unlight();
  lit = { node, wishes, isPlain };
  const before = look(node);
  change("add", lit);
  const after = look(node);
  const differs = Object.keys(after).some((name) => after[name] !== before[name]);
  if (isPlain || !differs || contrast(node) < MIN_CONTRAST) node.setAttribute(MARK, "");
}

/** Take the mark away. */
export function unlight() {
  if (!lit) return;
  lit.node.removeAttribute(MARK);
  change("remove", lit);
  lit = null;
}

function change(action, { node, wishes, isPlain }) {
  node.classList[action](...wishes.active);
  // What the book does to the words around, greyed as a rule, is left to pages by day.
  if (action === "remove" || !isPlain) node.ownerDocument.documentElement.classList[action](...wishes.playing);
}

function look(node) {
  const style = getComputedStyle(node);
  return Object.fromEntries(LOOKS.map((name) => [name, style.getPropertyValue(name)]));
}

function contrast(node) {
  const ink = luminance(getComputedStyle(node).color);
  let ground = null;
  for (let at = node; at && ground === null; at = at.parentElement) ground = luminance(getComputedStyle(at).backgroundColor);
  ground ??= luminance(getComputedStyle(document.getElementById("stage")).backgroundColor) ?? 1;
  const [dark, bright] = [ink ?? 0, ground].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

/** Relative luminance of a computed colour; null where it lets through what lies below. */
function luminance(colour) {
  const [red, green, blue, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  if (blue === undefined || alpha < 0.5) return null;
  const linear = (value) => (value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
