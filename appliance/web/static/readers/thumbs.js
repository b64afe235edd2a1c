// Small pictures of a work, a sheet of them at a time: a book of 2,000 pages never asks for more than one sheet.
import { element, word } from "./shell.js";

/** Fill `list` with links to frames[from…to); `go(number)` runs when one is chosen. */
export function fillThumbs(list, frames, from, to, go) {
  list.replaceChildren(...frames.slice(from, to).map((frame) => {
    const [item, link, image] = ["li", "a", "img"].map((name) => document.createElement(name));
    link.href = `?page=${frame.number}`;
    link.dataset.number = String(frame.number);
    link.title = frame.label;
    if (frame.width && frame.height) [image.width, image.height] = [frame.width, frame.height];
    Object.assign(image, { alt: frame.label, decoding: "async", src: frame.thumb });
    link.append(image);
    if (list.dataset.numbered !== undefined) {
      const number = document.createElement("span");
      number.setAttribute("aria-hidden", "true");
      number.textContent = String(frame.number);
      link.append(number);
    }
    link.addEventListener("click", (event) => {
      event.preventDefault();
      go(frame.number);
    });
    item.append(link);
    return item;
  }));
}

/** Mark the pictures of these numbers as open; the first of them is returned. */
export function markThumbs(list, numbers) {
  let first = null;
  for (const link of list.querySelectorAll("a")) {
    const isOpen = numbers.includes(Number(link.dataset.number));
    if (isOpen) {
      link.setAttribute("aria-current", "true");
      first ??= link;
    } else link.removeAttribute("aria-current");
  }
  return first;
}

/** The drawer of all pages, `size` a sheet, with the way to the sheets before and after. Returns what turns it. */
export function bindSheets(frames, size, go) {
  const [drawer, list] = [element("sheets"), element("sheet")];
  const last = Math.floor((frames.length - 1) / size);
  let shown = -1;
  let open = [1];
  element("sheet-turn").hidden = last === 0;

  function show(sheet) {
    shown = Math.min(Math.max(sheet, 0), last);
    const [from, to] = [shown * size, Math.min((shown + 1) * size, frames.length)];
    fillThumbs(list, frames, from, to, go);
    markThumbs(list, open);
    list.scrollTop = 0;
    element("sheet-range").textContent = word("page_of", { page: `${from + 1}–${to}`, total: frames.length });
    element("sheet-previous").setAttribute("aria-disabled", String(shown === 0));
    element("sheet-next").setAttribute("aria-disabled", String(shown === last));
  }
  element("sheet-previous").addEventListener("click", () => show(shown - 1));
  element("sheet-next").addEventListener("click", () => show(shown + 1));
  const follow = () => {
    if (drawer.hidden) return;
    const sheet = Math.floor((open[0] - 1) / size);
    if (sheet !== shown) show(sheet);
    markThumbs(list, open)?.scrollIntoView({ block: "nearest" });
  };
  drawer.addEventListener("drawer-open", follow);
  return (numbers) => {
    open = numbers;
    follow();
  };
}
