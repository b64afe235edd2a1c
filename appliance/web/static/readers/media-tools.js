// The tools beside the player: speed, sleep timer, sound on or off, captions, other forms, chapters.

import { setLines } from "./media-lines.js";
import { clock, config, element, memory, player, say, sentence, word } from "./media-page.js";

// --- Speed

const speeds = [...document.querySelectorAll("#speeds button")];

function setSpeed(speed) {
  player.defaultPlaybackRate = speed;
  player.playbackRate = speed;
  for (const button of speeds) {
    if (Number(button.dataset.speed) === speed) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

for (const button of speeds) {
  button.addEventListener("click", () => {
    const speed = Number(button.dataset.speed);
    memory.set("speed", speed);
    setSpeed(speed);
  });
}
const remembered = memory.get("speed");
if (speeds.some((button) => Number(button.dataset.speed) === remembered)) setSpeed(remembered);

// --- Sleep timer

const sleep = element("sleep");
let timer = null;

/** Stop after minutes, at the "end" of the part, or ("0") not at all. */
function setSleep(when) {
  clearTimeout(timer);
  timer = null;
  sleep.value = when;
  say("");
  if (when === "0") return;
  const key = when === "end" ? "sleep_end" : "sleep";
  const off = { label: word(`${key}.button`), run: () => setSleep("0") };
  say(sentence(key, { minutes: when }), { actions: [off] });
  if (when === "end") return;
  timer = setTimeout(() => {
    setSleep("0");
    player.pause();
  }, Number(when) * 60_000);
}

sleep.addEventListener("change", () => setSleep(sleep.value));
sleep.value = "0";

/** Whether a timer runs: its message stays while others go. */
export const sleeping = () => sleep.value !== "0";

/** Whether playing stops here, at the end of a part; the timer is done then. */
export function sleepsHere() {
  const here = sleep.value === "end";
  if (here) setSleep("0");
  return here;
}

// --- Sound on or off

const mute = element("mute");

export function toggleMute() {
  player.muted = !player.muted;
}

mute?.addEventListener("click", toggleMute);
player.addEventListener("volumechange", () => mute?.setAttribute("aria-pressed", String(player.muted)));

// --- Captions: of film over the picture, of sound below the player.

const captions = element("captions");
let captionTracks = [];
let lastCaptions = "";
const cue = element("cue");

const shown = config.kind === "video" ? "showing" : "hidden";

function setCaptions(label) {
  cue.hidden = config.kind === "video" || !label;
  for (const track of player.textTracks) {
    if (track.kind === "captions") track.mode = track.label === label ? shown : "disabled";
  }
  cue.textContent = "";
}

function chooseCaptions(label) {
  memory.set("captions", label);
  captions.value = label;
  setCaptions(label);
  if (label) setLines(captionTracks.find((track) => track.label === label) ?? null);
}

captions.addEventListener("change", () => chooseCaptions(captions.value));

/** Captions on or off: those that were on last, else the first. */
export function toggleCaptions() {
  if (!captionTracks.length) return;
  if (captions.value) lastCaptions = captions.value;
  const known = captionTracks.some(({ label }) => label === lastCaptions);
  chooseCaptions(captions.value ? "" : known ? lastCaptions : captionTracks[0].label);
}

// Chosen in the browser's own menu.
player.textTracks.addEventListener("change", () => {
  const on = [...player.textTracks].find((track) => track.kind === "captions" && track.mode === shown);
  captions.value = on?.label ?? "";
});

/** Give the player the tracks of a part, with the captions that were chosen before. */
export function setTracks(tracks) {
  for (const old of player.querySelectorAll("track")) old.remove();
  captionTracks = tracks.filter(({ kind }) => kind === "captions");
  const names = captionTracks.map(({ label }) => label);
  for (const { url, kind, language, label } of tracks) {
    const track = document.createElement("track");
    Object.assign(track, { kind, srclang: language, label });
    track.src = url;
    player.append(track);
    if (kind === "chapters") {
      track.track.mode = "hidden";
      track.addEventListener("load", () => setChapters([...track.track.cues].slice(0, 500).map(
        ({ text, startTime }) => ({ title: text, start: startTime }))));
    } else {
      track.track.addEventListener("cuechange", () => {
        if (config.kind === "audio") cue.textContent = [...track.track.activeCues].map((c) => c.getCueAsHTML().textContent).join("\n");
      });
    }
  }
  const options = [["", word("subtitles_off")], ...names.map((name) => [name, name])];
  captions.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  element("captions-pick").hidden = names.length === 0;
  const wish = memory.get("captions");
  const chosen = wish === "" || names.includes(wish) ? wish : names[0] ?? "";
  captions.value = chosen;
  setCaptions(chosen);
  setLines(captionTracks.find(({ label }) => label === chosen) ?? captionTracks[0] ?? null);
}

// --- Chapters

const chapterList = element("chapter-list");

/** List the chapters of a part, {title, start} each. */
export function setChapters(chapters) {
  element("chapters").hidden = chapters.length === 0;
  chapterList.replaceChildren(...chapters.map(({ title, start }, n) => {
    const [item, link, number, name, time] = ["li", "a", "span", "span", "small"].map((tag) => document.createElement(tag));
    link.href = `?at=${Math.floor(start)}`;
    link.dataset.start = start;
    [number.textContent, name.textContent, time.textContent] = [n + 1, title, clock(start)];
    link.append(number, name, time);
    item.append(link);
    return item;
  }));
}

chapterList.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  player.currentTime = Number(link.dataset.start);
  player.play().catch(() => {});
});

player.addEventListener("timeupdate", () => {
  let current = null;
  for (const link of chapterList.querySelectorAll("a")) {
    if (Number(link.dataset.start) <= player.currentTime + 0.2) current = link;
    link.removeAttribute("aria-current");
  }
  current?.setAttribute("aria-current", "true");
});

// --- Other forms of the same part

const forms = element("forms");

/** Offer the forms that this browser plays; `choose` is called with the number of the chosen one. */
export function setForms(sources, current, choose) {
  element("forms-pick").hidden = sources.length < 2;
  forms.replaceChildren(...sources.map(({ name }, n) => new Option(name, n)));
  forms.value = String(current);
  forms.onchange = () => choose(Number(forms.value));
}
