// Says which page of a document is damaged while it is looked at; the others are none the worse for it.
import { isAway, sayFailure, saySentence } from "./shell.js";

const FINISHED = 3;
const REFUSED_AFTER = 2000;
/** A page that is not drawn by then may take for ever: the box draws it, which gives up in time and says so. */
const UNDRAWN_AFTER = 30_000;

/**
 * Watch the refused ranges of `source`. `look` asks about the page that is shown; `found` knows that it is damaged;
 * `expect` waits until a page is drawn, and no longer than that.
 */
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
      if (viewer.currentPageNumber !== page || isDrawn(page)) return;
      if (source.away) sayFailure(source.away);
      else if (source.refused) found(page);
    }, REFUSED_AFTER);
  }
  function found(page) {
    damaged.add(page);
    if (viewer.currentPageNumber === page) announce(page);
  }
  let waiting = null;
  function expect(page) {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (viewer.currentPageNumber !== page || damaged.has(page) || isDrawn(page)) return;
      // A page in the background is not drawn at all.
      if (document.hidden) expect(page);
      else location.replace(source.pictures(page));
    }, UNDRAWN_AFTER);
  }
  source.onRefused = (error) => {
    if (isAway(error)) sayFailure(error);
    else look();
  };
  return { expect, found, look };
}
