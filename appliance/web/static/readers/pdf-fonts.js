// Fonts for documents that bring none: where a terminal has no Chinese font, ours stand behind every generic family.
// Their slices load when a page first needs them; the page is then drawn again.

const LISTS = {
  serif: '"Noto Serif SC", serif',
  "sans-serif": '"Noto Sans SC", sans-serif',
  monospace: 'monospace, "Noto Sans SC"',
};
const GENERIC = /(^|[\s,])(serif|sans-serif|monospace)\s*$/;
const OURS = /^["']?Noto (?:Sans|Serif) SC["']?$/;

/** Put our fonts behind the generic ones of every canvas of this page. */
export function widenCanvasFonts() {
  const { prototype } = CanvasRenderingContext2D;
  const own = Object.getOwnPropertyDescriptor(prototype, "font");
  Object.defineProperty(prototype, "font", {
    ...own,
    set(value) {
      own.set.call(this, String(value).replace(GENERIC, (_, before, name) => `${before}${LISTS[name]}`));
    },
  });
}

/** Call `redraw` when slices of our fonts have arrived, not more often than twice a second. */
export function onFontsLoaded(redraw) {
  let timer = 0;
  document.fonts.addEventListener("loadingdone", ({ fontfaces }) => {
    if (!fontfaces.some((face) => OURS.test(face.family))) return;
    clearTimeout(timer);
    timer = setTimeout(redraw, 500);
  });
}
