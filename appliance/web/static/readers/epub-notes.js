// Notes of a book: pressed, a note is read where the reader is; the way to it stays open.
import { say, word } from "./shell.js";

const EPUB = "http://www.idpf.org/2007/ops";
const MAX_NOTE = 600;

/** Show the text of a note instead of going there. */
export function bindNotes(view) {
  view.addEventListener("link", (event) => {
    const { a, href } = event.detail;
    if (!isReference(a)) return;
    event.preventDefault();
    const go = () => view.goTo(href);
    read(view, href).then((text) => {
      if (text) say(text, { kind: "ok", action: { label: word("note_go"), run: go } });
      else go();
    }, go);
  });
}

const isReference = (a) =>
  /(^|\s)noteref(\s|$)/.test(a.getAttributeNS(EPUB, "type") ?? a.getAttribute("epub:type") ?? "") ||
  a.getAttribute("role") === "doc-noteref";

async function read(view, href) {
  const { index, anchor } = view.book.resolveHref(href);
  const node = anchor(await view.book.sections[index].createDocument());
  if (!node?.textContent) return "";
  const text = node.textContent.replace(/\s+/g, " ").trim();
  return text.length > MAX_NOTE ? `${text.slice(0, MAX_NOTE)}……` : text;
}
