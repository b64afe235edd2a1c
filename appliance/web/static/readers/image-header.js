// How many pixels a picture makes on a screen, read from its header before the browser unpacks it: a few bytes can
// become a gigabyte. The box does the same for pictures that it sends (indexer/image_header.py).

const MAX_PIXELS = 80_000_000;
const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

/** Width times height of a PNG, GIF, WebP or JPEG; 0 for anything else. */
export function headerPixels(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (text(bytes, 0, 4) === "\x89PNG") return view.getUint32(16) * view.getUint32(20);
    if (/^GIF8[79]a/.test(text(bytes, 0, 6))) return gif(bytes, view);
    if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP") return webp(bytes, view);
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, view);
  } catch {
    // It ends in the middle of its header.
  }
  return 0;
}

/** Whether a picture may be shown: one of the four kinds, and not larger than a browser should unpack. */
export function isShowable(bytes) {
  const pixels = headerPixels(bytes);
  return pixels > 0 && pixels <= MAX_PIXELS;
}

function gif(bytes, view) {
  const flags = bytes[10];
  let at = 13 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  while (bytes[at] === 0x21) {
    at += 2;
    while (bytes[at]) at += bytes[at] + 1;
    at += 1;
  }
  if (bytes[at] !== 0x2c) return 0;
  const [left, top, wide, high] = [1, 3, 5, 7].map((n) => view.getUint16(at + n, true));
  return Math.max(view.getUint16(6, true), left + wide) * Math.max(view.getUint16(8, true), top + high);
}

function webp(bytes, view) {
  const kind = text(bytes, 12, 16);
  if (kind === "VP8X") return (1 + (view.getUint32(24, true) & 0xffffff)) * (1 + (view.getUint32(26, true) >>> 8));
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return (1 + (bits & 0x3fff)) * (1 + ((bits >>> 14) & 0x3fff));
  }
  return kind === "VP8 " ? (view.getUint16(26, true) & 0x3fff) * (view.getUint16(28, true) & 0x3fff) : 0;
}

function jpeg(bytes, view) {
  let at = 2;
  while (at < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return view.getUint16(at + 5) * view.getUint16(at + 7);
    if (marker === 0xd9 || marker === 0xda) return 0;
    if (marker === 0xff) at += 1;
    else at += marker === 1 || (marker >= 0xd0 && marker <= 0xd7) ? 2 : 2 + view.getUint16(at + 2);
  }
  return 0;
}
