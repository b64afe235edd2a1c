// The stage: one or two pictures side by side in OpenSeadragon. Every picture is one unit high and the whole is centred
// on the origin, so that the next pages lie where the open ones lay and nothing jumps.
import { sourceOf } from "./picture-sources.js";
import { element } from "./shell.js";

const { OpenSeadragon } = window;
const { Point } = OpenSeadragon;
const GAP = 0.008;
const LIKELY_SHAPE = 0.72;
/** Milliseconds until the old pages fade, and until what has come is shown without the rest. */
const FADES_AFTER = 300;
const SHOWN_AFTER = 1200;
const ZOOM_ON_DOUBLE_TAP = 2.5;
const SWIPE = 60;

/**
 * The stage in #stage and #view. `margin` is the part of it that stays free around whole pictures, `rtl` says where
 * reading begins; `onShown(slots)` is called when pictures are seen, `onFailed(frame, error)` when one cannot be,
 * `onSwipe(direction)` with -1 for a swipe to the left.
 */
export function createView({ navigator = false, margin = 0, rtl = false, onShown, onFailed, onSwipe }) {
  const stage = element("stage");
  const viewer = OpenSeadragon({
    element: element("view"),
    tabIndex: -1,
    showNavigationControl: false,
    showNavigator: navigator,
    navigatorId: navigator ? "navigator" : undefined,
    crossOriginPolicy: false,
    preserveViewport: true,
    visibilityRatio: 1,
    constrainDuringPan: true,
    maxZoomPixelRatio: 3,
    animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.4,
    immediateRender: true,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false },
    gestureSettingsTouch: { pinchRotate: false, flickEnabled: true, dblClickToZoom: false },
    keyboardNavEnabled: false,
    drawer: "canvas",
    imageLoaderLimit: 4,
    maxImageCacheCount: 120,
    timeout: 60000,
  });
  const { viewport, world } = viewer;
  let slots = [];
  let turn = 0;
  let fit = "whole";

  // --- Size and place

  const width = () => slots.reduce((sum, slot) => sum + slot.width, 0) + GAP * Math.max(0, slots.length - 1);
  const isTurned = () => viewport.getRotation() % 180 !== 0;
  /** Width and height of what is open as it lies on the screen. */
  const extent = () => (isTurned() ? [1, width()] : [width(), 1]);
  const ratio = () => viewport.getAspectRatio();

  function wholeZoom() {
    const [across, down] = extent();
    return Math.min(1 / across, 1 / (ratio() * down)) * (1 - margin);
  }
  /** How close to look for each way of fitting; nothing is made smaller than whole. */
  const zooms = {
    whole: wholeZoom,
    width: () => Math.max(wholeZoom(), 1 / extent()[0]),
    height: () => Math.max(wholeZoom(), 1 / (ratio() * extent()[1])),
  };
  const isWhole = () => viewport.getZoom() <= wholeZoom() * 1.02;

  /** The place in the world of a point given from the middle of what is open, right and down on the screen. */
  const onScreen = (x, y) => new Point(x, y).rotate(-viewport.getRotation());

  /** Where something of the pictures lies out of sight. */
  function hidden() {
    const [across, down] = extent();
    const { x, y } = viewport.getCenter().rotate(viewport.getRotation());
    const [wide, high] = [1 / viewport.getZoom(), 1 / (viewport.getZoom() * ratio())];
    const least = 0.02 * wide;
    return {
      left: x - wide / 2 > -across / 2 + least,
      right: x + wide / 2 < across / 2 - least,
      above: y - high / 2 > -down / 2 + least,
      below: y + high / 2 < down / 2 - least,
    };
  }
  const fitsAcross = () => viewport.getZoom() * extent()[0] <= 1.02;

  /** Look at what is open as `fit` says, from where reading begins, or from where it ends. */
  function refit(immediately = false, atEnd = false) {
    viewport.minZoomLevel = wholeZoom() * 0.8;
    if (!fit) return;
    const zoom = zooms[fit]();
    const [across, down] = extent();
    const aside = Math.max(0, (across - 1 / zoom) / 2) * (rtl === atEnd ? -1 : 1);
    const above = Math.max(0, (down - 1 / (zoom * ratio())) / 2) * (atEnd ? -1 : 1);
    viewport.zoomTo(zoom, null, immediately);
    viewport.panTo(onScreen(aside, -above), immediately);
  }

  /** Line up `some` from left to right. */
  function layOut(some) {
    const usual = some.find((slot) => slot.shape)?.shape ?? LIKELY_SHAPE;
    for (const slot of some) slot.width = slot.shape || usual;
    let x = -(some.reduce((sum, slot) => sum + slot.width, 0) + GAP * (some.length - 1)) / 2;
    for (const slot of some) {
      slot.x = x;
      slot.item?.setPosition(new Point(x, -0.5), true);
      x += slot.width + GAP;
    }
  }

  // --- Turning

  const add = (source, x) => new Promise((success, error) => {
    viewer.addTiledImage({
      tileSource: source, x, y: -0.5, height: 1, opacity: 0, preload: true, success: ({ item }) => success(item), error,
    });
  });

  const loaded = (item) => new Promise((resolve) => {
    if (item.getFullyLoaded()) resolve();
    else item.addHandler("fully-loaded-change", ({ fullyLoaded }) => fullyLoaded && resolve());
  });

  /** Open these pictures, given from left to right. What lay open stays until they are here, or nearly so. */
  async function show(frames, preferredFit = fit || "whole", atEnd = false) {
    const mine = (turn += 1);
    const coming = frames.map((frame) => ({
      frame, shape: frame.width && frame.height ? frame.width / frame.height : 0, width: 0, x: 0, item: null,
    }));
    layOut(coming);
    if (!slots.length) {
      slots = coming;
      fit = preferredFit;
      refit(true);
    }
    let shown = false;
    const fade = setTimeout(() => {
      stage.dataset.waiting = "";
    }, FADES_AFTER);

    function reveal() {
      if (shown || mine !== turn) return;
      shown = true;
      clearTimeout(fade);
      clearTimeout(late);
      delete stage.dataset.waiting;
      const items = new Set(coming.map((slot) => slot.item));
      for (let at = world.getItemCount() - 1; at >= 0; at -= 1) {
        if (!items.has(world.getItemAt(at))) world.removeItem(world.getItemAt(at));
      }
      slots = coming;
      layOut(slots);
      for (const slot of slots) slot.item?.setOpacity(1);
      fit = preferredFit;
      refit(true, atEnd);
      onShown(slots);
    }
    const late = setTimeout(() => {
      if (coming.some((slot) => slot.item)) reveal();
    }, SHOWN_AFTER);

    async function bring(slot) {
      let source;
      try {
        source = await sourceOf(slot.frame);
      } catch (error) {
        if (mine === turn) onFailed(slot.frame, error);
        return;
      }
      if (mine !== turn) return;
      slot.shape = source.dimensions.x / source.dimensions.y;
      [slot.frame.width, slot.frame.height] = [source.dimensions.x, source.dimensions.y];
      layOut(coming);
      const item = await add(source, slot.x);
      if (mine !== turn) {
        world.removeItem(item);
        return;
      }
      slot.item = item;
      if (shown) {
        layOut(slots);
        item.setOpacity(1);
        refit(true);
        onShown(slots);
      } else await loaded(item);
    }
    await Promise.all(coming.map(bring));
    clearTimeout(fade);
    reveal();
  }

  // A tile that does not come: the picture itself may be sound.
  viewer.addHandler("tile-load-failed", ({ tiledImage }) => {
    const slot = slots.find(({ item }) => item === tiledImage);
    if (!slot?.frame.tiles) return;
    for (const { frame } of slots) frame.tiles = "";
    show(slots.map(({ frame }) => frame));
  });

  // --- Hands

  function zoomBy(factor, at) {
    fit = "";
    viewport.zoomBy(factor, at);
    viewport.applyConstraints();
  }
  function pan(x, y) {
    viewport.panBy(onScreen(x / viewport.getZoom(), y / viewport.getZoom()));
    viewport.applyConstraints();
  }
  function fitTo(name) {
    fit = name;
    refit();
  }
  viewer.addHandler("resize", () => refit(true));
  for (const name of ["canvas-scroll", "canvas-pinch"]) {
    viewer.addHandler(name, () => {
      fit = "";
    });
  }
  viewer.addHandler("canvas-double-click", ({ position }) => {
    if (isWhole()) zoomBy(ZOOM_ON_DOUBLE_TAP, viewport.pointFromPixel(position));
    else fitTo("whole");
  });

  // A swipe turns when nothing more lies on the side that it uncovers.
  let start = null;
  viewer.addHandler("canvas-press", ({ position }) => {
    const { left, right } = hidden();
    start = { ...position, left, right };
  });
  viewer.addHandler("canvas-pinch", () => {
    start = null;
  });
  viewer.addHandler("canvas-drag", (event) => {
    if (start && isWhole()) event.preventDefaultAction = true;
  });
  viewer.addHandler("canvas-release", ({ position }) => {
    if (!start) return;
    const [dx, dy] = [position.x - start.x, position.y - start.y];
    const more = dx > 0 ? start.left : start.right;
    start = null;
    if (!more && Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) onSwipe(Math.sign(dx));
  });

  return {
    viewer,
    show,
    zoomBy,
    pan,
    fitTo,
    isWhole,
    fitsAcross,
    hidden,
    rotate: () => {
      viewport.setRotation((viewport.getRotation() + 90) % 360, true);
      fit ||= "whole";
      refit(true);
    },
    get slots() {
      return slots;
    },
    get fit() {
      return fit;
    },
  };
}
