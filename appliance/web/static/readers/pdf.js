// The PDF reader: pdf.js and its viewer components under our own bars. Where pdf.js cannot run, the same pages are
// shown as pictures that the box renders.
import { onFontsLoaded, widenCanvasFonts } from "./pdf-fonts.js";
import { RangeSource } from "./ranges.js";
import { bindTouch, config, element, place, sayFailure, saySentence } from "./shell.js";

const HEAD = 64 * 1024;
const VENDOR = new URL("../vendor/", import.meta.url).href;

/** The page as the box renders it: for old browsers and for documents without their fonts. */
function simplePage(page = 1, query = "") {
  const url = new URL(config.simple, location.href);
  url.pathname = url.pathname.replace(/\/pages\/\d+$/, `/pages/${page}`);
  if (query) url.searchParams.set(query, "1");
  return url.href;
}

async function start() {
  element("jump").addEventListener("submit", (event) => event.preventDefault());
  let library;
  try {
    library = await import("../vendor/pdf.js");
  } catch (error) {
    console.warn(error);
    location.replace(simplePage(1, "old"));
    return;
  }
  widenCanvasFonts();
  const { connect } = await import("./pdf-view.js");
  const { pdfjs } = library;
  pdfjs.GlobalWorkerOptions.workerSrc = config.worker;
  let source;
  try {
    source = await openRanges(pdfjs);
  } catch (error) {
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
  const view = connect(library, document_, source);
  onFontsLoaded(view.redraw);
  if (config.fonts_missing) saySentence("fonts_missing", () => location.assign(simplePage(view.page)));
  element("printed").addEventListener("click", () => location.assign(simplePage(view.page)));
  bindTouch(element("stage"), { left: view.previous, right: view.next, isFree: view.isWhole });
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
    refused: 0,
    // Damage where the document's structure lies: the box, which needs less of it, shows the pages that are sound.
    onRefused: (error) => {
      if (error.status === 503 || error instanceof TypeError) sayFailure(error);
      else location.replace(simplePage(place.load()?.page ?? 1));
    },
  };
  transport.requestDataRange = async (begin, end) => {
    try {
      transport.onDataRange(begin, await bytes.read(begin, Math.min(end, config.size) - begin));
    } catch (error) {
      source.refused += 1;
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
    sayFailure(new TypeError("stopped"));
  } else {
    location.replace(simplePage(place.load()?.page ?? 1, "old"));
  }
}

start().catch((error) => {
  console.error(error);
  location.replace(simplePage(1, "old"));
});
