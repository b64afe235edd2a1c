// The picture of the sound behind the bar of time: how loud it is along its length, what has been played in colour.
// The bar itself stays the control; without peaks, or when they do not come, it is the browser's own.

import { element, player } from "./media-page.js";

const STEP = 4;
const WIDTH = 2;
const LEAST = 2;
const canvas = element("wave");
const bar = canvas?.parentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

let wanted = "";
let seconds = 0;
let peaks = null;
let bars = [];

/** Peaks in the form of the box: pairs of the lowest and the highest sample, of equal stretches. */
function levelsOf({ data, samples_per_pixel: samples, sample_rate: rate }) {
  const levels = new Float32Array(data.length / 2);
  for (let n = 0; n < levels.length; n += 1) levels[n] = Math.max(-data[2 * n], data[2 * n + 1]) / 128;
  return { levels, stretch: samples / rate };
}

/** The height of each bar, 0 to 1, the loudest 1: the mean of what it covers, so that speech keeps its shape. */
function heights(count) {
  if (!peaks || !seconds) return new Array(count).fill(0);
  const { levels, stretch } = peaks;
  const means = Array.from({ length: count }, (_, n) => {
    const first = Math.floor((n * seconds) / count / stretch);
    const after = Math.max(first + 1, Math.ceil(((n + 1) * seconds) / count / stretch));
    const covered = levels.subarray(first, after);
    return covered.length ? covered.reduce((sum, level) => sum + level, 0) / covered.length : 0;
  });
  const loudest = Math.max(...means, 0.01);
  return means.map((mean) => mean / loudest);
}

function resize() {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  bars = heights(Math.max(1, Math.floor(canvas.clientWidth / STEP)));
  draw();
}

function draw() {
  if (!canvas.width || bar.dataset.wave === undefined) return;
  const [context, style] = [canvas.getContext("2d"), getComputedStyle(canvas)];
  const ratio = canvas.width / canvas.clientWidth;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const played = seconds ? (player.currentTime / seconds) * width : 0;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const gap = width / bars.length;
  for (const [from, to, colour] of [[0, played, style.color], [played, width, style.borderTopColor]]) {
    context.save();
    context.beginPath();
    context.rect(from, 0, Math.max(0, to - from), height);
    context.clip();
    context.fillStyle = colour;
    bars.forEach((level, n) => {
      const tall = Math.max(LEAST, level * height);
      context.fillRect(Math.round(n * gap + (gap - WIDTH) / 2), (height - tall) / 2, WIDTH, tall);
    });
    context.restore();
  }
}

function toggle(on) {
  if (on) bar.dataset.wave = "";
  else delete bar.dataset.wave;
}

/** Show the peaks at an address, of a part that plays so many seconds; no address: the plain bar. */
export async function setWave(address, duration) {
  if (!canvas) return;
  const same = wanted === address;
  [wanted, seconds] = [address, duration];
  if (!same) peaks = null;
  toggle(Boolean(address));
  if (!address) return;
  resize();
  if (same) return;
  try {
    const response = await fetch(address, { priority: "low" });
    if (!response.ok) throw new Error(`the box answered ${response.status}`);
    const found = levelsOf(await response.json());
    if (wanted !== address) return;
    peaks = found;
    resize();
  } catch {
    if (wanted === address) toggle(false);
  }
}

if (canvas) {
  for (const name of ["timeupdate", "seeking", "seeked"]) player.addEventListener(name, draw);
  player.addEventListener("durationchange", () => {
    if (!Number.isFinite(player.duration) || !wanted) return;
    seconds = player.duration;
    resize();
  });
  if (window.ResizeObserver) new ResizeObserver(resize).observe(canvas);
  dark.addEventListener?.("change", draw);
}
