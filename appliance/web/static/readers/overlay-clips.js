// The media overlay of a book: which element is spoken by which part of which sound. It comes with the book and is not to
// be trusted: addresses stay inside of the book, lists and times are bounded.

const SMIL = "http://www.w3.org/ns/SMIL";
const ROOT = "https://book.invalid/";
const MAX_CLIPS = 20000;
const UNITS = { h: 3600, min: 60, s: 1, ms: 0.001 };

/** Seconds of a clock value, `1:02:03.5`, `02:03.5`, `3.5s`, `200ms`, `2min`, `1.5h` or `12`; null for any other text. */
export function parseClock(text) {
  const plain = (text ?? "").trim().replace(/^npt=/i, "");
  const parts = /^(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d*)?)$/.exec(plain);
  if (parts) return Number(parts[1] ?? 0) * 3600 + Number(parts[2]) * 60 + Number(parts[3]);
  const count = /^(\d+(?:\.\d*)?)(h|min|s|ms)?$/.exec(plain);
  return count ? Number(count[1]) * UNITS[count[2] ?? "s"] : null;
}

/** Path and fragment of an address as the file at `base` writes it; null when it leads out of the book. */
export function resolveIn(base, address) {
  try {
    const url = new URL(address, ROOT + base);
    if (!url.href.startsWith(ROOT)) return null;
    return { path: decodeURIComponent(url.pathname.slice(1)), fragment: decodeURIComponent(url.hash.slice(1)) };
  } catch {
    return null;
  }
}

/**
 * The clips of an overlay file at `base`, in the order of speaking: {path, fragment, sound, begin, end}. `sound` is a path
 * in the book, times are seconds; `end` is null where a sound is heard out. Text without a sound is left out.
 */
export function readClips(text, base) {
  const doc = new DOMParser().parseFromString(text, "application/xml");
  if (doc.querySelector("parsererror")) return [];
  const clips = [];
  for (const par of doc.getElementsByTagNameNS(SMIL, "par")) {
    if (clips.length >= MAX_CLIPS) break;
    const child = (name) => [...par.children].find((node) => node.namespaceURI === SMIL && node.localName === name);
    const audio = child("audio");
    const words = resolveIn(base, child("text")?.getAttribute("src") ?? "");
    const sound = audio && resolveIn(base, audio.getAttribute("src") ?? "");
    if (!words || !sound?.path) continue;
    const begin = parseClock(audio.getAttribute("clipBegin")) ?? 0;
    const end = parseClock(audio.getAttribute("clipEnd"));
    if (end === null || end > begin) clips.push({ ...words, sound: sound.path, begin, end });
  }
  return clips;
}

/** The clips of an open book, chapter by chapter; an overlay file is read once. */
export class Overlay {
  #files = new Map();
  #book;

  constructor(book) {
    this.#book = book;
  }

  /** Whether any chapter has an overlay. */
  get exists() {
    return this.#book.sections.some((section) => section.mediaOverlay);
  }

  /** Clips of the chapter at `index` of the reading order. */
  async clips(index) {
    const section = this.#book.sections[index];
    const file = section?.mediaOverlay?.href;
    if (!file) return [];
    if (!this.#files.has(file)) {
      const read = Promise.resolve(this.#book.loadText(file)).then((text) => readClips(text ?? "", file));
      read.catch(() => this.#files.delete(file));
      this.#files.set(file, read);
    }
    return (await this.#files.get(file)).filter(({ path }) => path === section.id || path === plain(section.id));
  }

  /** The place of the first clip of the nearest chapter from `index` on, `step` 1 or -1 away; null at the book's end. */
  async nearest(index, step) {
    for (let at = index; at >= 0 && at < this.#book.sections.length; at += step) {
      const clips = await this.clips(at);
      if (clips.length) return { index: at, number: step > 0 ? 0 : clips.length - 1 };
    }
    return null;
  }
}

function plain(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
