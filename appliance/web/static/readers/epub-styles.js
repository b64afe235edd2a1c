// How a reflowable book looks: our paper and fonts around the book's own layout.

const FONTS = new URL("../vendor/fonts/", import.meta.url).href;
const SANS = '"Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "Noto Serif SC", sans-serif';
const SERIF = '"Noto Serif SC", "Source Han Serif SC", "Songti SC", "SimSun", "Noto Sans SC", serif';
// Fonts for Chinese set Western quotation marks a whole square wide: pages in Latin letters take others first.
const LATIN_SANS = `Arial, "Liberation Sans", "Noto Sans", "DejaVu Sans", ${SANS}`;
const LATIN_SERIF = `Georgia, "Times New Roman", "Liberation Serif", "Noto Serif", "DejaVu Serif", ${SERIF}`;
const OWN_SANS = `var(--book-sans, ${SANS})`;
const OWN_SERIF = `var(--book-serif, ${SERIF})`;

/** The page's own colours and text size: what a face and a theme choose holds in books too. */
function pageTokens() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"), link: colour("link"), mark: colour("mark"), line: colour("line"), seal: colour("seal"),
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
    html { --book-serif: ${SERIF}; --book-sans: ${SANS}; }
    html[data-script="latin"] { --book-serif: ${LATIN_SERIF}; --book-sans: ${LATIN_SANS}; }
    html { color: ${tokens.ink}; font-family: var(--book-serif); line-height: ${vertical ? 1.9 : 1.8}; }
    p, li, blockquote, dd { line-height: inherit; }
    pre, code, kbd, samp, tt { font-family: monospace, ${SANS}; }
    a:any-link { color: ${tokens.link}; }
    img, svg { max-inline-size: 100%; }
    [lang|="en"] { hyphens: auto; }`;
  const after = `
    html { font-size: ${size * 1.125 * tokens.scale}% !important; color-scheme: ${night ? "dark" : "light"};
      -webkit-text-size-adjust: none; overflow-wrap: break-word; }
    body { margin: 0 !important; background: none !important; }
    pre { white-space: pre-wrap !important; }
    h1, h2, h3, h4, h5, h6 { line-height: 1.35 !important; }
    ::selection { background: ${tokens.mark}; }
    ${night ? nightStyles(tokens) : ""}`;
  return [before, after];
}

/** The words that are being spoken: two signs, so that neither colour nor light alone carries the meaning. */
export function spokenStyles() {
  const { ink, mark, seal } = pageTokens();
  return `
    [data-spoken][data-spoken] { background-color: ${mark} !important; color: ${ink} !important; border-radius: .15em;
      text-decoration: underline .12em ${seal} !important; text-underline-offset: .3em !important;
      -webkit-box-decoration-break: clone; box-decoration-break: clone; }
    [data-spoken][data-spoken] * { background-color: transparent !important; color: inherit !important; }`;
}

/**
 * A style sheet of a book as this browser reads it: without the prefix of EPUB's own properties, and with our fonts at the
 * end of every list, for a terminal may have no Chinese font at all. The fonts that a book brings or names go first.
 */
export function restyle(text) {
  return withFonts(withoutPrefix(text));
}

// What the standard names otherwise than CSS does today: property, then value.
const RENAMED = { "text-combine": "text-combine-upright", "text-combine-horizontal": "text-combine-upright" };
const REVALUED = {
  "text-combine-upright": { horizontal: "all" },
  "text-orientation": { "vertical-right": "mixed", "sideways-right": "sideways", "rotate-right": "sideways", "rotate-normal": "mixed" },
  "text-underline-position": { alphabetic: "auto" },
  "text-transform": { "-epub-fullwidth": "full-width" },
  hyphens: { all: "auto" },
};

function withoutPrefix(text) {
  return text.replace(/(^|[{;\s])-epub-([a-z-]+)(\s*:\s*)([^;{}]*)/gi, (whole, before, property, colon, value) => {
    const name = RENAMED[property.toLowerCase()] ?? property.toLowerCase();
    const values = REVALUED[name] ?? {};
    return before + name + colon + value.replace(/-?[a-z-]+/gi, (part) => values[part.toLowerCase()] ?? part);
  });
}

function withFonts(text) {
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
  if (!generic) return name.toLowerCase().startsWith("font-family") ? `${name}${list}, ${OWN_SERIF}${important}` : rule;
  const kind = generic[2].toLowerCase();
  const ours = kind === "serif" || kind === "cursive" ? OWN_SERIF : kind === "monospace" ? `monospace, ${SANS}` : OWN_SANS;
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
