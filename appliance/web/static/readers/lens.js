// 放大镜: a round glass over the stage that shows what lies under it larger, drawn from the same pictures at their own
// resolution. It follows the pointer; it stands above a finger; arrow keys move it.
import { element } from "./shell.js";

const { OpenSeadragon } = window;
const { Point } = OpenSeadragon;
const [WEAKEST, STRONGEST, STRENGTH] = [1.5, 8, 2.5];
const ABOVE_FINGER = 24;
const KEY_STEP = 32;

/** The glass in #lens over the stage of `view`. `onChange(on)` hears when it is put down or taken up. */
export function createLens(view, onChange) {
  const [stage, glass] = [element("stage"), element("lens")];
  const { viewer } = view;
  let inner = null;
  let at = null;
  let finger = false;
  let strength = STRENGTH;

  function open() {
    inner ??= OpenSeadragon({
      element: element("lens-view"),
      tabIndex: -1,
      mouseNavEnabled: false,
      keyboardNavEnabled: false,
      showNavigationControl: false,
      crossOriginPolicy: false,
      preserveViewport: true,
      visibilityRatio: 0,
      minZoomLevel: 0.001,
      maxZoomLevel: 10000,
      animationTime: 0,
      immediateRender: true,
      drawer: "canvas",
      imageLoaderLimit: 4,
      maxImageCacheCount: 60,
    });
  }

  /** Put the pictures that lie open under the glass. */
  function refill() {
    if (!inner || glass.hidden) return;
    inner.world.removeAll();
    for (const { item, x } of view.slots) {
      if (item) inner.addTiledImage({ tileSource: item.source, x, y: -0.5, height: 1, success: move });
    }
    move();
  }

  function move() {
    if (!inner || glass.hidden) return;
    const box = stage.getBoundingClientRect();
    at ??= { x: box.width / 2, y: box.height / 2 };
    at = { x: Math.min(Math.max(at.x, 0), box.width), y: Math.min(Math.max(at.y, 0), box.height) };
    const size = glass.offsetWidth;
    const lift = finger ? size / 2 + ABOVE_FINGER : 0;
    // Where a finger leaves no room above, the glass stands below it.
    const y = at.y - lift < size / 3 ? at.y + lift : at.y - lift;
    const x = finger ? Math.min(Math.max(at.x, size / 2), box.width - size / 2) : at.x;
    glass.style.transform = `translate(${Math.round(x - size / 2)}px, ${Math.round(y - size / 2)}px)`;
    const { viewport } = inner;
    viewport.setRotation(viewer.viewport.getRotation(), true);
    viewport.zoomTo((viewer.viewport.getZoom(true) * box.width * strength) / size, null, true);
    viewport.panTo(viewer.viewport.pointFromPixel(new Point(at.x, at.y), true), true);
  }

  function toggle(on = glass.hidden) {
    if (on === !glass.hidden) return;
    glass.hidden = !on;
    viewer.setMouseNavEnabled(!on);
    if (on) {
      open();
      refill();
    } else inner?.world.removeAll();
    onChange(on);
  }

  function follow(event) {
    if (glass.hidden || (event.type === "pointermove" && event.pointerType !== "mouse" && !event.buttons)) return;
    const box = stage.getBoundingClientRect();
    finger = event.pointerType === "touch";
    at = { x: event.clientX - box.left, y: event.clientY - box.top };
    move();
  }
  stage.addEventListener("pointermove", follow);
  stage.addEventListener("pointerdown", follow);
  stage.addEventListener("wheel", (event) => {
    if (glass.hidden) return;
    event.preventDefault();
    strengthen(event.deltaY < 0 ? 1.15 : 1 / 1.15);
  }, { passive: false });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggle(false);
  });
  for (const name of ["animation", "resize"]) viewer.addHandler(name, move);

  function strengthen(factor) {
    strength = Math.min(Math.max(strength * factor, WEAKEST), STRONGEST);
    move();
  }

  return {
    toggle,
    refill,
    strengthen,
    get on() {
      return !glass.hidden;
    },
    /** Move the glass by a step in a direction, as arrow keys do. */
    step: (x, y) => {
      finger = false;
      at = { x: (at?.x ?? 0) + x * KEY_STEP, y: (at?.y ?? 0) + y * KEY_STEP };
      move();
    },
  };
}
