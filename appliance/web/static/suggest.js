// Suggestions under the search box: an editable combobox with a list (WAI-ARIA 1.2). Without this script the box is a
// plain form, and it stays one: whatever goes wrong here, 检索 sends what is written.

const WAIT = 120; // milliseconds without a key before the box is asked
const KEPT = 60; // answers kept, so that going back a letter asks nobody
const LONGEST = 64;

for (const form of document.querySelectorAll("form[data-suggest]")) bind(form);

function bind(form) {
  const field = form.querySelector("input[name=q]");
  const words = form.dataset;
  const list = document.createElement("ul");
  const status = document.createElement("span");
  const answers = new Map();
  let shown = [];
  let active = -1;
  let timer = 0;
  let asking = null;
  let dismissed = "";

  list.id = `${field.id}-suggestions`;
  list.className = "suggest";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", words.list);
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  form.append(list, status);
  field.type = "text"; // a combobox may not be of the type search
  for (const [name, value] of [
    ["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id],
    ["aria-haspopup", "listbox"],
  ]) field.setAttribute(name, value);

  // While an input method composes, what stands in the box are letters: they are asked for like any others.
  field.addEventListener("input", () => {
    dismissed = "";
    later();
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return; // the keys belong to the input method
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (list.hidden) {
        dismissed = "";
        ask();
      } else if (event.altKey) close();
      else move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      dismissed = written();
      close();
    } else if (event.key === "Enter" && active >= 0 && !list.hidden) {
      event.preventDefault();
      choose(active);
    } else if (event.key === "Tab") close();
  });
  field.addEventListener("blur", () => {
    stop();
    close();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose([...list.children].indexOf(option));
  });
  form.addEventListener("submit", () => {
    stop();
    close();
  });
  window.addEventListener("pagehide", close);

  function written() {
    return field.value.trim().slice(0, LONGEST);
  }

  function stop() {
    window.clearTimeout(timer);
    asking?.abort();
    asking = null;
  }

  function later() {
    stop();
    if (!written()) close();
    else timer = window.setTimeout(ask, answers.has(written()) ? 0 : WAIT);
  }

  async function ask() {
    stop();
    const typed = written();
    if (!typed || typed === dismissed) return;
    if (!answers.has(typed)) {
      asking = new AbortController();
      try {
        const answer = await fetch(`${words.suggest}?q=${encodeURIComponent(typed)}`, {
          signal: asking.signal,
          headers: { Accept: "application/json" },
        });
        if (!answer.ok) return close();
        const found = (await answer.json()).suggestions;
        if (answers.size >= KEPT) answers.delete(answers.keys().next().value);
        answers.set(typed, Array.isArray(found) ? found.slice(0, 8) : []);
      } catch {
        return; // stopped by another key, or the box does not answer
      }
    }
    if (typed === written() && document.activeElement === field) show(answers.get(typed), typed);
  }

  function show(found, typed) {
    shown = found.filter((one) => typeof one.text === "string" && one.text);
    active = -1;
    list.replaceChildren(...shown.map((one, place) => option(one, place, typed)));
    list.scrollTop = 0;
    select(-1);
    list.hidden = !shown.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = shown.length ? words.count.replace("{count}", shown.length) : words.none;
  }

  function option(one, place, typed) {
    const item = document.createElement("li");
    const text = document.createElement("span");
    const kind = document.createElement("small");
    item.id = `${list.id}-${place}`;
    item.setAttribute("role", "option");
    text.dir = "auto";
    const start = one.text.toLowerCase().indexOf(typed.toLowerCase());
    if (start >= 0) {
      const found = document.createElement("b");
      found.textContent = one.text.slice(start, start + typed.length);
      text.append(one.text.slice(0, start), found, one.text.slice(start + typed.length));
    } else text.textContent = one.text;
    kind.textContent = words[one.kind] ?? "";
    item.append(text, " ", kind);
    return item;
  }

  function move(step) {
    const count = shown.length;
    // One step beyond either end is the box itself.
    select(((active + 1 + step + count + 1) % (count + 1)) - 1);
  }

  function select(place) {
    active = place;
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === place)));
    const item = list.children[place];
    if (item) {
      field.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    field.value = shown[place].text;
    close();
    form.requestSubmit();
  }

  function close() {
    list.hidden = true;
    active = -1;
    field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-expanded", "false");
    status.textContent = "";
  }
}
