// The PDF reader: pdf.js and its viewer components under our own bars. Where pdf.js cannot run, the same pages are
// shown as pictures that the box renders.
import { onFontsLoaded, widenCanvasFonts } from "./pdf-fonts.js";
import { FetchError, RangeSource } from "./ranges.js";
import { bindTouch, config, element, isAway, memory, place, sayFailure, saySentence } from "./shell.js";

const HEAD = 64 * 1024;
const VENDOR = new URL("../vendor/", import.meta.url).href;

/** The page as the box renders it: for old browsers and for documents without their fonts. */
function simplePage(page = 1, query = "") {
  const url = new URL(config.simple, location.href);
  url.pathname = url.pathname.replace(/\/pages\/\d+$/, `/pages/${page}`);
  if (query) url.searchParams.set(query, "1");
  return url.href;
}

/** The page to begin with where the pages come as pictures. */
const firstPage = () => config.page || place.load()?.page || 1;

async function start() {
  for (const name of ["jump", "jump-too"]) element(name).addEventListener("submit", (event) => event.preventDefault());
  let library;
  try {
    library = await import("../vendor/pdf.js");
  } catch (error) {
    console.warn(error);
    location.replace(simplePage(firstPage(), "old"));
    return;
  }
  widenCanvasFonts();
  const [{ connect }, { bindPinch }] = await Promise.all([import("./pdf-view.js"), import("./pdf-pinch.js")]);
  const { pdfjs } = library;
  pdfjs.GlobalWorkerOptions.workerSrc = config.worker;
  let source;
  try {
    source = await openRanges(pdfjs);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    sayFailure(error);
    return;
  }
  const task = pdfjs.getDocument({
    range: source.transport,
    // Only the ranges that the open pages need: a scanned book of 200 MB opens at once.
    disableAutoFetch: true,
    disableStream: true,
    rangeChunkSize: 256 * 1024,
    cMapUrl: `${VENDOR}cmaps/`,
    standardFontDataUrl: `${VENDOR}standard_fonts/`,
    wasmUrl: `${VENDOR}wasm/`,
    iccUrl: `${VENDOR}iccs/`,
    isEvalSupported: false,
    enableXfa: false,
    stopAtErrors: false,
    maxImageSize: 64 * 1024 * 1024,
    canvasMaxAreaInBytes: 256 * 1024 * 1024,
    verbosity: 0,
  });
  let document_;
  try {
    document_ = await task.promise;
  } catch (error) {
    refuse(error, pdfjs);
    return;
  }
  const view = connect(library, document_, source, await factsOf(document_));
  onFontsLoaded(view.redraw);
  element("printed").addEventListener("click", () => location.assign(simplePage(view.page)));
  bindTouch(element("stage"), { left: view.left, right: view.right, isFree: view.isWhole });
  bindPinch(element("stage"), view.pinch);
  sayMissingFonts(() => location.assign(simplePage(view.page)));
}

/** What a document says about the order of its pages: from right to left, and whether the first stands alone. */
async function factsOf(doc) {
  const [preferences, layout] = await Promise.all([
    doc.getViewerPreferences().catch(() => null), doc.getPageLayout().catch(() => ""),
  ]);
  return { rtl: config.rtl || preferences?.get("Direction") === "R2L", shifted: !/Left$/.test(layout ?? "") };
}

/** Say once a document that it brings no fonts: ours stand for them, and the box draws it with its own. */
function sayMissingFonts(asPrinted) {
  const key = `pdf.fonts.${config.item}`;
  if (!config.fonts_missing || memory.get(key) || !element("note").hidden) return;
  memory.set(key, true);
  saySentence("fonts_missing", asPrinted);
}

/**
 * The document's ranges as pdf.js asks for them. A range that is refused, because its bytes are not what was signed,
 * is not answered: the page that needs it is told damaged, and all other pages open.
 */
async function openRanges(pdfjs) {
  const bytes = new RangeSource(config.url, config.size);
  const transport = new pdfjs.PDFDataRangeTransport(config.size, await bytes.read(0, Math.min(config.size, HEAD)));
  const source = {
    transport,
    simple: (page) => simplePage(page, "old"),
    pictures: (page = firstPage()) => simplePage(page),
    refused: 0,
    // Why bytes did not come although nothing is wrong with them: no page is called damaged for it.
    away: null,
    // Damage where the document's structure lies: the box, which needs less of it, shows the pages that are sound.
    onRefused: (error) => {
      if (isAway(error)) sayFailure(error);
      else location.replace(simplePage(firstPage()));
    },
  };
  transport.requestDataRange = async (begin, end) => {
    try {
      transport.onDataRange(begin, await bytes.read(begin, Math.min(end, config.size) - begin));
    } catch (error) {
      if (isAway(error)) source.away = error;
      else source.refused += 1;
      source.onRefused(error);
    }
  };
  return source;
}

/** A document that cannot be opened: damaged, gone, locked, or a browser without what pdf.js needs. */
function refuse(error, pdfjs) {
  console.warn(error);
  const name = error?.name;
  if (name === "InvalidPDFException" || name === "PasswordException") {
    sayFailure({});
  } else if (error instanceof pdfjs.AbortException) {
    sayFailure({ status: 0 });
  } else {
    location.replace(simplePage(firstPage(), "old"));
  }
}

start().catch((error) => {
  console.error(error);
  location.replace(simplePage(firstPage(), "old"));
});
