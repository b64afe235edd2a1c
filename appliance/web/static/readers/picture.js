// The reader of pictures: one at a time in a dark hall, a strip of its neighbours below, our own buttons.
import { createLens } from "./lens.js";
import { sayPictureFailure } from "./picture-failure.js";
import { frames } from "./picture-frames.js";
import { prepare } from "./picture-sources.js";
import { createView } from "./picture-view.js";
import { bindKeys, config, element, memory, nameInAddress, opened, place, say, saySentence, word } from "./shell.js";
import { fillThumbs, markThumbs } from "./thumbs.js";

const STRIP = 40;

const total = frames.length;
const stage = element("stage");
const strip = element("strip");
const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
let current = 0;
let stripFrom = -1;

const view = createView({
  navigator: true,
  rtl: config.rtl,
  onShown: () => {
    opened();
    stage.dataset.shown = String(current + 1);
    lens.refill();
    prepare([frames[current + 1], frames[current - 1]].filter(Boolean), stage.clientHeight);
  },
  onFailed: (frame, error) => {
    sayPictureFailure(frame, error, { again: () => show(current), on: () => step(1) });
  },
  onSwipe: (direction) => step(direction < 0 === config.rtl ? -1 : 1),
});
const lens = createLens(view, (on) => element("lens-button").setAttribute("aria-pressed", String(on)));

function show(index) {
  say("");
  current = index;
  delete stage.dataset.shown;
  const { label, credit, number } = frames[index];
  view.show([frames[index]], "whole");
  element("title-picture").textContent = total > 1 ? ` · ${label}` : "";
  if (element("count")) element("count").textContent = word("picture_of", { page: number, total });
  element("caption").textContent = [total > 1 ? label : "", credit || config.credit].filter(Boolean).join(" · ");
  stage.setAttribute("aria-label", [config.title, total > 1 ? label : ""].filter(Boolean).join(" · "));
  stage.dataset.page = String(number);
  stage.dataset.pages = String(total);
  showStrip(index);
  for (const [name, edge] of Object.entries({ previous: index === 0, next: index === total - 1 })) {
    element(name)?.setAttribute("aria-disabled", String(edge && !config[name]));
  }
  place.save({ page: number });
  nameInAddress(number);
}

/** The strip holds one sheet of small pictures: the one in which the open picture is. */
function showStrip(index) {
  if (!strip) return;
  const from = Math.floor(index / STRIP) * STRIP;
  if (from !== stripFrom) fillThumbs(strip, frames, from, from + STRIP, (number) => show(number - 1));
  stripFrom = from;
  const link = markThumbs(strip, [index + 1]);
  const [a, b] = [link.getBoundingClientRect(), strip.getBoundingClientRect()];
  strip.scrollBy({ left: a.left + a.width / 2 - b.left - b.width / 2, behavior: reduced ? "auto" : "smooth" });
}

/** To the next picture or the one before; at the ends to those of the collection that the work belongs to. */
function step(by) {
  const index = current + by;
  if (index >= 0 && index < total) show(index);
  else if (by > 0 && config.next) location.assign(config.next);
  else if (by < 0 && config.previous) location.assign(config.previous);
  else if (by > 0) saySentence("last_page", () => location.assign(config.detail), {}, "ok");
  else saySentence("first_page", null, {}, "ok");
}

// --- Tools

function sideways(direction) {
  if (lens.on) lens.step(direction, 0);
  else if (view.isWhole()) step(direction < 0 === config.rtl ? 1 : -1);
  else view.pan(direction * 0.2, 0);
}
function upDown(direction) {
  if (lens.on) lens.step(0, direction);
  else view.pan(0, direction * 0.2);
}
const larger = () => (lens.on ? lens.strengthen(1.25) : view.zoomBy(1.5));
const smaller = () => (lens.on ? lens.strengthen(0.8) : view.zoomBy(1 / 1.5));
const magnify = () => {
  lens.toggle();
  stage.focus();
};

element("zoom-in").addEventListener("click", larger);
element("zoom-out").addEventListener("click", smaller);
element("whole").addEventListener("click", () => view.fitTo("whole"));
element("rotate").addEventListener("click", view.rotate);
element("lens-button").addEventListener("click", magnify);
for (const [name, by] of [["previous", -1], ["next", 1]]) {
  element(name)?.addEventListener("click", (event) => {
    event.preventDefault();
    step(by);
  });
}
element("info").addEventListener("click", (event) => {
  const hidden = !element("about").hidden;
  element("about").hidden = hidden;
  event.currentTarget.setAttribute("aria-pressed", String(!hidden));
  memory.set("picture.about", !hidden);
});
bindKeys({
  ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1), ArrowUp: () => upDown(-1), ArrowDown: () => upDown(1),
  PageDown: () => step(1), PageUp: () => step(-1), " ": () => step(1), "Shift+ ": () => step(-1),
  Home: () => show(0), End: () => show(total - 1),
  "+": larger, "=": larger, "-": smaller, 0: () => view.fitTo("whole"), m: magnify, M: magnify,
});

const remembered = place.load()?.page;
if (memory.get("picture.about") === false) element("info").click();
show((config.first || (remembered >= 1 && remembered <= total ? remembered : 1)) - 1);
