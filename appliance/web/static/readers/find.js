// Find in book, for any reader: a form, a list of places, one message when there is none.
import { closeDrawer, config, element, word } from "./shell.js";

const MAX_SHOWN = 200;

/**
 * Connect the find drawer to `search(query, signal)`, an async iterator of {label, before, match, after, go}.
 * A second search stops the first.
 */
export function bindFind(search) {
  const form = element("find-form");
  const list = element("find-list");
  const status = element("find-status");
  let current = null;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const query = element("find-query").value.trim().slice(0, 100);
    current?.abort();
    current = new AbortController();
    list.replaceChildren();
    status.textContent = query ? word("finding") : "";
    if (query) await run(query, current.signal);
  });

  async function run(query, signal) {
    let count = 0;
    let label = null;
    for await (const place of search(query, signal)) {
      if (signal.aborted) return;
      if (place.label && place.label !== label) {
        label = place.label;
        list.append(heading(label));
      }
      list.append(entry(place));
      count += 1;
      status.textContent = word("found", { count });
      if (count >= MAX_SHOWN) break;
    }
    if (signal.aborted || count) return;
    status.textContent = word("find.none.text", { query });
    const link = document.createElement("a");
    link.href = `${config.search}?q=${encodeURIComponent(query)}`;
    link.textContent = word("find.none.button");
    link.className = "btn";
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
}

function heading(label) {
  const item = document.createElement("li");
  item.className = "rfind__head";
  item.textContent = label;
  return item;
}

function entry(place) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const mark = document.createElement("mark");
  mark.textContent = place.match;
  button.type = "button";
  button.append(place.before, mark, place.after);
  button.addEventListener("click", () => {
    if (matchMedia("(max-width: 56rem)").matches) closeDrawer();
    place.go();
  });
  item.append(button);
  return item;
}
