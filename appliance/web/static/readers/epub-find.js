// Find in a book: chapter by chapter, in the cleaned text that the reader shows.
import { bindFind, ring } from "./find.js";

const CONTEXT = 24;
const MAX_A_CHAPTER = 60;
const ROOM = 60;
const PREFIX = "foliate-search:";

/** Connect the find drawer to an open view; gives a function that goes to the first of some words from a chapter on. */
export function bindBookFind(view) {
  let marked = [];
  async function* search(query, signal, from = 0) {
    for (const value of marked) view.deleteAnnotation({ value }).catch(() => {});
    marked = [];
    for (const index of ring(0, view.book.sections.length - 1, from)) {
      if (signal.aborted) return;
      let doc;
      try {
        doc = await view.book.sections[index].createDocument();
      } catch {
        continue;
      }
      for (const { range, ...excerpt } of matches(doc, query)) {
        const cfi = view.getCFI(index, range);
        const label = view.getProgressOf(index, range).tocItem?.label?.trim() ?? "";
        yield { label, ...excerpt, go: () => go(cfi) };
      }
    }
  }
  async function go(cfi) {
    const value = PREFIX + cfi;
    await (view.renderer.scrolled ? scrollTo(view, cfi) : view.goTo(cfi));
    if (marked.includes(value)) return;
    marked.push(value);
    view.addAnnotation({ value }).catch(() => {});
  }
  return bindFind(search);
}

/** In a scrolled book foliate stops at the very line, half behind the edge: it is asked for the line with room around. */
function scrollTo(view, cfi) {
  const { index, anchor } = view.resolveCFI(cfi);
  const withRoom = (doc) => {
    const range = anchor(doc);
    const grown = ({ left, top, width, height }) =>
      new DOMRect(left - ROOM, top - ROOM, width + 2 * ROOM, height + 2 * ROOM);
    return { getClientRects: () => [...range.getClientRects()].map(grown) };
  };
  return view.renderer.goTo({ index, anchor: withRoom });
}

/** Places of `query` in the text of a chapter; line breaks between elements do not count as text. */
export function* matches(doc, query) {
  if (!doc.body) return;
  const nodes = [];
  const starts = [];
  let text = "";
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_CDATA_SECTION);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (/^(style|script|rt|rp|title)$/i.test(node.parentNode.localName)) continue;
    nodes.push(node);
    starts.push(text.length);
    text += node.data;
  }
  const [haystack, needle] = [fold(text), fold(query)];
  let at = haystack.indexOf(needle);
  for (let count = 0; at >= 0 && count < MAX_A_CHAPTER; count += 1) {
    const end = at + needle.length;
    const range = doc.createRange();
    range.setStart(...locate(nodes, starts, at));
    range.setEnd(...locate(nodes, starts, end - 1, 1));
    yield {
      range,
      before: text.slice(Math.max(0, at - CONTEXT), at).replace(/\s+/g, " "),
      match: text.slice(at, end),
      after: text.slice(end, end + CONTEXT).replace(/\s+/g, " "),
    };
    at = haystack.indexOf(needle, end);
  }
}

// Folding keeps the length: offsets in the folded text are offsets in the text.
const fold = (text) => text.replace(/[A-ZＡ-Ｚ０-９ａ-ｚ]/g, (c) =>
  (c > "\uff00" ? String.fromCharCode(c.charCodeAt(0) - 0xfee0) : c).toLowerCase());

function locate(nodes, starts, at, extra = 0) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= at) low = middle;
    else high = middle - 1;
  }
  return [nodes[low], at - starts[low] + extra];
}
