// Reading along: a book's media overlay spoken, its words marked, its pages turned. One sound plays at a time, and only
// after a press; whatever fails is said in one sentence, and the text stays as it is.
import { Overlay } from "./overlay-clips.js";
import { bindKeys, element, memory, onTheme, sayFailure, saySentence, say, word } from "./shell.js";
import { dressAgain, dressPage, light, unlight } from "./spoken-mark.js";

const EARLY = 0.02;
const SEAMLESS = 0.35;
const SLOW = 1500;
const SETTLED = 300;
const TRIES = 12;
const CLASS = /^[^\s.#]{1,100}$/;

/** A sound that the book names and does not have, or that this browser cannot play. */
class SoundMissing extends Error {}

/** Offer reading along with an open book, if it has an overlay. */
export function bindAloud(view, isPlain) {
  const overlay = new Overlay(view.book);
  if (!overlay.exists) return;
  const reader = new ReadingAloud(view, overlay, isPlain);
  element("reader").dataset.aloud = "";
  element("aloud").hidden = false;
  for (const name of ["aloud", "aloud-play"]) element(name).addEventListener("click", () => reader.toggle());
  element("aloud-previous").addEventListener("click", () => reader.step(-1));
  element("aloud-next").addEventListener("click", () => reader.step(1));
  element("aloud-stop").addEventListener("click", () => reader.stop());
  const speed = element("aloud-speed");
  const remembered = String(memory.get("speed"));
  if ([...speed.options].some(({ value }) => value === remembered)) speed.value = remembered;
  speed.addEventListener("change", () => {
    memory.set("speed", Number(speed.value));
    reader.setSpeed(Number(speed.value));
  });
  reader.setSpeed(Number(speed.value));
  bindKeys({ p: () => reader.toggle(), P: () => reader.toggle(), "[": () => reader.step(-1), "]": () => reader.step(1) });
  addEventListener("pagehide", () => reader.stop());
  onTheme(() => dressAgain(isPlain()));
}

class ReadingAloud {
  #view;
  #overlay;
  #isPlain;
  #wishes;
  #audio = new Audio();
  #sound = null;
  #address = "";
  #place = null;
  #clips = [];
  #act = 0;
  #timer = 0;
  #settling = 0;
  #moving = 0;
  #pages = new WeakMap();

  constructor(view, overlay, isPlain) {
    this.#view = view;
    this.#overlay = overlay;
    this.#isPlain = isPlain;
    const { activeClass, playbackActiveClass } = view.book.media ?? {};
    const names = (text) => (text ?? "").split(/\s+/).filter((name) => CLASS.test(name));
    this.#wishes = { active: names(activeClass), playing: names(playbackActiveClass) };
    this.#audio.preload = "auto";
    this.#audio.addEventListener("ended", () => this.#advance());
    this.#audio.addEventListener("timeupdate", () => this.#tick());
    this.#audio.addEventListener("error", () => this.#fail(new SoundMissing("it cannot be played"), this.#act));
    view.addEventListener("load", ({ detail: { doc, index } }) => {
      this.#pages.set(doc, index);
      dressPage(doc);
    });
    view.renderer.addEventListener("relocate", ({ detail }) => this.#onMoved(detail.reason));
  }

  setSpeed(speed) {
    this.#audio.defaultPlaybackRate = speed;
    this.#audio.playbackRate = speed;
  }

  get #isPlaying() {
    return element("aloud").getAttribute("aria-pressed") === "true";
  }

  /** Play from what is shown, or pause. */
  toggle() {
    if (this.#isPlaying) this.#pause();
    else if (this.#place && this.#sound && this.#isSeen()) this.#resume();
    else this.#startHere();
  }

  /** Go to the sentence before or after the spoken one and speak it. */
  step(by) {
    if (!this.#place) return;
    this.#run(async (act) => {
      const { index, number } = this.#place;
      const place = this.#clips[number + by] ? { index, number: number + by } : await this.#overlay.nearest(index + by, by);
      if (place) await this.#play(place, act);
      else if (by > 0) this.#finish();
    });
  }

  /** End: silence, no mark, nothing left loaded. */
  stop() {
    this.#act += 1;
    this.#show(false);
    this.#audio.pause();
    clearTimeout(this.#timer);
    clearTimeout(this.#settling);
    unlight();
    this.#place = null;
    this.#sound = null;
    this.#audio.removeAttribute("src");
    URL.revokeObjectURL(this.#address);
    const bar = element("aloud-bar");
    if (bar.contains(document.activeElement)) element("aloud").focus();
    bar.hidden = true;
  }

  #pause() {
    this.#act += 1;
    clearTimeout(this.#timer);
    this.#audio.pause();
    this.#show(false);
  }

  #resume() {
    this.#run(async () => {
      await this.#audio.play();
      this.#watch();
    });
  }

  #startHere() {
    this.#run(async (act) => {
      const place = await this.#firstHere();
      if (!place) throw new SoundMissing("nothing is spoken");
      await this.#play(place, act);
    });
  }

  /** Run one act; a newer one overtakes it, and what goes wrong is said. */
  async #run(work) {
    const act = (this.#act += 1);
    clearTimeout(this.#timer);
    this.#show(true);
    const slow = setTimeout(() => act === this.#act && say(word("opening")), SLOW);
    try {
      await work(act);
    } catch (error) {
      this.#fail(error, act);
    } finally {
      clearTimeout(slow);
      if (element("note-text").textContent === word("opening")) say("");
    }
  }

  #show(isPlaying) {
    element("aloud").setAttribute("aria-pressed", String(isPlaying));
    element("aloud-play").dataset.playing = String(isPlaying);
    element("aloud-play-label").textContent = word(isPlaying ? "pause" : "play");
    if (isPlaying) element("aloud-bar").hidden = false;
  }

  async #play(place, act) {
    const clips = await this.#overlay.clips(place.index);
    const clip = clips[place.number];
    if (act !== this.#act) return;
    // Set at once: the next press counts from here, even while the sound is on its way.
    [this.#place, this.#clips] = [place, clips];
    await this.#load(clip.sound, act);
    if (act !== this.#act) return;
    if (clip.begin >= this.#audio.duration) throw new SoundMissing("it is shorter than the book says");
    if (this.#audio.ended || Math.abs(this.#audio.currentTime - clip.begin) > EARLY) this.#audio.currentTime = clip.begin;
    await this.#audio.play();
    if (act !== this.#act) return;
    this.#watch();
    await this.#mark();
  }

  async #load(sound, act) {
    if (sound === this.#sound) return;
    this.#audio.pause();
    this.#sound = null;
    const content = await this.#view.book.loadBlob(sound);
    if (act !== this.#act) return;
    if (!content) throw new SoundMissing(sound);
    URL.revokeObjectURL(this.#address);
    this.#address = URL.createObjectURL(content);
    const { playbackRate } = this.#audio;
    await new Promise((resolve, reject) => {
      this.#audio.addEventListener("loadedmetadata", resolve, { once: true });
      this.#audio.addEventListener("error", () => reject(new SoundMissing(sound)), { once: true });
      this.#audio.src = this.#address;
    });
    this.#audio.playbackRate = playbackRate;
    if (act === this.#act) this.#sound = sound;
  }

  // Clips may last a fifth of a second, and `timeupdate` comes four times a second: a timer looks when a clip should end.
  #watch() {
    clearTimeout(this.#timer);
    const { end } = this.#clips[this.#place.number];
    if (end === null) return;
    const left = (end - this.#audio.currentTime) / this.#audio.playbackRate;
    this.#timer = setTimeout(() => this.#tick(), Math.min(200, Math.max(15, left * 1000)));
  }

  #tick() {
    if (!this.#isPlaying || !this.#place || this.#audio.paused) return;
    const { end } = this.#clips[this.#place.number];
    if (end !== null && this.#audio.currentTime >= end - EARLY) this.#advance();
    else this.#watch();
  }

  /** The next clip: where the same sound goes on without a gap it is not touched. */
  #advance() {
    if (!this.#isPlaying || !this.#place) return;
    clearTimeout(this.#timer);
    const { index, number } = this.#place;
    const next = this.#clips[number + 1];
    const isNear = next && next.sound === this.#sound && Math.abs(next.begin - this.#audio.currentTime) < SEAMLESS;
    if (!isNear || this.#audio.ended) {
      this.step(1);
      return;
    }
    this.#place = { index, number: number + 1 };
    this.#watch();
    this.#mark().catch((error) => console.warn(error));
  }

  #finish() {
    this.stop();
    saySentence("aloud_end", null, {}, "ok");
  }

  #fail(error, act) {
    // A press that overtook another one aborts its play; that is no fault of the book.
    if (act !== this.#act || !this.#isPlaying || error?.name === "AbortError") return;
    console.warn(error);
    this.stop();
    if (error?.status === 503 || error instanceof TypeError) sayFailure(error);
    else saySentence("aloud_missing", null, {}, "todo");
  }

  // --- The page and its words

  /** The page of the chapter at `index`, when it is shown. */
  #page(index) {
    return this.#view.renderer.getContents().map(({ doc }) => doc).find((doc) => doc && this.#pages.get(doc) === index);
  }

  #node({ index, number }, clips) {
    const doc = this.#page(index);
    const { fragment } = clips[number] ?? {};
    return doc && fragment ? doc.getElementById(fragment) : null;
  }

  #isSeen(isWhole = false) {
    const node = this.#node(this.#place, this.#clips);
    return Boolean(node && isSeen(node, isWhole));
  }

  /** Turn to the spoken words and mark them. */
  async #mark() {
    const { index, number } = this.#place;
    const { fragment } = this.#clips[number];
    const isHere = () => this.#place?.index === index && this.#place.number === number;
    this.#moving += 1;
    try {
      for (let tries = 0; tries < TRIES && isHere(); tries += 1) {
        const node = this.#node({ index, number }, this.#clips);
        if (node ? isSeen(node, true) : this.#page(index) && !fragment) break;
        await this.#view.renderer.goTo({ index, anchor: (doc) => doc.getElementById(fragment) ?? 0 });
        if (this.#page(index) && !this.#node({ index, number }, this.#clips)) break;
        // The page that is just being turned takes no other order.
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    } finally {
      setTimeout(() => (this.#moving -= 1), 0);
    }
    if (!isHere()) return;
    const node = this.#node(this.#place, this.#clips);
    if (node) light(node, this.#wishes, this.#isPlain());
    else unlight();
  }

  /** The first clip of what is shown, else the first one after it, else the first of the book. */
  async #firstHere() {
    const shown = this.#view.renderer.getContents().map(({ doc }) => this.#pages.get(doc));
    const here = shown.filter((index) => index !== undefined).sort((a, b) => a - b);
    for (const index of here) {
      const clips = await this.#overlay.clips(index);
      const nodes = clips.map((_, number) => this.#node({ index, number }, clips));
      const number = [
        nodes.findIndex((node) => node && isSeen(node, true)),
        nodes.findIndex((node) => node && isSeen(node)),
        nodes.findIndex((node) => node && this.#isAfter(node)),
      ].find((found) => found >= 0);
      if (number !== undefined) return { index, number };
      // Words without an address of their own are the whole page.
      if (clips.length && nodes.every((node) => !node)) return { index, number: 0 };
    }
    return (await this.#overlay.nearest((here.at(-1) ?? -1) + 1, 1)) ?? this.#overlay.nearest(0, 1);
  }

  #isAfter(node) {
    const range = this.#view.lastLocation?.range;
    return range?.startContainer.ownerDocument === node.ownerDocument && range.comparePoint(node, 0) >= 0;
  }

  /** The reader went elsewhere: the voice follows. The page was laid out anew: the page follows the voice. */
  #onMoved(reason) {
    if (!this.#isPlaying || this.#moving || !this.#place) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      if (!this.#isPlaying || this.#moving || !this.#place || this.#isSeen()) return;
      if (reason === "anchor") this.#mark().catch((error) => console.warn(error));
      else this.#startHere();
    }, SETTLED);
  }
}

/** Whether words are on the screen: any part of them, or `isStart`, their beginning. */
function isSeen(node, isStart = false) {
  const frame = node.ownerDocument.defaultView?.frameElement;
  if (!frame?.getClientRects().length) return false;
  // A page of flowing text is a window onto its chapter; beside it lie pages that are not shown.
  const stage = (frame.parentElement.parentElement ?? element("stage")).getBoundingClientRect();
  const outer = frame.getBoundingClientRect();
  const scale = outer.width / frame.offsetWidth || 1;
  const boxes = [...node.getClientRects()].filter(({ width, height }) => width && height);
  return (isStart ? boxes.slice(0, 1) : boxes).some((box) => {
    const x = outer.left + (box.left + box.width / 2) * scale;
    const y = outer.top + (box.top + box.height / 2) * scale;
    return x > stage.left && x < stage.right && y > stage.top && y < stage.bottom;
  });
}
