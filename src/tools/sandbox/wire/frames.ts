/**
 * The bytes between the server and a sandbox child: `u32 length | u32 id | u32 server | u8 kind | payload`, little endian.
 *
 * wire.frames.F1. A frame that is longer than the reader allows, or of a kind it does not know, ends the connection:
 *   nothing after it can be trusted.
 * wire.frames.F2. Bytes are copied at most once on the way in, however the pipe cuts them.
 */
export const HEADER_BYTES = 13;

export type Frame = {
  readonly kind: number;
  readonly id: number;
  readonly server: number;
  /** The payload is at `start` to `end` of `bytes`, which stay valid; a reference to a part retains all of them. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
};

export const payloadOf = ({ bytes, start, end }: Frame): Buffer => bytes.subarray(start, end);

export class MalformedFrameError extends Error {
  override readonly name = "MalformedFrameError";
}

export type FrameReaderOptions = {
  /** Payload bytes of one frame. */
  readonly payloadBytesMax: number;
  readonly knows: (kind: number) => boolean;
  readonly onFrame: (frame: Frame) => void;
};

/** Cuts a stream of chunks into frames. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  /** The beginning of a frame whose end has not come: its bytes so far, in a buffer as long as is known to be needed. */
  #partial: Buffer | undefined;
  #filled = 0;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  /** Hands each frame that the chunk completes to the handler. Throws MalformedFrameError. */
  push(chunk: Buffer): void {
    let at = 0;
    if (this.#partial !== undefined) at = this.#fill(chunk, this.#partial);
    while (chunk.length - at >= HEADER_BYTES) {
      const length = this.#payloadLength(chunk, at);
      const end = at + HEADER_BYTES + length;
      if (end > chunk.length) break;
      this.#deliver(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at);
  }

  #fill(chunk: Buffer, partial: Buffer): number {
    let at = chunk.copy(partial, this.#filled);
    this.#filled += at;
    if (this.#filled < partial.length) return at;
    if (partial.length === HEADER_BYTES) {
      const length = this.#payloadLength(partial, 0);
      if (length > 0) {
        const whole = Buffer.allocUnsafe(HEADER_BYTES + length);
        partial.copy(whole);
        this.#partial = whole;
        const more = chunk.copy(whole, HEADER_BYTES, at);
        this.#filled = HEADER_BYTES + more;
        at += more;
        if (this.#filled < whole.length) return at;
        this.#partial = undefined;
        this.#deliver(whole, 0, whole.length);
        return at;
      }
    }
    this.#partial = undefined;
    this.#deliver(partial, 0, partial.length);
    return at;
  }

  #keep(chunk: Buffer, at: number): void {
    const rest = chunk.length - at;
    const size = rest < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + this.#payloadLength(chunk, at);
    const partial = Buffer.allocUnsafe(size);
    this.#filled = chunk.copy(partial, 0, at);
    this.#partial = partial;
  }

  #payloadLength(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at);
    if (length > this.#options.payloadBytesMax) {
      throw new MalformedFrameError(`a frame of ${length} bytes; at most ${this.#options.payloadBytesMax} are allowed`);
    }
    const kind = bytes[at + 12] ?? 0;
    if (!this.#options.knows(kind)) throw new MalformedFrameError(`a frame of the unknown kind ${kind}`);
    return length;
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    this.#options.onFrame({
      id: bytes.readUInt32LE(start + 4),
      server: bytes.readUInt32LE(start + 8),
      kind: bytes[start + 12] ?? 0,
      bytes,
      start: start + HEADER_BYTES,
      end,
    });
  }
}
