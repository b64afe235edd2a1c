// How a reflowable book looks: our paper and fonts around the book's own layout.

const FONTS = new URL("../vendor/fonts/", import.meta.url).href;
const SERIF = '"Noto Serif SC", "Source Han Serif SC", "Songti SC", "SimSun", "Noto Sans SC", serif';

/** [before, after] the book's own styles; `size` in per cent. */
export function bookStyles({ size, night, vertical }) {
  const before = `
    @import url("${FONTS}serif.css");
    @namespace epub "http://www.idpf.org/2007/ops";
    html { color: ${night ? "#ece4d5" : "#211d18"}; font-family: ${SERIF}; line-height: ${vertical ? 1.9 : 1.8}; }
    p, li, blockquote, dd { line-height: inherit; }
    a:any-link { color: ${night ? "#9cc3e8" : "#1f4e79"}; }
    img, svg { max-inline-size: 100%; }
    [lang|="en"] { hyphens: auto; }`;
  const after = `
    html { font-size: ${size}% !important; color-scheme: ${night ? "dark" : "light"};
      -webkit-text-size-adjust: none; overflow-wrap: break-word; }
    body { margin: 0 !important; background: none !important; }
    pre { white-space: pre-wrap !important; }
    ::selection { background: ${night ? "#54430f" : "#f6e3a6"}; }
    ${night ? nightStyles() : ""}`;
  return [before, after];
}

function nightStyles() {
  return `
    html, body { color: #ece4d5 !important; background: none !important; }
    body *:not(a):not(svg):not(svg *):not(math):not(math *) { color: inherit !important;
      background-color: transparent !important; border-color: #3b352d !important; }
    a:any-link { color: #9cc3e8 !important; }
    img { filter: brightness(.88); }`;
}
