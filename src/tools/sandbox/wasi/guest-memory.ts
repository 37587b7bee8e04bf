/** A stretch of guest memory that was checked to be there. */
export type Span = { readonly at: number; readonly length: number };

const VECTORS_MAX = 1_024;
const VECTOR_BYTES = 8;

/**
 * A guest's memory as the host sees it. Every pointer comes from the guest and is checked against the memory as it is
 * now; `subarray` would clamp in silence. Memory grows only while the guest runs, so views are renewed when it comes in;
 * a view that was not has no length, and everything is outside of it.
 */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #buffer: ArrayBuffer = new ArrayBuffer(0);
  #bytes = new Uint8Array(this.#buffer);
  #view = new DataView(this.#buffer);

  bind(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** To be called at the beginning of each call into the host. */
  enter(): void {
    const buffer = this.#memory?.buffer;
    if (buffer === undefined || buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** The whole memory; good until the guest runs again. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Good until the guest runs again. */
  get view(): DataView {
    return this.#view;
  }

  /** Whether `length` bytes from `at` are inside. Both as unsigned numbers. */
  holds(at: number, length: number): boolean {
    return at + length <= this.#bytes.length;
  }

  /** The bytes themselves, not a copy; undefined when they are not all inside. */
  slice(at: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    return this.holds(at, length) ? this.#bytes.subarray(at, at + length) : undefined;
  }

  /** Reads a scatter or gather list; undefined when the list or a buffer of it is not inside. */
  vectors(at: number, count: number): readonly Span[] | undefined {
    if (count > VECTORS_MAX || !this.holds(at, count * VECTOR_BYTES)) return undefined;
    const view = this.#view;
    const spans: Span[] = [];
    for (let index = 0; index < count; index += 1) {
      const place = at + index * VECTOR_BYTES;
      const span = { at: view.getUint32(place, true), length: view.getUint32(place + 4, true) };
      if (!this.holds(span.at, span.length)) return undefined;
      spans.push(span);
    }
    return spans;
  }

  setU32(at: number, value: number): boolean {
    if (!this.holds(at, 4)) return false;
    this.#view.setUint32(at, value, true);
    return true;
  }

  setU64(at: number, value: bigint): boolean {
    if (!this.holds(at, 8)) return false;
    this.#view.setBigUint64(at, value, true);
    return true;
  }
}
