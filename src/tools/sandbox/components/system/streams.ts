import { type FileClient, type HostBridge, type Streams } from "../../wasi/index.ts";
import type { IoReply, Refusal } from "../../wire/index.ts";
import type { HostMemoryBudget, HostAllocation } from "./host-memory-budget.ts";
import { type Pollable, READY } from "./pollable.ts";

/** What went wrong on a stream, in words. */
export class StreamError {
  readonly message: string;
  /** Why a file request was refused; undefined for other streams. */
  readonly refusal: Refusal | undefined;

  constructor(message: string, refusal?: Refusal) {
    this.message = message;
    this.refusal = refusal;
  }
}

export type ReadResult = Uint8Array | "closed" | StreamError;

/** Where bytes come from. */
export abstract class InputStream {
  /** Says when `read` gives something. */
  readonly pollable: Pollable = READY;
  /** Reads at most that many bytes; none if none are available yet. It may take the time of a request to the broker. */
  abstract read(bytesMax: number): ReadResult | Promise<ReadResult>;
}

/** Where bytes go; each write is done when it is over. */
export abstract class OutputStream {
  abstract write(bytes: Uint8Array): StreamError | undefined | Promise<StreamError | undefined>;
}

const NOTHING = new Uint8Array(0);

/** The guest's standard input. */
export class StandardInput extends InputStream {
  readonly #streams: Streams;
  override readonly pollable: Pollable;

  constructor(streams: Streams) {
    super();
    this.#streams = streams;
    this.pollable = {
      isReady: () => streams.hasInput,
      await: (wake, hasOthers) => {
        streams.await(hasOthers, wake);
        return () => streams.forgetWaiter();
      },
    };
  }

  read(bytesMax: number): ReadResult {
    if (!this.#streams.hasInput) return NOTHING;
    const room = new Uint8Array(Math.min(bytesMax, this.#streams.inputBytes));
    if (room.length === 0) return "closed";
    return room.subarray(0, this.#streams.take(room, 0, room.length));
  }
}

export class StandardOutput extends OutputStream {
  readonly #write: (bytes: Uint8Array) => void;

  constructor(write: (bytes: Uint8Array) => void) {
    super();
    this.#write = write;
  }

  write(bytes: Uint8Array): undefined {
    this.#write(bytes);
  }
}

/** Bytes that are complete, until their owner releases them. */
export class BytesInput extends InputStream {
  #bytes: Uint8Array | undefined;
  #at = 0;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  read(bytesMax: number): ReadResult {
    if (this.#bytes === undefined) return new StreamError("what it was to be read from is gone");
    if (this.#at >= this.#bytes.length) return "closed";
    const part = this.#bytes.subarray(this.#at, this.#at + bytesMax);
    this.#at += part.length;
    return part;
  }

  letGo(): void {
    this.#bytes = undefined;
  }
}

/** What a part takes besides its bytes. */
const PART_BYTES = 128;

/** Keeps what is written, up to a size, until it is taken or its call is over. */
export class BytesOutput extends OutputStream {
  readonly #bytesMax: number;
  readonly #share: HostAllocation;
  #parts: Uint8Array[] = [];
  #isTaken = false;
  #length = 0;

  constructor(memoryBudget: HostMemoryBudget, bytesMax: number) {
    super();
    this.#bytesMax = bytesMax;
    this.#share = memoryBudget.ofCall(() => {
      this.#parts = [];
    });
  }

  /** Keeps the bytes themselves, no copy. Throws HostMemoryExceededError. */
  write(bytes: Uint8Array): StreamError | undefined {
    if (this.#isTaken || this.#share.isOver) return new StreamError("what it was to be written to is gone");
    if (this.#length + bytes.length > this.#bytesMax) {
      return new StreamError(`more than ${this.#bytesMax} bytes were written`);
    }
    this.#share.keep(this.#length + bytes.length + PART_BYTES * (this.#parts.length + 1));
    this.#length += bytes.length;
    this.#parts.push(bytes);
    return undefined;
  }

  /** All of it; no more can be written. It counts as kept until it is let go of. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#isTaken = true;
    return bytes;
  }

  letGo(): void {
    this.#share[Symbol.dispose]();
  }
}

/** Asks the broker, while the guest waits. */
export type Ask = (request: Parameters<FileClient>[0]) => Promise<IoReply>;
export const askThrough =
  (gate: HostBridge, files: FileClient): Ask =>
  (request) =>
    gate.suspend<IoReply, IoReply>(
      (settle) => files(request, settle),
      (reply) => reply,
    );

const CHUNK_BYTES = 256 * 1024;
const WRITE_BYTES_MAX = 1024 * 1024;
const OVER = "the call that opened the file is over";

/** A file from an offset on, within one call; what was read ahead is kept. */
export class FileInput extends InputStream {
  readonly #ask: Ask;
  readonly #handle: number;
  readonly #share: HostAllocation;
  #offset: number;
  #rest: Uint8Array = NOTHING;

  constructor({ ask, memoryBudget }: FileWorld, handle: number, offset: number) {
    super();
    this.#ask = ask;
    this.#handle = handle;
    this.#offset = offset;
    this.#share = memoryBudget.ofCall(() => {
      this.#rest = NOTHING;
    });
  }

  /** Throws HostMemoryExceededError. */
  async read(bytesMax: number): Promise<ReadResult> {
    if (this.#share.isOver) return new StreamError(OVER, "invalid");
    if (this.#rest.length === 0) {
      const reply = await this.#ask({ op: "read", handle: this.#handle, offset: this.#offset, length: CHUNK_BYTES });
      if (reply.type === "refused") return new StreamError(`the file cannot be read: ${reply.reason}`, reply.reason);
      if (reply.body.length === 0) return "closed";
      this.#share.keep(reply.body.length);
      this.#rest = reply.body;
      this.#offset += reply.body.length;
    }
    const part = this.#rest.subarray(0, bytesMax);
    this.#rest = this.#rest.subarray(part.length);
    if (this.#rest.length === 0) {
      this.#rest = NOTHING;
      this.#share.keep(0);
    }
    return part;
  }

  [Symbol.dispose](): void {
    this.#share[Symbol.dispose]();
  }
}

/** What streams of files need. */
export type FileWorld = { readonly ask: Ask; readonly memoryBudget: HostMemoryBudget };

/** A file from an offset on, or its end, within one call. */
export class FileOutput extends OutputStream {
  readonly #ask: Ask;
  readonly #handle: number;
  readonly #share: HostAllocation;
  #offset: number | "end";

  constructor({ ask, memoryBudget }: FileWorld, handle: number, offset: number | "end") {
    super();
    this.#ask = ask;
    this.#handle = handle;
    this.#offset = offset;
    this.#share = memoryBudget.ofCall(() => {});
  }

  async write(bytes: Uint8Array): Promise<StreamError | undefined> {
    if (this.#share.isOver) return new StreamError(OVER, "invalid");
    for (let from = 0; from < bytes.length; from += WRITE_BYTES_MAX) {
      const error = await this.#writePart(bytes.subarray(from, from + WRITE_BYTES_MAX));
      if (error !== undefined) return error;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#share[Symbol.dispose]();
  }

  async #writePart(bytes: Uint8Array): Promise<StreamError | undefined> {
    if (this.#offset !== "end" && this.#offset + bytes.length > Number.MAX_SAFE_INTEGER) {
      return new StreamError("no file is that large", "too-large");
    }
    const given = Buffer.from(bytes);
    const reply = await this.#ask(
      this.#offset === "end"
        ? { op: "append", handle: this.#handle, bytes: given }
        : { op: "write", handle: this.#handle, offset: this.#offset, bytes: given },
    );
    if (reply.type === "refused") return new StreamError(`the file cannot be written: ${reply.reason}`, reply.reason);
    if (this.#offset !== "end") this.#offset += bytes.length;
    return undefined;
  }
}
