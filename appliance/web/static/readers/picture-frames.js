// The pictures of a work, written out from the page's compact list: one entry a page, in order.
import { config, word } from "./shell.js";

const THUMB = 160;
const { files, item, page, tiles, width } = config.pictures;
const fill = (address, values) => address.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);

function frameOf(file, n, number) {
  const rendered = (w) => fill(page, { id: file.id, v: file.v, n, w });
  const url = file.own ? fill(item, file) : rendered(width);
  return {
    number,
    url,
    rendered: rendered(width),
    thumb: file.own === 2 ? url : rendered(THUMB),
    tiles: file.tile ? fill(tiles, { n: String(file.tile + n - 1).padStart(4, "0") }) : "",
    label: file.label || word(config.paged ? "page_n" : "picture_n", { page: number, n: number }),
    credit: file.credit ?? "",
    // Of the pages of one file only the first was measured; the others are taken to be like it until they are here.
    width: file.w ?? 0,
    height: file.h ?? 0,
  };
}

/** Every picture: {number, url, rendered, thumb, tiles, label, credit, width, height}; sizes are 0 while they are not known. */
export const frames = [];
for (const file of files) {
  for (let n = 1; n <= (file.pages ?? 1); n += 1) frames.push(frameOf(file, n, frames.length + 1));
}
