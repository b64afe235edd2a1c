// Says which page of a document is damaged while it is looked at; the others are none the worse for it.
import { isAway, sayFailure, saySentence } from "./shell.js";

const FINISHED = 3;
const REFUSED_AFTER = 2000;

/** Watch the refused ranges of `source`. `look` asks about the page that is shown; `found` knows that it is damaged. */
export function watchDamage({ viewer, goTo, total, source }) {
  const damaged = new Set();
  const isDrawn = (page) => viewer.getPageView(page - 1)?.renderingState === FINISHED;
  function announce(page) {
    saySentence("damaged.page", () => goTo(Math.min(page + 1, total)), { pages: page }, "todo");
  }
  function look() {
    const page = viewer.currentPageNumber;
    if (damaged.has(page)) announce(page);
    // A page whose bytes were refused is never drawn and gives no error either.
    else setTimeout(() => {
      if (viewer.currentPageNumber === page && source.refused && !isDrawn(page)) found(page);
    }, REFUSED_AFTER);
  }
  function found(page) {
    damaged.add(page);
    if (viewer.currentPageNumber === page) announce(page);
  }
  source.onRefused = (error) => {
    if (isAway(error)) sayFailure(error);
    else look();
  };
  return { found, look };
}
