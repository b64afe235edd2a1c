// Where the pixels of a picture come from: the tiles of the work's pack, else the picture itself. Made once, kept for
// the pages around the open one.
const { OpenSeadragon } = window;
const KEPT = 6;
const MOST_TILES = 40;

const kept = new Map();
let ahead = [];

/** A picture that did not come: `status` is the box's answer, 0 when there was none. */
export class PictureError extends Error {
  constructor(url, status) {
    super(`${url}: ${status}`);
    this.status = status;
  }
}

/** The tile source of a picture. A pack that lacks it, or that is damaged, is passed over for the picture itself. */
export function sourceOf(frame) {
  const key = `${frame.tiles}\n${frame.url}`;
  let made = kept.get(key);
  kept.delete(key);
  if (!made) {
    made = frame.tiles ? tiled(frame.tiles).catch(() => untiled(frame)) : untiled(frame);
    made.catch(() => kept.delete(key));
  }
  kept.set(key, made);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  return made;
}

/** Fetch what a picture needs to be seen at `height` pixels, so that turning to it waits for nothing. */
export async function prepare(frames, height) {
  const images = [];
  for (const frame of frames) {
    try {
      const source = await sourceOf(frame);
      await source.unpack?.();
      for (const url of tilesAt(source, height)) {
        const image = new Image();
        image.src = url;
        images.push(image);
      }
    } catch {
      // It will say so itself when it is turned to.
    }
  }
  ahead = images;
  return ahead.length;
}

async function tiled(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new PictureError(url, answer.status);
  const document_ = new DOMParser().parseFromString(await answer.text(), "application/xml");
  const { DziTileSource } = OpenSeadragon;
  return new DziTileSource(DziTileSource.prototype.configure(document_, url));
}

/** The file itself; where it is more than a browser should unpack, the smaller picture that the box makes of it. */
async function untiled({ url, rendered }) {
  try {
    return await whole(url);
  } catch (error) {
    if (error.status !== 415 || url === rendered) throw error;
    return whole(rendered);
  }
}

async function whole(url) {
  const image = new Image();
  image.src = url;
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
    });
  } catch {
    throw new PictureError(url, await statusOf(url));
  }
  const source = new OpenSeadragon.TileSource({
    width: image.naturalWidth, height: image.naturalHeight, tileWidth: image.naturalWidth,
    tileHeight: image.naturalHeight, tileOverlap: 0, minLevel: 0, maxLevel: 0,
  });
  source.getTileUrl = () => url;
  source.equals = (other) => other?.getTileUrl?.(0, 0, 0) === url;
  source.downloadTileStart = (job) => job.finish(image, null, "image");
  source.downloadTileAbort = () => {};
  source.unpack = () => image.decode();
  return source;
}

async function statusOf(url) {
  try {
    return (await fetch(url, { headers: { Range: "bytes=0-0" } })).status;
  } catch {
    return 0;
  }
}

/** The tiles of the level that OpenSeadragon draws a picture of `height` pixels from; none of a whole picture. */
function* tilesAt(source, height) {
  if (!source.tilesUrl) return;
  let level = source.minLevel;
  while (level < source.maxLevel && source.dimensions.y * source.getLevelScale(level + 1) <= 2 * height) level += 1;
  const { x: columns, y: rows } = source.getNumTiles(level);
  if (columns * rows > MOST_TILES) return;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) yield source.getTileUrl(level, column, row);
  }
}
