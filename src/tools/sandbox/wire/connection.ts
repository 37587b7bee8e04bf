import type { Duplex } from "node:stream";
import { type Frame, FrameReader, HEADER_BYTES, MalformedFrameError } from "./frames.ts";

/**
 * Frames over one socket, or what is like one, both ways.
 *
 * wire.connection.C1. Frames leave in the order they were sent, many in one write: what is sent during one turn goes
 *   out at its end.
 * wire.connection.C2. At most `WINDOW_BYTES` sent and not yet taken in by the other side; the rest waits here. One
 *   frame larger than the window passes alone. If more than `WAITING_BYTES_MAX` wait, the connection ends: the other
 *   side takes nothing.
 * wire.connection.C3. After `close` nothing is read, written or reported.
 */
export const WINDOW_BYTES = 4 * 1024 * 1024;
/** Payload bytes that may wait here, with `FRAME_COST_BYTES` for each frame. */
export const WAITING_BYTES_MAX = 512 * 1024 * 1024;
/** Memory that a waiting frame takes besides its payload. */
const FRAME_COST_BYTES = 512;
const CREDIT_BYTES = 256 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** Payloads this large are handed to the socket as they are, not copied into a block. */
const LARGE_BYTES = 16 * 1024;

/** The frame that gives credit back; its id is the number of bytes. */
export const CREDIT = 1;

export type ConnectionOptions = {
  readonly payloadBytesMax: number;
  /** Kinds the other side may send; credit is always known. */
  readonly kinds: ReadonlySet<number>;
  readonly onFrame: (frame: Frame) => void;
  /** Called once, when the other side is gone or talks nonsense; never after `close`. */
  readonly onEnd: (reason: string) => void;
};

/** What one UTF-16 unit can become. */
const UTF8_BYTES_MAX = 3;

type Outgoing = {
  readonly kind: number;
  readonly id: number;
  readonly server: number;
  readonly parts: readonly Uint8Array[];
};

export class Connection {
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #waiting: Outgoing[] = [];
  #waitingBytes = 0;
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  /** Where the part of the block begins that was not written, and where it ends. */
  #start = 0;
  #used = 0;
  #isFlushDue = false;
  #unacknowledged = 0;
  #taken = 0;
  #isOpen = true;

  constructor(socket: Duplex, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    const reader = new FrameReader({
      payloadBytesMax: options.payloadBytesMax,
      knows: (kind) => kind === CREDIT || options.kinds.has(kind),
      onFrame: (frame) => this.#take(frame),
    });
    socket.on("data", (chunk: Buffer) => {
      if (!this.#isOpen) return;
      try {
        reader.push(chunk);
      } catch (error) {
        if (!(error instanceof MalformedFrameError)) throw error;
        this.#end(error.message);
      }
    });
    socket.on("error", (error) => this.#end(error.message));
    socket.on("close", () => this.#end("the pipe was closed"));
  }

  /** Payload bytes that wait for the other side; what callers look at before they make more. */
  get backlogBytes(): number {
    return this.#unacknowledged;
  }

  /** Sends one frame whose payload is the parts in order. The parts must not change until they are written. */
  send(kind: number, id: number, server: number, ...parts: readonly Uint8Array[]): void {
    if (!this.#isOpen) return;
    if (this.#unacknowledged > WINDOW_BYTES) this.#wait({ kind, id, server, parts });
    else this.#write({ kind, id, server, parts });
  }

  #wait(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    this.#waitingBytes += costOf(outgoing);
    if (this.#waitingBytes > WAITING_BYTES_MAX)
      this.#end(`it does not read: ${this.#waiting.length} frames wait for it`);
  }

  /** Sends one frame whose payload is some bytes and then a text in UTF-8. */
  sendText(frame: Omit<Outgoing, "parts">, head: Uint8Array, text: string): void {
    const { kind, id, server } = frame;
    const longest = HEADER_BYTES + head.length + text.length * UTF8_BYTES_MAX;
    if (!this.#isOpen || longest > BLOCK_BYTES || this.#unacknowledged > WINDOW_BYTES) {
      return this.send(kind, id, server, Buffer.from(head), Buffer.from(text));
    }
    this.#room(longest);
    const start = this.#used;
    const at = start + HEADER_BYTES;
    this.#block.set(head, at);
    const length = head.length + this.#block.write(text, at + head.length, "utf8");
    this.#header(length, id, server, kind);
    this.#used = at + length;
    this.#unacknowledged += length + HEADER_BYTES;
    this.#flushSoon();
  }

  /** Writes out what was sent so far, without waiting for the end of the turn. */
  flush(): void {
    if (!this.#isOpen || this.#used === this.#start) return;
    this.#socket.write(this.#block.subarray(this.#start, this.#used));
    this.#start = this.#used;
  }

  close(): void {
    this.#isOpen = false;
    this.#waiting.length = 0;
    this.#socket.destroy();
  }

  #write({ kind, id, server, parts }: Outgoing): void {
    let length = 0;
    for (const part of parts) length += part.length;
    this.#header(length, id, server, kind);
    if (kind !== CREDIT) this.#unacknowledged += length + HEADER_BYTES;
    for (const part of parts) {
      if (part.length >= LARGE_BYTES) {
        this.flush();
        this.#socket.write(part);
      } else {
        this.#room(part.length);
        this.#block.set(part, this.#used);
        this.#used += part.length;
      }
    }
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    // After the pending microtasks, since those send most of what belongs in the same write.
    process.nextTick(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  #header(length: number, id: number, server: number, kind: number): void {
    this.#room(HEADER_BYTES);
    const block = this.#block;
    const at = this.#used;
    block.writeUInt32LE(length, at);
    block.writeUInt32LE(id, at + 4);
    block.writeUInt32LE(server, at + 8);
    block[at + 12] = kind;
    this.#used = at + HEADER_BYTES;
  }

  #room(bytes: number): void {
    if (this.#used + bytes <= this.#block.length) return;
    this.flush();
    this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
    this.#start = 0;
    this.#used = 0;
  }

  #take(frame: Frame): void {
    if (!this.#isOpen) return;
    if (frame.kind === CREDIT) {
      this.#unacknowledged = Math.max(0, this.#unacknowledged - frame.id);
      while (this.#unacknowledged <= WINDOW_BYTES) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        this.#waitingBytes -= costOf(next);
        this.#write(next);
      }
      return;
    }
    this.#taken += frame.end - frame.start + HEADER_BYTES;
    this.#options.onFrame(frame);
    if (this.#taken < CREDIT_BYTES) return;
    this.#write({ kind: CREDIT, id: this.#taken, server: 0, parts: [] });
    this.#taken = 0;
  }

  #end(reason: string): void {
    if (!this.#isOpen) return;
    this.close();
    this.#options.onEnd(reason);
  }
}

const costOf = ({ parts }: Outgoing): number => parts.reduce((bytes, part) => bytes + part.length, FRAME_COST_BYTES);
