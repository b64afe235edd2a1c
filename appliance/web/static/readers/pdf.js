// The PDF reader: pdf.js and its viewer components under our own bars. Where pdf.js cannot run, the same pages are
// shown as pictures that the box renders.
import { onFontsLoaded, widenCanvasFonts } from "./pdf-fonts.js";
import { bindTouch, config, element, place, sayFailure } from "./shell.js";

const VENDOR = new URL("../vendor/", import.meta.url).href;

/** The page as the box renders it: for old browsers and for documents without their fonts. */
function simplePage(page = 1, query = "") {
  const url = new URL(config.simple, location.href);
  url.pathname = url.pathname.replace(/\/pages\/\d+$/, `/pages/${page}`);
  if (query) url.searchParams.set(query, "1");
  return url.href;
}

async function start() {
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
  const task = pdfjs.getDocument({
    url: config.url,
    length: config.size,
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
  const view = connect(library, document_);
  onFontsLoaded(view.redraw);
  element("printed").addEventListener("click", () => location.assign(simplePage(view.page)));
  bindTouch(element("stage"), { left: view.previous, right: view.next, isFree: view.isWhole });
}

/** A document that cannot be opened: damaged, gone, locked, or a browser without what pdf.js needs. */
function refuse(error, pdfjs) {
  console.warn(error);
  const name = error?.name;
  if (name === "ResponseException" || name === "MissingPDFException" || name === "UnexpectedResponseException") {
    sayFailure({ status: error.status });
  } else if (name === "InvalidPDFException" || name === "PasswordException") {
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
