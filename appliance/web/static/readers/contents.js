// The contents drawer: a nested list of buttons, the current one marked.
import { closeDrawer, element, word } from "./shell.js";

const MAX_ENTRIES = 3000;
const MAX_DEPTH = 6;

/**
 * Fill the drawer from `entries` of {label, key, children, go}. Returns a function that marks the entry of a key.
 * An empty list shows one line that says so.
 */
export function fillContents(entries) {
  const list = element("toc-list");
  const buttons = new Map();
  let count = 0;

  function build(parent, children, depth) {
    for (const entry of children) {
      if ((count += 1) > MAX_ENTRIES) return;
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.dir = "auto";
      button.textContent = (entry.label ?? "").trim().slice(0, 300) || word("untitled");
      button.addEventListener("click", () => {
        closeDrawer();
        entry.go();
      });
      item.append(button);
      if (entry.key != null && !buttons.has(entry.key)) buttons.set(entry.key, button);
      if (entry.children?.length && depth < MAX_DEPTH) {
        const sub = document.createElement("ol");
        build(sub, entry.children, depth + 1);
        item.append(sub);
      }
      parent.append(item);
    }
  }

  build(list, entries, 1);
  element("toc-empty").hidden = count > 0;
  return (key) => {
    for (const button of list.querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
    buttons.get(key)?.setAttribute("aria-current", "true");
  };
}
