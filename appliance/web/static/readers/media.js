// Sound and film: parts that follow each other, the deck, the place that the tab remembers, what to do about damage.

import { stateAt, stretchAt } from "./media-damage.js";
import { clock, config, element, memory, player, say, sentence, word } from "./media-page.js";
import { setChapters, setForms, setTracks, sleeping, sleepsHere, toggleCaptions, toggleMute } from "./media-tools.js";
import { setWave } from "./media-wave.js";

const BACK = 15;
const FORWARD = 30;
const STALLED = 8000;
const video = config.kind === "video";
const lastKey = `last.${config.resource}`;
const doneKey = `done.${config.resource}`;
const placeKey = (part) => `place.${part.id}`;
const done = new Set(memory.get(doneKey) ?? []);
const links = [...document.querySelectorAll("#parts a")];
const [play, seek, previous, next] = ["play", "seek", "previous", "next"].map(element);

let at = config.current;
let sources = [];
let source = 0;
let reached = 0;
let form = "";
let leap = null;

const part = () => config.parts[at];
const length = () => (Number.isFinite(player.duration) ? player.duration : part().duration);

// --- Opening a part

/** The part's files that this browser says it can play, those of the chosen form first. */
function playable(one) {
  const known = one.sources.filter(({ type }) => player.canPlayType(type) !== "");
  return known.sort((a, b) => Number(b.type === form) - Number(a.type === form));
}

/** Open part `n` at `start` seconds. */
function open(n, { start = 0, playing = false } = {}) {
  at = n;
  leap = null;
  sources = playable(part());
  show();
  if (!sources.length) {
    sayNoForm();
    return;
  }
  setTracks(part().tracks);
  setChapters(part().chapters);
  setWave(part().peaks, part().duration);
  load(0, start, playing);
}

function load(n, start, playing) {
  source = n;
  reached = start;
  // A place in the address comes with the sources of the page itself; here it is set below.
  player.src = sources[n].url;
  player.addEventListener("loadedmetadata", () => {
    if (start > 0 && start < player.duration) player.currentTime = start;
    showTime();
  }, { once: true });
  setForms(sources, n, (chosen) => {
    form = sources[chosen].type;
    load(chosen, player.currentTime, !player.paused);
  });
  if (playing) begin();
}

function begin() {
  player.play().catch(() => {
    // The browser wants a press of its own first; the button is there.
  });
}

const rememberedPlace = (one) => {
  const seconds = memory.get(placeKey(one));
  return typeof seconds === "number" && seconds > 5 ? seconds : 0;
};

function go(n) {
  if (n < 0 || n >= config.parts.length) return;
  if (!sleeping()) say("");
  open(n, { start: rememberedPlace(config.parts[n]), playing: true });
  history.replaceState(null, "", part().page);
}

// --- What is seen

function show() {
  element("part-title").textContent = config.parts.length > 1 ? part().label : "";
  for (const [n, link] of links.entries()) {
    if (n === at) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    const finished = done.has(config.parts[n].id);
    link.parentElement.classList.toggle("done", finished);
    const current = n === at && !(finished && player.ended) ? word(video ? "watching" : "listening") : "";
    const state = current || (finished ? `✓ ${word(video ? "watched" : "heard")}` : "");
    link.querySelector("small").textContent = [state, config.parts[n].time].filter(Boolean).join(" · ");
  }
  const list = element("parts");
  if (list?.classList.contains("chapters--long")) {
    const row = links[at].parentElement;
    list.scrollTop = row.offsetTop - (list.clientHeight - row.offsetHeight) / 2;
  }
  if (previous) previous.disabled = at === 0;
  if (next) next.disabled = at === config.parts.length - 1;
  const box = element("transcripts");
  const icon = box.querySelector(".icon");
  box.hidden = !part().transcripts.length;
  box.replaceChildren(...part().transcripts.map(({ url, label }) => {
    const link = document.createElement("a");
    [link.className, link.href, link.textContent] = ["btn", url, label];
    if (icon) link.prepend(icon.cloneNode(true));
    return link;
  }));
  showSession();
}

function showTime() {
  const total = length();
  seek.disabled = !total;
  seek.max = String(Math.floor(total * 10) / 10);
  seek.value = String(player.currentTime);
  seek.setAttribute("aria-valuetext", word("time_of", { start: clock(player.currentTime), left: clock(total) }));
  element("time").textContent = clock(player.currentTime);
  element("left").textContent = total ? word("left", { left: clock(Math.ceil(total - player.currentTime - 0.05)) }) : "";
}

function showPlaying() {
  const playing = !player.paused && !player.error;
  play.toggleAttribute("data-playing", playing);
  element("play-label").textContent = word(playing ? "pause" : "play");
}

// --- The deck

const move = (seconds) => {
  player.currentTime = Math.min(Math.max(0, player.currentTime + seconds), Math.max(0, length() - 0.2));
  showTime();
};

function toggle() {
  if (player.error && sources.length) load(source, reached, true);
  else if (player.paused) begin();
  else player.pause();
}

play.addEventListener("click", toggle);
element("back").addEventListener("click", () => move(-BACK));
element("forward").addEventListener("click", () => move(FORWARD));
previous?.addEventListener("click", () => go(at - 1));
next?.addEventListener("click", () => go(at + 1));
seek.addEventListener("input", () => {
  player.currentTime = Number(seek.value);
});
// The bar moves smoothly by tenths; its own keys go by seconds.
const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
seek.addEventListener("keydown", (event) => {
  if (!steps[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  move(steps[event.key] * Math.min(1, length() / 20));
});
for (const [n, link] of links.entries()) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(n);
  });
}

const full = element("full");

function toggleFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else (player.requestFullscreen ?? player.webkitEnterFullscreen)?.call(player);
}

if (full) {
  full.hidden = !(document.fullscreenEnabled || player.webkitEnterFullscreen);
  full.addEventListener("click", toggleFull);
}

// Space and arrows work wherever the focus is, but in controls of their own; letters while the focus is in the player
// alone, for a letter may mean something else to who speaks or switches to the machine (WCAG 2.1.4).
const keys = { " ": toggle, ArrowLeft: () => move(-BACK), ArrowRight: () => move(FORWARD) };
const letters = { m: toggleMute, c: toggleCaptions, f: () => video && toggleFull() };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
  const own = event.target.closest(event.key === " " ? "input, button, a, video, audio" : "input, video, audio");
  const letter = event.target.closest(".rmedia") && letters[event.key.toLowerCase()];
  const run = letter || (!own && keys[event.key]);
  if (!run) return;
  event.preventDefault();
  run();
});

// --- The place, and the next part by itself

let saved = 0;
player.addEventListener("timeupdate", () => {
  showTime();
  if (player.seeking || player.error) return;
  reached = player.currentTime;
  if (leap && reached > leap.target + 1) leap = null;
  if (Math.abs(reached - saved) < 2) return;
  saved = reached;
  memory.set(placeKey(part()), Math.floor(reached));
  memory.set(lastKey, part().id);
});
player.addEventListener("seeking", () => {
  reached = player.currentTime;
});
for (const name of ["durationchange", "seeked", "loadedmetadata"]) player.addEventListener(name, showTime);
for (const name of ["play", "playing", "pause", "ended", "emptied"]) player.addEventListener(name, showPlaying);
player.addEventListener("playing", () => {
  if (!sleeping()) say("");
});
player.addEventListener("ended", () => {
  done.add(part().id);
  memory.set(doneKey, [...done]);
  memory.set(placeKey(part()), null);
  memory.set(lastKey, null);
  const stops = sleepsHere();
  if (at + 1 >= config.parts.length) {
    show();
  } else if (stops) {
    memory.set(lastKey, config.parts[at + 1].id);
    open(at + 1);
    history.replaceState(null, "", part().page);
  } else {
    go(at + 1);
  }
});

// --- When bytes do not come

function sayNoForm() {
  say(sentence("no_sound_format"), { kind: "todo" });
}

function sayAway(key) {
  say(sentence(key), { kind: "todo", actions: [{ label: word(`${key}.button`), run: () => location.reload() }] });
}

const nextForm = () => {
  if (source + 1 < sources.length) load(source + 1, reached, !player.paused);
  else sayNoForm();
};

function sayDamage({ from, to }) {
  const total = length();
  const last = at + 1 >= config.parts.length;
  const over = to >= 1 || !total;
  if (over && last && from === 0) {
    say(sentence("damaged.whole"), {
      kind: "todo", actions: [{ label: word("damaged.whole.button"), run: () => location.assign(config.similar) }] });
    return;
  }
  const skip = () => {
    if (over) {
      go(at + 1);
      return;
    }
    leap = { target: to * total + 1, step: 2, total };
    load(source, leap.target, true);
  };
  const words = total ? sentence("damaged.minutes", { start: clock(from * total), end: clock(to * total) })
    : sentence("damaged.chapter");
  say(words, { kind: "todo", actions: over && last ? [] : [{ label: word("damaged.minutes.button"), run: skip }] });
}

/** Leap farther: to play from a place a browser needs what was coded some seconds before it. */
function leapOn() {
  leap.target += leap.step;
  leap.step *= 2;
  if (leap.target < leap.total - 1) {
    load(source, leap.target, true);
    return;
  }
  leap = null;
  if (at + 1 < config.parts.length) go(at + 1);
}

/** Find out why the recording stopped at `reached` and say it. */
async function explain() {
  showPlaying();
  if (leap) {
    leapOn();
    return;
  }
  const total = length();
  const open = sources[source];
  const found = await stretchAt(open, config.chunk, total ? reached / total : 0);
  if (open !== sources[source]) return;
  if (found.state === "damaged") sayDamage(found);
  else if (found.state === "away") sayAway("drive_gone");
  else if (found.state === "cut off") sayAway("disconnected");
  else if (player.error) nextForm();
}

player.addEventListener("error", explain);
let stalled = null;
player.addEventListener("waiting", () => {
  clearTimeout(stalled);
  stalled = setTimeout(async () => {
    if (player.readyState >= 3 || player.paused) return;
    if ((await stateAt(sources[source].url, 0)) !== "good" || player.readyState < 3) explain();
  }, STALLED);
});
player.addEventListener("playing", () => clearTimeout(stalled));

// --- Keys of headsets and lock screens

function showSession() {
  if (!("mediaSession" in navigator) || !window.MediaMetadata) return;
  const artwork = config.cover ? [{ src: new URL(config.cover, location.href).href }] : [];
  const several = config.parts.length > 1;
  navigator.mediaSession.metadata = new MediaMetadata({
    title: several ? part().label : config.title, album: config.title, artist: config.by, artwork });
  const handlers = {
    play: begin,
    pause: () => player.pause(),
    seekbackward: () => move(-BACK),
    seekforward: () => move(FORWARD),
    seekto: ({ seekTime }) => { player.currentTime = seekTime; },
    previoustrack: at > 0 ? () => go(at - 1) : null,
    nexttrack: at + 1 < config.parts.length ? () => go(at + 1) : null,
  };
  for (const [name, run] of Object.entries(handlers)) {
    try {
      navigator.mediaSession.setActionHandler(name, run);
    } catch {
      // An older browser does not know this key.
    }
  }
}

// --- The first part, where the tab left it

function start() {
  document.documentElement.dataset.script = "on";
  const left = config.parts.findIndex(({ id }) => id === memory.get(lastKey));
  const first = !config.asked && left >= 0 ? left : config.current;
  const before = config.start ? 0 : rememberedPlace(config.parts[first]);
  open(first, { start: config.start || before });
  if (!before) return;
  const place = config.parts.length > 1 ? `${part().label} ${clock(before)}` : clock(before);
  say(video ? word("resume_video", { start: place }) : sentence("resume.media", { start: place }), {
    actions: [
      { label: word(video ? "watch_on" : "listen_on"), run: begin },
      { label: word(video ? "watch_again" : "listen_again"), run: () => { open(config.asked ? at : 0, { playing: true }); } },
    ],
  });
}

start();
