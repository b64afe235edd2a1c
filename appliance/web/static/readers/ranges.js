// The bytes of one address, fetched by blocks as they are needed.

const BLOCK = 256 * 1024;
const BLOCKS_KEPT = 48;
const WHOLE_BELOW = 8 * 1024 * 1024;

/** The bytes did not come: `status` is what the server answered, 0 when nothing did. */
export class FetchError extends Error {
  constructor(status) {
    super(`the server answered ${status}`);
    this.status = status;
  }
}

/** An answer of the server with its bytes. A browser says "TypeError" for no answer, as for faults of any kind. */
async function ask(url, options) {
  try {
    const response = await fetch(url, options);
    return { status: response.status, bytes: response.ok ? new Uint8Array(await response.arrayBuffer()) : null };
  } catch {
    throw new FetchError(0);
  }
}

/** The bytes of one address, fetched by blocks and kept for a while. */
export class RangeSource {
  #url;
  #blocks = new Map();
  #whole = null;

  constructor(url, size) {
    this.#url = url;
    this.size = size;
  }

  /** Fetch a small file at once; when that fails, ranges will show which part is sound. */
  async prefetch() {
    if (this.size > WHOLE_BELOW) return;
    try {
      const { status, bytes } = await ask(this.#url);
      if (!bytes) throw new FetchError(status);
      if (bytes.length === this.size) this.#whole = bytes;
    } catch (error) {
      if (error.status === 403 || error.status === 404 || error.status === 503) throw error;
    }
  }

  async read(offset, length) {
    if (offset < 0 || length < 0 || offset + length > this.size) throw new RangeError("outside of the file");
    if (this.#whole) return this.#whole.subarray(offset, offset + length);
    const out = new Uint8Array(length);
    const first = Math.floor(offset / BLOCK);
    const last = Math.floor((offset + Math.max(length, 1) - 1) / BLOCK);
    for (let index = first; index <= last; index += 1) {
      const block = await this.#block(index);
      const from = Math.max(offset, index * BLOCK);
      const to = Math.min(offset + length, index * BLOCK + block.length);
      out.set(block.subarray(from - index * BLOCK, to - index * BLOCK), from - offset);
    }
    return out;
  }

  #block(index) {
    const known = this.#blocks.get(index);
    if (known) {
      this.#blocks.delete(index);
      this.#blocks.set(index, known);
      return known;
    }
    const promise = this.#fetch(index);
    this.#blocks.set(index, promise);
    promise.catch(() => this.#blocks.delete(index));
    while (this.#blocks.size > BLOCKS_KEPT) this.#blocks.delete(this.#blocks.keys().next().value);
    return promise;
  }

  async #fetch(index) {
    const from = index * BLOCK;
    const to = Math.min(from + BLOCK, this.size);
    const { status, bytes } = await ask(this.#url, { headers: { Range: `bytes=${from}-${to - 1}` } });
    if (status !== 206) throw new FetchError(status);
    if (bytes.length !== to - from) throw new FetchError(500);
    return bytes;
  }
}
