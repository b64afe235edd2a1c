// Two fingers, or the wheel with Ctrl, make the page larger and smaller where they are.

const SETTLED = 350;

/** `zoom(factor, origin, delay)` scales by a factor around a point of the window; drawing anew waits `delay` ms. */
export function bindPinch(stage, zoom) {
  let before = null;
  let waiting = null;

  const look = (event) => {
    const [one, other] = event.touches;
    return {
      distance: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY),
      origin: [(one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2],
    };
  };
  // One step a frame: fingers move oftener than a page can be laid out.
  function scale(factor, origin) {
    const isNew = !waiting;
    waiting = { factor: (waiting?.factor ?? 1) * factor, origin };
    if (!isNew) return;
    requestAnimationFrame(() => {
      const step = waiting;
      waiting = null;
      zoom(step.factor, step.origin, SETTLED);
    });
  }

  stage.addEventListener("touchstart", (event) => {
    before = event.touches.length === 2 ? look(event) : null;
  }, { passive: true });
  stage.addEventListener("touchmove", (event) => {
    if (!before || event.touches.length !== 2) return;
    event.preventDefault();
    const now = look(event);
    if (now.distance && before.distance) scale(now.distance / before.distance, now.origin);
    before = now;
  }, { passive: false });
  for (const name of ["touchend", "touchcancel"]) stage.addEventListener(name, () => { before = null; });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    scale(Math.exp(-Math.max(-50, Math.min(50, event.deltaY)) / 200), [event.clientX, event.clientY]);
  }, { passive: false });
}
