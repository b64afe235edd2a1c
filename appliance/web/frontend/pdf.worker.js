// The worker of pdf.js, in one piece: it has an address of its own.
import "./old-browsers.js";
export * from "pdfjs-dist/legacy/build/pdf.worker.mjs";
