// What pdf.js takes for granted and Chromium 109 lacks. Browsers that have it keep their own.
import "core-js/actual/array-buffer/transfer.js";
import "core-js/actual/array-buffer/transfer-to-fixed-length.js";
import "core-js/actual/array/from-async.js";
import "core-js/actual/array/to-reversed.js";
import "core-js/actual/array/to-sorted.js";
import "core-js/actual/array/to-spliced.js";
import "core-js/actual/array/with.js";
import "core-js/actual/map/group-by.js";
import "core-js/actual/object/group-by.js";
import "core-js/actual/promise/try.js";
import "core-js/actual/promise/with-resolvers.js";
import "core-js/actual/string/is-well-formed.js";
import "core-js/actual/string/to-well-formed.js";
import "core-js/actual/typed-array/to-reversed.js";
import "core-js/actual/typed-array/to-sorted.js";
import "core-js/actual/typed-array/with.js";
import "core-js/actual/url/parse.js";

Response.prototype.bytes ??= async function bytes() {
  return new Uint8Array(await this.arrayBuffer());
};

AbortSignal.any ??= (signals) => {
  const joined = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) {
      joined.abort(signal.reason);
      break;
    }
    signal.addEventListener("abort", () => joined.abort(signal.reason), { once: true, signal: joined.signal });
  }
  return joined.signal;
};
