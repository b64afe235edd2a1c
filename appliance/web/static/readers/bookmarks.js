// Bookmarks of the work that is open, for any reader: kept in this tab, listed in the contents drawer.
import { bindKeys, closeDrawer, config, element, memory, say, saySentence, word } from "./shell.js";

const MAX_MARKS = 200;
const KEY = `marks.${config.item}`;

/**
 * Connect the bookmark tools. `here()` gives the place that is shown, any plain value with a `page`; `isHere(mark)` says
 * whether a kept one is shown; `label(mark)` is how it is listed; `go(mark)` goes there. Returns what to call when another
 * place is shown.
 */
export function bindBookmarks({ here, isHere, label, go }) {
  const list = element("marks-list");
  const buttons = [element("bookmark"), element("marks-add")].filter(Boolean);
  let marks = (memory.get(KEY) ?? []).slice(0, MAX_MARKS);
  element("marks").hidden = false;

  function keep(next) {
    marks = next.sort((a, b) => a.page - b.page).slice(0, MAX_MARKS);
    memory.set(KEY, marks);
    fill();
    update();
  }

  function toggle() {
    const kept = marks.filter((mark) => !isHere(mark));
    if (kept.length < marks.length) {
      say("");
      keep(kept);
      return;
    }
    const mark = here();
    keep([...marks, mark]);
    saySentence("bookmark.added", null, { page: mark.page }, "ok");
  }

  function fill() {
    list.replaceChildren(...marks.map((mark) => {
      const [item, way, remove] = ["li", "button", "button"].map((tag) => document.createElement(tag));
      way.type = remove.type = "button";
      way.textContent = label(mark);
      way.addEventListener("click", () => {
        closeDrawer();
        go(mark);
      });
      remove.className = "rmark__remove";
      remove.textContent = "×";
      remove.setAttribute("aria-label", `${word("bookmark_remove")} ${label(mark)}`);
      remove.addEventListener("click", () => {
        keep(marks.filter((other) => other !== mark));
        element("marks-add").focus();
      });
      item.append(way, remove);
      return item;
    }));
  }

  function update() {
    const isMarked = marks.some((mark) => isHere(mark));
    for (const button of buttons) button.setAttribute("aria-pressed", String(isMarked));
    element("marks-add-label").textContent = word(isMarked ? "bookmark_remove" : "bookmark_add");
  }

  for (const button of buttons) button.addEventListener("click", toggle);
  bindKeys({ b: toggle, B: toggle });
  fill();
  update();
  return update;
}
