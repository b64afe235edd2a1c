// Find in a document: places in its text, page by page, marked by pdf.js on the pages that are shown.
import { bindFind, ring } from "./find.js";
import { word } from "./shell.js";

const CONTEXT = 24;
const MAX_A_PAGE = 200;
const LETTER = /[\p{L}\p{N}]/u;
const NO_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}]/u;

/**
 * Text as it is compared: case, width, ligatures and accents fold; of spaces and line ends only those between words of a
 * script that has spaces stay. `starts` and `ends` hold for every character its place in the pieces as they came.
 */
export function folded(pieces) {
  const [letters, starts, ends] = [[], [], []];
  let offset = 0;
  let gap = false;
  const put = (letter, start, end) => {
    letters.push(letter);
    starts.push(start);
    ends.push(end);
  };
  for (const { str = "", hasEOL = false } of pieces) {
    for (const character of str) {
      const end = offset + character.length;
      if (/\s/.test(character)) gap = true;
      else {
        const plain = character.normalize("NFKC").toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
        const before = letters.at(-1);
        if (gap && before && isSpaced(before) && isSpaced(plain)) put(" ", offset, offset);
        gap = false;
        for (const letter of plain) put(letter, offset, end);
      }
      offset = end;
    }
    // A word that a line end breaks is one word.
    if (hasEOL && letters.at(-1) === "-") for (const list of [letters, starts, ends]) list.pop();
    else gap ||= hasEOL;
  }
  return { letters, starts, ends };
}

const isSpaced = (letter) => LETTER.test(letter) && !NO_SPACES.test(letter);

/** Places of `needle` (letters) in a page's `text`, as {start, length} in the pieces as they came. */
export function placesOf(needle, text) {
  const found = [];
  const { letters, starts, ends } = text;
  if (!needle.length) return found;
  for (let at = 0; at + needle.length <= letters.length && found.length < MAX_A_PAGE; at += 1) {
    if (needle.every((letter, k) => letters[at + k] === letter)) {
      const last = at + needle.length - 1;
      found.push({ start: starts[at], length: ends[last] - starts[at] });
      at = last;
    }
  }
  return found;
}

/** What pdf.js asks of a find controller when it marks a page, and nothing else of one. */
class Marks {
  pageMatches = [];
  pageMatchesLength = [];
  highlightMatches = false;
  selected = { pageIdx: -1, matchIdx: -1 };
  state = { highlightAll: true };
  #wanted = false;

  constructor(eventBus) {
    this.eventBus = eventBus;
  }

  setDocument() {}

  clear() {
    this.pageMatches = [];
    this.pageMatchesLength = [];
    this.highlightMatches = false;
    this.selected = { pageIdx: -1, matchIdx: -1 };
    this.#draw(-1);
  }

  put(page, places) {
    this.pageMatches[page - 1] = places.map(({ start }) => start);
    this.pageMatchesLength[page - 1] = places.map(({ length }) => length);
    this.highlightMatches = true;
    this.#draw(page - 1);
  }

  select(page, index) {
    const before = this.selected.pageIdx;
    this.selected = { pageIdx: page - 1, matchIdx: index };
    this.#wanted = true;
    if (before >= 0 && before !== page - 1) this.#draw(before);
    this.#draw(page - 1);
  }

  /** pdf.js has marked the selected place on its page: it is brought into view once. */
  scrollMatchIntoView({ element, pageIndex, matchIndex }) {
    if (!this.#wanted || !element || pageIndex !== this.selected.pageIdx || matchIndex !== this.selected.matchIdx) return;
    this.#wanted = false;
    requestAnimationFrame(() => element.scrollIntoView({ block: "center", inline: "nearest" }));
  }

  #draw(pageIndex) {
    this.eventBus.dispatch("updatetextlayermatches", { source: this, pageIndex });
  }
}

/**
 * A find for the viewer that is being made: `marks` belongs to its options, `connect` to the open document; it gives a
 * function that goes to the first of some words from a page on.
 */
export function makeFind(eventBus) {
  const marks = new Marks(eventBus);
  return { marks, connect: (doc, goTo) => connect(marks, doc, goTo) };
}

function connect(marks, doc, goTo) {
  async function* search(query, signal, from = 1) {
    marks.clear();
    const needle = folded([{ str: query }]).letters;
    for (const page of ring(1, doc.numPages, from)) {
      if (signal.aborted) return;
      let pieces = [];
      try {
        // The same pieces as on the page's layer of text, for their places are counted there.
        const content = await (await doc.getPage(page)).getTextContent({ disableNormalization: true });
        pieces = content.items.filter(({ str }) => str !== undefined);
      } catch {
        continue;
      }
      if (signal.aborted) return;
      const places = placesOf(needle, folded(pieces));
      if (!places.length) continue;
      marks.put(page, places);
      const text = pieces.map(({ str }) => str).join("");
      for (const [index, { start, length }] of places.entries()) {
        yield {
          label: word("page_n", { page }),
          before: text.slice(Math.max(0, start - CONTEXT), start),
          match: text.slice(start, start + length),
          after: text.slice(start + length, start + length + CONTEXT),
          go: () => {
            goTo(page);
            marks.select(page, index);
          },
        };
      }
    }
  }
  return bindFind(search, { clear: () => marks.clear() });
}
