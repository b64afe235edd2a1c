// How large the pages of a document are shown: fitted, zoomed, turned, one or two beside each other.
import { bindKeys, element, memory } from "./shell.js";

const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4];
const [SMALLEST, LARGEST] = [0.25, 8];
const SINGLE = 0;
const PAIRED = 1;
const SHIFTED = 2;
const FITS = ["page-fit", "page-width", "page-height"];
const NARROW = 720;

/** Connect the tools of size. Returns `begin`, for when the pages are known, `refit`, `isWide` and `pinch(factor, origin, delay)`. */
export function bindSize({ viewer, eventBus, stage, facts }) {
  const isNarrow = () => innerWidth < NARROW;
  let double = memory.get("pdf.two") === true && !isNarrow();
  let shifted = memory.get("pdf.shift") ?? facts.shifted;
  const pressed = (ids, value) => {
    for (const id of ids) element(id).setAttribute("aria-pressed", String(value));
  };

  function keepPage(change) {
    const page = viewer.currentPageNumber;
    change();
    viewer.currentPageNumber = page;
  }
  function showState() {
    for (const [id, value] of [["fit", FITS[0]], ["width", FITS[1]], ["height", FITS[2]]]) {
      pressed([id], viewer.currentScaleValue === value);
    }
    pressed(["two", "two-too"], double);
    pressed(["shift"], shifted);
    element("shift").hidden = !double;
  }
  function fit(value) {
    keepPage(() => {
      viewer.currentScaleValue = value;
    });
    memory.set("pdf.fit", value);
  }
  function zoom(step) {
    const scale = viewer.currentScale;
    const next = step > 0 ? ZOOMS.find((z) => z > scale + 0.01) : ZOOMS.findLast((z) => z < scale - 0.01);
    if (next) keepPage(() => {
      viewer.currentScaleValue = String(next);
    });
  }
  function pair() {
    keepPage(() => {
      viewer.spreadMode = double ? (shifted ? SHIFTED : PAIRED) : SINGLE;
      if (double) viewer.currentScaleValue = FITS[0];
    });
    showState();
  }
  function toggleDouble() {
    double = !double;
    memory.set("pdf.two", double);
    pair();
  }

  const isWide = () => stage.scrollWidth > stage.clientWidth + 4;
  eventBus.on("scalechanging", () => {
    showState();
    // The layout follows the new scale.
    requestAnimationFrame(() => stage.toggleAttribute("data-wide", isWide()));
  });
  for (const [id, run] of [
    ["zoom-in", () => zoom(1)], ["zoom-out", () => zoom(-1)], ["fit", () => fit(FITS[0])], ["width", () => fit(FITS[1])],
    ["height", () => fit(FITS[2])], ["two", toggleDouble], ["two-too", toggleDouble],
  ]) element(id).addEventListener("click", run);
  element("shift").addEventListener("click", () => {
    shifted = !shifted;
    memory.set("pdf.shift", shifted);
    pair();
  });
  element("rotate").addEventListener("click", () => {
    keepPage(() => {
      viewer.pagesRotation = (viewer.pagesRotation + 90) % 360;
    });
  });
  bindKeys({ "+": () => zoom(1), "=": () => zoom(1), "-": () => zoom(-1) });
  /** Fit the page that is shown: pages of one document differ, and so may the window. */
  function refit() {
    const value = viewer.currentScaleValue;
    if (FITS.includes(value)) keepPage(() => {
      viewer.currentScaleValue = value;
    });
  }
  addEventListener("resize", refit);

  return {
    refit,
    isWide,
    begin() {
      viewer.currentScaleValue = memory.get("pdf.fit") ?? (isNarrow() ? FITS[1] : FITS[0]);
      if (double) pair();
      showState();
    },
    pinch(factor, origin, drawingDelay) {
      const wanted = Math.min(LARGEST, Math.max(SMALLEST, viewer.currentScale * factor));
      viewer.updateScale({ scaleFactor: wanted / viewer.currentScale, origin, drawingDelay });
    },
  };
}
