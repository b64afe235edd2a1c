// How a reflowable book looks: our paper and fonts around the book's own layout.

const FONTS = new URL("../vendor/fonts/", import.meta.url).href;
const SANS = '"Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "Noto Serif SC", sans-serif';
const SERIF = '"Noto Serif SC", "Source Han Serif SC", "Songti SC", "SimSun", "Noto Sans SC", serif';

/** The page's own colours and text size: what a face and a theme choose holds in books too. */
function pageTokens() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"), link: colour("link"), mark: colour("mark"), line: colour("line"),
    scale: Math.max(1, parseFloat(style.fontSize) / 16),
  };
}

/** How much larger than usual this page's text is: 1.5 for elders. */
export const textScale = () => pageTokens().scale;

/** [before, after] the book's own styles; `size` in per cent. */
export function bookStyles({ size, night, vertical }) {
  const tokens = pageTokens();
  const before = `
    @import url("${FONTS}serif.css");
    @import url("${FONTS}sans.css");
    @namespace epub "http://www.idpf.org/2007/ops";
    html { color: ${tokens.ink}; font-family: ${SERIF}; line-height: ${vertical ? 1.9 : 1.8}; }
    p, li, blockquote, dd { line-height: inherit; }
    a:any-link { color: ${tokens.link}; }
    img, svg { max-inline-size: 100%; }
    [lang|="en"] { hyphens: auto; }`;
  const after = `
    html { font-size: ${size * 1.125 * tokens.scale}% !important; color-scheme: ${night ? "dark" : "light"};
      -webkit-text-size-adjust: none; overflow-wrap: break-word; }
    body { margin: 0 !important; background: none !important; }
    pre { white-space: pre-wrap !important; }
    ::selection { background: ${tokens.mark}; }
    ${night ? nightStyles(tokens) : ""}`;
  return [before, after];
}

/**
 * A style sheet of a book in which every list of fonts ends with ours: a terminal may have no Chinese font at all.
 * The fonts that a book brings or names go first.
 */
export function withFonts(text) {
  return text
    .split(/(@font-face\s*\{[^}]*\})/i)
    .map((part, index) => (index % 2 ? part : part.replace(/(font(?:-family)?\s*:)([^;{}]*)/gi, widen)))
    .join("");
}

function widen(rule, name, value) {
  const important = /!\s*important\s*$/i.exec(value)?.[0] ?? "";
  const list = value.slice(0, value.length - important.length).trimEnd();
  if (!list || /^\s*(inherit|initial|unset|revert|caption|icon|menu|message-box|small-caption|status-bar)\s*$/i.test(list)) {
    return rule;
  }
  const generic = /(^|,|\s)\s*(serif|sans-serif|monospace|cursive|fantasy|system-ui|ui-[a-z-]+)\s*$/i.exec(list);
  if (!generic) return name.toLowerCase().startsWith("font-family") ? `${name}${list}, ${SERIF}${important}` : rule;
  const kind = generic[2].toLowerCase();
  const ours = kind === "serif" || kind === "cursive" ? SERIF : kind === "monospace" ? `monospace, ${SANS}` : SANS;
  return `${name}${list.slice(0, generic.index)}${generic[1]} ${ours}${important}`;
}

function nightStyles({ ink, link, line }) {
  return `
    html, body { color: ${ink} !important; background: none !important; }
    body *:not(a):not(svg):not(svg *):not(math):not(math *) { color: inherit !important;
      background-color: transparent !important; border-color: ${line} !important; }
    a:any-link { color: ${link} !important; }
    img { filter: brightness(.88); }`;
}
