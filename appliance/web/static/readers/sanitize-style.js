// Style sheets of a book without addresses from outside. CSS knows many ways to write an address: with escapes, with
// comments in between, as a string in an import or an image set, through a variable. So a sheet is read token by token.

const ESCAPE = /\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|([^]))/gi;
// A comment, an address without quotation marks, a string, the word that imports.
const TOKEN = /\/\*[^]*?(?:\*\/|$)|url\((?!\s*["'])(?:[^)\\]|\\[^])*(?:\)|$)|"(?:[^"\\\n\r\f]|\\[^])*"?|'(?:[^'\\\n\r\f]|\\[^])*'?|@import(?![\w-])|;/gi;
const EXTERNAL = /^[\s\0-\x1f]*(?:[a-z][a-z0-9+.-]*:|\/\/|\\\\|\/\\)/i;
const INSIDE = /^[\s\0-\x1f]*(?:blob:|data:(?:image\/(?:png|jpeg|gif|webp|avif|bmp)|font\/|audio\/|video\/)[^]*)/i;
const NETWORK = /^[\s\0-\x1f]*(?:(?:https?|wss?|ftp|file|javascript):|[\\/]{2}[^\s\\/])/i;

/** Whether an address, as a book writes it, leads out of the book. */
export function isOutside(address) {
  const plain = address.replace(/[\t\n\r]/g, "");
  return EXTERNAL.test(plain) && !INSIDE.test(plain);
}

const codeOf = (hex) => {
  const code = parseInt(hex, 16);
  return code && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
};

/** Escaped letters as letters, everywhere: they mean the same, and a word is then found by its name. */
const plainWords = (text) => text.replace(ESCAPE, (whole, hex, other) => {
  const letter = hex ? codeOf(hex) : other;
  return /^[a-z]$/i.test(letter) ? letter : whole;
});

/** What a string or an address says when all its escapes are read. */
const said = (text) => text.replace(/\\(?:\r\n|[\n\r\f])/g, "").replace(ESCAPE, (_, hex, other) => (hex ? codeOf(hex) : other));

/** A style sheet without imports and addresses from outside. */
export function sanitizeStyle(text) {
  const out = [];
  let from = 0;
  let imports = -1;
  const plain = plainWords(text);
  for (const match of plain.matchAll(TOKEN)) {
    out.push(plain.slice(from, match.index));
    from = match.index + match[0].length;
    const token = match[0];
    if (token.startsWith("/*")) out.push("/**/");
    else if (token === ";") {
      imports = -1;
      out.push(token);
    } else if (/^@import/i.test(token)) {
      imports = out.push(token) - 1;
    } else {
      const isAddress = /^url/i.test(token);
      const address = said(isAddress ? token.replace(/^url\(|\)$/gi, "") : token.replace(/^["']|["']$/g, ""));
      const inAddress = isAddress || imports >= 0 || /url\(\s*$/i.test(out.at(-1));
      const outside = inAddress ? isOutside(address) : NETWORK.test(address);
      // A rule of no known name is passed over with all that it says.
      if (outside && imports >= 0) out[imports] = "@removed";
      out.push(outside ? (isAddress ? "none" : '""') : token);
      if (imports >= 0) imports = -1;
    }
  }
  out.push(plain.slice(from));
  return out.join("").replace(/(?<![\w-])(?:-moz-binding|behavior)\s*:[^;}]*/gi, "");
}
