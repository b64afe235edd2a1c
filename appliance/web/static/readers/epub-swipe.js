// Swipes in a book's page that foliate-js does not follow with the finger: fixed pages, chapters that scroll, and sideways
// where lines stand upright.

const FAR = 60;
const SETTLED = 50;
const SURE = 10;

/** Call `sideways` with -1 or 1, to the left or to the right, after a swipe across `doc`. A page that is enlarged is moved. */
export function bindSwipe(doc, sideways) {
  let start = null;
  const isEnlarged = () => (window.visualViewport?.scale ?? 1) > 1.01;
  const way = ({ changedTouches: [touch] }) => [touch.screenX - start.x, touch.screenY - start.y];
  doc.addEventListener("touchstart", ({ touches }) => {
    start = touches.length === 1 && !isEnlarged() ? { x: touches[0].screenX, y: touches[0].screenY } : null;
  }, { passive: true });
  doc.addEventListener("touchmove", (event) => {
    if (!start || event.touches.length > 1) {
      start = null;
      return;
    }
    const [dx, dy] = way(event);
    // Else the browser takes a swipe for its own way back.
    if (Math.abs(dx) > SURE && Math.abs(dx) > Math.abs(dy) && event.cancelable) event.preventDefault();
  }, { passive: false });
  doc.addEventListener("touchend", (event) => {
    if (!start) return;
    const [dx, dy] = way(event);
    start = null;
    // After foliate-js has put its own page straight.
    if (Math.abs(dx) > FAR && Math.abs(dx) > 2 * Math.abs(dy)) setTimeout(() => sideways(dx > 0 ? -1 : 1), SETTLED);
  });
}
