// PDF: pdf.js with its viewer components, never its sandbox. The reader itself is static/readers/pdf.js.
import "./old-browsers.js";
import * as pdfjs from "pdfjs-dist/legacy/build/pdf.mjs";

// The viewer components take the library from here.
globalThis.pdfjsLib = pdfjs;

export { pdfjs };
export * from "pdfjs-dist/legacy/web/pdf_viewer.mjs";
