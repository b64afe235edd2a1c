// The find drawer: places in a list under the headings they stand in, and a strip that goes from one to the next.
import { bindKeys, closeDrawer, config, element, openDrawer, word } from "./shell.js";

const MAX_SHOWN = 200;

/**
 * Connect the find drawer to `search(query, signal, from)`, an async iterator of {label, before, match, after, go}.
 * A second search stops the first; `clear` takes away what a search has marked. `from` is where to begin, for the words
 * that the address asks for; otherwise the beginning. Gives a function that finds words from a place on and shows the
 * first one.
 */
export function bindFind(search, { clear = () => {} } = {}) {
  const [form, field, list, status, strip] = ["find-form", "find-query", "find-list", "find-status", "hits"].map(element);
  let current = null;
  let asked = "";
  let places = [];
  let at = -1;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const query = field.value.trim().slice(0, 100);
    if (query && query === asked && places.length) {
      step(1);
      return;
    }
    forget();
    asked = query;
    status.textContent = query ? word("finding") : "";
    if (!query) return;
    current = new AbortController();
    await run(query, current.signal);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey || !places.length) return;
    event.preventDefault();
    step(-1);
  });
  element("hit-previous").addEventListener("click", () => step(-1));
  element("hit-next").addEventListener("click", () => step(1));
  element("hit-close").addEventListener("click", () => {
    field.value = "";
    forget();
    element("find-button").focus();
  });
  bindKeys({ F3: () => step(1), "Shift+F3": () => step(-1) });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "f" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    // The browser's own find sees the pages that are drawn and no others.
    event.preventDefault();
    openDrawer("find");
    field.select();
  });

  /** Go to the first place of `query` from `from` on, in the order of the work, its end joined to its beginning. */
  async function land(query, from) {
    forget();
    field.value = asked = query;
    status.textContent = word("finding");
    current = new AbortController();
    await run(query, current.signal, from, true);
  }

  function forget() {
    current?.abort();
    clear();
    list.replaceChildren();
    status.textContent = "";
    strip.hidden = true;
    [asked, places, at] = ["", [], -1];
  }

  async function run(query, signal, from, shows = false) {
    let label = null;
    for await (const place of search(query, signal, from)) {
      if (signal.aborted) return;
      if (place.label && place.label !== label) {
        label = place.label;
        list.append(heading(label));
      }
      const index = places.length;
      const item = entry(place, () => {
        if (matchMedia("(max-width: 56rem)").matches) closeDrawer();
        show(index);
      });
      list.append(item);
      places.push({ go: place.go, button: item.firstChild });
      status.textContent = word("found", { count: places.length });
      if (shows && index === 0) show(0);
      if (at >= 0) showCount();
      if (places.length < MAX_SHOWN) continue;
      status.textContent = word("found_first", { count: MAX_SHOWN });
      break;
    }
    if (!signal.aborted && !places.length) none(query);
  }

  function step(by) {
    if (places.length) show((Math.max(at, by > 0 ? -1 : 0) + by + places.length) % places.length);
  }

  function show(index) {
    places[at]?.button.removeAttribute("aria-current");
    at = index;
    places[at].button.setAttribute("aria-current", "true");
    places[at].button.scrollIntoView({ block: "nearest" });
    showCount();
    strip.hidden = false;
    places[at].go();
  }

  function showCount() {
    element("hit-now").textContent = word("hit_of", { n: at + 1, count: places.length });
  }

  function none(query) {
    status.textContent = word("find.none.text", { query });
    const link = document.createElement("a");
    link.href = `${config.search}?q=${encodeURIComponent(query)}`;
    link.textContent = word("find.none.button");
    link.className = "btn";
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }

  return land;
}

/** The numbers `first` to `last` in a ring that begins with `from`. */
export function* ring(first, last, from) {
  const start = from >= first && from <= last ? from : first;
  for (let number = start; number <= last; number += 1) yield number;
  for (let number = first; number < start; number += 1) yield number;
}

function heading(label) {
  const item = document.createElement("li");
  item.className = "rfind__head";
  item.textContent = label;
  return item;
}

function entry(place, run) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const mark = document.createElement("mark");
  mark.textContent = place.match;
  button.type = "button";
  button.append(place.before, mark, place.after);
  button.addEventListener("click", run);
  item.append(button);
  return item;
}
