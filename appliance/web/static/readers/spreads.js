// Which pages lie open together. Nothing here touches the page: pure arithmetic over the pages' sizes.

const UPRIGHT = 1.1;
const FOLDED_OUT = 1.35;

const shapeOf = ({ width, height }) => (width > 0 && height > 0 ? width / height : 0);

/** The shape (width by height) that half of the known pages exceed; 0 when none is known. */
function usualShape(pages) {
  const known = pages.map(shapeOf).filter(Boolean).sort((a, b) => a - b);
  return known[Math.floor(known.length / 2)] ?? 0;
}

/** Whether each page stands alone: a fold-out, or a picture of two pages already. */
function alone(pages) {
  const usual = usualShape(pages);
  return pages.map((page) => {
    const shape = shapeOf(page);
    return shape > UPRIGHT || (usual > 0 && shape > usual * FOLDED_OUT);
  });
}

/** Whether two pages can lie open side by side anywhere. */
export function canPair(pages) {
  const wide = alone(pages);
  return pages.length > 1 && wide.some((one, at) => at > 0 && !one && !wide[at - 1]);
}

/**
 * The openings of a book as lists of indexes in reading order. The first page is a cover and stands alone; with `shift`
 * it does not, for scans that begin inside the book.
 */
export function spreadsOf(pages, { two, shift = false }) {
  if (!two) return pages.map((_, at) => [at]);
  const wide = alone(pages);
  const spreads = [];
  for (let at = 0; at < pages.length; at += spreads.at(-1).length) {
    const cover = at === 0 && !shift;
    const pair = !cover && !wide[at] && at + 1 < pages.length && !wide[at + 1];
    spreads.push(pair ? [at, at + 1] : [at]);
  }
  return spreads;
}
