// The reader of pictures: OpenSeadragon in a dark hall, a strip of neighbours below, our own buttons.
import {
  bindKeys, config, element, memory, opened, place, say, saySentence, word,
} from "./shell.js";

const { OpenSeadragon } = window;
const pictures = config.pictures;
const stage = element("stage");
let current = 0;
let failed = false;

const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
const viewer = OpenSeadragon({
  element: element("view"),
  showNavigationControl: false,
  showNavigator: true,
  navigatorId: "navigator",
  crossOriginPolicy: false,
  // A page of text is read at a glance: it fits the height, a painting fills what it can.
  visibilityRatio: 0.6,
  minZoomImageRatio: 0.7,
  maxZoomPixelRatio: 3,
  animationTime: reduced ? 0 : 0.5,
  immediateRender: true,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  gestureSettingsTouch: { pinchRotate: false, flickEnabled: true, dblClickToZoom: true },
  keyboardNavEnabled: false,
  drawer: "canvas",
  imageLoaderLimit: 4,
  timeout: 60000,
});

/** What OpenSeadragon loads: the descriptor of tiles in the work's pack, else the picture itself. */
const sourceOf = ({ url, tiles }) => tiles || { type: "image", url, buildPyramid: false };

function show(index) {
  if (index < 0 || index >= pictures.length) {
    saySentence(index < 0 ? "first_page" : "last_page", index < 0 ? null : () => location.assign(config.detail), {}, "ok");
    return;
  }
  say("");
  current = index;
  failed = false;
  delete stage.dataset.shown;
  viewer.open(sourceOf(pictures[index]));
  const { label, credit } = pictures[index];
  element("title-picture").textContent = pictures.length > 1 ? ` · ${label}` : "";
  element("count").textContent = pictures.length > 1 ? word("picture_of", { page: index + 1, total: pictures.length }) : "";
  element("caption").textContent = [pictures.length > 1 ? label : "", credit || config.credit].filter(Boolean).join(" · ");
  stage.dataset.page = String(index + 1);
  stage.dataset.pages = String(pictures.length);
  for (const link of document.querySelectorAll(".thumbs a")) {
    const isCurrent = Number(link.dataset.index) === index;
    if (isCurrent) {
      link.setAttribute("aria-current", "true");
      const strip = link.closest(".thumbs");
      const [a, b] = [link.getBoundingClientRect(), strip.getBoundingClientRect()];
      strip.scrollBy({ left: a.left + a.width / 2 - b.left - b.width / 2, behavior: reduced ? "auto" : "smooth" });
    } else link.removeAttribute("aria-current");
  }
  const edges = { previous: index === 0, next: index === pictures.length - 1 };
  for (const [name, edge] of Object.entries(edges)) element(name).setAttribute("aria-disabled", String(edge));
  place.save({ page: index + 1 });
  preload(index + 1);
}

/** The neighbour is fetched while this picture is looked at; the browser keeps it. */
function preload(index) {
  const next = pictures[index];
  if (next && !next.tiles) new Image().src = next.url;
}

viewer.addHandler("open", () => {
  opened();
  stage.dataset.shown = String(current + 1);
});
viewer.addHandler("open-failed", onFailure);
viewer.addHandler("tile-load-failed", onFailure);

async function onFailure() {
  if (failed) return;
  failed = true;
  opened();
  let status = 0;
  try {
    status = (await fetch(pictures[current].url, { method: "HEAD" })).status;
  } catch {
    saySentence("disconnected", () => show(current), {}, "todo");
    return;
  }
  if (status === 503) saySentence("drive_gone", () => show(current), {}, "todo");
  else saySentence("damaged.page", () => show(current + 1), { pages: current + 1 }, "todo");
}

// --- Tools

const { viewport } = viewer;
const zoomBy = (factor) => {
  viewport.zoomBy(factor);
  viewport.applyConstraints();
};
const pan = (x, y) => {
  viewport.panBy(new OpenSeadragon.Point(x, y).divide(viewport.getZoom(true)));
  viewport.applyConstraints();
};
const isWhole = () => viewport.getZoom() <= viewport.getHomeZoom() * 1.02;
const step = (by) => show(current + by);
// Left is forward in a book that runs from right to left.
const leftward = config.rtl ? 1 : -1;
const sideways = (direction) => (isWhole() ? step(direction < 0 ? leftward : -leftward) : pan(direction * 0.2, 0));

element("zoom-in").addEventListener("click", () => zoomBy(1.5));
element("zoom-out").addEventListener("click", () => zoomBy(1 / 1.5));
element("whole").addEventListener("click", () => viewport.goHome());
element("rotate").addEventListener("click", () => viewport.setRotation(viewport.getRotation() + 90));
element("previous").addEventListener("click", () => step(-1));
element("next").addEventListener("click", () => step(1));
element("info")?.addEventListener("click", (event) => {
  const hidden = !element("about").hidden;
  element("about").hidden = hidden;
  event.currentTarget.setAttribute("aria-pressed", String(!hidden));
  memory.set("picture.about", !hidden);
});
for (const link of document.querySelectorAll(".thumbs a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    show(Number(link.dataset.index));
  });
}
bindKeys({
  ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1), ArrowUp: () => pan(0, -0.2), ArrowDown: () => pan(0, 0.2),
  PageDown: () => step(1), PageUp: () => step(-1), " ": () => step(1), "Shift+ ": () => step(-1),
  Home: () => show(0), End: () => show(pictures.length - 1),
  "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: () => viewport.goHome(),
});

// A swipe across a picture that is seen whole turns to the neighbour.
let swipe = null;
viewer.addHandler("canvas-press", ({ position }) => {
  swipe = isWhole() ? position : null;
});
viewer.addHandler("canvas-drag", (event) => {
  if (swipe && pictures.length > 1) event.preventDefaultAction = true;
});
viewer.addHandler("canvas-release", ({ position }) => {
  if (!swipe || pictures.length < 2) return;
  const [dx, dy] = [position.x - swipe.x, position.y - swipe.y];
  swipe = null;
  if (Math.abs(dx) > 60 && Math.abs(dx) > 2 * Math.abs(dy)) step(dx < 0 ? -leftward : leftward);
});

const remembered = place.load()?.page;
if (memory.get("picture.about") === false && element("info")) element("info").click();
show(remembered >= 1 && remembered <= pictures.length ? remembered - 1 : config.first);
