// The bytes of one address, fetched by blocks as they are needed.

const BLOCK = 256 * 1024;
const BLOCKS_KEPT = 48;
const WHOLE_BELOW = 8 * 1024 * 1024;

export class FetchError extends Error {
  constructor(status) {
    super(`the server answered ${status}`);
    this.status = status;
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
      const response = await fetch(this.#url);
      if (!response.ok) throw new FetchError(response.status);
      const bytes = new Uint8Array(await response.arrayBuffer());
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
    const response = await fetch(this.#url, { headers: { Range: `bytes=${from}-${to - 1}` } });
    if (response.status !== 206) throw new FetchError(response.status);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length !== to - from) throw new FetchError(500);
    return bytes;
  }
}
