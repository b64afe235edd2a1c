// Bookmarks of the open work, kept in this tab's memory; 结束使用 forgets them.
import { closeDrawer, config, element, memory, say, word } from "./shell.js";

const key = `marks.${config.item}`;

/** Bind #mark and the list of bookmarks in the contents drawer; `go(page)` opens one. Returns what follows the page. */
export function bindBookmarks(go) {
  let marks = memory.get(key) ?? [];
  let open = [1];

  function show() {
    element("mark").setAttribute("aria-pressed", String(open.some((page) => marks.includes(page))));
    element("marks").hidden = !marks.length;
    element("marks-list").replaceChildren(...marks.map((page) => {
      const [item, button] = [document.createElement("li"), document.createElement("button")];
      button.type = "button";
      button.textContent = word("page_n", { page });
      button.addEventListener("click", () => {
        closeDrawer();
        go(page);
      });
      item.append(button);
      return item;
    }));
  }

  element("mark").addEventListener("click", () => {
    const there = marks.filter((page) => open.includes(page));
    if (there.length) {
      marks = marks.filter((page) => !open.includes(page));
      say("");
    } else {
      marks = [...marks, open[0]].sort((a, b) => a - b);
      say(word("bookmark.added.text", { page: open[0] }), { kind: "ok" });
    }
    memory.set(key, marks);
    show();
  });
  return (numbers) => {
    open = numbers;
    show();
  };
}
