// Pages as pictures: keys and swipes take the links that stand there; all of it works without scripts too.

const follow = (selector) => document.querySelector(selector)?.click();
const rtl = document.querySelector(".rbar--end").dir === "rtl";
const ways = { left: rtl ? "next" : "prev", right: rtl ? "prev" : "next" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, a, button")) return;
  const rel = { ArrowLeft: ways.left, ArrowRight: ways.right, PageUp: "prev", PageDown: "next" }[event.key];
  if (rel) follow(`a[rel="${rel}"]`);
});

let start = null;
document.addEventListener("touchstart", ({ touches }) => {
  start = touches.length === 1 ? { x: touches[0].clientX, y: touches[0].clientY } : null;
}, { passive: true });
document.addEventListener("touchend", ({ changedTouches: [touch] }) => {
  // A page that was made larger with two fingers is moved with one.
  if (!start || (visualViewport?.scale ?? 1) > 1.01) return;
  const [dx, dy] = [touch.clientX - start.x, touch.clientY - start.y];
  start = null;
  if (Math.abs(dx) > 60 && Math.abs(dx) > 2 * Math.abs(dy)) follow(`a[rel="${dx > 0 ? ways.left : ways.right}"]`);
});

document.documentElement.dataset.script = "on";
