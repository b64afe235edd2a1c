// What the player's modules share: the page's configuration and words, what the tab remembers, the one message.

export const config = JSON.parse(document.getElementById("reader-config").textContent);
export const element = (id) => document.getElementById(id);
export const player = element("player");

/** The word of `key` with its values filled in. */
export function word(key, values = {}) {
  return (config.words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A place in a recording: 12:05, 1:02:05. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** sessionStorage, which ends with the tab; 结束使用 empties it at once. */
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
      if (value === null) sessionStorage.removeItem(`reader.${key}`);
      else sessionStorage.setItem(`reader.${key}`, JSON.stringify(value));
    } catch {
      // Storage is full or forbidden: playing goes on without a memory.
    }
  },
};

const note = element("note");
const buttons = [element("note-action"), element("note-second")];
let runs = [];

/** Show one message with up to two buttons, {label, run} each; an empty text takes it away. */
export function say(text, { actions = [], kind = "busy" } = {}) {
  note.className = `note rnote k-${kind}`;
  element("note-text").textContent = text;
  runs = actions;
  buttons.forEach((button, n) => {
    button.hidden = !actions[n]?.label;
    button.textContent = actions[n]?.label ?? "";
  });
  note.hidden = !text;
  if (text && kind === "todo") note.scrollIntoView({ block: "nearest" });
}

buttons.forEach((button, n) => button.addEventListener("click", () => {
  const run = runs[n]?.run;
  say("");
  run?.();
}));

/** A sentence of the reviewed file with its second line. */
export function sentence(key, values = {}) {
  const parts = [word(`${key}.text`, values), word(`${key}.second`, values)].filter((text) => !text.endsWith(".second"));
  return parts.filter(Boolean).join(config.language.startsWith("zh") ? "" : " ");
}
