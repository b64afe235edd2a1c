// Why a recording stopped: the box never sends bytes that are not what was signed, it ends the answer there instead.
// One byte of a chunk is asked for to learn whether the chunk is whole.

const MOST_PROBES = 64;

/** "good", "damaged", "away" (its drive does not answer) or "cut off" (the box does not). */
export async function stateAt(url, offset) {
  try {
    const response = await fetch(url, { headers: { Range: `bytes=${offset}-${offset}` }, cache: "no-store" });
    if (response.ok) return "good";
    return response.status === 503 ? "away" : "damaged";
  } catch {
    return "cut off";
  }
}

/**
 * The damaged stretch at or after a place.
 * @param {{url: string, size: number}} source
 * @param {number} chunk bytes that are checked together
 * @param {number} fraction of the file that has been played
 * @returns {Promise<{state: string, from?: number, to?: number}>} `from` and `to` as fractions of the file
 */
export async function stretchAt(source, chunk, fraction) {
  const count = Math.ceil(source.size / chunk);
  const guess = Math.min(Math.floor((fraction * source.size) / chunk), count - 1);
  let first = -1;
  for (let n = Math.max(0, guess - 1); n < Math.min(count, guess + 6) && first < 0; n += 1) {
    const state = await stateAt(source.url, n * chunk);
    if (state === "damaged") first = n;
    else if (state !== "good") return { state };
  }
  if (first < 0) return { state: "good" };
  let after = first + 1;
  while (after < count && after - first < MOST_PROBES && (await stateAt(source.url, after * chunk)) !== "good") after += 1;
  return { state: "damaged", from: (first * chunk) / source.size, to: Math.min(1, (after * chunk) / source.size) };
}
