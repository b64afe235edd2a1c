// What every reader shares: its configuration and words, drawers, theme, messages, keys, the place in the work.

const root = document.documentElement;

export const config = JSON.parse(document.getElementById("reader-config").textContent);
export const element = (id) => document.getElementById(id);

/** The word of `key` with its values filled in; the key itself when the page did not bring it. */
export function word(key, values = {}) {
  return (config.words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// --- What this tab remembers. sessionStorage ends with the tab; 结束使用 empties it at once.

export const memory = {
  get(key) {
    try {
      return JSON.parse(sessionStorage.getItem(`reader.${key}`));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      sessionStorage.setItem(`reader.${key}`, JSON.stringify(value));
    } catch {
      // Storage is full or forbidden: reading goes on without a memory.
    }
  },
};

export const place = {
  load: () => memory.get(`place.${config.item}`),
  save: (value) => memory.set(`place.${config.item}`, value),
};

/** Let the address name the open page, so that a link or a reload comes back to it. */
export function nameInAddress(page) {
  const url = new URL(config.self, location.href);
  if (page > 1) url.searchParams.set("page", String(page));
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // Some browsers allow few changes in a short time: the next page will be named again.
  }
}

// --- Messages

const note = element("note");
let noteAction = null;

/** Show one message; `action` is {label, run}. An empty text takes the message away. */
export function say(text, { action = null, kind = "busy" } = {}) {
  note.hidden = !text;
  note.className = `note rnote k-${kind}`;
  element("note-text").textContent = text;
  const button = element("note-action");
  button.hidden = !action;
  button.textContent = action?.label ?? "";
  noteAction = action?.run ?? null;
}

element("note-action").addEventListener("click", () => {
  const run = noteAction;
  say("");
  run?.();
});
element("note-close").addEventListener("click", () => say(""));

/** Show a sentence that the page brought with its button: {text, button, second}. */
export function saySentence(key, run = null, values = {}, kind = "busy") {
  const text = word(`${key}.text`, values);
  const label = word(`${key}.button`, values);
  const second = word(`${key}.second`, values);
  const space = config.language.startsWith("zh") ? "" : " ";
  const whole = second && second !== `${key}.second` ? `${text}${space}${second}` : text;
  say(whole, { kind, action: run && label && label !== `${key}.button` ? { label, run } : null });
}

/** The last page was there already: on to the next volume, or to where related works stand. */
export function sayLastPage() {
  if (config.nextPart) saySentence("part_end", () => location.assign(config.nextPart), {}, "ok");
  else saySentence("last_page", () => location.assign(config.detail), {}, "ok");
}

let opening = setTimeout(() => say(word("opening")), 5000);

/** The reader shows its first page: the message that it is opening is not needed any more. */
export function opened() {
  if (opening && note.hidden === false && element("note-text").textContent === word("opening")) say("");
  clearTimeout(opening);
  opening = null;
  root.dataset.opened = "";
}

/** Whether bytes did not come because nothing answers (0) or the drive is gone (503); all other failures are damage. */
export const isAway = (error) => error?.status === 503 || error?.status === 0;

/** Why bytes did not come, and what to do about it. */
export function sayFailure(error, { chapter = false, next = null } = {}) {
  opened();
  const again = () => location.reload();
  if (isAway(error)) {
    saySentence(error?.status === 503 ? "drive_gone" : "disconnected", again, {}, "todo");
  } else if (chapter) {
    saySentence("damaged.chapter", next, {}, "todo");
  } else {
    saySentence("damaged.whole", () => location.assign(config.similar), {}, "todo");
  }
}

// --- Drawers: one is open at a time; Escape closes it and the focus goes back to its button.

const drawers = [...document.querySelectorAll("[data-drawer]")];

export function closeDrawer(focus = true) {
  for (const button of drawers) {
    const drawer = element(button.dataset.drawer);
    if (drawer.hidden) continue;
    drawer.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (focus) button.focus();
  }
}

export function openDrawer(name) {
  const button = drawers.find((candidate) => candidate.dataset.drawer === name);
  if (!button) return;
  closeDrawer(false);
  const drawer = element(name);
  drawer.hidden = false;
  button.setAttribute("aria-expanded", "true");
  drawer.dispatchEvent(new CustomEvent("drawer-open"));
  (drawer.querySelector("[autofocus],[aria-current]") ?? drawer.querySelector("button,input,a"))?.focus();
}

for (const button of drawers) {
  button.addEventListener("click", () => {
    if (element(button.dataset.drawer).hidden) openDrawer(button.dataset.drawer);
    else closeDrawer();
  });
}
for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => closeDrawer());

// --- Theme: night for this tab; the display page sets it for good.

const daylight = root.dataset.theme === "night" ? "paper" : root.dataset.theme;
const themeListeners = [];

export const isNight = () =>
  root.dataset.theme === "night" ||
  (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);

export const onTheme = (listener) => themeListeners.push(listener);

function setTheme(theme) {
  root.dataset.theme = theme;
  const button = element("night");
  if (button) button.setAttribute("aria-pressed", String(isNight()));
  for (const listener of themeListeners) listener(isNight());
}

element("night")?.addEventListener("click", () => {
  const theme = isNight() ? daylight : "night";
  memory.set("theme", theme);
  setTheme(theme);
});

// --- Keys

const keys = new Map();

/** Bind keys by their `KeyboardEvent.key`, with "Shift+" before it where it matters. */
export function bindKeys(bindings) {
  for (const [name, run] of Object.entries(bindings)) keys.set(name, run);
}

/** Handle a key press of this page or of a book's page inside it. */
export function handleKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    closeDrawer();
    return;
  }
  const target = event.target;
  if (target?.closest?.("input, textarea, select, [contenteditable]")) return;
  if (event.key === " " && target?.closest?.("button, a")) return;
  const run = (event.shiftKey && keys.get(`Shift+${event.key}`)) || keys.get(event.key);
  if (!run) return;
  event.preventDefault();
  run();
}

document.addEventListener("keydown", handleKey);

// --- Whole screen

export const fullScreenPossible = Boolean(document.fullscreenEnabled);
const fullButton = element("full");
if (fullButton) {
  fullButton.hidden = !fullScreenPossible;
  fullButton.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else root.requestFullscreen();
  });
  document.addEventListener("fullscreenchange", () => {
    fullButton.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  });
}

// --- Swipes and taps of a stage: a sideways swipe or a tap near an edge turns the page.

export function bindTouch(stage, { left, right, isFree = () => true }) {
  let start = null;
  stage.addEventListener("pointerdown", (event) => {
    start = event.pointerType === "mouse" || !event.isPrimary ? null : { x: event.clientX, y: event.clientY };
  });
  stage.addEventListener("pointerup", (event) => {
    if (!start || !event.isPrimary || !isFree()) return;
    const dx = event.clientX - start.x;
    const dy = event.clientY - start.y;
    start = null;
    if (Math.abs(dx) > 60 && Math.abs(dx) > 2 * Math.abs(dy)) (dx > 0 ? left : right)();
  });
}

root.dataset.script = "on";
const remembered = memory.get("theme");
setTheme(["paper", "night", "contrast", "auto"].includes(remembered) ? remembered : root.dataset.theme);
