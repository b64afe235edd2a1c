// The reader of scans as books: one page or an opening of two, turned as the book is read.
import { bindBookmarks } from "./bookmarks.js";
import { createLens } from "./lens.js";
import { sayPictureFailure } from "./picture-failure.js";
import { frames } from "./picture-frames.js";
import { prepare } from "./picture-sources.js";
import { createView } from "./picture-view.js";
import {
  bindKeys, closeDrawer, config, element, memory, nameInAddress, opened, place, say, saySentence, word,
} from "./shell.js";
import { canPair, spreadsOf } from "./spreads.js";
import { bindSheets } from "./thumbs.js";

const SHEET = 24;
const ROOM_FOR_TWO = 1.1;
const SCREENFUL = 0.85;
/** From here on a whole leaf would be too small to read: the half where reading begins is looked at first. */
const MUCH_WIDER = 1.8;

const total = frames.length;
const stage = element("stage");
const shiftKey = `shift.${config.item}`;
let page = 1;
let spreads = [];
let two = false;
let shift = memory.get(shiftKey) === true;

const view = createView({
  margin: 0.02,
  rtl: config.rtl,
  onShown,
  onFailed: (frame, error) => {
    stage.dataset.failed = String(frame.number);
    sayPictureFailure(frame, error, { again: () => goTo(page), on: () => turn(1) });
  },
  // In a book that runs from right to left the next page lies at the left.
  onSwipe: (direction) => turn(direction < 0 === config.rtl ? -1 : 1, { atEnd: true }),
});
const lens = createLens(view, (on) => {
  press("lens", on);
  element("lens-off").hidden = !on;
});

// --- Pages

const spreadAt = () => spreads.findIndex((spread) => spread.includes(page - 1));
const numbers = () => (spreads[spreadAt()] ?? []).map((at) => at + 1);

function arrange() {
  const chosen = memory.get("scan.two");
  const possible = canPair(frames);
  two = possible && (chosen ?? stage.clientWidth > stage.clientHeight * ROOM_FOR_TWO);
  spreads = spreadsOf(frames, { two, shift });
  for (const button of document.querySelectorAll("[data-do=two]")) button.hidden = !possible;
  for (const button of document.querySelectorAll("[data-do=shift]")) button.hidden = !two;
  press("two", two);
  press("shift", shift);
}

/** As the reader chose; else whole, or as high as the stage where a wide leaf meets a narrow one, as on a phone. */
function preferredFit(shown) {
  const across = shown.reduce((sum, { width, height }) => sum + (width && height ? width / height : 0), 0);
  const much = across / (stage.clientWidth / stage.clientHeight) > MUCH_WIDER;
  return memory.get("scan.fit") ?? (much ? "height" : "whole");
}

function open(atEnd = false) {
  const spread = numbers();
  const shown = spread.map((number) => frames[number - 1]);
  delete stage.dataset.shown;
  delete stage.dataset.failed;
  view.show(config.rtl ? [...shown].reverse() : shown, preferredFit(shown), atEnd);
  showPlace(spread);
}

function showPlace(spread) {
  const range = spread.length > 1 ? `${spread[0]}–${spread.at(-1)}` : String(spread[0]);
  const text = word("page_of", { page: range, total });
  const labels = spread.map((number) => frames[number - 1].label);
  element("progress").textContent = text;
  const slider = element("position");
  slider.value = String(page);
  slider.setAttribute("aria-valuetext", text);
  for (const field of document.querySelectorAll("[data-jump] input")) {
    if (document.activeElement !== field) field.value = String(page);
  }
  stage.setAttribute("aria-label", [config.title, labels.join(word("credit_join"))].join(" · "));
  stage.dataset.page = String(page);
  stage.dataset.pages = String(total);
  for (const [name, edge] of Object.entries({ previous: spread[0] === 1, next: spread.at(-1) === total })) {
    for (const button of document.querySelectorAll(`[data-do=${name}]`)) {
      button.setAttribute("aria-disabled", String(edge));
    }
  }
  markContents(spread);
  followSheets(spread);
  followMarks();
  place.save({ page });
  nameInAddress(page);
}

function goTo(number, atEnd = false) {
  if (!(Number.isInteger(number) && number >= 1 && number <= total)) {
    saySentence("page_range", null, { total });
    return;
  }
  say("");
  page = number;
  open(atEnd);
}

/** To the next opening or the one before; `atEnd`: back to where the one before is read last. */
function turn(step, { atEnd = false } = {}) {
  const spread = spreads[spreadAt() + step];
  if (spread) goTo(spread[0] + 1, atEnd && step < 0);
  else if (step > 0) saySentence("last_page", () => location.assign(config.detail), {}, "ok");
  else saySentence("first_page", null, {}, "ok");
}

function onShown(slots) {
  opened();
  if (!slots.some((slot) => slot.item)) return;
  // A page whose size nobody knew turns out to be folded out: the openings after it are others.
  const before = JSON.stringify(numbers());
  if (two) {
    spreads = spreadsOf(frames, { two, shift });
    if (JSON.stringify(numbers()) !== before) {
      open();
      return;
    }
  }
  stage.dataset.shown = String(numbers()[0]);
  lens.refill();
  const at = spreadAt();
  const near = [...(spreads[at + 1] ?? []), ...(spreads[at - 1] ?? [])].map((index) => frames[index]);
  prepare(near, stage.clientHeight).then((count) => {
    stage.dataset.prepared = String(count);
  });
}

// --- Tools

function press(name, on) {
  for (const button of document.querySelectorAll(`[data-do=${name}]`)) button.setAttribute("aria-pressed", String(on));
}

function fit(name) {
  memory.set("scan.fit", name);
  view.fitTo(name);
  showFit();
}
const showFit = () => {
  for (const name of ["whole", "width", "height"]) press(name, view.fit === name);
};

function rearrange() {
  arrange();
  open();
}

const tools = {
  previous: () => turn(-1),
  next: () => turn(1),
  two: () => {
    memory.set("scan.two", !two);
    rearrange();
  },
  shift: () => {
    shift = !shift;
    memory.set(shiftKey, shift);
    rearrange();
  },
  lens: () => {
    closeDrawer(false);
    lens.toggle();
    stage.focus();
  },
  "zoom-in": () => (lens.on ? lens.strengthen(1.25) : view.zoomBy(1.5)),
  "zoom-out": () => (lens.on ? lens.strengthen(0.8) : view.zoomBy(1 / 1.5)),
  whole: () => fit("whole"),
  width: () => fit("width"),
  height: () => fit("height"),
  rotate: () => view.rotate(),
};
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => {
    tools[button.dataset.do]();
    showFit();
  });
}
view.viewer.addHandler("zoom", showFit);

const slider = element("position");
slider.max = String(total);
slider.addEventListener("input", () => {
  element("progress").textContent = word("page_of", { page: slider.value, total });
});
slider.addEventListener("change", () => goTo(Number(slider.value)));
for (const form of document.querySelectorAll("[data-jump]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    goTo(Number(form.querySelector("input").value));
    closeDrawer(false);
    stage.focus();
  });
}

function markContents(spread) {
  const lines = [...document.querySelectorAll("#toc-list a[data-number]")];
  const current = lines.filter((line) => Number(line.dataset.number) <= spread.at(-1)).at(-1);
  for (const line of lines) {
    if (line === current) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  }
  element("chapter").textContent = current?.textContent ?? "";
}
for (const line of document.querySelectorAll("#toc-list a[data-number]")) {
  line.addEventListener("click", (event) => {
    event.preventDefault();
    closeDrawer();
    goTo(Number(line.dataset.number));
  });
}
const followSheets = bindSheets(frames, SHEET, (number) => {
  closeDrawer();
  goTo(number);
});
const followMarks = bindBookmarks({
  here: () => ({ page: numbers()[0] }),
  isHere: (mark) => numbers().includes(mark.page),
  label: (mark) => word("page_n", { page: mark.page }),
  go: (mark) => goTo(mark.page),
});

// --- Keys

/** An arrow moves the glass, moves a page that is larger than the stage, or turns towards where it points. */
function sideways(direction) {
  if (lens.on) lens.step(direction, 0);
  else if (!view.fitsAcross()) view.pan(direction * 0.2, 0);
  else turn(direction < 0 === config.rtl ? 1 : -1);
}
function upDown(direction) {
  if (lens.on) lens.step(0, direction);
  else view.pan(0, direction * 0.1);
}
/** A screenful further in the order of reading, or back; past the end of a page the next one comes. */
function read(step) {
  const { left, right, above, below } = view.hidden();
  const [ahead, down] = step > 0 ? [config.rtl ? left : right, below] : [config.rtl ? right : left, above];
  if (down) view.pan(0, (step * SCREENFUL) / view.viewer.viewport.getAspectRatio());
  else if (ahead) view.pan(step * (config.rtl ? -SCREENFUL : SCREENFUL), 0);
  else turn(step, { atEnd: true });
}
bindKeys({
  ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1), ArrowUp: () => upDown(-1), ArrowDown: () => upDown(1),
  PageDown: () => turn(1), PageUp: () => turn(-1), " ": () => read(1), "Shift+ ": () => read(-1),
  Home: () => goTo(1), End: () => goTo(total),
  "+": tools["zoom-in"], "=": tools["zoom-in"], "-": tools["zoom-out"], 0: tools.whole,
  m: tools.lens, M: tools.lens, 2: () => canPair(frames) && tools.two(),
});
addEventListener("resize", () => {
  const before = two;
  const kept = spreads;
  arrange();
  if (two !== before) open();
  else spreads = kept;
});

// --- The first page

arrange();
const remembered = place.load()?.page;
if (config.first) page = config.first;
else if (remembered > 1 && remembered <= total) {
  page = remembered;
  say(word("resume.text", { page }), { kind: "ok", action: { label: word("from_start"), run: () => goTo(1) } });
}
open();
showFit();
