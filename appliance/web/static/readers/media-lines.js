// Reading along: the captions of the part as lines of text, the one that is said marked, a press goes to it.

import { clock, element, memory, player } from "./media-page.js";

const MOST = 5000;
const LEFT_ALONE = 5000;
const toggle = element("lines-toggle");
const panel = element("lines");
const list = element("line-list");

let wanted = null;
let starts = [];
let current = -1;
let touched = 0;

function lineOf({ startTime, text }) {
  const [item, button, time, words] = ["li", "button", "small", "span"].map((tag) => document.createElement(tag));
  button.type = "button";
  [button.dataset.start, time.textContent, words.textContent] = [startTime, clock(startTime), text];
  button.append(time, words);
  item.append(button);
  return item;
}

function fill(cues) {
  const lines = [...cues].slice(0, MOST).map((cue) => ({ startTime: cue.startTime, text: cue.getCueAsHTML().textContent }));
  starts = lines.map(({ startTime }) => startTime);
  current = -1;
  list.replaceChildren(...lines.map(lineOf));
  toggle.hidden = lines.length === 0;
  panel.hidden = panel.hidden || lines.length === 0;
  mark();
}

/** The captions as a track of their own, so that it does not matter which ones are shown. */
function load() {
  for (const old of player.querySelectorAll("track[kind=metadata]")) old.remove();
  list.replaceChildren();
  starts = [];
  if (!wanted) return;
  const track = document.createElement("track");
  track.kind = "metadata";
  track.src = wanted.url;
  track.addEventListener("load", () => fill(track.track.cues));
  track.addEventListener("error", () => fill([]));
  player.append(track);
  track.track.mode = "hidden";
  list.lang = wanted.language;
}

function mark() {
  let at = -1;
  while (at + 1 < starts.length && starts[at + 1] <= player.currentTime + 0.2) at += 1;
  if (at === current) return;
  list.children[current]?.firstChild.removeAttribute("aria-current");
  current = at;
  const line = list.children[at];
  line?.firstChild.setAttribute("aria-current", "true");
  // Who leafs through the lines is left alone.
  if (!line || Date.now() - touched < LEFT_ALONE || list.querySelector(":focus-visible")) return;
  list.scrollTop = line.offsetTop - (list.clientHeight - line.offsetHeight) / 2;
}

function show(open) {
  panel.hidden = !open;
  toggle.setAttribute("aria-expanded", String(open));
  document.querySelector(".rmedia").toggleAttribute("data-lines", open);
  if (open) load();
}

/** The lines of a part are those of this track, {url, language}; null when it has none. */
export function setLines(track) {
  if (track?.url === wanted?.url && track) return;
  wanted = track;
  toggle.hidden = !track;
  show(Boolean(track) && memory.get("lines") === true);
}

toggle.addEventListener("click", () => {
  const open = panel.hidden;
  memory.set("lines", open);
  show(open);
});
list.addEventListener("click", (event) => {
  const line = event.target.closest("button");
  if (!line) return;
  touched = 0;
  player.currentTime = Number(line.dataset.start);
  player.play().catch(() => {});
});
for (const name of ["wheel", "touchmove", "pointerdown"]) {
  list.addEventListener(name, () => { touched = Date.now(); }, { passive: true });
}
for (const name of ["timeupdate", "seeked"]) player.addEventListener(name, mark);
