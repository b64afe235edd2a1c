// The zip of an EPUB, read by ranges: a large book opens without being fetched as a whole, and a damaged place
// spoils only the entries that lie on it. Everything here is bounded: a book is not to be trusted.

const MAX_DIRECTORY = 8 * 1024 * 1024;
const MAX_ENTRIES = 20000;
const MAX_ENTRY = 64 * 1024 * 1024;

/** The entries of a zip: name → {name, method, flags, packed, size, offset}. */
export async function readDirectory(source) {
  const tailSize = Math.min(source.size, 22 + 65535);
  const tail = await source.read(source.size - tailSize, tailSize);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let end = tailSize - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new Error("not a zip file");
  const count = view.getUint16(end + 10, true);
  const length = view.getUint32(end + 12, true);
  const offset = view.getUint32(end + 16, true);
  if (count > MAX_ENTRIES || length > MAX_DIRECTORY) throw new Error("too many entries");
  return parseDirectory(await source.read(offset, length), count);
}

function parseDirectory(bytes, count) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const entries = new Map();
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw new Error("damaged directory");
    const nameLength = view.getUint16(at + 28, true);
    const name = decoder.decode(bytes.subarray(at + 46, at + 46 + nameLength));
    // Of two entries of one name the first counts, as for the server.
    if (!entries.has(name)) {
      entries.set(name, {
        name,
        flags: view.getUint16(at + 8, true),
        method: view.getUint16(at + 10, true),
        packed: view.getUint32(at + 20, true),
        size: view.getUint32(at + 24, true),
        offset: view.getUint32(at + 42, true),
      });
    }
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** The same entries without a folder that all of a book was packed into by mistake. */
export function withoutFolder(entries, wanted = "META-INF/container.xml") {
  if (entries.has(wanted)) return entries;
  const found = [...entries.keys()].find((name) => name.endsWith(`/${wanted}`));
  if (!found) return entries;
  const folder = found.slice(0, -wanted.length);
  return new Map(
    [...entries].filter(([name]) => name.startsWith(folder)).map(([name, entry]) => [name.slice(folder.length), entry]),
  );
}

/** The content of an entry; never more than it says, never more than MAX_ENTRY. */
export async function readEntry(source, entry) {
  if (entry.flags & 1) throw new Error("encrypted");
  if (entry.size > MAX_ENTRY || entry.packed > MAX_ENTRY) throw new Error("too large");
  const header = await source.read(entry.offset, 30);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0, true) !== 0x04034b50) throw new Error("damaged entry");
  const start = entry.offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const packed = await source.read(start, entry.packed);
  if (entry.method === 0) return packed;
  if (entry.method !== 8) throw new Error("unknown compression");
  return inflate(packed, entry.size);
}

async function inflate(packed, size) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  const out = new Uint8Array(size);
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (filled + value.length > size) {
      reader.cancel();
      throw new Error("larger than it says");
    }
    out.set(value, filled);
    filled += value.length;
  }
  if (filled !== size) throw new Error("shorter than it says");
  return out;
}
