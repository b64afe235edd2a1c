// SHA-1 for the font obfuscation of EPUB (a reading-room address is no secure context: crypto.subtle is missing).
// It protects nothing here; the format demands it.

const rotate = (value, bits) => (value << bits) | (value >>> (32 - bits));

function mix(step, b, c, d) {
  if (step < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (step < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (step < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

/** The 20 bytes of the SHA-1 of a text in UTF-8. */
export function sha1(text) {
  const content = new TextEncoder().encode(text);
  const blocks = new Uint8Array(((content.length + 8) >> 6) * 64 + 64);
  blocks.set(content);
  blocks[content.length] = 0x80;
  const view = new DataView(blocks.buffer);
  view.setUint32(blocks.length - 4, content.length * 8);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  const words = new Int32Array(80);
  for (let at = 0; at < blocks.length; at += 64) {
    for (let step = 0; step < 80; step += 1) {
      words[step] = step < 16 ? view.getInt32(at + step * 4)
        : rotate(words[step - 3] ^ words[step - 8] ^ words[step - 14] ^ words[step - 16], 1);
    }
    let [a, b, c, d, e] = state;
    for (let step = 0; step < 80; step += 1) {
      const next = (rotate(a, 5) + mix(step, b, c, d) + e + words[step]) | 0;
      [a, b, c, d, e] = [next, a, rotate(b, 30), c, d];
    }
    [a, b, c, d, e].forEach((value, index) => (state[index] = (state[index] + value) | 0));
  }
  const out = new Uint8Array(20);
  const outView = new DataView(out.buffer);
  state.forEach((value, index) => outView.setInt32(index * 4, value));
  return out;
}
