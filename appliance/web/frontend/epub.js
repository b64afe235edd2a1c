// EPUB: foliate-js with what Chromium 109 lacks. The reader itself is static/readers/epub.js; it opens the zip itself.
import "core-js/actual/array/find-last-index.js";
import "core-js/actual/map/group-by.js";
import "core-js/actual/object/group-by.js";
import "foliate-js/view.js";

export { EPUB } from "foliate-js/epub.js";
